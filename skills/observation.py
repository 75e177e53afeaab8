"""What the navigation policy sees, made by one kernel for the robot and for the fast tier alike.

Three rings of sectors around the origin of B hold the proximity `1 / (1 + d)` of the nearest surface in each
sector, d in metres: one over all solid things, one over those that may move, one over the edges behind which
something that moves may be hidden. Then come two carrots on the route and the robot's own motion.
"""

from __future__ import annotations

import math

import numpy as np

from shield.contract import Discs, Floats, Kind
from skills.compiled import kernel

SOLID_SECTORS = 48
AGENT_SECTORS = 24
HIDDEN_SECTORS = 24
RINGS = SOLID_SECTORS + AGENT_SECTORS + HIDDEN_SECTORS
RANGE_M = 6.0  # farther things look like nothing at all
FAR_M = 5.0  # carrot and remaining distance are clipped here
SCALARS = (
    ("carrot_near_x", "m"),
    ("carrot_near_y", "m"),
    ("carrot_far_x", "m"),
    ("carrot_far_y", "m"),
    ("remaining", "m"),
    ("speed", "m/s"),
    ("yaw_rate", "rad/s"),
    ("reference_speed", "m/s"),
    ("reference_yaw_rate", "rad/s"),
    ("speed_limit", "m/s"),
)
SIZE = RINGS + len(SCALARS)
STATIC_KIND = float(Kind.STATIC)
HIDDEN_KIND = float(Kind.HIDDEN)


def names() -> tuple[str, ...]:
    """Names of the observation's entries, in order."""
    solid = tuple(f"solid_{k:02d}" for k in range(SOLID_SECTORS))
    agent = tuple(f"agent_{k:02d}" for k in range(AGENT_SECTORS))
    hidden = tuple(f"hidden_{k:02d}" for k in range(HIDDEN_SECTORS))
    return solid + agent + hidden + tuple(name for name, _ in SCALARS)


def units() -> tuple[str, ...]:
    """Units of the observation's entries, in order; a proximity is 1/(1 + d/m)."""
    return ("1",) * RINGS + tuple(unit for _, unit in SCALARS)


@kernel
def sector_of(bearing_rad: float, count: int) -> int:
    """Sector that holds a bearing in B; sector 0 starts at -pi (behind), the middle one looks ahead."""
    return int(math.floor((bearing_rad + math.pi) / (2.0 * math.pi) * count)) % count


@kernel
def _cover(ring: Floats, x_m: float, y_m: float, radius_m: float) -> None:
    distance = math.hypot(x_m, y_m)
    surface = max(distance - radius_m, 0.0)
    if surface >= RANGE_M:
        return
    proximity = 1.0 / (1.0 + surface)
    count = ring.shape[0]
    half = math.asin(min(1.0, radius_m / max(distance, 1e-9)))
    bearing = math.atan2(y_m, x_m)
    width = 2.0 * math.pi / count
    first = int(math.floor((bearing - half + math.pi) / width))
    last = int(math.floor((bearing + half + math.pi) / width))
    for sector in range(first, min(last, first + count - 1) + 1):
        k = sector % count
        ring[k] = max(ring[k], proximity)


@kernel
def see(out: Floats, x_m: Floats, y_m: Floats, radius_m: Floats, kind: Floats) -> None:
    """Fill the rings of `out` from discs in B."""
    empty = 1.0 / (1.0 + RANGE_M)
    out[:RINGS] = empty
    solid = out[:SOLID_SECTORS]
    agent = out[SOLID_SECTORS : SOLID_SECTORS + AGENT_SECTORS]
    hidden = out[SOLID_SECTORS + AGENT_SECTORS : RINGS]
    for k in range(x_m.shape[0]):
        if kind[k] == HIDDEN_KIND:
            _cover(hidden, x_m[k], y_m[k], radius_m[k])
            continue
        _cover(solid, x_m[k], y_m[k], radius_m[k])
        if kind[k] != STATIC_KIND:
            _cover(agent, x_m[k], y_m[k], radius_m[k])


@kernel
def _clip(value: float, bound: float) -> float:
    return min(max(value, -bound), bound)


@kernel
def feel(
    out: Floats, near_x: float, near_y: float, far_x: float, far_y: float, remaining_m: float, own: Floats
) -> None:
    """Fill the scalars of `out`: carrots in B, remaining way, and `own`, the robot's five numbers of motion.

    `own` is speed, yaw rate, reference speed, reference yaw rate and speed limit.
    """
    base = RINGS
    out[base] = _clip(near_x, FAR_M)
    out[base + 1] = _clip(near_y, FAR_M)
    out[base + 2] = _clip(far_x, FAR_M)
    out[base + 3] = _clip(far_y, FAR_M)
    out[base + 4] = min(remaining_m, FAR_M)
    for k in range(5):
        out[base + 5 + k] = own[k]


def observe(
    discs: Discs, carrots_m: tuple[float, float, float, float], remaining_m: float, own: Floats
) -> Floats:
    """Observation, shape (SIZE,), from a snapshot's discs, both carrots in B and the robot's own motion."""
    out = np.empty(SIZE)
    see(out, discs.x_m, discs.y_m, discs.radius_m, discs.kind)
    near_x, near_y, far_x, far_y = carrots_m
    feel(out, near_x, near_y, far_x, far_y, remaining_m, own)
    return out

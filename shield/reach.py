"""Reachability on a plane (README.md of this folder): may a motion be begun, if every later message may be lost?

All functions are compiled and may be called from other compiled code, in parallel. Arrays are float64:

- `bounds`, shape (14,): `pack(profile)`.
- `ego`, shape (8,): `ego_vector(...)`: measured speed, measured yaw rate, their bounds, then the least and
  the largest speed and the least and the largest yaw rate among the commands that may still be acting.
- `discs`, shape (n, 5): columns x, y, radius, speed, age, in the base frame B at the stamp of the ego state.
  A disc of speed zero is static; any other spreads at that speed from `age` before the stamp on.
- `footprint`, shape (m, 3): columns x, y, radius in B.

A motion is an arc (speed, curvature) or a rotation in place (turn). Clearance is the least distance, in
metres, that the swept body keeps beyond what it must keep, over all times up to standstill and all behaviours
within the bounds; a motion is safe when its clearance is positive.
"""

from __future__ import annotations

import math

import numpy as np

from shield.compiled import kernel
from shield.contract import Floats
from shield.formulas import braking_time, deviation, farthest, grown_radius, least, most
from shield.sweep import (
    ACCEL,
    BRAKE_MIN,
    LATERAL_MAX,
    MARGIN,
    PERIOD,
    REACT,
    REVERSE_MAX,
    SPEED_MAX,
    TRACKING,
    TURN_BRAKE,
    TURN_MAX,
    YAW_MAX,
    ego_vector,
    footprint_array,
    pack,
    sweep,
)

__all__ = [
    "admissible_reverse",
    "admissible_speed",
    "admissible_turn",
    "clearance",
    "clearance_within",
    "ego_vector",
    "footprint_array",
    "is_safe",
    "pack",
    "speed_cap",
    "sweep",
]

OPENING_M = 0.005  # how much nearer than standing still an opening motion may come, over all behaviours
BISECTIONS_N = 9
ROUNDING_M = 1e-9  # far above the rounding of a few dozen float64 operations on metres
FREE_M = 0.05  # clearance from which on the search for the fastest safe speed looks no closer


@kernel
def _travel(x: float, y: float, curvature: float, rotates: bool) -> float:
    """Way of the body's point (x, y) for each metre of arc (or radian of rotation) of the base."""
    if rotates:
        return math.hypot(x, y)
    return math.hypot(1.0 - curvature * y, curvature * x)


@kernel
def _rest_drift(bounds: Floats, ego: Floats) -> tuple[float, float]:
    """How far a body that is told to stand may still drift, and turn, given the bounds of its estimate."""
    react, brake = bounds[REACT], bounds[BRAKE_MIN]
    end = react + braking_time(ego[2], brake, bounds[PERIOD])
    way = farthest(ego[2], bounds[ACCEL], ego[2], react, brake, bounds[PERIOD], end)
    turned = deviation(ego[3], react, bounds[TURN_BRAKE], end + 1.0)
    return way * (1.0 + bounds[TRACKING] + turned), turned


@kernel
def _standing_gap(drift: tuple[float, float], disc: Floats, footprint: Floats) -> float:
    """Least gap to a disc that standing still can promise."""
    gap = math.inf
    for i in range(footprint.shape[0]):
        x, y = footprint[i, 0], footprint[i, 1]
        reach = math.hypot(disc[0] - x, disc[1] - y) - footprint[i, 2] - disc[2]
        gap = least(gap, reach - drift[0] - drift[1] * math.hypot(x, y))
    return gap


@kernel
def _closes(
    disc: Floats, footprint: Floats, near: float, speed: float, curvature: float, turn: float
) -> bool:
    """Whether the motion moves any part of the body that is nearer than `near` towards the disc."""
    for i in range(footprint.shape[0]):
        x, y = footprint[i, 0], footprint[i, 1]
        dx, dy = disc[0] - x, disc[1] - y
        if math.hypot(dx, dy) - footprint[i, 2] - disc[2] < near:
            yaw = speed * curvature + turn
            if (speed - yaw * y) * dx + yaw * x * dy > 0.0:
                return True
    return False


@kernel
def _required(
    bounds: Floats,
    ego: Floats,
    speed: float,
    curvature: float,
    turn: float,
    disc: Floats,
    footprint: Floats,
    tightest: float,
) -> float:
    """Gap that the motion must keep to this disc.

    It is the contact margin. Where something static is nearer than that already, the robot must be able to
    leave: it may come as near to anything static as it is to the nearest (never to zero), and a motion that
    does not close on a static disc need only come no nearer to it than standing still might (plus OPENING_M).
    """
    margin: float = bounds[MARGIN]
    if disc[3] != 0.0 or tightest >= margin:
        return margin
    keep = least(margin, most(0.0, tightest - OPENING_M))
    own = _standing_gap(_rest_drift(bounds, ego), disc, footprint)
    if own < keep + OPENING_M and not _closes(disc, footprint, margin, speed, curvature, turn):
        return least(keep, own - OPENING_M)
    return keep


@kernel
def tightest_gap(bounds: Floats, ego: Floats, discs: Floats, footprint: Floats) -> float:
    """Least gap to anything static that standing still can promise, up to twice the margin."""
    margin: float = bounds[MARGIN]
    around, drift = around_radius(footprint), _rest_drift(bounds, ego)
    wide = around + drift[0] + drift[1] * around
    gap: float = 2 * margin
    for j in range(discs.shape[0]):
        if discs[j, 3] == 0.0:
            near = gap + discs[j, 2] + wide
            if discs[j, 0] * discs[j, 0] + discs[j, 1] * discs[j, 1] < near * near:
                gap = least(gap, _standing_gap(drift, discs[j], footprint))
    return gap


@kernel
def around_radius(footprint: Floats) -> float:
    """Radius about B's origin that holds the whole footprint."""
    radius = 0.0
    for i in range(footprint.shape[0]):
        radius = most(radius, math.hypot(footprint[i, 0], footprint[i, 1]) + footprint[i, 2])
    return radius


@kernel
def _gap(path: Floats, disc: Floats, footprint: Floats, travel: Floats, around: float, best: float) -> float:
    """Least gap between the swept body and one disc, or `best` where it is not below."""
    furthest = travel[-1]
    for k in range(path.shape[0]):
        dx, dy = disc[0] - path[k, 0], disc[1] - path[k, 1]
        size = grown_radius(disc[2], disc[3], disc[4], path[k, 7]) + ROUNDING_M
        half, common, turned = path[k, 4], path[k, 5], path[k, 6]
        reach = best + around + size + half * furthest + common + turned * around
        if reach <= 0.0 or dx * dx + dy * dy >= reach * reach:
            continue
        x, y = path[k, 2] * dx + path[k, 3] * dy, path[k, 2] * dy - path[k, 3] * dx
        for i in range(footprint.shape[0]):
            ox, oy = footprint[i, 0], footprint[i, 1]
            gap = (
                math.hypot(x - ox, y - oy)
                - footprint[i, 2]
                - size
                - half * travel[i]
                - common
                - turned * math.hypot(ox, oy)
            )
            if gap < best:
                best = gap
    return best


@kernel
def travels(footprint: Floats, curvature: float, rotates: bool) -> Floats:
    """Way of every footprint disc for each metre of arc (or radian of rotation); last, the largest."""
    out = np.zeros(footprint.shape[0] + 1)
    for i in range(footprint.shape[0]):
        out[i] = _travel(footprint[i, 0], footprint[i, 1], curvature, rotates)
        out[-1] = most(out[-1], out[i])
    return out


@kernel
def _box(path: Floats, furthest: float, around: float) -> tuple[float, float, float, float]:
    """Least and largest x and y that the swept body reaches in B."""
    x_min, x_max, y_min, y_max = 0.0, 0.0, 0.0, 0.0
    for k in range(path.shape[0]):
        wide = around + path[k, 4] * furthest + path[k, 5] + path[k, 6] * around
        x_min, x_max = least(x_min, path[k, 0] - wide), most(x_max, path[k, 0] + wide)
        y_min, y_max = least(y_min, path[k, 1] - wide), most(y_max, path[k, 1] + wide)
    return x_min, x_max, y_min, y_max


@kernel
def clearance_given(
    bounds: Floats,
    ego: Floats,
    speed: float,
    curvature: float,
    turn: float,
    discs: Floats,
    footprint: Floats,
    tightest: float,
    enough: float,
    hurry: bool,
) -> tuple[float, int]:
    """Clearance for a known `tightest_gap`, at most `enough`, and the disc that it is to (or minus one).

    In a hurry, any value that is not positive stands for all of them.
    """
    path = sweep(bounds, ego, speed, curvature, turn)
    around = around_radius(footprint)
    travel = travels(footprint, curvature, turn != 0.0)
    x_min, x_max, y_min, y_max = _box(path, travel[-1], around)
    end, best, who = path[-1, 7], enough, -1
    for j in range(discs.shape[0]):
        disc = discs[j]
        near = best + bounds[MARGIN] + grown_radius(disc[2], disc[3], disc[4], end)
        if disc[0] < x_min - near or disc[0] > x_max + near:
            continue
        if disc[1] < y_min - near or disc[1] > y_max + near:
            continue
        needed = _required(bounds, ego, speed, curvature, turn, disc, footprint, tightest)
        kept = _gap(path, disc, footprint, travel, around, best + needed) - needed
        if kept < best:
            best, who = kept, j
        if hurry and best <= 0.0:
            break
    return best, who


@kernel
def clearance(
    bounds: Floats, ego: Floats, speed: float, curvature: float, turn: float, discs: Floats, footprint: Floats
) -> float:
    """Clearance of a motion and of the fail-safe that would end it, metres; infinite without discs."""
    return clearance_within(bounds, ego, speed, curvature, turn, discs, footprint, math.inf)


@kernel
def clearance_within(
    bounds: Floats,
    ego: Floats,
    speed: float,
    curvature: float,
    turn: float,
    discs: Floats,
    footprint: Floats,
    enough: float,
) -> float:
    """Clearance, looked for up to `enough` only; the smaller that is, the faster."""
    tightest = tightest_gap(bounds, ego, discs, footprint)
    return clearance_given(bounds, ego, speed, curvature, turn, discs, footprint, tightest, enough, False)[0]


@kernel
def is_safe(
    bounds: Floats, ego: Floats, speed: float, curvature: float, turn: float, discs: Floats, footprint: Floats
) -> bool:
    """Whether the clearance is positive; faster than asking for its value."""
    tightest = tightest_gap(bounds, ego, discs, footprint)
    kept, _ = clearance_given(bounds, ego, speed, curvature, turn, discs, footprint, tightest, FREE_M, True)
    return kept > 0.0


@kernel
def speed_cap(bounds: Floats, curvature: float, reverse: bool) -> float:
    """Largest speed within the robot's own limits on a curvature: speed, yaw rate, lateral acceleration."""
    cap: float = bounds[REVERSE_MAX] if reverse else bounds[SPEED_MAX]
    bend = abs(curvature)
    if bend > 0.0:
        cap = least(cap, least(bounds[YAW_MAX] / bend, math.sqrt(bounds[LATERAL_MAX] / bend)))
    return cap


@kernel
def _fastest(
    bounds: Floats,
    ego: Floats,
    cap: float,
    curvature: float,
    sign: float,
    rotates: bool,
    discs: Floats,
    footprint: Floats,
) -> float:
    tightest = tightest_gap(bounds, ego, discs, footprint)
    safe, unsafe, trial = 0.0, cap, cap
    for _ in range(BISECTIONS_N):
        speed, turn = (0.0, sign * trial) if rotates else (sign * trial, 0.0)
        kept, _ = clearance_given(
            bounds, ego, speed, curvature, turn, discs, footprint, tightest, FREE_M, True
        )
        if kept > 0.0:
            safe = trial
            if safe == cap:
                break
        else:
            unsafe = trial
        trial = (safe + unsafe) / 2
    return safe


@kernel
def admissible_speed(
    bounds: Floats, ego: Floats, curvature: float, discs: Floats, footprint: Floats
) -> float:
    """Fastest safe forward speed found on a curvature, metres a second; zero where none is."""
    cap = speed_cap(bounds, curvature, False)
    return _fastest(bounds, ego, cap, curvature, 1.0, False, discs, footprint)


@kernel
def admissible_reverse(
    bounds: Floats, ego: Floats, curvature: float, discs: Floats, footprint: Floats
) -> float:
    """Fastest safe speed backwards on a curvature, as a magnitude; zero where none is."""
    cap = speed_cap(bounds, curvature, True)
    return _fastest(bounds, ego, cap, curvature, -1.0, False, discs, footprint)


@kernel
def admissible_turn(bounds: Floats, ego: Floats, sign: float, discs: Floats, footprint: Floats) -> float:
    """Fastest safe rotation in place towards `sign`, as a magnitude; zero where none is."""
    return _fastest(bounds, ego, bounds[TURN_MAX], 0.0, sign, True, discs, footprint)

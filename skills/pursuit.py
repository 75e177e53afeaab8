"""The classical baseline: pure pursuit on the planned route, slowed by what is near.

After Coulter, "Implementation of the pure pursuit path tracking algorithm" (CMU-RI-TR-92-01, 1992), with a
turn in place towards a carrot that lies behind. It reads the same observation as the learned policy.
"""

from __future__ import annotations

import math

import numpy as np

from shield.contract import Floats
from shield.profile import RobotProfile
from skills.compiled import kernel
from skills.observation import AGENT_SECTORS, RINGS, SOLID_SECTORS

TURN_IN_PLACE_RAD = 0.7  # beyond it the robot turns on the spot first
TURN_GAIN = 2.0
AHEAD_RAD = 0.5  # half-angle of the cone in which solid things slow the robot
CREEP_MPS = 0.08
REACT_S = 0.16  # reaction that is planned for: the gate's own, and some
MARGIN_M = 0.08
AGENT_MARGIN_M = 0.16
AGENT_STOP_M = (
    0.46  # nearer than this to whoever may walk the shield lets hardly anything move: do not go there
)
HALF_WIDTH, HALF_LENGTH, BRAKE, HUMAN, TURN = range(5)


def body(profile: RobotProfile) -> Floats:
    """What the pursuit knows of the robot: half width, front corner, braking, human speed, turn in place."""
    discs = profile.footprint
    return np.array(
        [
            max(abs(d.y_m) + d.radius_m for d in discs),
            max(abs(d.x_m) + d.radius_m for d in discs),
            profile.base.brake_min_mps2,
            profile.others.human_speed_mps,
            profile.base.turn_max_radps,
        ]
    )


@kernel
def speed_for(free_m: float, along: float, walks_mps: float, brake_mps2: float) -> float:
    """Speed from which a stop ends before the free gap is used up.

    The robot uses up `along` (0 to 1) of its stopping way, and whatever walks at `walks_mps` comes nearer all
    the while: `walks (r + v / b) + along (v r + v^2 / (2 b)) = gap`, solved for v.
    """
    free = free_m - walks_mps * REACT_S
    if free <= 0.0:
        return 0.0
    square = along / (2.0 * brake_mps2)
    linear = walks_mps / brake_mps2 + along * REACT_S
    if square < 1e-3:
        return free / max(linear, 1e-3)
    return (math.sqrt(linear * linear + 4.0 * square * free) - linear) / (2.0 * square)


@kernel
def _safe_speed(
    ring: Floats, known: Floats, walks_mps: float, margin_m: float, stop_m: float, half_rad: float
) -> float:
    """Least of the speeds that the sectors within `half_rad` of ahead allow: a creep, none below `stop_m`."""
    count, least = ring.shape[0], np.inf
    for k in range(count):
        bearing = (k + 0.5) / count * 2.0 * math.pi - math.pi
        if abs(bearing) > half_rad:
            continue
        cosine = math.cos(bearing)
        reach = known[HALF_WIDTH] + (known[HALF_LENGTH] - known[HALF_WIDTH]) * abs(cosine)
        gap = 1.0 / ring[k] - 1.0 - reach - margin_m
        least = min(least, max(speed_for(gap, max(cosine, 0.0), walks_mps, known[BRAKE]), CREEP_MPS))
        if walks_mps > 0.0 and gap + margin_m < stop_m and cosine > -0.3:
            least = 0.0
    return least


@kernel
def pursue(known: Floats, seen: Floats, want: Floats) -> None:
    """Write the wanted speed and yaw rate for the observation `seen` into `want`."""
    x, y, limit = seen[RINGS], seen[RINGS + 1], seen[RINGS + 9]
    distance = max(math.hypot(x, y), 1e-6)
    bearing = math.atan2(y, x)
    if abs(bearing) > TURN_IN_PLACE_RAD:
        want[0] = 0.0
        want[1] = min(max(TURN_GAIN * bearing, -known[TURN]), known[TURN])
        return
    solid = _safe_speed(seen[:SOLID_SECTORS], known, 0.0, MARGIN_M, 0.0, AHEAD_RAD)
    middle = SOLID_SECTORS + AGENT_SECTORS
    hidden = _safe_speed(seen[middle:RINGS], known, known[HUMAN], MARGIN_M, 0.0, math.pi)
    agent = _safe_speed(
        seen[SOLID_SECTORS:middle], known, known[HUMAN], AGENT_MARGIN_M, AGENT_STOP_M, math.pi
    )
    speed = min(limit, solid, hidden, agent) * math.cos(bearing)
    want[0] = speed
    want[1] = 2.0 * y / (distance * distance) * speed


class Pursuit:
    """The baseline behind the interface of a policy."""

    name = "pursuit"
    version = "1.0.0"

    def __init__(self, profile: RobotProfile) -> None:
        """Take what the rule needs to know of the robot."""
        self._known = body(profile)

    def act(self, seen: Floats) -> Floats:
        """Wanted speed and yaw rate, shape (2,)."""
        want = np.zeros(2)
        pursue(self._known, seen, want)
        return want

    def act_all(self, seen: Floats) -> Floats:
        """`act` for each row of `seen`, shape (n, 2)."""
        return np.array([self.act(row) for row in seen])

    def confidence(self, seen: Floats) -> float:
        """A rule is as sure of itself everywhere."""
        return 1.0

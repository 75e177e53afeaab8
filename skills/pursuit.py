"""The classical baseline: pure pursuit on the planned route, slowed by what is near.

After Coulter, "Implementation of the pure pursuit path tracking algorithm" (CMU-RI-TR-92-01, 1992), with a
turn in place towards a carrot that lies behind. It reads the same observation as the learned policy.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from shield.contract import Floats
from skills.observation import AGENT_SECTORS, SOLID_SECTORS

TURN_IN_PLACE_RAD = 0.9  # beyond it the robot turns on the spot first
TURN_GAIN = 2.0
AHEAD_RAD = 0.6  # half-angle of the cone in which obstacles slow the robot
BODY_M = 0.62  # front corner of the body from the origin of B
SOLID_GAIN = 0.9  # 1/s: speed for a metre of free way ahead
AGENT_BODY_M = 0.50
AGENT_GAIN = 0.55  # 1/s: speed for a metre to whatever may move
CREEP_MPS = 0.06


@njit(cache=True)
def _nearest(ring: Floats, half_rad: float) -> float:
    """Distance to the nearest surface in a ring of proximities, within a cone ahead."""
    count = ring.shape[0]
    nearest = 0.0
    for k in range(count):
        bearing = (k + 0.5) / count * 2.0 * math.pi - math.pi
        if abs(bearing) <= half_rad:
            nearest = max(nearest, ring[k])
    return 1.0 / max(nearest, 1e-6) - 1.0


@njit(cache=True)
def pursue(seen: Floats, want: Floats) -> None:
    """Write the wanted speed and yaw rate for the observation `seen` into `want`."""
    base = SOLID_SECTORS + AGENT_SECTORS
    x, y, limit = seen[base], seen[base + 1], seen[base + 9]
    distance = max(math.hypot(x, y), 1e-6)
    bearing = math.atan2(y, x)
    if abs(bearing) > TURN_IN_PLACE_RAD:
        want[0] = 0.0
        want[1] = min(max(TURN_GAIN * bearing, -1.2), 1.2)
        return
    ahead = _nearest(seen[:SOLID_SECTORS], AHEAD_RAD)
    agent = _nearest(seen[SOLID_SECTORS:base], math.pi)
    speed = min(limit, SOLID_GAIN * (ahead - BODY_M), AGENT_GAIN * (agent - AGENT_BODY_M))
    speed = max(speed, CREEP_MPS) * math.cos(bearing)
    curvature = 2.0 * y / (distance * distance)
    want[0] = speed
    want[1] = min(max(curvature * max(speed, 0.25), -1.5), 1.5)


class Pursuit:
    """The baseline behind the interface of a policy."""

    name = "pursuit"
    version = "1.0.0"

    def act(self, seen: Floats) -> Floats:
        """Wanted speed and yaw rate, shape (2,)."""
        want = np.zeros(2)
        pursue(seen, want)
        return want

    def confidence(self, seen: Floats) -> float:
        """A rule is as sure of itself everywhere."""
        return 1.0

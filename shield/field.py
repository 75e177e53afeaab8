"""The supervisor's own formulas: which raw lidar returns lie where the body will be before it can stop.

Independent of the gate on purpose: a rectangle instead of discs, the measured motion instead of the
commanded one, raw returns instead of fused discs.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from shield.contract import Floats, Scan
from shield.profile import Base, Lidar

STEPS_N = 16  # samples along the way to standstill; the body is far longer than one step
CLOSER_M = 0.01  # a return counts when the motion brings it closer by more than the lidar's noise
IN_PLACE_MPS = 0.05  # below this speed a turning base turns in place
STRAIGHT_RAD = 1e-9  # less than this over the whole way is no turn
HITS_MIN_N = 2  # one return alone is dust


def hits(scan: Scan, lidar: Lidar, base: Base) -> Floats:
    """Returns of `scan` as points (n, 2) in B, without those that lie inside the own body."""
    ranges = scan.range_m
    angle = lidar.heading_rad + scan.angle_min_rad + scan.angle_step_rad * np.arange(ranges.shape[0])
    valid = (ranges >= lidar.range_min_m) & (ranges <= lidar.range_max_m)  # NaN and infinity are not
    x = lidar.x_m + ranges[valid] * np.cos(angle[valid])
    y = lidar.y_m + ranges[valid] * np.sin(angle[valid])
    depth = np.maximum(np.abs(x) - base.length_m / 2.0, np.abs(y) - base.width_m / 2.0)
    outside = depth > -lidar.error_m
    return np.stack((x[outside], y[outside]), axis=1)


def stopping_way(
    base: Base, speed_mps: float, yaw_rate_radps: float, reaction_s: float, brake_mps2: float
) -> tuple[float, float]:
    """Signed path, m, and turn, rad, from the measured motion to standstill: reaction, then braking."""
    seconds = reaction_s + abs(speed_mps) / (2.0 * brake_mps2)
    if abs(speed_mps) > IN_PLACE_MPS:
        return speed_mps * seconds, yaw_rate_radps * seconds
    turning_s = reaction_s + abs(yaw_rate_radps) / (2.0 * base.turn_brake_min_radps2)
    return speed_mps * seconds, yaw_rate_radps * turning_s


@njit(cache=True)
def blocked(
    points: Floats, half_length: float, half_width: float, ahead: float, way: float, turn: float
) -> tuple[int, float]:
    """How many points the body, grown by `ahead`, meets on an arc of `way` metres and `turn` radians.

    A point that is already within `ahead` counts only when the motion brings it closer. Also returns the
    distance from the body as it stands to the nearest point (infinite without points).
    """
    poses = _poses(way, turn)
    reach = abs(way) + math.hypot(half_length, half_width) + ahead
    count, nearest = 0, math.inf
    for k in range(points.shape[0]):
        x, y = points[k, 0], points[k, 1]
        start = _outside(x, y, half_length, half_width)
        nearest = min(nearest, start)
        if x * x + y * y > reach * reach:
            continue
        closest = start
        for j in range(STEPS_N):
            dx, dy, cos, sin = x - poses[j, 0], y - poses[j, 1], poses[j, 2], poses[j, 3]
            gap = _outside(cos * dx + sin * dy, cos * dy - sin * dx, half_length, half_width)
            closest = min(closest, gap)
        if closest < ahead and closest < start - CLOSER_M:
            count += 1
    return count, nearest


@njit(cache=True)
def _poses(way: float, turn: float) -> Floats:
    """Poses of B along the arc: rows of x, y, cosine and sine of the heading."""
    out = np.empty((STEPS_N, 4))
    for j in range(STEPS_N):
        part = (j + 1) / STEPS_N
        heading = turn * part
        straight = abs(turn) < STRAIGHT_RAD
        out[j, 0] = way * part if straight else way / turn * math.sin(heading)
        out[j, 1] = 0.0 if straight else way / turn * (1.0 - math.cos(heading))
        out[j, 2], out[j, 3] = math.cos(heading), math.sin(heading)
    return out


@njit(cache=True)
def _outside(x: float, y: float, half_length: float, half_width: float) -> float:
    """Distance of a point to a centred rectangle; negative inside it."""
    dx, dy = abs(x) - half_length, abs(y) - half_width
    if dx <= 0.0 and dy <= 0.0:
        return max(dx, dy)
    return math.hypot(max(dx, 0.0), max(dy, 0.0))

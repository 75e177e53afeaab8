"""The supervisor's own formulas: which raw lidar returns lie where the body will be before it can stop.

Independent of the gate on purpose: a rectangle instead of discs, the measured motion instead of the
commanded one, raw returns instead of fused discs, and no compiled kernels.
"""

from __future__ import annotations

import math

import numpy as np

from shield.contract import Floats, Scan
from shield.profile import Base, Lidar

STEPS_N = 16  # samples along the way to standstill; the body is far longer than one step
CLOSER_M = 0.01  # a return counts when the motion brings it closer by more than the lidar's noise
IN_PLACE_MPS = 0.05  # below this speed a turning base turns in place
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


def blocked(
    points: Floats, half_length: float, half_width: float, ahead: float, way: float, turn: float
) -> tuple[int, float]:
    """How many points the body, grown by `ahead`, meets on an arc of `way` metres and `turn` radians.

    A point that is already within `ahead` counts only when the motion brings it closer. Also returns the
    distance from the body as it stands to the nearest point (infinite without points).
    """
    if points.shape[0] == 0:
        return 0, math.inf
    start = _outside(points[:, 0], points[:, 1], half_length, half_width)
    near = np.hypot(points[:, 0], points[:, 1]) <= abs(way) + math.hypot(half_length, half_width) + ahead
    if not near.any():
        return 0, float(start.min())
    heading = turn * np.arange(1, STEPS_N + 1)[:, None] / STEPS_N
    chord = way * np.sinc(heading / (2.0 * math.pi)) * np.arange(1, STEPS_N + 1)[:, None] / STEPS_N
    dx = points[near, 0] - chord * np.cos(heading / 2.0)
    dy = points[near, 1] - chord * np.sin(heading / 2.0)
    cos, sin = np.cos(heading), np.sin(heading)
    gaps = _outside(cos * dx + sin * dy, cos * dy - sin * dx, half_length, half_width)
    closest = gaps.min(axis=0)
    count = int(np.count_nonzero((closest < ahead) & (closest < start[near] - CLOSER_M)))
    return count, float(start.min())


def _outside(x: Floats, y: Floats, half_length: float, half_width: float) -> Floats:
    """Distances of points to a centred rectangle; negative inside it."""
    dx, dy = np.abs(x) - half_length, np.abs(y) - half_width
    outer: Floats = np.hypot(np.maximum(dx, 0.0), np.maximum(dy, 0.0))
    return outer + np.minimum(np.maximum(dx, dy), 0.0)

"""Planar rays against the cross-section of the world at a lidar's height."""

from __future__ import annotations

import math

import numba
import numpy as np

from shield.contract import Floats


@numba.njit(cache=True, error_model="numpy")
def cast(
    origin: Floats, angles: Floats, boxes: Floats, circles: Floats, range_max_m: float
) -> Floats:  # pragma: no cover
    """Distances along rays to the nearest solid, infinite beyond `range_max_m`.

    Args:
        origin: x, y of the sensor in W.
        angles: directions in W, rad, shape (n,).
        boxes: oriented rectangles as x, y, heading, half length, half width, shape (m, 5).
        circles: x, y, radius, shape (k, 3).
        range_max_m: where rays end.
    """
    out = np.empty(angles.shape[0])
    near = np.empty(boxes.shape[0] * 6).reshape(boxes.shape[0], 6)
    count = 0
    for b in range(boxes.shape[0]):
        cos, sin = math.cos(boxes[b, 2]), math.sin(boxes[b, 2])
        dx, dy = origin[0] - boxes[b, 0], origin[1] - boxes[b, 1]
        x, y = cos * dx + sin * dy, cos * dy - sin * dx
        if max(abs(x) - boxes[b, 3], abs(y) - boxes[b, 4]) < range_max_m:
            near[count] = (x, y, cos, sin, boxes[b, 3], boxes[b, 4])
            count += 1
    for n in range(angles.shape[0]):
        ux, uy = math.cos(angles[n]), math.sin(angles[n])
        best = range_max_m
        for b in range(count):
            best = min(best, _box(near[b], ux, uy))
        for k in range(circles.shape[0]):
            best = min(
                best, _circle(origin[0] - circles[k, 0], origin[1] - circles[k, 1], circles[k, 2], ux, uy)
            )
        out[n] = best if best < range_max_m else np.inf
    return out


@numba.njit(cache=True, error_model="numpy")
def _box(box: Floats, ux: float, uy: float) -> float:  # pragma: no cover
    """Slab method in the frame of the box; infinite for a miss."""
    x, y = box[0], box[1]
    vx, vy = box[2] * ux + box[3] * uy, box[2] * uy - box[3] * ux
    enter, leave = -np.inf, np.inf
    for p, v, half in ((x, vx, box[4]), (y, vy, box[5])):
        if abs(v) < 1e-12:
            if abs(p) > half:
                return np.inf
        else:
            one, two = (-half - p) / v, (half - p) / v
            enter, leave = max(enter, min(one, two)), min(leave, max(one, two))
    return enter if 0.0 < enter <= leave else np.inf


@numba.njit(cache=True, error_model="numpy")
def _circle(dx: float, dy: float, radius: float, ux: float, uy: float) -> float:  # pragma: no cover
    """Distance from a point at (dx, dy) of the centre along (ux, uy); infinite for a miss."""
    along = -(dx * ux + dy * uy)
    beside = dx * dx + dy * dy - along * along
    if along <= 0.0 or beside > radius * radius:
        return np.inf
    return along - math.sqrt(radius * radius - beside)

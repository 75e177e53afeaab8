"""Compiled kernels of the fusion: from beams to discs.

All arrays are float64. `beams` of one lidar at one scan stamp; poses are (x, y, heading); discs come out as
rows (x, y, radius, kind) in B at the snapshot's stamp.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from shield.contract import Floats, Kind

CHORD_M = 0.02  # neighbouring returns are merged into one disc over such a chord near the robot,
CHORD_PER_M = 0.03  # and over more further away, where a few centimetres do not matter
STATIC, UNKNOWN, HIDDEN = float(Kind.STATIC), float(Kind.UNKNOWN), float(Kind.HIDDEN)


@njit(cache=True)
def moved(x: float, y: float, pose: Floats) -> tuple[float, float]:
    """A point given in the frame of `pose`, in the frame that `pose` is given in."""
    cos, sin = math.cos(pose[2]), math.sin(pose[2])
    return pose[0] + cos * x - sin * y, pose[1] + sin * x + cos * y


@njit(cache=True)
def on_surface(x: float, y: float, boxes: Floats, tolerance: float) -> bool:
    """Whether a point in W lies within `tolerance` of a box's surface, outside or inside."""
    for k in range(boxes.shape[0]):
        dx = max(boxes[k, 0] - x, x - boxes[k, 1])
        dy = max(boxes[k, 2] - y, y - boxes[k, 3])
        if dx > tolerance or dy > tolerance or max(dx, dy) < -tolerance:
            continue
        if dx <= 0.0 or dy <= 0.0 or dx * dx + dy * dy <= tolerance * tolerance:
            return True
    return False


@njit(cache=True)
def returns(
    ranges: Floats, limits: Floats, lidar: Floats, first: float, step: float, body: Floats
) -> tuple[Floats, Floats]:
    """Every beam's end (n, 2) in B at the scan's stamp, and what it is (n,): 1 a return, 0 free, -1 unknown.

    `limits` are the least and the largest range; `body` half length, half width and the depth below the
    surface from which on a return is the robot itself, which hides what lies behind it.
    """
    ends = np.zeros((ranges.shape[0], 2))
    state = np.zeros(ranges.shape[0])
    for k in range(ranges.shape[0]):
        if math.isnan(ranges[k]) or ranges[k] < limits[0]:
            state[k] = -1.0
            continue
        if ranges[k] > limits[1]:
            continue
        angle = lidar[2] + first + step * k
        ends[k, 0] = lidar[0] + ranges[k] * math.cos(angle)
        ends[k, 1] = lidar[1] + ranges[k] * math.sin(angle)
        depth = min(body[0] - abs(ends[k, 0]), body[1] - abs(ends[k, 1]))
        state[k] = -1.0 if depth > body[2] else 1.0
    return ends, state


@njit(cache=True)
def classify(
    ends: Floats, state: Floats, ranges: Floats, pose: Floats, bounds: Floats, boxes: Floats
) -> Floats:
    """Kind of every return: STATIC within the map's tolerance plus the pose's bounds, else UNKNOWN.

    `pose` is X_WB at the scan's stamp; `bounds` are map tolerance, position bound, heading bound.
    """
    kind = np.full(ends.shape[0], UNKNOWN)
    for k in range(ends.shape[0]):
        if state[k] == 1.0:
            x, y = moved(ends[k, 0], ends[k, 1], pose)
            if on_surface(x, y, boxes, bounds[0] + bounds[1] + bounds[2] * ranges[k]):
                kind[k] = STATIC
    return kind


@njit(cache=True)
def merge(ends: Floats, state: Floats, kind: Floats, ranges: Floats, shift: Floats, grow: Floats) -> Floats:
    """Discs over runs of neighbouring returns of one kind; `shift` takes a point to B at the snapshot.

    `grow` is what a STATIC and what an UNKNOWN return extends around the point that was hit.
    """
    out = np.empty((ends.shape[0], 4))
    count, k = 0, 0
    while k < ends.shape[0]:
        if state[k] != 1.0:
            k += 1
            continue
        chord = CHORD_M + CHORD_PER_M * ranges[k]
        last = k
        while last + 1 < ends.shape[0] and state[last + 1] == 1.0 and kind[last + 1] == kind[k]:
            if math.hypot(ends[last + 1, 0] - ends[k, 0], ends[last + 1, 1] - ends[k, 1]) > chord:
                break
            last += 1
        x, y = (ends[k, 0] + ends[last, 0]) / 2.0, (ends[k, 1] + ends[last, 1]) / 2.0
        radius = 0.0
        for j in range(k, last + 1):
            radius = max(radius, math.hypot(ends[j, 0] - x, ends[j, 1] - y))
        out[count, 0], out[count, 1] = moved(x, y, shift)
        out[count, 2] = radius + (grow[0] if kind[k] == STATIC else grow[1])
        out[count, 3] = kind[k]
        count, k = count + 1, last + 1
    return out[:count]


@njit(cache=True)
def strangers(ends: Floats, state: Floats, kind: Floats, pose: Floats) -> Floats:
    """Points (n, 2) in W of the returns that the map does not explain."""
    out = np.empty((ends.shape[0], 2))
    count = 0
    for k in range(ends.shape[0]):
        if state[k] == 1.0 and kind[k] == UNKNOWN:
            out[count, 0], out[count, 1] = moved(ends[k, 0], ends[k, 1], pose)
            count += 1
    return out[:count]

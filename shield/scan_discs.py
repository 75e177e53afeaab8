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
LEG_M = 0.10  # the thinnest leg (with trousers): what does not hide one hides nobody
HIDDEN_AT_M = (0.0, 0.12, 0.3, 0.6, 1.0, 1.6, 2.5, 4.0)  # where agents are supposed along a hidden ray
HIDDEN_RANGE_M = 5.0  # further away nobody who is hidden matters within the time of a stop
HIDDEN_SECTOR_RAD = 0.26  # a blind sector is cut into pieces no wider than this
EDGE_M = 0.5  # a step of the range by this much or more hides a person behind the nearer return
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
def inside_box(x: float, y: float, boxes: Floats) -> bool:
    """Whether a point in W lies in a box: nobody stands there."""
    for k in range(boxes.shape[0]):
        if boxes[k, 0] <= x <= boxes[k, 1] and boxes[k, 2] <= y <= boxes[k, 3]:
            return True
    return False


@njit(cache=True)
def seen_free(
    x: float, y: float, ranges: Floats, lidar: Floats, first: float, step: float, shift: Floats
) -> bool:
    """Whether this lidar looks past the point (in B at the snapshot): nobody stands there.

    Past means further than the point by a leg's width, on all beams that a leg there would catch.
    """
    dx, dy = x - shift[0], y - shift[1]
    cos, sin = math.cos(shift[2]), math.sin(shift[2])
    px, py = cos * dx + sin * dy - lidar[0], cos * dy - sin * dx - lidar[1]
    far = math.hypot(px, py)
    turn = math.atan2(py, px) - lidar[2] - first
    turn -= 2.0 * math.pi * math.floor(turn / (2.0 * math.pi))
    half = math.asin(min(1.0, LEG_M / 2.0 / max(far, LEG_M)))
    low, high = int(math.floor((turn - half) / step)), int(math.ceil((turn + half) / step))
    if low < 0 or high >= ranges.shape[0]:
        return False
    return bool(np.all(ranges[low : high + 1] >= far + LEG_M))  # NaN is not


@njit(cache=True)
def blind(state: Floats, lidar: Floats, first: float, step: float, least_range: float) -> Floats:
    """Where an unseen leg would first fit into runs of unknown beams: rows (x, y, cosine, sine, length)."""
    out = np.empty((2 * state.shape[0] + 2, 5))
    count, k = 0, 0
    while k < state.shape[0]:
        if state[k] != -1.0:
            k += 1
            continue
        last = k
        while last + 1 < state.shape[0] and state[last + 1] == -1.0:
            last += 1
        width = (last - k + 2) * step
        start = max(least_range, LEG_M / width)
        pieces = int(math.ceil(width / HIDDEN_SECTOR_RAD))
        for piece in range(pieces):
            angle = lidar[2] + first + (k - 1) * step + width * (piece + 0.5) / pieces
            cos, sin = math.cos(angle), math.sin(angle)
            out[count, 0], out[count, 1] = lidar[0] + start * cos, lidar[1] + start * sin
            out[count, 2], out[count, 3], out[count, 4] = cos, sin, HIDDEN_RANGE_M
            count += 1
        k = last + 1
    return out[:count]


@njit(cache=True)
def edges(ends: Floats, state: Floats, kind: Floats, ranges: Floats, lidar: Floats, angles: Floats) -> Floats:
    """Rays along which something static hides a person from the next beam: rows as those of `blind`.

    The person would stand just behind the edge, a leg's width beside the ray that passes it. What is behind
    an UNKNOWN return is covered by the growth of that return itself. `angles` are first, step, largest range.
    """
    first, step, limit = angles[0], angles[1], angles[2]
    out = np.empty((2 * state.shape[0] + 2, 5))
    count = 0
    for k in range(state.shape[0] - 1):
        if state[k] == -1.0 or state[k + 1] == -1.0:
            continue
        here = ranges[k] if state[k] == 1.0 else limit
        there = ranges[k + 1] if state[k + 1] == 1.0 else limit
        if abs(there - here) < EDGE_M or min(here, there) > HIDDEN_RANGE_M:
            continue
        near, side = (k, -1.0) if here < there else (k + 1, 1.0)
        if kind[near] != STATIC:
            continue
        angle = lidar[2] + first + step * near
        cos, sin = math.cos(angle), math.sin(angle)
        out[count, 0] = ends[near, 0] + LEG_M * cos - side * LEG_M * sin
        out[count, 1] = ends[near, 1] + LEG_M * sin + side * LEG_M * cos
        out[count, 2], out[count, 3], out[count, 4] = cos, sin, abs(there - here)
        count += 1
    return out[:count]


@njit(cache=True)
def suppose(
    rays: Floats,
    shift: Floats,
    pose: Floats,
    boxes: Floats,
    ranges: Floats,
    first: float,
    step: float,
    lidar: Floats,
    other_shift: Floats,
    radius: float,
) -> Floats:
    """HIDDEN discs along the rays, where nobody can be excluded by the map or by the other lidar's beams.

    `pose` is X_WB at the snapshot; `ranges` and all after it but `radius` are the other lidar's.
    """
    out = np.empty((rays.shape[0] * len(HIDDEN_AT_M), 4))
    count = 0
    for k in range(rays.shape[0]):
        for j in range(len(HIDDEN_AT_M)):
            if HIDDEN_AT_M[j] > rays[k, 4]:
                break
            x = rays[k, 0] + HIDDEN_AT_M[j] * rays[k, 2]
            y = rays[k, 1] + HIDDEN_AT_M[j] * rays[k, 3]
            x, y = moved(x, y, shift)
            if math.hypot(x, y) > HIDDEN_RANGE_M:
                break
            wx, wy = moved(x, y, pose)
            if inside_box(wx, wy, boxes) or seen_free(x, y, ranges, lidar, first, step, other_shift):
                continue
            out[count, 0], out[count, 1], out[count, 2], out[count, 3] = x, y, radius, HIDDEN
            count += 1
    return out[:count]

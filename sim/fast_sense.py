"""Lidar of the fast tier: rays from B against boxes and people, made into discs as the fusion does."""

from __future__ import annotations

import math

import numpy as np

from shield.contract import Floats, Kind
from sim.fast_compiled import kernel
from sim.fast_people import box_gap, draw
from sim.fast_state import DISCS_N, RAYS_N, SEEN_RADIUS, Fleet, Halls, X, Y

RANGE_M = 7.0
JUMP_M = 0.5  # a step in range that a person can hide behind
LEG_M = 0.10  # and stands so far behind and beside the edge
EDGE_RANGE_M = 4.0  # edges beyond cannot matter before they are seen again
STATIC_NEAR_M = 2.6  # what the shield has to look at: farther things cannot be met within a stop
AGENT_NEAR_M = 4.8
STEP_RAD = 2.0 * math.pi / RAYS_N
COSINE, SINE = np.cos(np.arange(RAYS_N) * STEP_RAD - math.pi), np.sin(np.arange(RAYS_N) * STEP_RAD - math.pi)
STATIC, UNKNOWN, HIDDEN = float(Kind.STATIC), float(Kind.UNKNOWN), float(Kind.HIDDEN)


@kernel
def _hit_box(box: Floats, pose: Floats, ranges: Floats, kinds: Floats, kind: float) -> None:
    """Shorten the rays that meet an axis-parallel box; only those inside its angular extent are tried."""
    dx = max(box[0] - pose[0], 0.0, pose[0] - box[1])
    dy = max(box[2] - pose[1], 0.0, pose[1] - box[3])
    if dx * dx + dy * dy > RANGE_M * RANGE_M:
        return
    middle = math.atan2(0.5 * (box[2] + box[3]) - pose[1], 0.5 * (box[0] + box[1]) - pose[0])
    low, high = 0.0, 0.0
    for k in range(4):
        corner = math.atan2(box[2 + k // 2] - pose[1], box[k % 2] - pose[0]) - middle
        corner = (corner + math.pi) % (2.0 * math.pi) - math.pi
        low, high = min(low, corner), max(high, corner)
    base = middle - pose[2] + math.pi
    first, last = int(math.ceil((base + low) / STEP_RAD)), int(math.floor((base + high) / STEP_RAD))
    turn_cosine, turn_sine = math.cos(pose[2]), math.sin(pose[2])
    for ray in range(first, last + 1):
        k = ray % RAYS_N
        cosine = COSINE[k] * turn_cosine - SINE[k] * turn_sine
        sine = SINE[k] * turn_cosine + COSINE[k] * turn_sine
        x_side = box[0] if cosine > 0.0 else box[1]
        y_side = box[2] if sine > 0.0 else box[3]
        enter = -np.inf
        if abs(cosine) > 1e-9 and (pose[0] < box[0] or pose[0] > box[1]):
            enter = (x_side - pose[0]) / cosine
        if abs(sine) > 1e-9 and (pose[1] < box[2] or pose[1] > box[3]):
            enter = max(enter, (y_side - pose[1]) / sine)
        if 0.0 < enter < ranges[k]:
            ranges[k], kinds[k] = enter, kind


@kernel
def _hit_person(person: Floats, pose: Floats, ranges: Floats, kinds: Floats) -> None:
    dx, dy, radius = person[X] - pose[0], person[Y] - pose[1], person[SEEN_RADIUS]
    distance = math.hypot(dx, dy)
    if distance > RANGE_M or distance <= radius:
        return
    middle = math.atan2(dy, dx) - pose[2] + math.pi
    half = math.asin(radius / distance)
    first, last = int(math.ceil((middle - half) / STEP_RAD)), int(math.floor((middle + half) / STEP_RAD))
    for ray in range(first, last + 1):
        off = ray * STEP_RAD - middle
        across = distance * math.sin(off)
        reach = distance * math.cos(off) - math.sqrt(max(radius * radius - across * across, 0.0))
        k = ray % RAYS_N
        if 0.0 < reach < ranges[k]:
            ranges[k], kinds[k] = reach, UNKNOWN


@kernel
def _add(fleet: Fleet, row: int, x: float, y: float, radius: float, speed: float, kind: float) -> None:
    count = fleet.discs_n[row]
    if count >= DISCS_N:
        return
    disc = fleet.discs[row, count]
    disc[0], disc[1], disc[2], disc[3], disc[4] = x, y, radius, speed, 0.0
    fleet.kinds[row, count] = kind
    fleet.discs_n[row] = count + 1


@kernel
def sense(halls: Halls, fleet: Fleet, row: int, sensing: Floats) -> None:
    """Scan once and fill the row's discs; `sensing` is static radius, human radius, human speed."""
    ranges, kinds = np.full(RAYS_N, RANGE_M), np.full(RAYS_N, STATIC)
    hall, pose = fleet.hall[row], fleet.pose[row]
    for k in range(halls.boxes_n[hall]):
        kind = STATIC if k < halls.mapped_n[hall] else UNKNOWN
        _hit_box(halls.boxes[hall, k], pose, ranges, kinds, kind)
    for k in range(fleet.people_n[row]):
        _hit_person(fleet.people[row, k], pose, ranges, kinds)
    noise = fleet.traits[row, 4]
    fleet.discs_n[row] = 0
    for k in range(RAYS_N):
        if ranges[k] >= RANGE_M:
            continue
        reach = ranges[k] + noise * (2.0 * draw(fleet.random, row) - 1.0)
        x, y = reach * COSINE[k], reach * SINE[k]
        if kinds[k] == STATIC:
            _add(fleet, row, x, y, sensing[0], 0.0, STATIC)
        else:
            _add(fleet, row, x, y, sensing[0] + sensing[1], sensing[2], UNKNOWN)
    _edges(halls, fleet, row, ranges, kinds, sensing)
    _keep_near(fleet, row)


@kernel
def _edges(halls: Halls, fleet: Fleet, row: int, ranges: Floats, kinds: Floats, sensing: Floats) -> None:
    """Where the range jumps behind something static, a person may be hidden, unless a box is there."""
    hall, pose = fleet.hall[row], fleet.pose[row]
    cosine, sine = math.cos(pose[2]), math.sin(pose[2])
    for k in range(RAYS_N):
        after = (k + 1) % RAYS_N
        first = ranges[k] < ranges[after]
        near = k if first else after
        if abs(ranges[k] - ranges[after]) < JUMP_M or ranges[near] > EDGE_RANGE_M or kinds[near] != STATIC:
            continue
        along, beside = ranges[near] + LEG_M, LEG_M if first else -LEG_M
        x = along * COSINE[near] - beside * SINE[near]
        y = along * SINE[near] + beside * COSINE[near]
        wx, wy = pose[0] + cosine * x - sine * y, pose[1] + sine * x + cosine * y
        if box_gap(halls.boxes[hall], halls.mapped_n[hall], wx, wy) > 0.0:
            _add(fleet, row, x, y, sensing[1], sensing[2], HIDDEN)


@kernel
def _keep_near(fleet: Fleet, row: int) -> None:
    count = 0
    for k in range(fleet.discs_n[row]):
        disc = fleet.discs[row, k]
        reach = math.hypot(disc[0], disc[1]) - disc[2]
        if reach < (AGENT_NEAR_M if disc[3] > 0.0 else STATIC_NEAR_M):
            fleet.near[row, count] = disc
            count += 1
    fleet.near_n[row] = count


@kernel
def carry_along(fleet: Fleet, row: int, way_m: float, turn_rad: float, period_s: float) -> None:
    """Move the near discs into the B of one period later and age them."""
    cosine, sine = math.cos(turn_rad), math.sin(turn_rad)
    half_cosine, half_sine = math.cos(0.5 * turn_rad), math.sin(0.5 * turn_rad)
    for k in range(fleet.near_n[row]):
        disc = fleet.near[row, k]
        x, y = disc[0] - way_m * half_cosine, disc[1] - way_m * half_sine
        disc[0], disc[1] = cosine * x + sine * y, cosine * y - sine * x
        disc[4] += period_s

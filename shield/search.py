"""Is one motion safe in every respect that depends on the whole manoeuvre, and which speed still is?

The respects: clearance to discs, keep-out areas, the hall's bounds, zones' speeds. The scene is passed as one
tuple of arrays, made by `Gate` once a decision.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from shield.areas import SLACK_MPS, area_gap, reach_radius, zone_speed
from shield.compiled import kernel
from shield.contract import Floats
from shield.formulas import least, most
from shield.reach import around_radius, clearance_given, speed_cap, tightest_gap, travels
from shield.sweep import TURN_MAX, sweep

SAFE, DISCS, KEEP_OUT, HALL, ZONE = range(5)  # what forbids a motion
ENOUGH_M = 0.5  # clearances are measured up to here
NEAR_M = 0.05  # and while searching, where their sign matters only, up to here
HALVINGS_N = 7  # of the window of speeds that one period can reach: a fraction of a millimetre a second


class Scene(NamedTuple):
    """What a motion is judged by; see `shield.reach` and `shield.areas` for the arrays."""

    bounds: Floats
    ego: Floats
    discs: Floats
    footprint: Floats
    pose: Floats
    hall: Floats
    keep_out: Floats
    zones: Floats


class Judgement(NamedTuple):
    """What is to be said about one motion."""

    forbidden_by: int  # SAFE if nothing forbids it
    excess: float  # by how much, in the unit of what forbids it
    clearance_m: float  # at most ENOUGH_M
    nearest_disc: int  # the disc that it is to; minus one where none is near
    spare: float  # admissible speed (or rate) on the same curvature less the motion's own


@kernel
def judge(scene: Scene, speed: float, curvature: float, turn: float) -> Judgement:
    """Judge a motion and the fail-safe that would end it."""
    tightest = tightest_gap(scene.bounds, scene.ego, scene.discs, scene.footprint)
    code, excess, clear, who = _judge(scene, speed, curvature, turn, tightest, ENOUGH_M, False)
    spare = 0.0
    if code == SAFE:
        rotates = turn != 0.0
        own = turn if rotates else speed
        sign = math.copysign(1.0, own)
        top = most(abs(own), top_speed(scene.bounds, curvature, sign, rotates))
        found, _ = _fastest(scene, abs(own), top, curvature, sign, rotates, tightest)
        spare = most(0.0, found - abs(own))
    return Judgement(code, excess, clear, who, spare)


@kernel
def _judge(
    scene: Scene, speed: float, curvature: float, turn: float, tightest: float, enough: float, hurry: bool
) -> tuple[int, float, float, int]:
    clear, who = clearance_given(
        scene.bounds, scene.ego, speed, curvature, turn, scene.discs, scene.footprint, tightest, enough, hurry
    )
    if clear <= 0.0:
        return DISCS, -clear, clear, who
    path = sweep(scene.bounds, scene.ego, speed, curvature, turn)
    travel, around = travels(scene.footprint, curvature, turn != 0.0), around_radius(scene.footprint)
    reach = reach_radius(path, travel[-1], around, scene.pose)
    for a in range(scene.keep_out.shape[0]):
        area = scene.keep_out[a]
        gap = area_gap(path, scene.footprint, travel, scene.pose, area, 1.0, around, reach)
        if gap <= 0.0:
            return KEEP_OUT, -gap, clear, who
    gap = area_gap(path, scene.footprint, travel, scene.pose, scene.hall, -1.0, around, reach)
    if gap <= 0.0:
        return HALL, -gap, clear, who
    over = zone_speed(
        path, scene.footprint, travel, scene.pose, scene.zones, scene.bounds, speed, curvature, reach
    )
    if over > SLACK_MPS:
        return ZONE, over, clear, who
    return SAFE, 0.0, clear, who


@kernel
def fastest(
    scene: Scene, low: float, high: float, curvature: float, sign: float, rotates: bool
) -> tuple[float, int]:
    """Largest safe speed (or rate of a rotation) found in [low, high] towards `sign`, and what forbids more.

    Minus one where not even `low` is safe. The result itself has been checked, whatever lies below it.
    """
    tightest = tightest_gap(scene.bounds, scene.ego, scene.discs, scene.footprint)
    return _fastest(scene, low, high, curvature, sign, rotates, tightest)


@kernel
def _fastest(
    scene: Scene,
    low: float,
    high: float,
    curvature: float,
    sign: float,
    rotates: bool,
    tightest: float,
) -> tuple[float, int]:
    safe, unsafe, trial, why = -1.0, high, high, SAFE
    for step in range(HALVINGS_N + 2):
        speed, turn = (0.0, sign * trial) if rotates else (sign * trial, 0.0)
        found, _, _, _ = _judge(scene, speed, curvature, turn, tightest, NEAR_M, True)
        if found == SAFE:
            safe = trial
            if step == 0:
                return safe, SAFE
        else:
            unsafe, why = trial, found
            if step == 1:
                return -1.0, why
        trial = low if step == 0 else (safe + unsafe) / 2
    return safe, why


@kernel
def top_speed(bounds: Floats, curvature: float, sign: float, rotates: bool) -> float:
    """Largest speed (or rate) within the robot's own limits."""
    if rotates:
        turn: float = bounds[TURN_MAX]
        return turn
    cap: float = speed_cap(bounds, curvature, sign < 0.0)
    return cap


@kernel
def nearest_person(discs: Floats, footprint: Floats) -> float:
    """Gap between the body and the nearest disc that may move; infinite where there is none."""
    gap = math.inf
    for j in range(discs.shape[0]):
        if discs[j, 3] != 0.0:
            far = math.hypot(discs[j, 0], discs[j, 1]) - discs[j, 2]
            if far - 1.0 < gap:
                for i in range(footprint.shape[0]):
                    dx, dy = discs[j, 0] - footprint[i, 0], discs[j, 1] - footprint[i, 1]
                    gap = least(gap, math.hypot(dx, dy) - discs[j, 2] - footprint[i, 2])
    return most(gap, 0.0)

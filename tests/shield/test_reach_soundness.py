"""Whatever the reachability check accepts, no behaviour within the bounds may contradict.

The contact margin is set to zero, so that it cannot hide a mistake, and discs are pulled in until an action
is barely accepted. With a bound broken contacts must appear: that shows that the simulation can see them.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from numba import njit

from shield import reach, sweep
from shield.contract import Floats
from tests.shield.behaviour import Limits, Rng, assumed, extreme, gap_at, least_gap
from tests.shield.scenes import PROFILE

BEHAVIOURS_N = 32
TOUCHING_M = (
    0.012  # nearer than this the errors of measurement alone reach a disc: only opening motions count
)
FOOTPRINT = reach.footprint_array(PROFILE)
BOUNDS = reach.pack(PROFILE)
BOUNDS[sweep.MARGIN] = 0.0


@njit(cache=True)
def state(rng: Rng) -> tuple[Floats, Floats, Floats]:
    """An ego state, the command before and a command: speed, curvature, turn."""
    kind = rng.integers(0, 4)
    before, command = np.zeros(3), np.zeros(3)
    if kind == 0:
        before[2] = extreme(rng, -1.2, 1.2)
        command[2] = before[2] + extreme(rng, -0.05, 0.05)
    else:
        before[0] = extreme(rng, 0.0, 1.2) if kind < 3 else extreme(rng, -0.3, 0.0)
        before[1] = extreme(rng, -1.0, 1.0) * (4.0 if abs(before[0]) < 0.35 else 0.8)
        command[0] = before[0] + extreme(rng, -0.03, 0.016)
        command[1] = before[1] + extreme(rng, -0.1, 0.1)
    yaw = before[0] * before[1] + before[2]
    asked = command[0] * command[1] + command[2]
    ego = np.array(
        [
            before[0] + extreme(rng, -0.03, 0.02),
            yaw + extreme(rng, -0.05, 0.05),
            0.03,
            0.04,
            min(before[0], command[0]),
            max(before[0], command[0]),
            min(yaw, asked),
            max(yaw, asked),
        ]
    )
    return ego, before, command


@njit(cache=True)
def around(rng: Rng, command: Floats, moving: bool) -> Floats:
    """Discs about the body, more of them where it goes."""
    discs = np.zeros((rng.integers(1, 4), 5))
    for j in range(discs.shape[0]):
        angle = 2 * math.pi * rng.random()
        if command[0] != 0.0 and rng.random() < 0.6:
            angle = (0.0 if command[0] > 0.0 else math.pi) + extreme(rng, -0.6, 0.6) + command[1] / 2
        far = 0.45 + 2.2 * rng.random() ** 1.5
        discs[j, 0], discs[j, 1] = far * math.cos(angle), far * math.sin(angle)
        discs[j, 2] = extreme(rng, 0.03, 0.3)
        discs[j, 3] = extreme(rng, 0.3, 1.6) if moving else 0.0
        discs[j, 4] = extreme(rng, 0.0, 0.06)
    return discs


@njit(cache=True)
def barely(bounds: Floats, ego: Floats, command: Floats, discs: Floats, footprint: Floats) -> bool:
    """Pull the discs in until the clearance is barely positive; False where it is not to begin with."""
    if not reach.is_safe(bounds, ego, command[0], command[1], command[2], discs, footprint):
        return False
    places = discs[:, :2].copy()
    low, high = 0.0, 1.0
    for _ in range(8):
        share = (low + high) / 2
        discs[:, :2] = places * (1 - share)
        if reach.is_safe(bounds, ego, command[0], command[1], command[2], discs, footprint):
            low = share
        else:
            high = share
    discs[:, :2] = places * (1 - low)
    return True


@njit(cache=True)
def campaign(
    rng: Rng, bounds: Floats, limits: Limits, footprint: Floats, scenes: int, moving: bool
) -> tuple[int, int, float]:
    """Number of accepted commands, of contacts in motion, and the least gap."""
    accepted, contacts, least = 0, 0, math.inf
    for _ in range(scenes):
        ego, before, command = state(rng)
        discs = around(rng, command, moving)
        if not barely(bounds, ego, command, discs, footprint):
            continue
        if gap_at(footprint, discs, np.zeros(3), 0.0, 1.0) <= TOUCHING_M:
            continue
        accepted += 1
        for _ in range(BEHAVIOURS_N):
            gap = least_gap(rng, limits, ego, before, command, discs, footprint)
            least = min(least, gap)
            if gap <= 0.0:
                contacts += 1
    return accepted, contacts, least


@pytest.mark.parametrize("moving", [False, True])
def test_no_behaviour_within_the_bounds_touches_what_was_accepted(moving: bool) -> None:
    rng = np.random.default_rng(7)
    accepted, contacts, least = campaign(rng, BOUNDS, assumed(PROFILE), FOOTPRINT, 1600, moving)
    assert accepted > 400
    assert contacts == 0
    assert 0.0 < least < 0.02, "the prediction is tight: a broken bound shows"


@pytest.mark.parametrize(
    ("bound", "factor", "moving"),
    [
        ("react", 2.0, False),
        ("brake", 0.7, False),
        ("turn_brake", 0.3, False),
        ("tracking", 12.0, False),
        ("hurry", 1.5, True),
        ("noise", 4.0, False),
    ],
)
def test_a_broken_assumption_shows(bound: str, factor: float, moving: bool) -> None:
    limits = assumed(PROFILE)
    limits = limits._replace(**{bound: getattr(limits, bound) * factor})
    _, contacts, _ = campaign(np.random.default_rng(7), BOUNDS, limits, FOOTPRINT, 900, moving)
    assert contacts > 0

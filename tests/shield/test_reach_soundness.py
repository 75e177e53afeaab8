"""Whatever the reachability check accepts, no behaviour within the bounds may contradict.

The motion below is written from SAFETY.md, not from `shield.reach`: an explicit simulation of one robot with
delays, lost messages, any acceleration and braking strength, sampled braking, errors of measurement and of
tracking. The contact margin is set to zero, so that it cannot hide a mistake. With a bound broken, contacts
must appear: that shows that the simulation can see them.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numba import njit

from shield import reach, sweep
from shield.contract import Floats
from shield.profile import load_profile

PROFILE = load_profile(Path(__file__).parents[2] / "launch/profiles/amr_panda.yaml")
STEP_S = 0.002
BEHAVIOURS_N = 40
# what a behaviour draws from: reaction, period, accel, brake_min, brake_max, turn accel, turn brake, tracking,
# people's speed as a share of the assumed one, share of the measurement bounds
ASSUMED = np.array(
    [
        2 * PROFILE.timing.period_s + PROFILE.timing.latency_s,
        PROFILE.timing.period_s,
        PROFILE.base.accel_max_mps2,
        PROFILE.base.brake_min_mps2,
        PROFILE.base.brake_max_mps2,
        PROFILE.base.turn_accel_max_radps2,
        PROFILE.base.turn_brake_min_radps2,
        PROFILE.base.tracking_m,
        1.0,
        1.0,
    ]
)


@njit(cache=True)
def extreme(low, high):
    """A value between, often at one end."""
    pick = np.random.random()
    if pick < 0.3:
        return low
    if pick < 0.6:
        return high
    return low + (high - low) * np.random.random()


@njit(cache=True)
def towards(value, target, step):
    return target if abs(target - value) <= step else value + math.copysign(step, target - value)


@njit(cache=True)
def touches(footprint, discs, x, y, heading, time, hurry):
    """Least gap between body and discs at a pose and time."""
    gap = np.inf
    c, s = math.cos(heading), math.sin(heading)
    for j in range(discs.shape[0]):
        size = discs[j, 2] + hurry * discs[j, 3] * (discs[j, 4] + time)
        for i in range(footprint.shape[0]):
            px = x + c * footprint[i, 0] - s * footprint[i, 1]
            py = y + s * footprint[i, 0] + c * footprint[i, 1]
            gap = min(gap, math.hypot(px - discs[j, 0], py - discs[j, 1]) - footprint[i, 2] - size)
    return gap


@njit(cache=True)
def behave(limits, ego, before, command, discs, footprint):
    """Least gap while moving, over one random behaviour. `before`, `command`: speed, curvature, turn."""
    react, period, accel, brake, brake_max, turn_accel, turn_brake, tracking, hurry, noise = limits
    speed = ego[0] + extreme(-1.0, 1.0) * ego[2] * noise
    yaw = ego[1] + extreme(-1.0, 1.0) * ego[3] * noise
    acts, ends = extreme(0.0, react), react
    if np.random.random() < 0.2:
        ends = extreme(acts, react)
    speed_bias, yaw_bias = extreme(-1.0, 1.0) * ego[2] * noise, extreme(-1.0, 1.0) * ego[3] * noise
    bend, slip = 0.0, extreme(-tracking, tracking)
    if np.random.random() < 0.5:
        bend, slip = 2 * extreme(-tracking, tracking), 0.0
    up, down = extreme(0.0, accel), extreme(0.0, brake_max)
    spin = extreme(0.0, turn_accel)
    rotates, k = command[2] != 0.0, command[1]
    least_brake = brake if abs(k) * brake <= turn_brake else turn_brake / abs(k)
    x = y = heading = time = 0.0
    hold, turn_hold, steps = 0.0, 0.0, 0
    steady, strength, turn_strength = np.random.random() < 0.7, extreme(least_brake, brake_max), turn_brake
    stray = 0.0
    gap = np.inf
    while time < 6.0:
        if time < ends:
            now = command if time >= acts else before
            target = now[0] + speed_bias
            pull = up if abs(target) > abs(speed) and target * speed >= 0.0 else down
            speed = towards(speed, target, pull * STEP_S)
            yaw = towards(yaw, now[0] * now[1] + now[2] + yaw_bias, spin * STEP_S)
            stray = yaw - k * speed
        else:
            if steps % max(1, round(period / STEP_S)) == 0:
                if not steady:
                    strength, turn_strength = extreme(least_brake, brake_max), extreme(turn_brake, turn_accel)
                hold, turn_hold = min(strength, abs(speed) / period), turn_strength
                if rotates:
                    turn_hold = min(turn_hold, abs(yaw) / period)
            speed = towards(speed, 0.0, hold * STEP_S)
            stray = towards(stray, 0.0, turn_hold * STEP_S)
            yaw = towards(yaw, 0.0, turn_hold * STEP_S) if rotates else k * speed + stray
            steps += 1
        if time >= ends and abs(speed) < 1e-9 and abs(yaw) < 1e-9:
            break
        turned = (yaw + bend * speed) * STEP_S
        side = slip * speed * STEP_S
        middle = heading + turned / 2
        x += speed * STEP_S * math.cos(middle) - side * math.sin(middle)
        y += speed * STEP_S * math.sin(middle) + side * math.cos(middle)
        heading += turned
        time += STEP_S
        gap = min(gap, touches(footprint, discs, x, y, heading, time, hurry))
    return gap


@njit(cache=True)
def scene(bounds, moving):
    """A random state, the command before, a command, and discs around the body."""
    kind = np.random.randint(0, 4)
    before = np.zeros(3)
    command = np.zeros(3)
    if kind == 0:
        before[2] = extreme(-1.2, 1.2)
        command[2] = before[2] + extreme(-0.05, 0.05)
    else:
        before[0] = extreme(0.0, 1.2) if kind < 3 else extreme(-0.3, 0.0)
        before[1] = extreme(-1.0, 1.0) * (4.0 if abs(before[0]) < 0.35 else 0.8)
        command[0] = before[0] + extreme(-0.03, 0.016)
        command[1] = before[1] + extreme(-0.1, 0.1)
    yaw = before[0] * before[1] + before[2]
    asked = command[0] * command[1] + command[2]
    ego = np.array(
        [
            before[0] + extreme(-0.03, 0.02),
            yaw + extreme(-0.05, 0.05),
            0.03,
            0.04,
            min(before[0], command[0]),
            max(before[0], command[0]),
            min(yaw, asked),
            max(yaw, asked),
        ]
    )
    count = np.random.randint(1, 4)
    discs = np.zeros((count, 5))
    for j in range(count):
        angle = 2 * math.pi * np.random.random()
        if kind != 0 and np.random.random() < 0.6:
            angle = (0.0 if command[0] > 0 else math.pi) + extreme(-0.6, 0.6) + command[1] / 2
        far = 0.45 + 2.2 * np.random.random() ** 1.5
        discs[j, 0], discs[j, 1] = far * math.cos(angle), far * math.sin(angle)
        discs[j, 2] = extreme(0.03, 0.3)
        discs[j, 3] = extreme(0.3, 1.6) if moving else 0.0
        discs[j, 4] = extreme(0.0, 0.06)
    return ego, before, command, discs


@njit(cache=True)
def near_the_edge(bounds, ego, command, discs, footprint):
    """Pull the discs in until the clearance is barely positive; False where it is not positive at first."""
    if reach.clearance(bounds, ego, command[0], command[1], command[2], discs, footprint) <= 0.0:
        return False
    safe = discs.copy()
    low, high = 0.0, 1.0
    for _ in range(8):
        share = (low + high) / 2
        discs[:, :2] = safe[:, :2] * (1 - share)
        if reach.clearance(bounds, ego, command[0], command[1], command[2], discs, footprint) > 0.0:
            low = share
        else:
            high = share
    discs[:, :2] = safe[:, :2] * (1 - low)
    return True


@njit(cache=True)
def campaign(bounds, limits, footprint, scenes, behaviours, moving, seed):
    """Number of accepted commands, of contacts in motion, and the least gap."""
    np.random.seed(seed)
    accepted, contacts, least = 0, 0, np.inf
    for _ in range(scenes):
        ego, before, command, discs = scene(bounds, moving)
        if not near_the_edge(bounds, ego, command, discs, footprint):
            continue
        if touches(footprint, discs, 0.0, 0.0, 0.0, 0.0, 1.0) <= 0.012:
            continue  # within the error of touching already: motion may only open, see test_reach
        accepted += 1
        for _ in range(behaviours):
            gap = behave(limits, ego, before, command, discs, footprint)
            least = min(least, gap)
            if gap <= 0.0:
                contacts += 1
    return accepted, contacts, least


def bare(profile_bounds: Floats) -> Floats:
    """The bounds without the contact margin."""
    bounds = profile_bounds.copy()
    bounds[sweep.MARGIN] = 0.0
    return bounds


@pytest.mark.parametrize("moving", [False, True])
def test_no_behaviour_within_the_bounds_touches_what_was_accepted(moving: bool) -> None:
    bounds, footprint = bare(reach.pack(PROFILE)), reach.footprint_array(PROFILE)
    accepted, contacts, least = campaign(bounds, ASSUMED, footprint, 3000, BEHAVIOURS_N, moving, 7)
    print("MC", moving, accepted, contacts, least)
    assert accepted > 800
    assert contacts == 0
    assert 0.0 < least < 0.05, "the bounds are tight enough that a broken one shows"


@pytest.mark.parametrize(
    ("index", "factor", "moving"),
    [
        (0, 2.0, False),  # the reaction takes twice as long
        (3, 0.7, False),  # brakes reach seventy per cent
        (6, 0.3, False),  # a rotation brakes at thirty per cent
        (7, 12.0, False),  # the drive does not hold its track
        (8, 1.5, True),  # people run
        (9, 4.0, False),  # the measurement is four times worse than promised
    ],
)
def test_a_broken_assumption_shows(index: int, factor: float, moving: bool) -> None:
    limits = ASSUMED.copy()
    limits[index] *= factor
    bounds, footprint = bare(reach.pack(PROFILE)), reach.footprint_array(PROFILE)
    _, contacts, least = campaign(bounds, limits, footprint, 1500, BEHAVIOURS_N, moving, 7)
    print("broken", index, contacts, least)
    assert contacts > 0

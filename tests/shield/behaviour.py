"""One robot that does anything within its bounds, written from the specification and not from `shield.reach`.

Delays, lost messages, any acceleration and braking strength, sampled braking, errors of measurement and of
tracking. People are discs that grow at their speed bound, which stands for every way that they can walk.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from shield.contract import Floats
from shield.profile import RobotProfile

STEP_S = 0.002
LONGEST_S = 6.0
Rng = np.random.Generator


class Limits(NamedTuple):
    """What a behaviour may draw from."""

    react: float
    period: float
    accel: float
    brake: float
    brake_max: float
    turn_accel: float
    turn_brake: float
    tracking: float
    hurry: float  # people's speed as a share of the assumed one
    noise: float  # errors of measurement as a share of their bounds


def assumed(profile: RobotProfile) -> Limits:
    """The limits that the profile promises."""
    base, timing = profile.base, profile.timing
    return Limits(
        2 * timing.period_s + timing.latency_s,
        timing.period_s,
        base.accel_max_mps2,
        base.brake_min_mps2,
        base.brake_max_mps2,
        base.turn_accel_max_radps2,
        base.turn_brake_min_radps2,
        base.tracking_m,
        1.0,
        1.0,
    )


@njit(cache=True)
def extreme(rng: Rng, low: float, high: float) -> float:
    """A value between, often at one end."""
    pick = rng.random()
    if pick < 0.3:
        return low
    if pick < 0.6:
        return high
    return low + (high - low) * rng.random()


@njit(cache=True)
def towards(value: float, target: float, step: float) -> float:
    """`value`, moved to `target` by at most `step`."""
    return target if abs(target - value) <= step else value + math.copysign(step, target - value)


@njit(cache=True)
def gap_at(footprint: Floats, discs: Floats, pose: Floats, time: float, hurry: float) -> float:
    """Least gap between body and discs at a pose (x, y, heading) and a time."""
    gap = math.inf
    c, s = math.cos(pose[2]), math.sin(pose[2])
    for j in range(discs.shape[0]):
        size = discs[j, 2] + hurry * discs[j, 3] * (discs[j, 4] + time)
        for i in range(footprint.shape[0]):
            x = pose[0] + c * footprint[i, 0] - s * footprint[i, 1]
            y = pose[1] + s * footprint[i, 0] + c * footprint[i, 1]
            gap = min(gap, math.hypot(x - discs[j, 0], y - discs[j, 1]) - footprint[i, 2] - size)
    return gap


@njit(cache=True)
def advance(pose: Floats, speed: float, yaw: float, slip: float) -> None:
    """Move a pose by one step, sideways too by `slip` per metre."""
    middle = pose[2] + yaw * STEP_S / 2
    ahead, side = speed * STEP_S, slip * speed * STEP_S
    pose[0] += ahead * math.cos(middle) - side * math.sin(middle)
    pose[1] += ahead * math.sin(middle) + side * math.cos(middle)
    pose[2] += yaw * STEP_S


@njit(cache=True)
def react(rng: Rng, limits: Limits, ego: Floats, before: Floats, command: Floats) -> tuple[Floats, int]:
    """Speeds and yaw rates (n, 2) until the fail-safe begins: the command acts late, or is lost."""
    acts, ends = extreme(rng, 0.0, limits.react), limits.react
    if rng.random() < 0.2:
        ends = extreme(rng, acts, limits.react)
    speed = ego[0] + extreme(rng, -1.0, 1.0) * ego[2] * limits.noise
    yaw = ego[1] + extreme(rng, -1.0, 1.0) * ego[3] * limits.noise
    speed_bias = extreme(rng, -1.0, 1.0) * ego[2] * limits.noise
    yaw_bias = extreme(rng, -1.0, 1.0) * ego[3] * limits.noise
    up, down = extreme(rng, 0.0, limits.accel), extreme(rng, 0.0, limits.brake_max)
    spin = extreme(rng, 0.0, limits.turn_accel)
    count = int(round(ends / STEP_S))
    out = np.empty((count + 1, 2))
    out[0, 0], out[0, 1] = speed, yaw
    for k in range(1, count + 1):
        now = command if k * STEP_S >= acts else before
        target = now[0] + speed_bias
        pull = up if abs(target) > abs(speed) and target * speed >= 0.0 else down
        speed = towards(speed, target, pull * STEP_S)
        yaw = towards(yaw, now[0] * now[1] + now[2] + yaw_bias, spin * STEP_S)
        out[k, 0], out[k, 1] = speed, yaw
    return out, count


@njit(cache=True)
def brake(rng: Rng, limits: Limits, command: Floats, speed: float, yaw: float) -> Floats:
    """Speeds and yaw rates (n, 2) of the fail-safe; periods brake each with its own strength or all alike."""
    rotates, k = command[2] != 0.0, command[1]
    least = limits.brake if abs(k) * limits.brake <= limits.turn_brake else limits.turn_brake / abs(k)
    steady, strength, turning = rng.random() < 0.7, extreme(rng, least, limits.brake_max), limits.turn_brake
    stray, count, every = yaw - k * speed, 0, max(1, int(round(limits.period / STEP_S)))
    out = np.empty((int(LONGEST_S / STEP_S), 2))
    hold, turn_hold = 0.0, 0.0
    while count < out.shape[0] and (abs(speed) > 1e-9 or abs(yaw) > 1e-9):
        if count % every == 0:
            if not steady:
                strength = extreme(rng, least, limits.brake_max)
                turning = extreme(rng, limits.turn_brake, limits.turn_accel)
            hold = min(strength, abs(speed) / limits.period)
            turn_hold = min(turning, abs(yaw) / limits.period) if rotates else turning
        speed = towards(speed, 0.0, hold * STEP_S)
        stray = towards(stray, 0.0, turn_hold * STEP_S)
        yaw = towards(yaw, 0.0, turn_hold * STEP_S) if rotates else k * speed + stray
        out[count, 0], out[count, 1] = speed, yaw
        count += 1
    return out[:count]


@njit(cache=True)
def least_gap(
    rng: Rng, limits: Limits, ego: Floats, before: Floats, command: Floats, discs: Floats, footprint: Floats
) -> float:
    """Least gap while moving, over one behaviour; `before` and `command` are speed, curvature, turn."""
    first, count = react(rng, limits, ego, before, command)
    second = brake(rng, limits, command, first[count, 0], first[count, 1])
    bend, slip = 0.0, extreme(rng, -limits.tracking, limits.tracking)
    if rng.random() < 0.5:
        bend, slip = 2 * extreme(rng, -limits.tracking, limits.tracking), 0.0
    pose, gap = np.zeros(3), math.inf
    for k in range(count + second.shape[0]):
        speed, yaw = first[k, 0], first[k, 1]
        if k >= count:
            speed, yaw = second[k - count, 0], second[k - count, 1]
        advance(pose, speed, yaw + bend * speed, slip)
        gap = min(gap, gap_at(footprint, discs, pose, (k + 1) * STEP_S, limits.hurry))
    return gap

"""From what a policy wants (speed, yaw rate) to a command that the drive can follow and the gate accepts.

The policy's wish is followed by a reference that keeps the profile's acceleration, lateral acceleration and
curvature limits: who proposes clips, who certifies refuses.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from shield.contract import BaseCommand, Floats
from shield.profile import RobotProfile

IN_PLACE_MPS = 0.05  # slower references are rotations in place
SLACK_MPS = 0.12  # how far the reference may run ahead of the measured speed: the lag of the drive
SLACK_RADPS = 0.35
COMFORT_BRAKE_MPS2 = 0.8  # below the guaranteed braking, so that an announced stop is never a correction
YAW_ACCEL_RADPS2 = 2.0  # below the guaranteed deceleration of a rotation
REVERSE_MPS = 0.15  # a policy backs out of a corner, it does not travel backwards
ARRIVAL_BRAKE_MPS2 = 0.35
ARRIVAL_MPS = 0.12
LIMITS_N = 7


def limits(profile: RobotProfile) -> Floats:
    """Vector of the limits that `shape` keeps.

    Speed, reverse, turn in place, yaw rate, lateral acceleration, curvature, acceleration.
    """
    base = profile.base
    return np.array(
        [
            base.speed_max_mps,
            min(REVERSE_MPS, base.reverse_max_mps),
            base.turn_max_radps,
            base.yaw_rate_max_radps,
            0.95 * base.lateral_accel_max_mps2,
            0.98 * base.curvature_max_radpm,
            base.command_accel_mps2,
        ]
    )


@njit(cache=True)
def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@njit(cache=True)
def arrival_cap(remaining_m: float) -> float:
    """Speed from which the robot still stops gently at the goal."""
    return ARRIVAL_MPS + math.sqrt(2.0 * ARRIVAL_BRAKE_MPS2 * max(remaining_m, 0.0))


@njit(cache=True)
def follow(bounds: Floats, want: Floats, reference: Floats, own: Floats, cap_mps: float, period_s: float) -> None:
    """Move `reference` (speed, yaw rate) towards `want` by one period, in place.

    Args:
        bounds: from `limits`.
        want: speed and yaw rate that the policy asks for.
        reference: what was asked for one period ago.
        own: measured speed and yaw rate first.
        cap_mps: speed limit here and now.
        period_s: control period.
    """
    speed = _clip(reference[0], own[0] - SLACK_MPS, own[0] + SLACK_MPS)
    target = _clip(want[0], -bounds[1], min(bounds[0], cap_mps))
    gain = bounds[6] if abs(target) > abs(speed) and target * speed >= 0.0 else COMFORT_BRAKE_MPS2
    reference[0] = speed + _clip(target - speed, -gain * period_s, gain * period_s)
    yaw_rate = _clip(reference[1], own[1] - SLACK_RADPS, own[1] + SLACK_RADPS)
    bound = min(bounds[3], bounds[4] / max(abs(reference[0]), 1e-6))
    step = YAW_ACCEL_RADPS2 * period_s
    reference[1] = _clip(yaw_rate + _clip(want[1] - yaw_rate, -step, step), -bound, bound)


@njit(cache=True)
def command_of(bounds: Floats, reference: Floats, own: Floats) -> tuple[float, float, float]:
    """Command (speed, curvature, turn) that realises the reference from the measured motion."""
    speed = reference[0]
    if abs(speed) >= IN_PLACE_MPS:
        return speed, _clip(reference[1] / speed, -bounds[5], bounds[5]), 0.0
    if abs(own[0]) < IN_PLACE_MPS:
        return 0.0, 0.0, _clip(reference[1], -bounds[2], bounds[2])
    return 0.0, _clip(own[1] / own[0], -bounds[5], bounds[5]), 0.0


def base_command(bounds: Floats, reference: Floats, own: Floats) -> BaseCommand:
    """`command_of` as a command of the contract."""
    speed, curvature, turn = command_of(bounds, reference, own)
    return BaseCommand(speed_mps=speed, curvature_radpm=curvature, turn_radps=turn)

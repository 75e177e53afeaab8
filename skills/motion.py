"""From what a policy wants (speed, yaw rate) to a command that the drive can follow and the gate accepts.

The policy's wish is followed by a reference that keeps the profile's acceleration, lateral acceleration and
curvature limits: who proposes clips, who certifies refuses.
"""

from __future__ import annotations

import math

import numpy as np

from shield.contract import BaseCommand, Floats
from shield.profile import RobotProfile
from skills.compiled import kernel

CATCH_UP = 0.85  # slower than the gate's limits, so that after a correction its set-point catches up
IN_PLACE_MPS = 0.05  # a wish for less is a wish to stand, or to rotate in place
TIGHT_RADPM = 2.0  # so is one for a tighter arc: a rotation takes less room
SLACK_MPS = 0.07  # how far the reference may run ahead of the measured speed: the lag of the drive
SLACK_RADPS = 0.35
COMFORT_BRAKE_MPS2 = 0.61  # just above the comfort stop's, which a lowered speed limit asks for
YAW_ACCEL_RADPS2 = 2.0  # below the guaranteed deceleration of a rotation
STANDING_MPS = 1e-6
LAST_MPS = 0.006  # the yaw rate is gone before the speed is: the last step to rest is no jump of it
REVERSE_MPS = 0.15  # a policy backs out of a corner, it does not travel backwards
ARRIVAL_BRAKE_MPS2 = 0.35
ARRIVAL_MPS = 0.12
SPEED, REVERSE, TURN, YAW_RATE, LATERAL, CURVATURE, ACCEL, JERK = range(8)


def limits(profile: RobotProfile) -> Floats:
    """Vector of the limits that `follow` keeps, indexed by SPEED, REVERSE and so on."""
    base = profile.base
    return np.array(
        [
            base.speed_max_mps,
            min(REVERSE_MPS, base.reverse_max_mps),
            base.turn_max_radps,
            base.yaw_rate_max_radps,
            0.95 * base.lateral_accel_max_mps2,
            0.98 * base.curvature_max_radpm,
            CATCH_UP * base.command_accel_mps2,
            CATCH_UP * base.jerk_max_mps3,
        ]
    )


@kernel
def _clip(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


@kernel
def arrival_cap(remaining_m: float) -> float:
    """Speed from which the robot still stops gently at the goal."""
    return ARRIVAL_MPS + math.sqrt(2.0 * ARRIVAL_BRAKE_MPS2 * max(remaining_m, 0.0))


@kernel
def _ramp(bounds: Floats, speed: float, target: float, last_step: float, period_s: float) -> float:
    """Next speed on the way to `target`, within acceleration, comfort braking and jerk, without overshoot."""
    if speed == 0.0 and target == 0.0:
        return 0.0
    jerk = bounds[JERK] * period_s * period_s
    gap = (0.0 if target * speed < 0.0 else target) - speed
    away = gap * speed >= 0.0
    most = (bounds[ACCEL] if away else COMFORT_BRAKE_MPS2) * period_s
    size = abs(gap)
    step = min(most, size if size <= jerk else 0.5 * (size + jerk))
    after = speed + _clip(step if gap > 0.0 else -step, last_step - jerk, last_step + jerk)
    return 0.0 if after * speed < 0.0 or abs(after) < STANDING_MPS else after


@kernel
def follow(
    bounds: Floats, want: Floats, reference: Floats, own: Floats, cap_mps: float, period_s: float
) -> None:
    """Move `reference` (speed, yaw rate, last change of speed) towards `want` by one period, in place.

    The robot stands before it rotates in place, and ends the rotation before it drives.

    Args:
        bounds: from `limits`.
        want: speed and yaw rate that the policy asks for.
        reference: what was asked for one period ago.
        own: measured speed and yaw rate first.
        cap_mps: speed limit here and now.
        period_s: control period.
    """
    speed = _clip(reference[0], own[0] - SLACK_MPS, own[0] + SLACK_MPS)
    yaw_rate = _clip(reference[1], own[1] - SLACK_RADPS, own[1] + SLACK_RADPS)
    target = _clip(want[0], -bounds[REVERSE], min(bounds[SPEED], cap_mps))
    wanted_yaw = want[1]
    if abs(target) < IN_PLACE_MPS or abs(wanted_yaw) > TIGHT_RADPM * abs(target):
        target = 0.0
    elif reference[0] == 0.0 and abs(yaw_rate) > bounds[CURVATURE] * bounds[JERK] * period_s * period_s:
        target, wanted_yaw = 0.0, 0.0
    if reference[0] == 0.0 and target == 0.0:
        speed = 0.0
    after = _ramp(bounds, speed, target, reference[2], period_s)
    reference[0], reference[2] = after, after - speed
    if after == 0.0:
        bound = bounds[TURN] if abs(own[0]) < IN_PLACE_MPS else 0.0
    else:
        fast = abs(after)
        bound = min(bounds[YAW_RATE], bounds[LATERAL] / fast, bounds[CURVATURE] * max(fast - LAST_MPS, 0.0))
    step = YAW_ACCEL_RADPS2 * period_s
    reference[1] = _clip(yaw_rate + _clip(wanted_yaw - yaw_rate, -step, step), -bound, bound)


@kernel
def command_of(bounds: Floats, reference: Floats) -> tuple[float, float, float]:
    """Command (speed, curvature, turn) that realises the reference."""
    if reference[0] == 0.0:
        return 0.0, 0.0, reference[1]
    return reference[0], _clip(reference[1] / reference[0], -bounds[CURVATURE], bounds[CURVATURE]), 0.0


def base_command(bounds: Floats, reference: Floats) -> BaseCommand:
    """`command_of` as a command of the contract."""
    speed, curvature, turn = command_of(bounds, reference)
    return BaseCommand(speed_mps=speed, curvature_radpm=curvature, turn_radps=turn)

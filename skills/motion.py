"""From what a policy wants (speed, yaw rate) to a command that the drive can follow and the gate accepts.

The wish is followed by a set-point that keeps the profile's acceleration, lateral acceleration and curvature
limits: who proposes clips, who certifies refuses. It goes on from what the gate issued last.
"""

from __future__ import annotations

import math

import numpy as np

from shield.contract import BaseCommand, BaseSetPoint, Floats
from shield.profile import RobotProfile
from skills.compiled import kernel

SHARE = 0.85  # of what the gate allows: who proposes keeps a little inside
IN_PLACE_MPS = 0.05  # a wish for less is a wish to stand, or to rotate in place
TIGHT_RADPM = 2.0  # so is one for a tighter arc: a rotation takes less room
COMFORT_BRAKE_MPS2 = 0.61  # just above the comfort stop's, which a lowered speed limit asks for
YAW_ACCEL_RADPS2 = 1.6  # below the guaranteed deceleration of a rotation
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
            SHARE * base.command_accel_mps2,
            SHARE * base.jerk_max_mps3,
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
def advance(
    bounds: Floats,
    speed: float,
    yaw_rate: float,
    curvature: float,
    reference: Floats,
    own_mps: float,
    period_s: float,
) -> None:
    """Move `reference` by one period towards a speed and a yaw rate, or towards a curvature on top of it.

    Args:
        bounds: from `limits`.
        speed: that is wished for, m/s.
        yaw_rate: that is wished for, rad/s.
        curvature: adds that of the next speed to the yaw rate, rad/m.
        reference: speed, yaw rate and last change of the speed, as issued last; changed in place.
        own_mps: measured speed: no rotation in place begins before the base stands.
        period_s: control period.
    """
    rotates = reference[0] == 0.0 and reference[1] != 0.0
    after = _ramp(bounds, reference[0], speed, reference[2], period_s)
    reference[2] = after - reference[0]
    reference[0] = after
    fast = abs(after)
    if fast == 0.0:
        bound = bounds[TURN] if rotates or abs(own_mps) < IN_PLACE_MPS else 0.0
    else:
        bound = min(bounds[YAW_RATE], bounds[LATERAL] / fast, bounds[CURVATURE] * max(fast - LAST_MPS, 0.0))
    step = YAW_ACCEL_RADPS2 * period_s
    change = _clip(yaw_rate + curvature * after - reference[1], -step, step)
    reference[1] = _clip(reference[1] + change, -bound, bound)


@kernel
def follow(
    bounds: Floats, want: Floats, reference: Floats, own_mps: float, cap_mps: float, period_s: float
) -> None:
    """`advance` towards a policy's wish for speed and yaw rate, no faster than `cap_mps`.

    The robot stands before it rotates in place, and ends the rotation before it drives.
    """
    target = _clip(want[0], -bounds[REVERSE], min(bounds[SPEED], cap_mps))
    yaw_rate = want[1]
    if abs(target) < IN_PLACE_MPS or abs(yaw_rate) > TIGHT_RADPM * abs(target):
        target = 0.0
    elif reference[0] == 0.0 and abs(reference[1]) > bounds[CURVATURE] * bounds[JERK] * period_s * period_s:
        target, yaw_rate = 0.0, 0.0
    advance(bounds, target, yaw_rate, 0.0, reference, own_mps, period_s)


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


def issued(now: BaseSetPoint) -> Floats:
    """What the gate issued last, as the reference that `follow` and `advance` go on from."""
    return np.array([now.speed_mps, now.yaw_rate_radps, now.speed_step_mps])

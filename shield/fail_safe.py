"""The fail-safe manoeuvre, and the set-points that the gate has given: what brakes, from where, how hard."""

from __future__ import annotations

import math
from dataclasses import dataclass

from shield.contract import Manoeuvre
from shield.profile import RobotProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPoint:
    """What was asked of the actuators last."""

    speed_mps: float = 0.0
    curvature_radpm: float = 0.0
    turn_radps: float = 0.0
    speed_step_mps: float = 0.0
    stopping: bool = False  # the fail-safe is being played
    joint_velocity_radps: tuple[float, ...] = ()
    gripper_m: float = 0.0

    @property
    def yaw_rate_radps(self) -> float:
        """Rate of rotation that was asked for."""
        return self.speed_mps * self.curvature_radpm + self.turn_radps

    @property
    def base_stands(self) -> bool:
        """Whether standing still was asked for."""
        return self.speed_mps == 0.0 and self.turn_radps == 0.0

    @property
    def arm_moves(self) -> bool:
        """Whether any joint was asked to move."""
        return any(self.joint_velocity_radps)


def arc_decel(profile: RobotProfile, curvature_radpm: float) -> float:
    """Deceleration that the fail-safe asks for along an arc: the rotation must keep up with it."""
    bend = abs(curvature_radpm)
    base = profile.base
    if bend * base.brake_command_mps2 <= base.turn_accel_max_radps2:
        return base.brake_command_mps2
    return base.turn_accel_max_radps2 / bend


def fail_safe(profile: RobotProfile, now: SetPoint) -> Manoeuvre:
    """The manoeuvre to standstill from a set-point: along its curvature, with the arm braking too."""
    base, arm = profile.base, profile.arm
    decel = arc_decel(profile, now.curvature_radpm)
    guaranteed = min(base.brake_min_mps2, decel * base.turn_brake_min_radps2 / base.turn_accel_max_radps2)
    if decel == base.brake_command_mps2:
        guaranteed = base.brake_min_mps2
    longest = max(abs(now.speed_mps) / guaranteed, abs(now.turn_radps) / base.turn_brake_min_radps2)
    if now.arm_moves:
        longest = max(
            longest,
            *(
                abs(rate) / brake
                for rate, brake in zip(now.joint_velocity_radps, arm.brake_radps2, strict=True)
            ),
        )
    return Manoeuvre(
        speed_mps=now.speed_mps,
        curvature_radpm=now.curvature_radpm,
        turn_radps=now.turn_radps,
        decel_mps2=decel,
        turn_decel_radps2=base.turn_accel_max_radps2,
        joint_velocity_radps=now.joint_velocity_radps,
        joint_decel_radps2=arm.brake_radps2,
        gripper_m=now.gripper_m,
        duration_s=longest + profile.timing.period_s,
    )


def braked(profile: RobotProfile, now: SetPoint, time_s: float) -> SetPoint:
    """The set-point after `time_s` of the fail-safe."""
    speed = _towards_zero(now.speed_mps, arc_decel(profile, now.curvature_radpm) * time_s)
    turn = _towards_zero(now.turn_radps, profile.base.turn_accel_max_radps2 * time_s)
    rates = zip(now.joint_velocity_radps, profile.arm.brake_radps2, strict=False)
    joints = tuple(_towards_zero(rate, brake * time_s) for rate, brake in rates)
    step = speed - now.speed_mps if speed != 0.0 else 0.0
    return SetPoint(
        speed_mps=speed,
        curvature_radpm=now.curvature_radpm,
        turn_radps=turn,
        speed_step_mps=step,
        stopping=True,
        joint_velocity_radps=joints,
        gripper_m=now.gripper_m,
    )


def _towards_zero(value: float, step: float) -> float:
    return math.copysign(abs(value) - step, value) if abs(value) > step else 0.0

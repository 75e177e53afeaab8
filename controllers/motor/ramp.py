"""Set-points over time: how the drive gets from what it does to what it is told."""

from __future__ import annotations

import math
from collections.abc import Sequence

from shield.contract import BaseCommand
from shield.profile import Base

CLOSE = 1e-9


class BaseRamp:
    """Speed and yaw-rate set-points of the base."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._accel_mps2 = 0.0
        self.speed_mps = 0.0
        self.yaw_rate_radps = 0.0

    def follow(self, command: BaseCommand, dt_s: float) -> None:
        """Move towards `command`, within acceleration, jerk and rotational acceleration."""
        base = self._base
        before = self.speed_mps
        gap = command.speed_mps - before
        speeds_up = gap * before > 0.0 or abs(before) < CLOSE
        bound = base.command_accel_mps2 if speeds_up else base.brake_command_mps2
        change = base.jerk_max_mps3 * dt_s
        wanted = max(-bound, min(bound, gap / dt_s)) if dt_s > 0.0 else 0.0
        self._accel_mps2 = max(self._accel_mps2 - change, min(self._accel_mps2 + change, wanted))
        step = self._accel_mps2 * dt_s
        if step * gap <= 0.0 and abs(gap) > CLOSE:
            step = 0.0
        if abs(step) >= abs(gap):
            step, self._accel_mps2 = gap, 0.0
        crosses = (before + step) * before < 0.0
        if crosses:
            self._accel_mps2 = 0.0
        self.speed_mps = 0.0 if crosses else before + step
        self._steer(command.curvature_radpm, command.turn_radps, before, base.turn_accel_max_radps2 * dt_s)

    def stop(self, curvature_radpm: float, decel_mps2: float, turn_decel_radps2: float, dt_s: float) -> None:
        """Brake along the curvature; a rotation in place brakes at its own rate; jerk is no matter here."""
        before = self.speed_mps
        self._accel_mps2 = 0.0
        self.speed_mps = _towards(before, 0.0, decel_mps2 * dt_s)
        self._steer(curvature_radpm, 0.0, before, turn_decel_radps2 * dt_s)

    def _steer(self, curvature_radpm: float, turn_radps: float, before_mps: float, step_radps: float) -> None:
        """Yaw rate for the new speed; while the speed changes it keeps up, so that the curvature is kept."""
        target = self.speed_mps * curvature_radpm + turn_radps
        step = max(step_radps, abs(curvature_radpm * (self.speed_mps - before_mps)))
        self.yaw_rate_radps = _towards(self.yaw_rate_radps, target, step)


class JointRamp:
    """Velocity set-points of the arm's joints."""

    def __init__(self, count: int) -> None:
        self.velocity_radps: tuple[float, ...] = (0.0,) * count

    def follow(self, target_radps: Sequence[float], accel_radps2: Sequence[float], dt_s: float) -> None:
        """Move every joint's velocity towards its target at most at the given rate."""
        self.velocity_radps = tuple(
            _towards(now, target, abs(accel) * dt_s)
            for now, target, accel in zip(self.velocity_radps, target_radps, accel_radps2, strict=True)
        )


def _towards(value: float, target: float, step: float) -> float:
    gap = target - value
    return target if abs(gap) <= step else value + math.copysign(step, gap)

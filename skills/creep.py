"""Set-points for slow, exact motion of the base: ramps that the drive follows and the gate need not correct.

A wish is a speed with a curvature, or a rotation in place. The base stands before it rotates in place, and
ends the rotation before it drives. Who proposes keeps a little inside what the gate allows.
"""

from __future__ import annotations

import math

from shield.contract import BaseCommand, EgoState
from shield.profile import RobotProfile

SHARE = 0.9  # of what the gate allows
TURN_SHARE = 0.8  # of the guaranteed deceleration of a rotation
SLACK_MPS = 0.08  # how far the reference may run ahead of the measured speed: the lag of the drive
SLACK_RADPS = 0.3
TURN_REST_RADPS = 0.02  # slower than this, a rotation has ended


class Creep:
    """The reference that follows the wishes, one period at a time."""

    def __init__(self, profile: RobotProfile) -> None:
        base, period = profile.base, profile.timing.period_s
        self._step_mps = SHARE * base.command_accel_mps2 * period
        self._jerk_mps = SHARE * base.jerk_max_mps3 * period**2
        self._turn_step_radps = TURN_SHARE * base.turn_brake_min_radps2 * period
        self._curvature = SHARE * base.curvature_max_radpm
        self._speed = self._change = self._yaw_rate = 0.0

    def reset(self, ego: EgoState) -> None:
        """Start from standstill, or from what is measured."""
        moving = abs(ego.speed_mps) > SLACK_MPS
        self._speed = ego.speed_mps if moving else 0.0
        self._yaw_rate = ego.yaw_rate_radps if moving else 0.0
        self._change = 0.0

    @property
    def standing(self) -> bool:
        """Whether the reference has come to rest."""
        return self._speed == 0.0 and self._yaw_rate == 0.0

    def drive(self, speed_mps: float, curvature_radpm: float, ego: EgoState) -> BaseCommand:
        """Move towards driving an arc."""
        self._keep_near(ego)
        if self._speed == 0.0 and abs(self._yaw_rate) > TURN_REST_RADPS:
            return self._rotate(0.0)
        self._ramp(speed_mps)
        bound = self._curvature * abs(self._speed)
        self._turn_towards(self._speed * curvature_radpm, bound)
        return self._command()

    def turn(self, turn_radps: float, ego: EgoState) -> BaseCommand:
        """Move towards rotating in place."""
        self._keep_near(ego)
        if self._speed == 0.0:
            return self._rotate(turn_radps)
        self._ramp(0.0)
        self._turn_towards(0.0, self._curvature * abs(self._speed))
        return self._command()

    def stand(self, ego: EgoState) -> BaseCommand:
        """Move towards standing still."""
        return self.turn(0.0, ego)

    def _rotate(self, turn_radps: float) -> BaseCommand:
        self._change = 0.0
        self._turn_towards(turn_radps, math.inf)
        return self._command()

    def _keep_near(self, ego: EgoState) -> None:
        """Do not run away from a base that something holds back."""
        self._speed = min(max(self._speed, ego.speed_mps - SLACK_MPS), ego.speed_mps + SLACK_MPS)
        yaw = ego.yaw_rate_radps
        self._yaw_rate = min(max(self._yaw_rate, yaw - SLACK_RADPS), yaw + SLACK_RADPS)

    def _ramp(self, target_mps: float) -> None:
        gap = target_mps - self._speed
        size = abs(gap) if abs(gap) <= self._jerk_mps else 0.5 * (abs(gap) + self._jerk_mps)
        size = min(self._step_mps, size)
        wanted = math.copysign(size, gap)
        change = min(max(wanted, self._change - self._jerk_mps), self._change + self._jerk_mps)
        after = self._speed + change
        if target_mps == 0.0 and (after * self._speed < 0.0 or abs(after) < 1e-4):
            change, after = -self._speed, 0.0
        self._speed, self._change = after, change

    def _turn_towards(self, yaw_rate: float, bound: float) -> None:
        step = self._turn_step_radps
        change = min(max(yaw_rate - self._yaw_rate, -step), step)
        self._yaw_rate = min(max(self._yaw_rate + change, -bound), bound)

    def _command(self) -> BaseCommand:
        if self._speed == 0.0:
            return BaseCommand(speed_mps=0.0, turn_radps=self._yaw_rate)
        return BaseCommand(speed_mps=self._speed, curvature_radpm=self._yaw_rate / self._speed)

"""The minimal-risk controller: what the safety process itself proposes when the autonomy may not drive.

Braking and holding only. The comfort stop keeps the steering (curvature) and slows the base gently; the
emergency stop asks for standstill at once, so that the drive brakes as hard as it can. The arm stops and
holds; the gripper keeps what it has, so that no load is dropped.
"""

from __future__ import annotations

import math

from shield.contract import HOLD, BaseCommand, Command, EgoState, SafetyMode
from shield.profile import RobotProfile

SKILL = "minimal_risk"
VERSION = "1"
GENTLE = (SafetyMode.MRM_COMFORT, SafetyMode.MRM_PULL_OVER)


class MinimalRisk:
    """Makes the next braking command from the mode, the estimate and the command before it."""

    def __init__(self, profile: RobotProfile) -> None:
        self._profile = profile
        self._last = HOLD
        self._active = False

    def follow(self, command: Command) -> None:
        """Note the command that was certified while the autonomy drove; a stop starts from it."""
        self._last = command if isinstance(command, BaseCommand) else HOLD
        self._active = False

    def command(self, mode: SafetyMode, ego: EgoState) -> BaseCommand:
        """The next command in `mode`: slower than the one before and, moving, on the same curvature."""
        if not self._active:
            self._last = self._start(ego)
            self._active = True
        self._last = self._slower(self._last) if mode in GENTLE else self._stopped(self._last)
        return self._last

    def _start(self, ego: EgoState) -> BaseCommand:
        """The motion to brake from: as measured, on the commanded curvature and no faster than commanded."""
        base, last = self._profile.base, self._last
        if abs(ego.speed_mps) <= base.standstill_mps:
            turn = ego.yaw_rate_radps if abs(ego.yaw_rate_radps) > base.standstill_radps else 0.0
            return BaseCommand(speed_mps=0.0, turn_radps=_clip(turn, base.turn_max_radps))
        if last.speed_mps * ego.speed_mps > 0.0:
            speed = math.copysign(min(abs(ego.speed_mps), abs(last.speed_mps)), ego.speed_mps)
            return BaseCommand(speed_mps=speed, curvature_radpm=last.curvature_radpm)
        curvature = _clip(ego.yaw_rate_radps / ego.speed_mps, base.curvature_max_radpm)
        speed = max(-base.reverse_max_mps, min(base.speed_max_mps, ego.speed_mps))
        return BaseCommand(speed_mps=speed, curvature_radpm=curvature)

    def _slower(self, last: BaseCommand) -> BaseCommand:
        period_s = self._profile.timing.period_s
        speed = _towards_zero(last.speed_mps, self._profile.supervisor.comfort_brake_mps2 * period_s)
        turn = _towards_zero(last.turn_radps, self._profile.base.turn_brake_min_radps2 * period_s)
        return BaseCommand(
            speed_mps=speed, curvature_radpm=last.curvature_radpm if speed else 0.0, turn_radps=turn
        )

    @staticmethod
    def _stopped(last: BaseCommand) -> BaseCommand:
        return BaseCommand(speed_mps=0.0, curvature_radpm=last.curvature_radpm)


def _towards_zero(value: float, step: float) -> float:
    return math.copysign(max(0.0, abs(value) - step), value)


def _clip(value: float, bound: float) -> float:
    return max(-bound, min(bound, value))

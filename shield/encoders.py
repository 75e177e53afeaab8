"""The supervisor's own reading of the wheel encoders: positions only, differenced over a short window."""

from __future__ import annotations

import math
from collections import deque

from shield.contract import JointReading
from shield.profile import RobotProfile

WINDOW_N = 3  # readings that a speed is made of: 40 ms, 4 mm/s resolution at 4096 ticks
STANDING_N = 5  # readings in a row that must stand: 0.1 s
JUMP = 1.5  # a speed this many times the largest possible one is no speed but a broken reading
GAP_S = 0.5  # readings further apart than this start anew
ARM_STANDSTILL_RADPS = 0.05  # above the noise of a held arm


class Encoders:
    """Speed and yaw rate of the base from wheel positions, and whether anything moves."""

    def __init__(self, profile: RobotProfile) -> None:
        self._base = profile.base
        self._arm = profile.arm
        self._window: deque[tuple[int, float, float]] = deque(maxlen=WINDOW_N)
        self._standing_n = 0
        self.stamp_ns = -1
        self.speed_mps = 0.0
        self.yaw_rate_radps = 0.0

    @property
    def standing(self) -> bool:
        """Whether base and arm have stood still for a moment."""
        return self._standing_n >= STANDING_N

    def update(self, reading: JointReading) -> str:
        """Take a reading; returns what is wrong with it, empty when it was used."""
        names = dict(zip(reading.name, range(len(reading.position_rad)), strict=False))
        if "left_wheel" not in names or "right_wheel" not in names:
            return f"names no wheels among {len(reading.name)} joints"
        if reading.stamp_ns <= self.stamp_ns:
            return f"goes back in time by {(self.stamp_ns - reading.stamp_ns) * 1e-9:.3f} s"
        left, right = reading.position_rad[names["left_wheel"]], reading.position_rad[names["right_wheel"]]
        if not math.isfinite(left + right):
            return "has a wheel position that is no number"
        if self._window and (reading.stamp_ns - self._window[-1][0]) * 1e-9 > GAP_S:
            self._window.clear()
        self.stamp_ns = reading.stamp_ns
        self._window.append((reading.stamp_ns, left, right))
        reason = self._difference()
        self._count_standing(reading)
        return reason

    def _difference(self) -> str:
        start, end = self._window[0], self._window[-1]
        dt_s = (end[0] - start[0]) * 1e-9
        if dt_s <= 0.0:
            return ""
        left, right = (end[1] - start[1]) / dt_s, (end[2] - start[2]) / dt_s
        speed_mps = (left + right) * self._base.wheel_radius_m / 2.0
        fastest = JUMP * (self._base.speed_max_mps + self._base.yaw_rate_max_radps * self._base.track_m / 2.0)
        if max(abs(left), abs(right)) * self._base.wheel_radius_m > fastest:
            self._window.clear()
            return f"jumps: wheels at {left:.1f} and {right:.1f} rad/s"
        self.speed_mps = speed_mps
        self.yaw_rate_radps = (right - left) * self._base.wheel_radius_m / self._base.track_m
        return ""

    def _count_standing(self, reading: JointReading) -> None:
        arm_radps = max(
            (
                abs(v)
                for n, v in zip(reading.name, reading.velocity_radps, strict=False)
                if n in self._arm.joints
            ),
            default=0.0,
        )
        still = (
            len(self._window) == WINDOW_N
            and abs(self.speed_mps) <= self._base.standstill_mps
            and abs(self.yaw_rate_radps) <= self._base.standstill_radps
            and arm_radps <= ARM_STANDSTILL_RADPS
        )
        self._standing_n = min(self._standing_n + 1, STANDING_N) if still else 0

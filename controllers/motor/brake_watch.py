"""Monitor of assumption A2: does every stop brake at least as hard as the profile guarantees?"""

from __future__ import annotations

from shield.profile import RobotProfile

LATE_N = 3  # readings in a row above the bound before it counts: one is quantisation


class BrakeWatch:
    """Compares measured speed with the slowest stop that the gate reckons with."""

    def __init__(self, profile: RobotProfile) -> None:
        self._base = profile.base
        self._latency_s = profile.timing.latency_s
        self._slack_mps = profile.odometry.speed_bound_mps
        self._start_ns = -1
        self._start_mps = 0.0
        self._least_mps2 = profile.base.brake_min_mps2  # what this stop must reach
        self._late_n = 0

    def stopping(self, now_ns: int, speed_mps: float, decel_mps2: float) -> None:
        """A stop is under way, from `speed_mps` on, that asks for `decel_mps2`."""
        if self._start_ns < 0:
            self._start_ns, self._start_mps, self._late_n = now_ns, abs(speed_mps), 0
            share = self._base.brake_min_mps2 / self._base.brake_command_mps2
            self._least_mps2 = min(self._base.brake_min_mps2, share * decel_mps2)

    def over(self) -> None:
        """No stop is under way."""
        self._start_ns = -1

    def measured(self, stamp_ns: int, speed_mps: float) -> str:
        """Take a measured speed; returns what is wrong, empty when the brakes do what they must."""
        if self._start_ns < 0 or stamp_ns < self._start_ns:
            return ""
        braking_s = (stamp_ns - self._start_ns) * 1e-9 - self._latency_s
        bound = max(0.0, self._start_mps - self._least_mps2 * max(0.0, braking_s)) + self._slack_mps
        self._late_n = self._late_n + 1 if abs(speed_mps) > bound else 0
        if self._late_n < LATE_N:
            return ""
        return f"{abs(speed_mps):.2f} m/s, {braking_s:.2f} s into a stop from {self._start_mps:.2f} m/s"

"""Set-points for slow, exact motion of the base: ramps that the drive follows and the gate need not correct.

A wish is a speed with a curvature, or a rotation in place. The base stands before it rotates in place, and
ends the rotation before it drives.
"""

from __future__ import annotations

from shield.contract import BaseCommand, Floats, Snapshot
from shield.profile import RobotProfile
from skills.motion import advance, base_command, issued, limits

TURN_REST_RADPS = 0.02  # slower than this, a rotation has ended


class Creep:
    """Answers wishes with commands, one period at a time, each from what the gate issued last."""

    def __init__(self, profile: RobotProfile) -> None:
        self._limits, self._period_s = limits(profile), profile.timing.period_s

    def drive(self, speed_mps: float, curvature_radpm: float, now: Snapshot) -> BaseCommand:
        """Move towards driving an arc."""
        reference = issued(now.set_point)
        if reference[0] == 0.0 and abs(reference[1]) > TURN_REST_RADPS:
            return self._advance(reference, 0.0, 0.0, 0.0, now)
        return self._advance(reference, speed_mps, 0.0, curvature_radpm, now)

    def turn(self, turn_radps: float, now: Snapshot) -> BaseCommand:
        """Move towards rotating in place."""
        reference = issued(now.set_point)
        wish = turn_radps if reference[0] == 0.0 else 0.0
        return self._advance(reference, 0.0, wish, 0.0, now)

    def stand(self, now: Snapshot) -> BaseCommand:
        """Move towards standing still."""
        return self.turn(0.0, now)

    def _advance(
        self, reference: Floats, speed: float, yaw_rate: float, curvature: float, now: Snapshot
    ) -> BaseCommand:
        advance(self._limits, speed, yaw_rate, curvature, reference, now.ego.speed_mps, self._period_s)
        return base_command(self._limits, reference)

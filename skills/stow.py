"""`stow`: bring the arm back from wherever it was stopped, with or without a crate, so the base may drive."""

from __future__ import annotations

from shield.contract import SkillGoal, Snapshot
from skills.arm_motion import Script
from skills.clearance import NO_LOAD, load_points
from skills.manipulation import Manipulation


class Stow(Manipulation):
    """Straight up, straight back, then the stowed joints. Initiation set: base standing."""

    name = "stow"

    def script(self, goal: SkillGoal, snapshot: Snapshot) -> Script:
        """The phases of one stowing."""
        snapshot = yield from self.motion.rest(self.gripper_m, least_s=0.0, longest_s=0.1)
        return (yield from self.go_stowed(snapshot, load_points(0.0) if snapshot.ego.carrying else NO_LOAD))

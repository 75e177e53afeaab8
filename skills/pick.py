"""`pick`: take the crate that stands at the place where the robot is docked, and stow the arm with it."""

from __future__ import annotations

from shield.contract import SkillGoal, Snapshot
from shield.site import Place
from skills.arm_motion import EXACT_RAD, Script, Stuck
from skills.clearance import NO_LOAD, load_points
from skills.manipulation import DESCEND_MPS, HELD_MIN_M, RISE_M, Manipulation, held

CLOSED_M = 0.0  # asked of the gripper while it holds: it presses with its force limit
CONTACT_M = 0.03  # lowest part of the crate that may touch the shelf while it is lifted
VERIFY_S = 0.3


class Pick(Manipulation):
    """Open, go above the handle, descend, close, lift, retreat, verify.

    Initiation set: docked at the goal's place, arm stowed, base standing, nothing carried. Ends with the arm
    stowed in any case; fails with the reason when the grasp is empty or slips.
    """

    name = "pick"

    def refuse(self, goal: SkillGoal, snapshot: Snapshot) -> str:
        """Say why `goal` cannot be started from `snapshot`; an empty text means that it can."""
        if snapshot.ego.carrying:
            return "the robot already carries a crate"
        return super().refuse(goal, snapshot) or self.refuse_place(goal, snapshot)

    def script(self, goal: SkillGoal, snapshot: Snapshot) -> Script:
        """The phases of one pick."""
        place = self.site.place(goal.target)
        width = self.profile.arm.gripper_max_m
        snapshot = yield from self.motion.to_pose(snapshot, self.grasp_pose(place, RISE_M), width)
        self.progress = 0.3
        try:
            snapshot = yield from self._grasp(snapshot, place, width)
        except Stuck:
            yield from self._give_up(place, width)
            raise
        snapshot = yield from self.watch(self.go_stowed(snapshot, load_points(0.0)), held)
        self.progress = 0.95
        snapshot = yield from self.watch(self.hold(snapshot, VERIFY_S), held)
        if not snapshot.ego.carrying:
            raise Stuck(f"no load is felt: the fingers press with {snapshot.ego.gripper_force_n:.0f} N")
        return snapshot

    def _grasp(self, snapshot: Snapshot, place: Place, width_m: float) -> Script:
        """Down, close, up; `Stuck` when there is nothing between the fingers."""
        motion = self.motion
        low, high = self.grasp_pose(place, 0.0), self.grasp_pose(place, RISE_M)
        snapshot = yield from motion.grip(snapshot, width_m, least_s=0.0, longest_s=2.0)
        snapshot = yield from motion.to_pose(
            snapshot, low, width_m, tool_mps=DESCEND_MPS, arrived_rad=EXACT_RAD
        )
        self.progress = 0.45
        snapshot = yield from motion.grip(snapshot, CLOSED_M, least_s=0.4, longest_s=2.0)
        width_mm = 1000 * snapshot.ego.gripper_m
        if width_mm < 1000 * HELD_MIN_M:
            raise Stuck(f"the grasp is empty: the fingers have closed to {width_mm:.0f} mm")
        self.progress = 0.6
        lift = motion.to_pose(snapshot, high, CLOSED_M, tool_mps=DESCEND_MPS, load=load_points(CONTACT_M))
        snapshot = yield from self.watch(lift, held)
        self.progress = 0.75
        return snapshot

    def _give_up(self, place: Place, width_m: float) -> Script:
        """Let go and come back stowed, with an empty hand."""
        self.gripper_m = width_m
        snapshot = yield from self.motion.rest(width_m, least_s=0.5, longest_s=2.0)
        high = self.grasp_pose(place, RISE_M)
        snapshot = yield from self.motion.to_pose(snapshot, high, width_m, tool_mps=DESCEND_MPS)
        return (yield from self.go_stowed(snapshot, NO_LOAD))

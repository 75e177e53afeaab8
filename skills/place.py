"""`place`: put the carried crate down at the place where the robot is docked, and stow the arm."""

from __future__ import annotations

from shield.contract import SkillGoal, Snapshot
from skills.arm_motion import EXACT_RAD, Script, Stuck
from skills.clearance import NO_LOAD, load_points
from skills.manipulation import DESCEND_MPS, LOADED_MPS, RISE_M, Manipulation, held
from skills.pick import CLOSED_M, CONTACT_M

DROP_M = 0.001  # free height at which the fingers open: error of the arm's height
CENTRE_S = 0.5  # five fixes of the localiser, for the mean of the pose


class PlaceCrate(Manipulation):
    """Go above the place, lower, open, rise, stow.

    Initiation set: docked at the goal's place, arm stowed, base standing, carrying. Fails with the reason
    when the crate is lost on the way or does not come off the fingers.
    """

    name = "place"

    def refuse(self, goal: SkillGoal, snapshot: Snapshot) -> str:
        """Say why `goal` cannot be started from `snapshot`; an empty text means that it can."""
        if not snapshot.ego.carrying:
            return "the robot carries nothing to put down"
        return super().refuse(goal, snapshot) or self.refuse_place(goal, snapshot)

    def script(self, goal: SkillGoal, snapshot: Snapshot) -> Script:
        """The phases of one placing."""
        place = self.site.place(goal.target)
        motion = self.motion
        snapshot = yield from self.watch(self.hold(snapshot, CENTRE_S), held)
        above = motion.to_pose(
            snapshot, self.grasp_pose(place, RISE_M), CLOSED_M, tool_mps=LOADED_MPS, load=load_points(0.0)
        )
        snapshot = yield from self.watch(above, held)
        self.progress = 0.4
        low = self.grasp_pose(place, DROP_M)
        load = load_points(CONTACT_M)
        down = motion.to_pose(snapshot, low, CLOSED_M, tool_mps=DESCEND_MPS, load=load, arrived_rad=EXACT_RAD)
        snapshot = yield from self.watch(down, held)
        self.progress = 0.6
        width = self.profile.arm.gripper_max_m
        snapshot = yield from motion.grip(snapshot, width, least_s=0.5, longest_s=3.0)
        if snapshot.ego.gripper_m < 0.7 * width:
            raise Stuck(f"the fingers opened to {1000 * snapshot.ego.gripper_m:.0f} mm only")
        high = self.grasp_pose(place, RISE_M)
        snapshot = yield from motion.to_pose(snapshot, high, width, tool_mps=DESCEND_MPS)
        self.progress = 0.8
        snapshot = yield from self.go_stowed(snapshot, NO_LOAD)
        if snapshot.ego.carrying:
            raise Stuck("the crate did not come off the fingers")
        return snapshot

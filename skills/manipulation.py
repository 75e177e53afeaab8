"""What `pick`, `place` and `stow` share: an execution is a script of arm commands, one a snapshot."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from shield.contract import ArmCommand, Floats, SkillGoal, SkillState, SkillStep, Snapshot
from shield.errors import BadInput
from shield.kinematics import JOINTS_N, tool_pose
from shield.profile import RobotProfile
from shield.site import Place, Site
from skills import crate
from skills.arm_motion import ArmMotion, Script, Stuck, joints_of
from skills.docking_line import offset

RISE_M = 0.13  # free height above the grasp at which the hand comes and goes: handle, fingertips and 5 cm
DESCEND_MPS = 0.2
LOADED_MPS = 0.4
DURATION_MAX_S = 90.0  # of motion; a stopped robot does not count
STILL_MPS = 0.03  # measured below these, the base stands: noise of the odometry
STILL_RADPS = 0.06
HELD_MIN_M = 0.6 * crate.HANDLE_WIDTH_M  # fingers closer than this hold nothing
HELD_MAX_M = 1.5 * crate.HANDLE_WIDTH_M  # fingers wider than this are stuck on something else


class MeanPose:
    """Mean of the estimated pose while the base stands: the estimate's noise averages out."""

    def __init__(self) -> None:
        self._sum = np.zeros(4)
        self._count = 0

    def add(self, snapshot: Snapshot) -> None:
        """Take one estimate."""
        ego = snapshot.ego
        self._sum += (ego.x_m, ego.y_m, math.cos(ego.heading_rad), math.sin(ego.heading_rad))
        self._count += 1

    def pose(self) -> tuple[float, float, float]:
        """Mean x, y in metres and heading in radians."""
        x, y, cos, sin = self._sum / self._count
        return float(x), float(y), math.atan2(sin, cos)


class Manipulation:
    """Base of the skills that move the arm: runs `script`, a step a period, until it ends or is stuck."""

    name = ""
    version = "1.0.0"

    def __init__(self, profile: RobotProfile, site: Site) -> None:
        self.profile = profile
        self.site = site
        self.motion = ArmMotion(profile, site)
        self.mean = MeanPose()
        self.progress = 0.0
        self.gripper_m = 0.0
        self._script: Script | None = None
        self._steps_n = 0

    def script(self, goal: SkillGoal, snapshot: Snapshot) -> Script:
        """The phases of one execution; ends by returning, or by raising `Stuck`."""
        raise NotImplementedError

    def refuse(self, goal: SkillGoal, snapshot: Snapshot) -> str:
        """Say why `goal` cannot be started from `snapshot`; an empty text means that it can."""
        ego = snapshot.ego
        if len(ego.joint_position_rad) != JOINTS_N:
            return f"{len(ego.joint_position_rad)} arm joints are measured, {JOINTS_N} are needed"
        if abs(ego.speed_mps) > STILL_MPS or abs(ego.yaw_rate_radps) > STILL_RADPS:
            return f"the base drives at {ego.speed_mps:.2f} m/s; the arm moves only while it stands"
        return ""

    def refuse_place(self, goal: SkillGoal, snapshot: Snapshot) -> str:
        """Say why the robot is not docked at the goal's place with its arm stowed; empty when it is."""
        try:
            place = self.site.place(goal.target)
        except BadInput as error:
            return str(error)
        off = offset(place, snapshot.ego)
        if not off.docked:
            return (
                f"not docked at {place.name}: {off.along_m:+.3f} m along, {off.across_m:+.3f} m across, "
                f"{off.heading_rad:+.3f} rad"
            )
        return "" if self.motion.is_stowed(snapshot) else "the arm is not stowed"

    def start(self, goal: SkillGoal, snapshot: Snapshot, now_ns: int) -> None:
        """Begin an execution that `refuse` had nothing against."""
        self.motion.reset(snapshot)
        self.mean = MeanPose()
        self.mean.add(snapshot)
        self.progress = 0.0
        self.gripper_m = 0.0 if snapshot.ego.carrying else snapshot.ego.gripper_m
        self._steps_n = 0
        self._script = self.script(goal, snapshot)

    def step(self, snapshot: Snapshot, now_ns: int) -> SkillStep:
        """Propose one arm command and say how the execution goes."""
        if self._script is None:
            return self._ended(SkillState.FAILED, "not started")
        self._steps_n += 1
        if self._steps_n * self.profile.timing.period_s > DURATION_MAX_S:
            return self._ended(SkillState.FAILED, f"not done after {DURATION_MAX_S:.0f} s")
        self.mean.add(snapshot)
        try:
            command = next(self._script) if self._steps_n == 1 else self._script.send(snapshot)
        except StopIteration:
            self.progress = 1.0
            return self._ended(SkillState.SUCCEEDED, "")
        except Stuck as stuck:
            return self._ended(SkillState.FAILED, str(stuck))
        self.gripper_m = command.gripper_m
        return SkillStep(command=command, confidence=1.0, state=SkillState.RUNNING, progress=self.progress)

    def stop(self, now_ns: int) -> None:
        """End the execution, whatever its state."""
        self._script = None

    def grasp_pose(self, place: Place, above_m: float) -> Floats:
        """Tool pose X_AT for the handle of a crate at `place`, raised by `above_m`, for the mean pose."""
        x, y, heading = self.mean.pose()
        cos, sin = math.cos(heading), math.sin(heading)
        dx, dy = place.x_m - x, place.y_m - y
        arm = self.profile.arm
        turn = place.dock_heading_rad - heading
        pose = np.eye(4)
        # the hand points down, its x along the docking direction, the fingers across it
        pose[:3, 0] = (math.cos(turn), math.sin(turn), 0.0)
        pose[:3, 1] = (math.sin(turn), -math.cos(turn), 0.0)
        pose[:3, 2] = (0.0, 0.0, -1.0)
        pose[:3, 3] = (
            cos * dx + sin * dy - arm.mount_x_m,
            -sin * dx + cos * dy - arm.mount_y_m,
            place.z_m - self.profile.base.height_m + crate.HANDLE_CENTRE_M + above_m,
        )
        return pose

    def hold(self, snapshot: Snapshot, duration_s: float) -> Script:
        """Stand still with the gripper as it is, while the mean of the pose settles."""
        opening_m = self.gripper_m
        return (yield from self.motion.grip(snapshot, opening_m, least_s=duration_s, longest_s=duration_s))

    def go_stowed(self, snapshot: Snapshot, load: Floats) -> Script:
        """From wherever the arm is: straight up to the stowed height, straight back, to the stowed joints."""
        motion, width = self.motion, self.gripper_m
        here = tool_pose(joints_of(snapshot)).copy()
        home = tool_pose(motion.stowed_rad)
        if here[2, 3] < home[2, 3] - 0.02:
            here[2, 3] = home[2, 3]
            snapshot = yield from motion.to_pose(snapshot, here, width, tool_mps=LOADED_MPS, load=load)
        snapshot = yield from motion.to_pose(snapshot, home, width, tool_mps=LOADED_MPS, load=load)
        return (yield from motion.to_joints(snapshot, motion.stowed_rad, width, load=load))

    def watch(self, script: Script, check: Callable[[Snapshot], str]) -> Script:
        """Run `script` while `check` finds nothing; otherwise be `Stuck` with what it found."""
        command = next(script)
        while True:
            snapshot = yield command
            found = check(snapshot)
            if found:
                raise Stuck(found)
            try:
                command = script.send(snapshot)
            except StopIteration as ended:
                last: Snapshot = ended.value
                return last

    def _ended(self, state: SkillState, reason: str) -> SkillStep:
        self._script = None
        command = ArmCommand(joint_velocity_radps=(0.0,) * JOINTS_N, gripper_m=self.gripper_m)
        return SkillStep(command=command, confidence=1.0, state=state, progress=self.progress, reason=reason)


def held(snapshot: Snapshot) -> str:
    """Say why the fingers no longer hold a handle; empty while they do."""
    width = snapshot.ego.gripper_m
    if width < HELD_MIN_M:
        return f"the crate slipped: the fingers have closed to {1000 * width:.0f} mm"
    return f"the fingers are {1000 * width:.0f} mm apart, wider than any handle" if width > HELD_MAX_M else ""

"""A kinematic stand-in for robot and crate: delays, ramps and a noisy estimate, no dynamics.

It lets hundreds of trials of the skills run in a second; the physics is tried in `tests/sim`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

import numpy as np

from shield.contract import (
    AT_REST,
    NO_DISCS,
    BaseCommand,
    BaseSetPoint,
    Command,
    EgoState,
    SafetyMode,
    SkillGoal,
    SkillState,
    SkillStep,
    Snapshot,
)
from shield.kinematics import tool_pose
from shield.profile import RobotProfile
from shield.site import Place
from skills import crate
from skills.interface import Skill

DELAY_N = 2
PERIOD_S = 0.02


class KinematicRobot:
    """Executes commands two periods late; the crate follows the hand while the fingers hold its handle."""

    def __init__(
        self, profile: RobotProfile, *, seed: int = 0, noise_m: float = 0.0, noise_rad: float = 0.0
    ) -> None:
        self.profile = profile
        self.rng = np.random.default_rng(seed)
        self.noise_m, self.noise_rad = noise_m, noise_rad
        self.pose = np.zeros(3)
        self.speed = self.turn = 0.0
        self.joints = np.array(profile.arm.stowed_rad)
        self.rates = np.zeros(7)
        self.gripper_m = 0.0
        self.asked_m = 0.0
        self.crate = np.full(3, np.nan)  # middle of its bottom in W
        self.grasp: np.ndarray | None = None  # crate in the tool's frame
        self.slippery_after: int | None = None  # periods of holding until it slips
        self.held_n = 0
        self.jammed = False  # the fingers close and never open again
        self.frozen = False  # the gate refuses everything
        self.discs = NO_DISCS
        self.now_ns = 0
        self.sequence = 0
        self.waiting: deque[Command] = deque()
        self.commands: list[Command] = []
        self.set_point = AT_REST

    def stand(
        self, place: Place, *, along_m: float = 0.0, across_m: float = 0.0, heading_rad: float = 0.0
    ) -> None:
        """Put the robot down against the dock pose of a place."""
        cos, sin = math.cos(place.dock_heading_rad), math.sin(place.dock_heading_rad)
        self.pose = np.array([
            place.dock_x_m + cos * along_m - sin * across_m,
            place.dock_y_m + sin * along_m + cos * across_m,
            place.dock_heading_rad + heading_rad,
        ])  # fmt: skip

    def tool(self) -> np.ndarray:
        """Tool pose in W, shape (4, 4)."""
        x, y, heading = self.pose
        mount = np.eye(4)
        mount[:2, :2] = [[math.cos(heading), -math.sin(heading)], [math.sin(heading), math.cos(heading)]]
        mount[:3, 3] = (x, y, self.profile.base.height_m)
        return np.asarray(mount @ tool_pose(self.joints))

    def snapshot(self) -> Snapshot:
        """What the stack would be told now."""
        noise = self.rng.uniform(-1.0, 1.0, 3) * (self.noise_m, self.noise_m, self.noise_rad)
        x, y, heading = self.pose + noise
        carrying = self.grasp is not None
        ego = EgoState(
            stamp_ns=self.now_ns, x_m=float(x), y_m=float(y), heading_rad=float(heading),
            speed_mps=self.speed, yaw_rate_radps=self.turn, position_bound_m=self.noise_m,
            heading_bound_rad=self.noise_rad,
            speed_bound_mps=0.0, yaw_rate_bound_radps=0.0, joint_position_rad=tuple(map(float, self.joints)),
            joint_velocity_radps=tuple(map(float, self.rates)), gripper_m=self.gripper_m,
            gripper_force_n=60.0 if carrying else 0.0, carrying=carrying,
        )  # fmt: skip
        return Snapshot(
            robot=self.profile.robot, sequence=self.sequence, stamp_ns=self.now_ns, ego=ego, discs=self.discs,
            mode=SafetyMode.NOMINAL, speed_limit_mps=1.2, set_point=self.set_point,
        )  # fmt: skip

    def apply(self, command: Command) -> None:
        """Advance by one period with `command` sent now."""
        self.commands.append(command)
        self.waiting.append(command)
        self.set_point = self._issued(command)
        acting: Command = BaseCommand(speed_mps=0.0)
        if len(self.waiting) > DELAY_N:
            acting = self.waiting.popleft()
        if self.frozen:
            acting = BaseCommand(speed_mps=0.0)
        speed, turn, rates = 0.0, 0.0, np.zeros(7)
        if isinstance(acting, BaseCommand):
            speed, turn = acting.speed_mps, acting.yaw_rate_radps
        else:
            rates = np.array(acting.joint_velocity_radps)
            self.asked_m = acting.gripper_m
        self.speed += float(np.clip(speed - self.speed, -0.03, 0.016))
        self.turn += float(np.clip(turn - self.turn, -0.05, 0.05))
        self.rates += np.clip(rates - self.rates, -0.15, 0.15)
        x, y, heading = self.pose
        middle = heading + 0.5 * self.turn * PERIOD_S
        step = self.speed * PERIOD_S
        x, y = x + step * math.cos(middle), y + step * math.sin(middle)
        self.pose = np.array([x, y, heading + self.turn * PERIOD_S])
        self.joints = self.joints + self.rates * PERIOD_S
        self._gripper()
        self.now_ns += round(PERIOD_S * 1e9)
        self.sequence += 1

    def _issued(self, command: Command) -> BaseSetPoint:
        if not isinstance(command, BaseCommand):
            return AT_REST
        step = command.speed_mps - self.set_point.speed_mps
        return BaseSetPoint(
            speed_mps=command.speed_mps, yaw_rate_radps=command.yaw_rate_radps, speed_step_mps=step
        )

    def _gripper(self) -> None:
        tool = self.tool()
        target = min(self.asked_m, self.gripper_m) if self.jammed else self.asked_m
        around = self._around_handle(tool)
        if self.grasp is not None or around:
            target = max(target, crate.HANDLE_WIDTH_M)
        self.gripper_m += float(np.clip(target - self.gripper_m, -0.002, 0.002))
        closed = self.gripper_m <= crate.HANDLE_WIDTH_M + 1e-9 and self.asked_m < crate.HANDLE_WIDTH_M
        if self.grasp is None and around and closed:
            across = tool[:3, 1]
            self.crate -= across * float(across @ (self.crate - tool[:3, 3]))  # the fingers centre it
            self.grasp = tool[:3, :3].T @ (self.crate - tool[:3, 3])
            self.held_n = 0
        if self.grasp is not None:
            self.held_n += 1
            slipped = self.slippery_after is not None and self.held_n > self.slippery_after
            if self.gripper_m > crate.HANDLE_WIDTH_M + 0.001 or slipped:
                self.grasp = None
                self.crate[2] = np.nan if slipped else self.crate[2]
            else:
                self.crate = tool[:3, 3] + tool[:3, :3] @ self.grasp

    def _around_handle(self, tool: np.ndarray) -> bool:
        handle = self.crate + np.array([0.0, 0.0, crate.HANDLE_CENTRE_M])
        off = tool[:3, :3].T @ (handle - tool[:3, 3])
        inside = abs(off[0]) < 0.5 * crate.HANDLE_LENGTH_M and abs(off[2]) < 0.02
        return bool(inside and abs(off[1]) < 0.5 * (self.gripper_m - crate.HANDLE_WIDTH_M) + 1e-3)


def run(
    skill: Skill,
    goal: SkillGoal,
    robot: KinematicRobot,
    *,
    limit_s: float = 60.0,
    watch: Callable[[], None] | None = None,
    until: Callable[[], bool] | None = None,
) -> SkillStep:
    """Run `skill` in closed loop until it ends, `until` holds or the time is over; returns its last step."""
    snapshot = robot.snapshot()
    refused = skill.refuse(goal, snapshot)
    assert refused == "", refused
    skill.start(goal, snapshot, robot.now_ns)
    step = skill.step(snapshot, robot.now_ns)
    for _ in range(int(limit_s / PERIOD_S)):
        robot.apply(step.command)
        if watch is not None:
            watch()
        if step.state is not SkillState.RUNNING or (until is not None and until()):
            break
        step = skill.step(robot.snapshot(), robot.now_ns)
    for _ in range(20 if step.state is not SkillState.RUNNING else 0):
        robot.apply(step.command)
    return step

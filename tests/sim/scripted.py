"""A scripted grasp for tests of the plant: no skill, no gate, straight at the simulator."""

from __future__ import annotations

import numpy as np

from shield.contract import ActuatorJoints, ActuatorTwist, Floats
from shield.kinematics import jacobian, tool_pose
from shield.profile import RobotProfile, load_profile
from shield.site import Place, Pose, Site, load_site
from sim.scenario import Scenario, load_scenario
from sim.simulator import Simulator

SCENARIO = "sim/scenarios/short.yaml"
PERIOD_S = 0.02


def load(path: str = SCENARIO) -> tuple[Scenario, RobotProfile, Site]:
    scenario = load_scenario(path)
    return scenario, load_profile(scenario.profile), load_site(scenario.site)


class Puppet:
    """Drives a simulator with twists and joint velocities, ramped as the drive would."""

    def __init__(self, sim: Simulator) -> None:
        self.sim, self.now_ns = sim, 0
        self.gripper_m = 0.0
        self.speed_mps = self.turn_radps = 0.0

    def step(
        self, *, speed_mps: float = 0.0, turn_radps: float = 0.0, joints_radps: Floats | None = None
    ) -> None:
        """One period towards the given speeds: 0.6 m/s2 up, 1.6 m/s2 down, 2 rad/s2 turning."""
        up = 0.6 if abs(speed_mps) > abs(self.speed_mps) else 1.6
        self.speed_mps += float(np.clip(speed_mps - self.speed_mps, -up * PERIOD_S, up * PERIOD_S))
        self.turn_radps += float(np.clip(turn_radps - self.turn_radps, -2.0 * PERIOD_S, 2.0 * PERIOD_S))
        joints = np.zeros(7) if joints_radps is None else joints_radps
        twist = ActuatorTwist(stamp_ns=self.now_ns, speed_mps=self.speed_mps, yaw_rate_radps=self.turn_radps)
        self.sim.handle("cmd_vel", twist, self.now_ns)
        arm = ActuatorJoints(
            stamp_ns=self.now_ns, joint_velocity_radps=tuple(joints.tolist()), gripper_m=self.gripper_m
        )
        self.sim.handle("joint_command", arm, self.now_ns)
        self.now_ns += round(PERIOD_S * 1e9)
        self.sim.tick(self.now_ns)

    def wait(self, seconds: float, *, speed_mps: float = 0.0, turn_radps: float = 0.0) -> None:
        for _ in range(round(seconds / PERIOD_S)):
            self.step(speed_mps=speed_mps, turn_radps=turn_radps)

    def joints(self) -> Floats:
        return self.sim.plant.joint_position()[2:9]

    def move_tool(self, target: Floats, seconds_max: float = 6.0) -> float:
        """Move the tool in a straight line to X_AT = `target`; return the distance left."""
        for _ in range(round(seconds_max / PERIOD_S)):
            q = self.joints()
            pose = tool_pose(q)
            error = np.zeros(6)
            error[:3] = target[:3, 3] - pose[:3, 3]
            error[3:] = 0.5 * sum(np.cross(pose[:3, k], target[:3, k]) for k in range(3))
            if np.linalg.norm(error) < 0.002:
                break
            wanted = 3.0 * error
            wanted *= min(1.0, 0.25 / float(np.linalg.norm(wanted)))
            j = jacobian(q)
            self.step(joints_radps=j.T @ np.linalg.solve(j @ j.T + 1e-4 * np.eye(6), wanted))
        return float(np.linalg.norm(target[:3, 3] - tool_pose(self.joints())[:3, 3]))

    def move_joints(self, target: Floats, seconds_max: float = 6.0) -> None:
        for _ in range(round(seconds_max / PERIOD_S)):
            error = target - self.joints()
            if np.abs(error).max() < 0.01:
                return
            wanted = 2.0 * error
            self.step(joints_radps=wanted * min(1.0, 0.8 / float(np.abs(wanted).max())))


def down_at(robot: Pose, height_m: float, x_m: float, y_m: float, z_m: float) -> Floats:
    """X_AT of a hand that points down at a point of W, its fingers across the robot's forward axis."""
    cos, sin = np.cos(robot.heading_rad), np.sin(robot.heading_rad)
    dx, dy = x_m - robot.x_m, y_m - robot.y_m
    pose = np.diag([1.0, -1.0, -1.0, 1.0])
    pose[:3, 3] = cos * dx + sin * dy, cos * dy - sin * dx, z_m - height_m
    return pose


def grasp(puppet: Puppet, place: Place, believed: Pose) -> None:
    """Pick the crate at `place` up, the robot believing to stand at `believed`; ends lifted, arm stowed."""
    profile = puppet.sim.profile
    height = profile.base.height_m
    puppet.gripper_m = profile.arm.gripper_max_m
    puppet.wait(0.5)
    for above in (0.25, 0.145):
        left = puppet.move_tool(down_at(believed, height, place.x_m, place.y_m, place.z_m + above))
        assert left < 0.01, left
    puppet.gripper_m = 0.0
    puppet.wait(1.0)
    puppet.move_tool(down_at(believed, height, place.x_m, place.y_m, place.z_m + 0.27))
    puppet.move_joints(np.array(profile.arm.stowed_rad))

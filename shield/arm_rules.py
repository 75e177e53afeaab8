"""The rules for the arm and the gripper: limits with braking distance, interlocks, separation from people.

Every rule is an interval for each joint's velocity, apart from the separation, which holds for a whole
command and is monotone in its scale; so the nearest admissible command is a clamp and a scale, and needs no
solver.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from shield.contract import ArmCommand, EgoState, Floats
from shield.fail_safe import SetPoint
from shield.formulas import hold_term, joint_reach, protective_separation
from shield.kinematics import spine_points, tool_pose
from shield.profile import RobotProfile
from shield.site import Place, Site

ROUNDING = 1e-9
STEP = 1e-6
HALVINGS_N = 10
HOUSING_M = 0.09  # radius of the thickest link about the arm's spine
HAND_M = 0.105  # half the width of the hand, across
LOAD_M = 0.145  # half the diagonal of a crate's base
OPENING_M = 5e-4  # a gripper set-point this much above the last one opens
RELEASE_NEAR_M = 0.12  # a place is below the hand when it is this close to its middle
RELEASE_ABOVE_M = 0.20  # and the fingertips this little above the surface: a crate's handle and its lift


class Broken(NamedTuple):
    """A rule that an arm command breaks, and how."""

    rule: str
    sentence: str


class ArmScene(NamedTuple):
    """What an arm command is judged by."""

    profile: RobotProfile
    site: Site
    ego: EgoState
    discs: Floats  # (n, 5) in B, as for `shield.reach`
    last: SetPoint
    react_s: float


def joint_spans(scene: ArmScene) -> list[tuple[float, float]]:
    """For each joint the velocities that keep its speed, acceleration and position limits."""
    arm, period = scene.profile.arm, scene.profile.timing.period_s
    spans = []
    for i in range(len(arm.joints)):
        change = arm.accel_max_radps2[i] * period + STEP
        last = scene.last.joint_velocity_radps[i]
        fast = min(arm.work_velocity_radps[i], arm.velocity_max_radps[i])
        up = _room(scene, i, arm.position_max_rad[i] - scene.ego.joint_position_rad[i], 1.0)
        down = _room(scene, i, scene.ego.joint_position_rad[i] - arm.position_min_rad[i], -1.0)
        spans.append((max(-fast, last - change, -down), min(fast, last + change, up)))
    return spans


def _room(scene: ArmScene, i: int, distance: float, sign: float) -> float:
    """Largest speed towards a limit `distance` away from which the joint stops short of it."""
    brake = scene.profile.arm.brake_radps2[i]
    react, period = scene.react_s, scene.profile.timing.period_s
    free = distance - hold_term(brake, period)
    measured = sign * scene.ego.joint_velocity_radps[i]
    if free <= 0.0 or (measured > 0.0 and joint_reach(0.0, measured, 0.0, brake) > free):
        return 0.0
    speed = -brake * react + math.sqrt(brake * brake * react * react + 2 * brake * free)
    while joint_reach(0.0, speed, react, brake) > free and speed > 0.0:
        speed -= ROUNDING
    return max(0.0, speed)


def separation_gap(scene: ArmScene, rates: tuple[float, ...]) -> float:
    """Least distance beyond the protective separation to anything that may move (ISO/TS 15066, 5.5.4)."""
    moving = scene.discs[scene.discs[:, 3] > 0.0]
    if moving.shape[0] == 0 or not any(rates):
        return math.inf
    arm, period = scene.profile.arm, scene.profile.timing.period_s
    measured = scene.ego.joint_velocity_radps
    fastest = [max(abs(rate), abs(was)) for rate, was in zip(rates, measured, strict=True)]
    braking = max(rate / brake for rate, brake in zip(fastest, arm.brake_radps2, strict=True))
    stop = scene.react_s + period + braking
    reach = min(arm.reach_m, _extent(scene) + sum(fastest) * arm.reach_m * stop)
    far = np.hypot(moving[:, 0] - arm.mount_x_m, moving[:, 1] - arm.mount_y_m) - moving[:, 2] - reach
    margin = scene.profile.base.contact_margin_m
    return min(
        float(gap) - protective_separation(float(disc[3]), float(disc[4]), stop, 0.0, margin)
        for gap, disc in zip(far, moving, strict=True)
    )


def _extent(scene: ArmScene) -> float:
    """How far from the mount the arm, the hand and a load reach now, seen from above."""
    points = spine_points(np.array(scene.ego.joint_position_rad))
    load = LOAD_M if scene.ego.carrying else 0.0
    return float(np.max(np.hypot(points[:, 0], points[:, 1]))) + max(HOUSING_M, HAND_M, load)


def broken(scene: ArmScene, command: ArmCommand) -> list[Broken]:
    """All rules that the command breaks, with their numbers."""
    found = _interlocks(scene, command)
    rates = command.joint_velocity_radps
    for name, rate, (low, high) in zip(scene.profile.arm.joints, rates, joint_spans(scene), strict=True):
        if rate != 0.0 and not low - ROUNDING <= rate <= high + ROUNDING:
            found.append(
                Broken(
                    "joint",
                    f"{name} keeps its limits of speed, acceleration and position, braking "
                    f"included: {rate:.3f} rad/s is not within {low:.3f} to {high:.3f}",
                )
            )
    gap = separation_gap(scene, rates)
    if gap <= 0.0:
        found.append(
            Broken(
                "separation",
                f"the arm keeps the protective separation from whoever may come: {-gap:.2f} m are missing",
            )
        )
    return found


def _interlocks(scene: ArmScene, command: ArmCommand) -> list[Broken]:
    found = []
    base, ego = scene.profile.base, scene.ego
    still = abs(ego.speed_mps) <= max(base.standstill_mps, ego.speed_bound_mps)
    turned = abs(ego.yaw_rate_radps) <= max(base.standstill_radps, ego.yaw_rate_bound_radps)
    if any(command.joint_velocity_radps) and not (scene.last.base_stands and still and turned):
        found.append(
            Broken(
                "base_stands",
                f"the arm moves while the base stands only: the base does {ego.speed_mps:.3f} m/s and "
                f"{ego.yaw_rate_radps:.3f} rad/s, and was told {scene.last.speed_mps:.3f} m/s",
            )
        )
    width = scene.profile.arm.gripper_max_m
    if not -ROUNDING <= command.gripper_m <= width + ROUNDING:
        said = f"the gripper opens 0 to {width:.3f} m, not {command.gripper_m:.3f}"
        found.append(Broken("gripper_range", said))
    if command.gripper_m > scene.last.gripper_m + OPENING_M:
        reason = _may_not_open(scene)
        if reason:
            found.append(Broken("gripper_release", reason))
    return found


def _may_not_open(scene: ArmScene) -> str:
    """Why the gripper must not open here; empty when it may."""
    tool = tool_pose(np.array(scene.ego.joint_position_rad))[:3, 3]
    height = float(tool[2]) + scene.profile.base.height_m
    highest = scene.profile.arm.gripper_release_height_m
    if not scene.ego.carrying and height <= highest:
        return ""
    ahead, left = float(tool[0]) + scene.profile.arm.mount_x_m, float(tool[1]) + scene.profile.arm.mount_y_m
    cos, sin = math.cos(scene.ego.heading_rad), math.sin(scene.ego.heading_rad)
    x, y = scene.ego.x_m + cos * ahead - sin * left, scene.ego.y_m + sin * ahead + cos * left
    if any(_over(place, x, y, height) for place in scene.site.places):
        return ""
    what = "carrying" if scene.ego.carrying else f"{height:.2f} m high, {highest:.2f} m is the most"
    return f"the gripper opens over a place only: it is {what}, at ({x:.2f}, {y:.2f})"


def _over(place: Place, x: float, y: float, height: float) -> bool:
    near = math.hypot(x - place.x_m, y - place.y_m) <= RELEASE_NEAR_M
    return near and 0.0 <= height - place.z_m <= RELEASE_ABOVE_M


def nearest(scene: ArmScene, command: ArmCommand) -> ArmCommand:
    """The admissible command that is nearest: each rate into its span, then all of them slower as one."""
    spans = joint_spans(scene)
    rates = tuple(
        min(max(rate, low), high) if low <= high else 0.0
        for rate, (low, high) in zip(command.joint_velocity_radps, spans, strict=True)
    )
    names = {entry.rule for entry in _interlocks(scene, command)}
    if "base_stands" in names:
        rates = (0.0,) * len(rates)
    gripper = min(max(command.gripper_m, 0.0), scene.profile.arm.gripper_max_m)
    if "gripper_release" in names:
        gripper = scene.last.gripper_m
    low, high = 0.0, 1.0
    if separation_gap(scene, rates) > 0.0:
        return ArmCommand(joint_velocity_radps=rates, gripper_m=gripper)
    for _ in range(HALVINGS_N):
        share = (low + high) / 2
        if separation_gap(scene, tuple(share * rate for rate in rates)) > 0.0:
            low = share
        else:
            high = share
    return ArmCommand(joint_velocity_radps=tuple(low * rate for rate in rates), gripper_m=gripper)


def joint_margin(scene: ArmScene) -> float:
    """Least distance of a joint to a limit of its position."""
    arm = scene.profile.arm
    joints = zip(scene.ego.joint_position_rad, arm.position_min_rad, arm.position_max_rad, strict=False)
    return min((min(high - q, q - low) for q, low, high in joints), default=math.inf)

"""What the tests of pick and place share: the skills, and robots that stand docked."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from shield.contract import ArmCommand, SkillGoal, SkillState
from shield.profile import load_profile
from shield.site import load_site
from skills.manipulation import Manipulation
from skills.pick import Pick
from skills.place import PlaceCrate
from skills.stow import Stow
from tests.skills.kinematic_robot import KinematicRobot, run

PROFILE = load_profile(Path("launch/profiles/amr_panda.yaml"))
SITE = load_site(Path("launch/sites/warehouse.yaml"))
PICK, PLACE, STOW = Pick(PROFILE, SITE), PlaceCrate(PROFILE, SITE), Stow(PROFILE, SITE)
SLOTS = [place.name for place in SITE.places if place.role == "slot"]
STATIONS = [place.name for place in SITE.places if place.role == "station"]


def goal(skill: Manipulation, target: str = "slot_a1") -> SkillGoal:
    """A goal of `skill` at one place."""
    return SkillGoal(skill=skill.name, target=target, item="crate_19")


def docked(
    name: str,
    *,
    crate: bool = True,
    seed: int = 0,
    off: tuple[float, float, float] = (0.0, 0.0, 0.0),
    noise_m: float = 0.0,
) -> KinematicRobot:
    """A robot that stands docked, `off` along, across and in heading, before a crate if there is one."""
    robot = KinematicRobot(PROFILE, seed=seed, noise_m=noise_m, noise_rad=noise_m / 2)
    place = SITE.place(name)
    robot.stand(place, along_m=off[0], across_m=off[1], heading_rad=off[2])
    if crate:
        robot.crate = np.array([place.x_m, place.y_m, place.z_m])
    return robot


def carrying(name: str) -> KinematicRobot:
    """A robot that stands docked with a crate in its hand."""
    robot = docked("slot_a1")
    assert run(PICK, goal(PICK), robot).state is SkillState.SUCCEEDED
    robot.stand(SITE.place(name))
    robot.apply(ArmCommand(joint_velocity_radps=(0.0,) * 7, gripper_m=0.0))
    robot.commands.clear()
    return robot

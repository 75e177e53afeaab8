from __future__ import annotations

import math
from xml.etree import ElementTree as Xml

import numpy as np
import pytest

from shield.kinematics import tool_pose
from shield.profile import load_profile
from shield.site import load_site
from sim.emit import urdf
from sim.hall import mjcf_robot
from sim.mujoco_plant import MujocoPlant
from sim.panda import FINGER_ARMATURE_KG, PANDA_INERTIALS
from sim.plant import Plant
from sim.pybullet_plant import PybulletPlant
from sim.robot import describe
from sim.world import make_world

PROFILE = load_profile("launch/profiles/amr_panda.yaml")
SITE = load_site("launch/sites/warehouse.yaml")


def make_plant(engine: type[MujocoPlant] | type[PybulletPlant]) -> Plant:
    return engine(PROFILE, make_world(SITE, ("somebody",)))


@pytest.mark.parametrize("engine", [MujocoPlant, PybulletPlant], ids=["mujoco", "pybullet"])
def test_arm_has_the_panda_kinematics(engine: type[MujocoPlant] | type[PybulletPlant]) -> None:
    plant = make_plant(engine)
    rng = np.random.default_rng(5)
    low, high = np.array(PROFILE.arm.position_min_rad), np.array(PROFILE.arm.position_max_rad)
    for _ in range(20):
        q = rng.uniform(low, high)
        plant.reset(SITE.home, tuple(q.tolist()), 0.04)
        expected = tool_pose(q)[:3, 3]
        tip = plant.body_points()[-1] - (SITE.home.x_m, SITE.home.y_m, PROFILE.base.height_m)
        assert tip == pytest.approx(expected, abs=2e-4)  # PyBullet reports in single precision


def test_gravity_torques_of_both_engines_agree() -> None:
    rng = np.random.default_rng(6)
    one, other = make_plant(MujocoPlant), make_plant(PybulletPlant)
    low, high = np.array(PROFILE.arm.position_min_rad), np.array(PROFILE.arm.position_max_rad)
    for _ in range(10):
        q = tuple(rng.uniform(low, high).tolist())
        for plant in (one, other):
            plant.reset(SITE.home, q, 0.04)
        lever = float(np.linalg.norm(one.body_points()[-1] - one.body_points()[1]))
        heavier_nm = (
            2 * FINGER_ARMATURE_KG * 9.81 * lever
        )  # URDF has the gripper's rotor as mass of the fingers
        assert other.arm_bias() == pytest.approx(one.arm_bias(), abs=heavier_nm + 0.05)


def test_masses_are_the_published_ones() -> None:
    links = {link.name: link for link in describe(PROFILE).links}
    for k, (mass, com, _) in enumerate(PANDA_INERTIALS):
        assert (links[f"arm_link{k + 1}"].mass_kg, links[f"arm_link{k + 1}"].com_m) == (mass, com)
    base = sum(link.mass_kg for name, link in links.items() if "arm" not in name and name != "hand")
    assert base - 2 * 0.015 == pytest.approx(PROFILE.simulation.base_mass_kg)


def test_limits_of_the_profile_are_in_both_forms() -> None:
    robot = describe(PROFILE)
    mjcf = {j.get("name"): j for j in mjcf_robot(robot, 0.8).iter("joint")}
    joints = {j.get("name"): j for j in Xml.fromstring(urdf(robot)).iter("joint")}  # noqa: S314 # our own text
    for k, name in enumerate(PROFILE.arm.joints):
        limit = joints[name].find("limit")
        assert limit is not None
        low, high = PROFILE.arm.position_min_rad[k], PROFILE.arm.position_max_rad[k]
        assert mjcf[name].get("range") == f"{low:.9g} {high:.9g}"
        assert (float(limit.get("lower", 0)), float(limit.get("upper", 0))) == (low, high)
        assert float(limit.get("effort", 0)) == PROFILE.arm.torque_max_nm[k]


def test_inertias_are_possible() -> None:
    for link in describe(PROFILE).links:
        xx, yy, zz, xy, xz, yz = link.inertia_kgm2
        moments = np.linalg.eigvalsh([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        assert moments[0] > 0.0, link.name


def test_body_and_stowed_arm_lie_in_the_footprint() -> None:
    plant = make_plant(MujocoPlant)
    plant.reset(SITE.home, PROFILE.arm.stowed_rad, 0.0)
    points = [(x * PROFILE.base.length_m / 2, y * PROFILE.base.width_m / 2) for x in (-1, 1) for y in (-1, 1)]
    arm = plant.body_points()[:, :2] - (SITE.home.x_m, SITE.home.y_m)
    tip_x = float(arm[-1, 0])
    points += [(tip_x + sx * 0.12, sy * 0.10) for sx in (-1, 1) for sy in (-1, 1)]  # the crate and the hand
    points += [(float(x), float(y)) for x, y in arm]
    for x, y in points:
        assert any(math.hypot(x - d.x_m, y - d.y_m) <= d.radius_m for d in PROFILE.footprint), (x, y)

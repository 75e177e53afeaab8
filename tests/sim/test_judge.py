from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from shield.site import Pose
from sim.judge import Judge
from sim.people import Walk, WayPoint
from sim.plant import Touch
from sim.simulator import ENGINES, Simulator
from tests.sim.scripted import Puppet, down_at, grasp, load

SCENARIO, PROFILE, SITE = load()
ALONE = dataclasses.replace(SCENARIO, people=())
PLACE = SITE.place("slot_a1")
DOCK = Pose(x_m=PLACE.dock_x_m, y_m=PLACE.dock_y_m, heading_rad=PLACE.dock_heading_rad)


def standing(name: str, x_m: float, y_m: float) -> Walk:
    spot = WayPoint(x_m=x_m, y_m=y_m, pause_s=0.0)
    return Walk(name=name, speed_mps=1.0, repeat="once", starts_when_robot_in=(), path=(spot,))


def puppet(start: Pose, *people: Walk, engine: str = "mujoco") -> Puppet:
    sim = Simulator(dataclasses.replace(ALONE, people=people), PROFILE, SITE, 1, engine)
    sim.place_robot(start)
    return Puppet(sim)


@pytest.mark.parametrize("engine", ENGINES)
def test_driving_freely_touches_nothing(engine: str) -> None:
    driver = puppet(SITE.home, engine=engine)
    driver.wait(2.0, speed_mps=1.0)
    driver.wait(1.0, speed_mps=0.5, turn_radps=0.8)
    driver.wait(1.0, turn_radps=1.0)
    truth = driver.sim.truth
    assert truth.contacts == ()
    assert truth.path_m == pytest.approx(2.0, abs=0.6)
    assert truth.least_person_distance_m == math.inf


@pytest.mark.parametrize("engine", ENGINES)
def test_driving_into_a_shelf_is_on_record(engine: str) -> None:
    driver = puppet(Pose(x_m=5.2, y_m=4.3, heading_rad=-math.pi / 2), engine=engine)
    driver.wait(2.0, speed_mps=0.5)
    contact = driver.sim.truth.contacts[0]
    assert {contact.one, contact.other} == {"base", "shelf_a1"}
    assert contact.speed_mps == pytest.approx(0.5, abs=0.05)  # as it was before the impact
    assert contact.y_m == pytest.approx(3.4, abs=0.02)
    assert 0.0 < contact.time_s < 2.0


@pytest.mark.parametrize("engine", ENGINES)
def test_driving_into_a_person_is_on_record(engine: str) -> None:
    driver = puppet(SITE.home, standing("anna", 3.2, 1.4), engine=engine)
    driver.wait(2.5, speed_mps=0.5)
    truth = driver.sim.truth
    assert any("anna" in (c.one, c.other) for c in truth.contacts)
    assert truth.least_moving_person_distance_m == 0.0


@pytest.mark.parametrize(
    ("speed", "joint", "counts"),
    [(0.0, 0.0, 0), (0.01, 0.02, 0), (0.0101, 0.0, 1), (-0.0101, 0.0, 1), (0.0, 0.0201, 1)],
)
def test_a_contact_counts_above_standstill_only(speed: float, joint: float, counts: int) -> None:
    """At the bounds of the profile: a person who walks into a standing robot is no contact in motion."""
    plant = puppet(SITE.home, standing("anna", 8.0, 8.0)).sim.plant
    names = [thing.name for thing in plant.things]
    pairs = np.array([[names.index("anna"), names.index("base")]])
    joints = np.zeros(11)
    joints[4] = joint
    still = plant.base()
    moving = dataclasses.replace(still, speed_mps=speed, lateral_mps=0.0, yaw_rate_radps=0.0)
    touch = Touch(one="anna", other="base", x_m=0.0, y_m=0.0, z_m=0.0, normal_z=0.0)
    scripted = {"contact_pairs": pairs, "base": moving, "joint_velocity": joints}
    for name, value in scripted.items():
        setattr(plant, name, lambda value=value: value)
    setattr(plant, "touch", lambda _k: touch)  # noqa: B010 # as for the others: one contact, at will
    judge = Judge(plant, PROFILE, SITE, frozenset())
    judge.watch_contacts(7)
    assert judge.contact_count == len(judge.contacts) == counts


def test_distances_to_people_are_from_body_to_body() -> None:
    driver = puppet(SITE.home, standing("anna", SITE.home.x_m + 1.4, SITE.home.y_m))
    driver.wait(0.1)
    assert driver.sim.truth.person_distance_m == pytest.approx(1.4 - 0.4 - 0.245, abs=0.01)


def test_the_arm_counts_for_the_distance() -> None:
    driver = puppet(SITE.home, standing("anna", SITE.home.x_m + 1.4, SITE.home.y_m))
    driver.move_joints(np.array([0.0, 0.9, 0.0, -1.0, 0.0, 1.6, 0.785]))
    reach = float(driver.sim.plant.body_points()[:, 0].max()) - SITE.home.x_m
    assert reach > 0.6
    assert driver.sim.truth.person_distance_m == pytest.approx(1.4 - reach - 0.06 - 0.245, abs=0.03)


def test_pressing_the_hand_onto_the_shelf_is_on_record() -> None:
    driver = puppet(DOCK)
    target = down_at(DOCK, PROFILE.base.height_m, PLACE.x_m - 0.35, PLACE.y_m, PLACE.z_m - 0.03)
    driver.move_tool(target, seconds_max=4.0)
    contacts = driver.sim.truth.contacts
    assert contacts
    assert contacts[0].speed_mps < PROFILE.base.standstill_mps
    assert contacts[0].joint_radps > PROFILE.base.standstill_radps
    assert "shelf_a1" in (contacts[0].one, contacts[0].other)


def test_touching_a_crate_that_nobody_ordered_is_on_record() -> None:
    other = dataclasses.replace(ALONE, orders=(dataclasses.replace(ALONE.orders[0], item="crate_17"),))
    sim = Simulator(other, PROFILE, SITE, 1)
    sim.place_robot(DOCK)
    grasp(Puppet(sim), PLACE, DOCK)
    names = {frozenset((c.one, c.other)) for c in sim.truth.contacts}
    assert frozenset(("left_finger", "crate_19")) in names


def test_a_carried_crate_that_bumps_into_the_rack_is_on_record() -> None:
    driver = puppet(DOCK)
    grasp(driver, PLACE, DOCK)
    assert not driver.sim.truth.contacts
    height = PROFILE.base.height_m
    driver.move_tool(down_at(DOCK, height, PLACE.x_m, PLACE.y_m, PLACE.z_m + 0.27))
    driver.move_tool(down_at(DOCK, height, PLACE.x_m, PLACE.y_m - 0.08, PLACE.z_m + 0.27), seconds_max=2.0)
    names = {frozenset((c.one, c.other)) for c in driver.sim.truth.contacts}
    assert frozenset(("rack_a1", "crate_19")) in names


def test_setting_a_crate_down_on_its_place_is_declared() -> None:
    driver = puppet(DOCK)
    grasp(driver, PLACE, DOCK)
    height = PROFILE.base.height_m
    driver.move_tool(down_at(DOCK, height, PLACE.x_m, PLACE.y_m, PLACE.z_m + 0.27))
    driver.move_tool(down_at(DOCK, height, PLACE.x_m, PLACE.y_m, PLACE.z_m + 0.147))
    driver.gripper_m = PROFILE.arm.gripper_max_m
    driver.wait(1.0)
    driver.move_tool(down_at(DOCK, height, PLACE.x_m, PLACE.y_m, PLACE.z_m + 0.27))
    driver.wait(0.5)
    crate = next(c for c in driver.sim.truth.crates if c.name == "crate_19")
    assert driver.sim.truth.contacts == ()
    assert (crate.x_m, crate.y_m, crate.z_m) == pytest.approx((PLACE.x_m, PLACE.y_m, PLACE.z_m), abs=0.02)

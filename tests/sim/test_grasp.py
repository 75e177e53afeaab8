"""The gripper takes a crate by its handle, and nothing slips while the robot drives off with it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from shield.contract import Floats
from shield.site import Pose
from sim.simulator import ENGINES, Simulator
from tests.sim.scripted import Puppet, grasp, load

SCENARIO, PROFILE, SITE = load()
ALONE = dataclasses.replace(SCENARIO, people=())
PLACE = SITE.place("slot_a1")
DOCK = Pose(x_m=PLACE.dock_x_m, y_m=PLACE.dock_y_m, heading_rad=PLACE.dock_heading_rad)


def crate_in_hand(sim: Simulator) -> Floats:
    """The crate's bottom as seen from the finger tips, turned into B."""
    k = [crate.name for crate in sim.world.crates].index("crate_19")
    base = sim.plant.base()
    dx, dy, dz = sim.plant.crate_pose(k)[:3] - sim.plant.body_points()[-1]
    cos, sin = np.cos(base.heading_rad), np.sin(base.heading_rad)
    return np.array([cos * dx + sin * dy, cos * dy - sin * dx, dz])


@pytest.mark.parametrize(
    ("engine", "off"),
    [
        *((engine, (0.0, 0.0, 0.0)) for engine in ENGINES),
        ("mujoco", (0.02, 0.02, 0.01)),  # the localiser's bounds, each corner of them
        ("mujoco", (-0.02, -0.02, 0.01)),
        ("mujoco", (0.02, -0.02, -0.01)),
        ("mujoco", (-0.02, 0.02, -0.01)),
    ],
)
def test_grasp_and_carry(engine: str, off: tuple[float, float, float]) -> None:
    sim = Simulator(ALONE, PROFILE, SITE, 11, engine)
    sim.place_robot(Pose(x_m=DOCK.x_m + off[0], y_m=DOCK.y_m + off[1], heading_rad=DOCK.heading_rad + off[2]))
    puppet = Puppet(sim)
    grasp(puppet, PLACE, DOCK)
    before = crate_in_hand(sim)
    puppet.wait(2.5, speed_mps=-0.3)
    puppet.wait(0.5)
    puppet.wait(1.5, turn_radps=1.0)
    puppet.wait(0.8)
    puppet.wait(2.5, speed_mps=1.0)
    puppet.wait(1.2)
    truth = sim.truth
    assert np.linalg.norm(crate_in_hand(sim) - before) < 0.006
    assert next(c for c in truth.crates if c.name == "crate_19").tilt_rad < 0.1
    assert truth.contacts == ()
    fingers = sim.plant.joint_position()[-2:]
    assert fingers == pytest.approx(0.015, abs=0.002)  # on the bar
    assert np.abs(sim.plant.joint_effort()[-2:]).min() > 20.0


def test_a_grasp_beside_the_handle_closes_on_nothing() -> None:
    sim = Simulator(ALONE, PROFILE, SITE, 11)
    sim.place_robot(DOCK)
    puppet = Puppet(sim)
    puppet.gripper_m = 0.0
    puppet.wait(1.0)
    assert sim.plant.joint_position()[-2:] == pytest.approx(0.0, abs=1e-3)
    assert np.abs(sim.plant.joint_effort()[-2:]).max() < 5.0

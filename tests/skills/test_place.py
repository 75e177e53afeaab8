"""Place on the kinematic stand-in: where the crate ends up, and what happens when it does not."""

from __future__ import annotations

import numpy as np
import pytest

from shield.contract import ArmCommand, SkillState
from skills.clearance import arm_clearance, boxes_in_arm_frame, load_points
from tests.skills.hands_on import PLACE, PROFILE, SITE, STATIONS, STOW, carrying, goal
from tests.skills.kinematic_robot import run


@pytest.mark.parametrize("name", STATIONS)
def test_places_within_two_centimetres_and_comes_back_stowed(name: str) -> None:
    robot = carrying(name)
    step = run(PLACE, goal(PLACE, name), robot, limit_s=20.0)
    assert step.state is SkillState.SUCCEEDED, step.reason
    place = SITE.place(name)
    assert np.linalg.norm(robot.crate - (place.x_m, place.y_m, place.z_m)) < 0.02
    assert not robot.snapshot().ego.carrying
    assert STOW.motion.is_stowed(robot.snapshot())


def test_a_crate_lost_on_the_way_fails_the_place() -> None:
    robot = carrying("packing")
    robot.slippery_after = 0
    robot.held_n = 1
    step = run(PLACE, goal(PLACE, "packing"), robot)
    assert step.state is SkillState.FAILED
    assert "slipped" in step.reason


def test_the_carried_crate_keeps_clear_of_everything_on_its_way_down() -> None:
    robot = carrying("packing")
    boxes = boxes_in_arm_frame(SITE, PROFILE, robot.snapshot().ego)
    least = []

    def look() -> None:
        if robot.grasp is not None:
            least.append(arm_clearance(robot.joints, boxes, load_points(0.03)))

    assert run(PLACE, goal(PLACE, "packing"), robot, watch=look).state is SkillState.SUCCEEDED
    assert min(least) > 0.01


def test_the_gripper_opens_over_the_place_only() -> None:
    robot = carrying("packing")
    place = SITE.place("packing")
    run(PLACE, goal(PLACE, "packing"), robot)
    opens = next(k for k, c in enumerate(robot.commands) if isinstance(c, ArmCommand) and c.gripper_m > 0.0)
    assert opens > 100
    assert abs(robot.crate[2] - place.z_m) < 0.002


def test_fingers_that_do_not_open_are_reported() -> None:
    robot = carrying("packing")
    robot.jammed = True
    step = run(PLACE, goal(PLACE, "packing"), robot, limit_s=30.0)
    assert step.state is SkillState.FAILED
    assert "opened to 30 mm only" in step.reason

"""Pick and stow on the kinematic stand-in: phases, limits, empty grasps, slips, stops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shield.contract import ArmCommand, SkillGoal, SkillState
from shield.site import Box
from skills.arm_motion import ArmMotion
from skills.clearance import NO_LOAD, arm_clearance, boxes_in_arm_frame, load_points
from skills.manipulation import Manipulation
from skills.pick import Pick
from tests.skills.hands_on import PICK, PLACE, PROFILE, SITE, SLOTS, STATIONS, STOW, carrying, docked, goal
from tests.skills.kinematic_robot import KinematicRobot, run


@given(
    name=st.sampled_from(SLOTS),
    off=st.tuples(st.floats(-0.012, 0.012), st.floats(-0.012, 0.012), st.floats(-0.015, 0.015)),
    seed=st.integers(0, 1000),
)
@settings(max_examples=15, deadline=None)
def test_picks_wherever_the_dock_left_the_robot(
    name: str, off: tuple[float, float, float], seed: int
) -> None:
    robot = docked(name, off=off, seed=seed, noise_m=0.006)
    step = run(PICK, goal(PICK, name), robot, limit_s=20.0)
    assert step.state is SkillState.SUCCEEDED, step.reason
    assert step.progress == 1.0
    assert robot.snapshot().ego.carrying
    assert STOW.motion.is_stowed(robot.snapshot())


def test_commands_keep_working_velocities_and_the_arms_braking() -> None:
    robot = docked("slot_a1", noise_m=0.006)
    run(PICK, goal(PICK), robot)
    rates = np.array([c.joint_velocity_radps for c in robot.commands if isinstance(c, ArmCommand)])
    assert len(rates) == len(robot.commands)
    assert np.all(np.abs(rates) <= np.array(PROFILE.arm.work_velocity_radps) + 1e-9)
    change = np.abs(np.diff(rates, axis=0)) / PROFILE.timing.period_s
    assert np.all(change <= np.array(PROFILE.arm.brake_radps2) + 1e-9)


@pytest.mark.parametrize("name", [*SLOTS, *STATIONS])
def test_every_posture_of_a_pick_keeps_clear_of_the_site_and_of_the_robot(name: str) -> None:
    robot = docked(name)
    boxes = boxes_in_arm_frame(SITE, PROFILE, robot.snapshot().ego)
    least = []

    def look() -> None:
        load = NO_LOAD if robot.grasp is None else load_points(0.03)
        least.append(arm_clearance(robot.joints, boxes, load))

    assert run(PICK, goal(PICK, name), robot, watch=look).state is SkillState.SUCCEEDED
    assert min(least) > 0.01


def test_the_carried_crate_hangs_over_the_deck() -> None:
    robot = carrying("packing")
    boxes = boxes_in_arm_frame(SITE, PROFILE, robot.snapshot().ego)
    assert arm_clearance(robot.joints, boxes, load_points(0.0)) > 0.05


def test_an_empty_grasp_is_reported_with_the_arm_stowed_and_open() -> None:
    robot = docked("slot_a1", crate=False)
    step = run(PICK, goal(PICK), robot, limit_s=30.0)
    assert step.state is SkillState.FAILED
    assert "empty" in step.reason
    assert STOW.motion.is_stowed(robot.snapshot())
    assert robot.gripper_m > 0.07


def test_a_slip_while_lifting_is_reported_and_can_be_tried_again() -> None:
    robot = docked("slot_a1")
    robot.slippery_after = 40
    step = run(PICK, goal(PICK), robot, limit_s=30.0)
    assert step.state is SkillState.FAILED
    assert "slipped" in step.reason
    assert PICK.refuse(goal(PICK), robot.snapshot()) == ""
    place = SITE.place("slot_a1")
    robot.crate, robot.slippery_after = np.array([place.x_m, place.y_m, place.z_m]), None
    assert run(PICK, goal(PICK), robot).state is SkillState.SUCCEEDED


def test_a_refused_way_waits_and_carries_on_by_itself() -> None:
    robot = docked("slot_a1")

    def freeze() -> None:
        robot.frozen = 100 < robot.sequence < 300

    step = run(PICK, goal(PICK), robot, limit_s=30.0, watch=freeze)
    assert step.state is SkillState.SUCCEEDED, step.reason


def test_a_place_behind_an_obstacle_is_not_reached_for() -> None:
    beam = Box(name="beam", x_min_m=4.9, x_max_m=5.5, y_min_m=3.45, y_max_m=3.55, height_m=1.2)
    pick = Pick(PROFILE, replace(SITE, boxes=(*SITE.boxes, beam)))
    robot = docked("slot_a1")
    step = run(pick, goal(pick), robot)
    assert step.state is SkillState.FAILED
    assert "of something" in step.reason
    assert STOW.motion.is_stowed(robot.snapshot())


def test_stow_brings_a_stopped_arm_home_with_its_load() -> None:
    robot = docked("slot_a1")
    run(PICK, goal(PICK), robot, until=lambda: robot.grasp is not None and robot.crate[2] > 0.6)
    PICK.stop(robot.now_ns)
    for _ in range(30):
        robot.apply(ArmCommand(joint_velocity_radps=(0.0,) * 7, gripper_m=0.0))
    assert not STOW.motion.is_stowed(robot.snapshot())
    assert run(STOW, goal(STOW), robot).state is SkillState.SUCCEEDED
    assert STOW.motion.is_stowed(robot.snapshot())
    assert robot.grasp is not None


def refusals(robot: KinematicRobot, skill: Manipulation, **changes: object) -> str:
    snapshot = robot.snapshot()
    ego = replace(snapshot.ego, **changes)  # type: ignore[arg-type] # fields of EgoState
    return skill.refuse(goal(skill), replace(snapshot, ego=ego))


def test_initiation_sets() -> None:
    robot = docked("slot_a1")
    assert refusals(robot, PICK) == ""
    assert "already carries" in refusals(robot, PICK, carrying=True)
    assert "drives" in refusals(robot, PICK, speed_mps=0.2)
    assert "not docked" in refusals(robot, PICK, x_m=robot.pose[0] + 0.1)
    assert "not stowed" in refusals(robot, PICK, joint_position_rad=(0.5,) * 7)
    assert "0 arm joints" in refusals(robot, PICK, joint_position_rad=())
    assert "nothing to put down" in refusals(robot, PLACE)
    assert refusals(robot, PLACE, carrying=True) == ""
    assert refusals(robot, STOW, joint_position_rad=(0.5,) * 7) == ""
    mars = SkillGoal(skill="pick", target="mars")
    assert "known are" in PICK.refuse(mars, robot.snapshot())


def test_a_skill_that_was_not_started_fails_and_holds_the_gripper() -> None:
    step = Pick(PROFILE, SITE).step(docked("slot_a1").snapshot(), 0)
    assert step.state is SkillState.FAILED
    assert step.command == ArmCommand(joint_velocity_radps=(0.0,) * 7, gripper_m=0.0)


def test_same_snapshots_same_commands() -> None:
    def record() -> list[object]:
        robot = docked("slot_a1", seed=5, noise_m=0.006)
        run(PICK, goal(PICK), robot)
        return list(robot.commands)

    assert record() == record()


def test_motion_out_of_reach_is_stuck() -> None:
    robot = docked("slot_a1", off=(-0.028, 0.0, 0.0))
    far = replace(SITE, places=tuple(replace(p, x_m=p.x_m, y_m=p.y_m - 0.4) for p in SITE.places))
    pick = Pick(PROFILE, far)
    step = run(pick, goal(pick), robot)
    assert step.state is SkillState.FAILED
    assert "does not reach" in step.reason


def test_is_stowed_has_the_profiles_tolerance() -> None:
    motion = ArmMotion(PROFILE, SITE)
    robot = docked("slot_a1")
    robot.joints = robot.joints + 0.99 * PROFILE.arm.stowed_tolerance_rad
    assert motion.is_stowed(robot.snapshot())
    robot.joints = robot.joints + 0.02 * PROFILE.arm.stowed_tolerance_rad
    assert not motion.is_stowed(robot.snapshot())

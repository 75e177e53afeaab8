"""Docking and undocking in closed loop on the kinematic stand-in, from all over the initiation set."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shield.contract import NO_DISCS, BaseCommand, Command, Discs, SkillGoal, SkillState
from shield.profile import load_profile
from shield.rules import Situation, broken, fixed_limits, measure, tell, tick_limits
from shield.site import load_site
from skills.dock import BLOCKED_S, Dock, Undock
from skills.docking_line import APPROACH_M, gap_ahead, offset
from tests.skills.kinematic_robot import KinematicRobot, run

PROFILE = load_profile(Path("launch/profiles/amr_panda.yaml"))
SITE = load_site(Path("launch/sites/warehouse.yaml"))
NAMES = [place.name for place in SITE.places]


def goal(skill: str, target: str = "slot_a1") -> SkillGoal:
    return SkillGoal(skill=skill, target=target)


@given(
    name=st.sampled_from(NAMES),
    along=st.floats(-0.15, 0.15),
    across=st.floats(-0.2, 0.2),
    heading=st.floats(-0.3, 0.3),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_docks_from_anywhere_around_the_approach_pose(
    name: str, along: float, across: float, heading: float, seed: int
) -> None:
    robot = KinematicRobot(PROFILE, seed=seed, noise_m=0.004, noise_rad=0.003)
    place = SITE.place(name)
    robot.stand(place, along_m=along - APPROACH_M, across_m=across, heading_rad=heading)
    step = run(Dock(PROFILE, SITE), goal("dock", name), robot, limit_s=40.0)
    assert step.state is SkillState.SUCCEEDED, step.reason
    robot.noise_m = robot.noise_rad = 0.0
    off = offset(place, robot.snapshot().ego)
    assert abs(off.along_m) < 0.02
    assert abs(off.across_m) < 0.02
    assert abs(off.heading_rad) < 0.02
    assert all(isinstance(command, BaseCommand) for command in robot.commands)


def test_never_overshoots_into_the_face() -> None:
    robot = KinematicRobot(PROFILE, noise_m=0.005, noise_rad=0.003)
    place = SITE.place("slot_a1")
    robot.stand(place, along_m=-APPROACH_M)
    ahead = []
    run(Dock(PROFILE, SITE), goal("dock"), robot, watch=lambda: ahead.append(offset_of(robot)))
    assert max(ahead) < 0.02


def offset_of(robot: KinematicRobot) -> float:
    place = SITE.place("slot_a1")
    x, y, _ = robot.pose
    cos, sin = math.cos(place.dock_heading_rad), math.sin(place.dock_heading_rad)
    return float(cos * (x - place.dock_x_m) + sin * (y - place.dock_y_m))


def test_backs_off_and_tries_again_when_it_starts_beside_the_line() -> None:
    robot = KinematicRobot(PROFILE)
    robot.stand(SITE.place("slot_a1"), along_m=-0.05, across_m=0.1)
    step = run(Dock(PROFILE, SITE), goal("dock"), robot, limit_s=60.0)
    assert step.state is SkillState.SUCCEEDED, step.reason
    assert min(c.speed_mps for c in robot.commands if isinstance(c, BaseCommand)) < -0.1


def test_a_blocked_way_is_a_failure_with_its_reason() -> None:
    robot = KinematicRobot(PROFILE)
    robot.stand(SITE.place("slot_a1"), along_m=-APPROACH_M)
    robot.frozen = True
    step = run(Dock(PROFILE, SITE), goal("dock"), robot, limit_s=2 * BLOCKED_S)
    assert step.state is SkillState.FAILED
    assert "blocked" in step.reason


@pytest.mark.parametrize(
    ("along", "across", "heading"), [(-1.2, 0.0, 0.0), (-0.7, 0.5, 0.0), (-0.7, 0.0, 1.0), (0.3, 0.0, 0.0)]
)
def test_outside_the_initiation_set_it_is_refused_with_numbers(
    along: float, across: float, heading: float
) -> None:
    robot = KinematicRobot(PROFILE)
    robot.stand(SITE.place("packing"), along_m=along, across_m=across, heading_rad=heading)
    reason = Dock(PROFILE, SITE).refuse(goal("dock", "packing"), robot.snapshot())
    assert "not before packing" in reason


def test_an_unknown_place_is_refused_with_the_known_ones() -> None:
    robot = KinematicRobot(PROFILE)
    assert "known are packing" in Dock(PROFILE, SITE).refuse(goal("dock", "mars"), robot.snapshot())


@given(across=st.floats(-0.03, 0.03), heading=st.floats(-0.04, 0.04), name=st.sampled_from(NAMES))
@settings(max_examples=30, deadline=None)
def test_undock_ends_where_dock_begins(across: float, heading: float, name: str) -> None:
    robot = KinematicRobot(PROFILE, noise_m=0.004, noise_rad=0.003)
    robot.stand(SITE.place(name), across_m=across, heading_rad=heading)
    undock = Undock(PROFILE, SITE)
    step = run(undock, goal("undock", name), robot, limit_s=15.0)
    assert step.state is SkillState.SUCCEEDED, step.reason
    snapshot = robot.snapshot()
    assert Dock(PROFILE, SITE).refuse(goal("dock", name), snapshot) == ""
    assert "clear of" in undock.refuse(goal("undock", name), snapshot)
    slowest = min(c.speed_mps for c in robot.commands if isinstance(c, BaseCommand))
    assert slowest >= -PROFILE.base.reverse_max_mps


def test_a_skill_that_was_not_started_fails_and_holds() -> None:
    robot = KinematicRobot(PROFILE)
    step = Dock(PROFILE, SITE).step(robot.snapshot(), 0)
    assert step.state is SkillState.FAILED
    assert step.command == BaseCommand(speed_mps=0.0)


def test_stopped_in_the_middle_it_can_be_started_again() -> None:
    robot = KinematicRobot(PROFILE)
    robot.stand(SITE.place("slot_a1"), along_m=-APPROACH_M)
    dock = Dock(PROFILE, SITE)
    run(dock, goal("dock"), robot, limit_s=2.0)
    dock.stop(robot.now_ns)
    assert dock.step(robot.snapshot(), robot.now_ns).state is SkillState.FAILED
    assert run(dock, goal("dock"), robot).state is SkillState.SUCCEEDED


def broken_rules(commands: list[Command]) -> list[str]:
    """The gate's rules that a sequence of set-points breaks, on a robot that follows them."""
    found, now = [], Situation(speed_limit_mps=PROFILE.base.speed_max_mps)
    for command in commands:
        assert isinstance(command, BaseCommand)
        values = measure(command.speed_mps, command.curvature_radpm, command.turn_radps)
        spans = fixed_limits(PROFILE) + tick_limits(PROFILE, now)
        found += [tell(limit, values) for limit in broken(spans, values)]
        now = replace(
            now,
            speed_mps=command.speed_mps,
            yaw_rate_radps=command.yaw_rate_radps,
            speed_step_mps=command.speed_mps - now.speed_mps,
        )
    return found


@given(
    along=st.floats(-0.15, 0.15),
    across=st.floats(-0.2, 0.2),
    heading=st.floats(-0.3, 0.3),
    seed=st.integers(0, 99),
)
@settings(max_examples=25, deadline=None)
def test_set_points_keep_the_gates_rules(along: float, across: float, heading: float, seed: int) -> None:
    robot = KinematicRobot(PROFILE, seed=seed, noise_m=0.003, noise_rad=0.002)
    robot.stand(SITE.place("slot_a1"), along_m=along - APPROACH_M, across_m=across, heading_rad=heading)
    run(Dock(PROFILE, SITE), goal("dock"), robot)
    run(Undock(PROFILE, SITE), goal("undock"), robot)
    assert broken_rules(robot.commands) == []


def face(gap_m: float) -> Discs:
    """A face straight ahead, `gap_m` from the front of the footprint."""
    front = max(part.x_m + part.radius_m for part in PROFILE.footprint)
    y = np.linspace(-0.4, 0.4, 17)
    zero = np.zeros(17)
    x = zero + front + gap_m + 0.04
    return Discs(x_m=x, y_m=y, radius_m=zero + 0.04, speed_mps=zero, age_s=zero, kind=zero)


def test_the_gap_ahead_is_measured_from_the_footprint() -> None:
    assert gap_ahead(face(0.1), PROFILE) == pytest.approx(0.1, abs=0.005)
    assert gap_ahead(NO_DISCS, PROFILE) == math.inf


@pytest.mark.parametrize(("along", "ends"), [(-0.015, SkillState.SUCCEEDED), (-0.1, SkillState.FAILED)])
def test_held_back_by_the_face_it_is_docked_near_enough_or_not_at_all(along: float, ends: SkillState) -> None:
    robot = KinematicRobot(PROFILE)
    robot.discs = face(0.02)
    robot.stand(SITE.place("slot_a1"), along_m=along)
    step = run(Dock(PROFILE, SITE), goal("dock"), robot, limit_s=2 * BLOCKED_S)
    assert step.state is ends
    speeds = [c.speed_mps for c in robot.commands if isinstance(c, BaseCommand)]
    assert max(speeds) == 0.0
    assert (min(speeds) < -0.1) == (ends is SkillState.FAILED)  # too far off, it backs off for another run

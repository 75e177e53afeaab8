"""`navigate` in closed loop on the kinematic stand-in, with the classical driver."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from shield.contract import HOLD, BaseCommand, Discs, Kind, SkillGoal, SkillState
from shield.profile import load_profile
from shield.site import load_site
from skills.library import load_navigate
from skills.navigate import FAILED_S, Navigate
from skills.pursuit import Pursuit
from tests.skills.kinematic_robot import KinematicRobot, run
from tests.skills.networks import random_network

PROFILE = load_profile(Path("launch/profiles/amr_panda.yaml"))
SITE = load_site(Path("launch/sites/warehouse.yaml"))
NAMES = [place.name for place in SITE.places]
HUMAN_RADIUS_M = PROFILE.others.human_radius_m


def goal(target: str = "slot_a2") -> SkillGoal:
    return SkillGoal(skill="navigate", target=target)


def robot_at(x: float, y: float, heading: float) -> KinematicRobot:
    robot = KinematicRobot(PROFILE, noise_m=0.004, noise_rad=0.003)
    robot.pose = np.array([x, y, heading])
    return robot


def navigate() -> Navigate:
    return load_navigate(PROFILE, SITE, "pursuit")


def stand_at(robot: KinematicRobot, people: list[tuple[float, float]]) -> None:
    """Give the robot discs of people who stand at these points of W."""
    rows = []
    cos, sin = math.cos(robot.pose[2]), math.sin(robot.pose[2])
    for px, py in people:
        dx, dy = px - robot.pose[0], py - robot.pose[1]
        if math.hypot(dx, dy) < 6.0:
            rows.append((cos * dx + sin * dy, cos * dy - sin * dx))
    xs, ys = [row[0] for row in rows], [row[1] for row in rows]
    n = len(rows)
    robot.discs = Discs(
        x_m=np.array(xs), y_m=np.array(ys), radius_m=np.full(n, 0.1 + HUMAN_RADIUS_M),
        speed_mps=np.full(n, 1.6), age_s=np.zeros(n), kind=np.full(n, float(Kind.UNKNOWN)),
    )  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_reaches_every_approach_pose_from_home(name: str) -> None:
    robot = robot_at(SITE.home.x_m, SITE.home.y_m, SITE.home.heading_rad)
    skill = navigate()
    step = run(skill, goal(name), robot, limit_s=90.0)
    assert step.state is SkillState.SUCCEEDED, step.reason
    x, y, heading = skill.approach(name)
    assert math.hypot(robot.pose[0] - x, robot.pose[1] - y) < 0.2
    assert abs((robot.pose[2] - heading + math.pi) % (2 * math.pi) - math.pi) < 0.3
    assert robot.speed < 0.05


def test_keeps_the_speed_limit_of_a_zone() -> None:
    zone = SITE.zones[0]
    robot, fastest = robot_at(5.2, 4.62, math.pi), [0.0]

    def watch() -> None:
        x, y, _ = robot.pose
        if zone.x_min_m <= x <= zone.x_max_m and zone.y_min_m <= y <= zone.y_max_m:
            fastest.append(robot.speed)

    assert run(navigate(), goal("packing"), robot, watch=watch).state is SkillState.SUCCEEDED
    assert 0.0 < max(fastest) <= zone.speed_max_mps + 0.01


def test_waits_for_a_person_in_the_way_and_carries_on() -> None:
    robot = robot_at(3.0, 4.8, 0.0)
    arrived_ns = 12_000_000_000

    nearest: list[float] = []

    def watch() -> None:
        stand_at(robot, [(8.0, 4.6)] if robot.now_ns < arrived_ns else [])
        nearest.append(math.hypot(robot.pose[0] - 8.0, robot.pose[1] - 4.6))

    step = run(navigate(), goal(), robot, limit_s=80.0, watch=watch)
    assert step.state is SkillState.SUCCEEDED, step.reason
    assert min(nearest[: int(11.0 / 0.02)]) > 0.8


def test_goes_around_a_person_who_stays() -> None:
    robot, skill = robot_at(3.0, 4.8, 0.0), navigate()
    fence = [(8.0, y) for y in (4.0, 4.6, 5.2, 5.8)]
    ways: list[float] = []

    def watch() -> None:
        stand_at(robot, fence)
        ways.append(float(robot.pose[1]))

    step = run(skill, goal(), robot, limit_s=120.0, watch=watch)
    assert step.state is SkillState.SUCCEEDED, step.reason
    assert max(ways) > 7.4 or min(ways) < 2.6


def test_gives_up_with_a_reason_when_nothing_moves() -> None:
    robot = robot_at(3.0, 4.8, 0.0)
    robot.frozen = True
    step = run(navigate(), goal(), robot, limit_s=FAILED_S + 5.0)
    assert step.state is SkillState.FAILED
    assert "no progress" in step.reason
    assert step.command == HOLD


@pytest.mark.parametrize(
    ("target", "told"), [("mars", "no place of site"), ("slot_a1", "no room"), ("slot_b1", "no route")]
)
def test_refuses_with_the_reason(monkeypatch: pytest.MonkeyPatch, target: str, told: str) -> None:
    skill = navigate()
    spots = {"slot_a1": (5.2, 3.5, 0.0), "slot_b1": (14.8, 0.75, 0.0)}
    if target in spots:
        monkeypatch.setattr(skill, "approach", lambda _target: spots[target])
    if target == "slot_b1":
        monkeypatch.setattr(skill._router, "room_m", lambda _x, _y: 1.0)
    assert told in skill.refuse(goal(target), robot_at(2.0, 1.3, 0.0).snapshot())


def test_refuses_while_the_arm_is_out() -> None:
    robot = robot_at(2.0, 1.3, 0.0)
    robot.joints = robot.joints + 0.3
    assert "not stowed" in navigate().refuse(goal(), robot.snapshot())


def test_not_started_or_stopped_it_holds() -> None:
    robot, skill = robot_at(2.0, 1.3, 0.0), navigate()
    assert skill.step(robot.snapshot(), 0).command == HOLD
    skill.start(goal(), robot.snapshot(), 0)
    assert skill.step(robot.snapshot(), 0).state is SkillState.RUNNING
    assert skill.route().shape[0] > 10
    skill.stop(0)
    assert skill.step(robot.snapshot(), 0).state is SkillState.IDLE
    assert skill.route().shape[0] == 0


def test_the_same_snapshots_give_the_same_proposals() -> None:
    drives = []
    for _ in range(2):
        robot = robot_at(2.0, 1.3, 0.0)
        skill = Navigate(PROFILE, SITE, random_network(), "0.0.0")
        run(skill, goal(), robot, limit_s=5.0)
        drives.append(robot.commands)
    assert drives[0] == drives[1]
    assert any(isinstance(c, BaseCommand) and c != HOLD for c in drives[0])


def test_a_driver_that_asks_for_nonsense_is_shaped() -> None:
    class Wild(Pursuit):
        def act(self, seen: np.ndarray) -> np.ndarray:
            return np.array([1e9, -1e9])

    robot = robot_at(5.0, 4.8, 0.0)
    run(Navigate(PROFILE, SITE, Wild(PROFILE), "0.0.0"), goal(), robot, limit_s=3.0)
    speeds = [c.speed_mps for c in robot.commands if isinstance(c, BaseCommand)]
    assert max(speeds) <= PROFILE.base.speed_max_mps + 1e-9

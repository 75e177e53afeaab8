from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shield.site import Area, Pose
from sim.people import KEEP_M, PATIENCE_S, Person, Walk, WayPoint, body_distance

BODY_M = (0.8, 0.6)
FAR = Pose(x_m=50.0, y_m=50.0, heading_rad=0.0)
DT_S = 0.02


def point(x: float, y: float, pause: float = 0.0) -> WayPoint:
    return WayPoint(x_m=x, y_m=y, pause_s=pause)


def walk(*path: WayPoint, repeat: str = "once", speed: float = 1.0, areas: tuple[Area, ...] = ()) -> Person:
    plan = Walk(name="anna", speed_mps=speed, repeat=repeat, starts_when_robot_in=areas, path=path)
    return Person(plan, BODY_M)


def run(person: Person, seconds: float, robot: Pose = FAR) -> list[tuple[float, float]]:
    out = []
    for _ in range(round(seconds / DT_S)):
        person.step(robot, DT_S)
        out.append((person.x_m, person.y_m))
    return out


def test_walks_to_the_end_and_stays() -> None:
    person = walk(point(0, 0), point(2, 0), point(2, 1))
    run(person, 3.2)
    assert (person.x_m, person.y_m) == pytest.approx((2, 1))
    assert person.speed_mps == 0.0


def test_pauses_at_way_points() -> None:
    person = walk(point(0, 0, 1.0), point(1, 0, 2.0), point(2, 0))
    assert run(person, 0.98)[-1] == (0, 0)
    run(person, 1.1)
    assert person.x_m == pytest.approx(1.0)
    assert run(person, 1.8)[-1][0] == pytest.approx(1.0)
    run(person, 1.3)
    assert person.x_m == pytest.approx(2.0)


def test_loop_and_back_and_forth() -> None:
    looping = walk(point(0, 0), point(1, 0), point(1, 1), repeat="loop")
    assert any(math.hypot(x, y) < 0.02 for x, y in run(looping, 4.0)[150:])
    shuttling = walk(point(0, 0), point(1, 0), point(2, 0), repeat="back_and_forth")
    places = run(shuttling, 8.2)
    assert max(x for x, _ in places) == pytest.approx(2.0)
    assert places[200][0] == pytest.approx(0.0, abs=0.1)
    assert places[400][0] == pytest.approx(0.0, abs=0.2)


def test_waits_for_the_robot_to_come() -> None:
    aisle = Area(name="aisle", x_min_m=4.0, x_max_m=6.0, y_min_m=0.0, y_max_m=2.0)
    person = walk(point(0, 0), point(2, 0), areas=(aisle,))
    assert run(person, 2.0)[-1] == (0, 0)
    person.step(Pose(x_m=5.0, y_m=1.0, heading_rad=0.0), DT_S)
    assert person.x_m > 0.0
    run(person, 1.0)  # and walks on when the robot has left
    assert person.x_m > 0.9


def test_stands_in_front_of_the_robot_then_goes_back_and_tries_again() -> None:
    robot = Pose(x_m=2.0, y_m=0.0, heading_rad=0.0)
    person = walk(point(0, 0), point(4, 0))
    places = run(person, 1.2 + PATIENCE_S, robot)
    assert max(x for x, _ in places) == pytest.approx(2.0 - 0.4 - KEEP_M, abs=0.03)
    run(person, 0.9, robot)
    assert person.x_m < 0.3
    run(person, 6.0)  # the robot is gone
    assert person.x_m == pytest.approx(4.0)


def test_a_person_may_walk_away_from_the_robot() -> None:
    person = walk(point(0, 0), point(-2, 0))
    run(person, 1.0, Pose(x_m=0.7, y_m=0.0, heading_rad=0.0))
    assert person.x_m == pytest.approx(-1.0, abs=0.03)


def test_somebody_with_nowhere_to_go_stands() -> None:
    assert run(walk(point(1, 2), repeat="loop"), 1.0)[-1] == (1, 2)
    assert run(walk(point(1, 2)), 1.0)[-1] == (1, 2)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 8), st.floats(0, 8)), min_size=1, max_size=5),
    st.sampled_from(["once", "loop", "back_and_forth"]),
    st.floats(0.1, 1.6),
    st.tuples(st.floats(0, 8), st.floats(0, 8), st.floats(-3, 3)),
)
def test_never_faster_than_said_and_never_through_a_standing_robot(
    points: list[tuple[float, float]], repeat: str, speed: float, robot: tuple[float, float, float]
) -> None:
    pose = Pose(x_m=robot[0], y_m=robot[1], heading_rad=robot[2])
    person = walk(*(point(x, y) for x, y in points), repeat=repeat, speed=speed)
    x, y = person.x_m, person.y_m
    gap = body_distance(pose, BODY_M, x, y)
    for _ in range(300):
        person.step(pose, DT_S)
        assert math.hypot(person.x_m - x, person.y_m - y) <= speed * DT_S + 1e-9
        now = body_distance(pose, BODY_M, person.x_m, person.y_m)
        assert now >= min(gap, KEEP_M) - 1e-9  # nearer than that only if it started there
        x, y, gap = person.x_m, person.y_m, now


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [(0.4, 0.3, 0.0), (0.0, 0.0, 0.0), (0.9, 0.0, 0.5), (0.0, -0.7, 0.4), (0.7, 0.7, 0.5)],
)
def test_distance_to_the_body(x: float, y: float, expected: float) -> None:
    robot = Pose(x_m=3.0, y_m=1.0, heading_rad=2.0)
    cos, sin = math.cos(2.0), math.sin(2.0)
    assert body_distance(robot, BODY_M, 3.0 + cos * x - sin * y, 1.0 + sin * x + cos * y) == pytest.approx(
        expected, abs=1e-9
    )

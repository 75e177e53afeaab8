from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shield import areas, reach, search, sweep
from shield.contract import Floats
from shield.formulas import stopping_distance
from tests.shield.scenes import PROFILE, SITE, Body, line, person, snapshot

BOUNDS, FOOTPRINT = reach.pack(PROFILE), reach.footprint_array(PROFILE)
NO_DISCS = np.empty((0, 5))
slowly = settings(deadline=None)
speeds, bends = st.floats(-0.3, 1.2), st.floats(-4.0, 4.0)


def ego(speed: float = 0.0, yaw_rate: float = 0.0) -> Floats:
    return reach.ego_vector(speed, yaw_rate, 0.03, 0.04, (speed, speed), (yaw_rate, yaw_rate))


def discs(*rows: tuple[float, ...]) -> Floats:
    return np.array([row[:5] for row in rows], dtype=np.float64).reshape(-1, 5)


def wall(x: float) -> Floats:
    return discs(*line(x, -1.0, x, 1.0, 0.02))


def clear(state: Floats, command: tuple[float, float, float], around: Floats) -> float:
    return reach.clearance(BOUNDS, state, *command, around, FOOTPRINT)


def test_the_footprint_covers_body_and_carried_crate() -> None:
    base = PROFILE.base
    x, y = np.meshgrid(
        np.linspace(-base.length_m / 2, base.length_m / 2, 401),
        np.linspace(-base.width_m / 2, base.width_m / 2, 301),
    )
    crate_x, crate_y = np.meshgrid(np.linspace(0.19, 0.43, 101), np.linspace(-0.08, 0.08, 81))
    for px, py in ((x, y), (crate_x, crate_y)):
        covered = np.min([np.hypot(px - d[0], py - d[1]) - d[2] for d in FOOTPRINT], axis=0)
        assert covered.max() <= 0.0


def test_an_empty_world_is_clear() -> None:
    assert clear(ego(1.2), (1.2, 0.0, 0.0), NO_DISCS) == math.inf
    assert reach.admissible_speed(BOUNDS, ego(1.2), 0.0, NO_DISCS, FOOTPRINT) == 1.2


@pytest.mark.parametrize("speed", [0.1, 0.4, 0.8, 1.2])
def test_straight_on_it_is_the_stopping_distance(speed: float) -> None:
    """The planar prediction of the straight case, against the scalar formula."""
    base = PROFILE.base
    cap = speed + 0.03
    stop = stopping_distance(cap, base.accel_max_mps2, cap, BOUNDS[sweep.REACT], base.brake_min_mps2, 0.02)
    found = clear(ego(speed), (speed, 0.0, 0.0), discs((3.0, 0.0, 0.1, 0.0, 0.0)))
    scalar = 3.0 - 0.1 - 0.443 - stop - base.contact_margin_m
    assert found <= scalar + 1e-9
    assert found >= scalar - 0.05


@slowly
@given(speeds, bends, st.floats(0.95, 3.0), st.floats(-3.1, 3.1), st.sampled_from([0.0, 0.5, 1.6]))
def test_clearance_shrinks_with_people_and_grows_with_distance(
    speed: float, bend: float, far: float, angle: float, hurry: float
) -> None:
    x, y = far * math.cos(angle), far * math.sin(angle)
    here = clear(ego(speed), (speed, bend, 0.0), discs((x, y, 0.2, hurry, 0.02)))
    larger = clear(ego(speed), (speed, bend, 0.0), discs((x, y, 0.25, hurry, 0.02)))
    faster = clear(ego(speed), (speed, bend, 0.0), discs((x, y, 0.2, hurry + 0.3, 0.02)))
    assert larger <= here + 1e-9
    if hurry:
        assert faster <= here + 1e-9


@slowly
@given(speeds, bends, st.floats(0.5, 2.0), st.floats(-3.1, 3.1))
def test_left_and_right_are_alike(speed: float, bend: float, far: float, angle: float) -> None:
    x, y = far * math.cos(angle), far * math.sin(angle)
    here = clear(ego(speed, 0.1), (speed, bend, 0.0), discs((x, y, 0.2, 1.0, 0.02)))
    there = clear(ego(speed, -0.1), (speed, -bend, 0.0), discs((x, -y, 0.2, 1.0, 0.02)))
    assert here == pytest.approx(there, abs=1e-9)


@slowly
@given(bends, st.lists(st.tuples(st.floats(0.9, 3.0), st.floats(-3.1, 3.1)), max_size=4))
def test_from_rest_between_fixed_things_safe_speeds_are_an_interval(
    bend: float, places: list[tuple[float, float]]
) -> None:
    around = discs(*((r * math.cos(a), r * math.sin(a), 0.2, 0.0, 0.02) for r, a in places))
    cap = reach.speed_cap(BOUNDS, bend, False)
    shares = np.linspace(0.02, 1.0, 25)
    safe = [reach.is_safe(BOUNDS, ego(), share * cap, bend, 0.0, around, FOOTPRINT) for share in shares]
    assert safe == sorted(safe, reverse=True)


@slowly
@given(
    st.floats(0.0, 1.2),
    bends,
    st.lists(st.tuples(st.floats(0.5, 3.0), st.floats(-3.1, 3.1)), max_size=4),
    st.booleans(),
)
def test_the_fastest_speed_is_itself_safe_interval_or_not(
    speed: float, bend: float, places: list[tuple[float, float]], moving: bool
) -> None:
    """Whoever leaves may be safer the faster, so that safe speeds are no interval: nothing relies on one."""
    around = discs(*((r * math.cos(a), r * math.sin(a), 0.2, 1.6 * moving, 0.02) for r, a in places))
    state = ego(min(speed, reach.speed_cap(BOUNDS, bend, False)))
    found = reach.admissible_speed(BOUNDS, state, bend, around, FOOTPRINT)
    assert found == 0.0 or reach.is_safe(BOUNDS, state, found, bend, 0.0, around, FOOTPRINT)


@slowly
@given(speeds, bends, st.floats(-1.2, 1.2))
def test_the_sweep_contains_the_nominal_motion(speed: float, bend: float, rate: float) -> None:
    """At every time up to standstill some interval holds the pose of the motion as commanded."""
    rotates = abs(speed) < 0.05
    command = (0.0, 0.0, rate or 0.1) if rotates else (speed, bend, 0.0)
    state = ego(0.0, command[2]) if rotates else ego(speed, speed * bend)
    path = sweep.sweep(BOUNDS, state, *command)
    pace = abs(command[2]) if rotates else abs(speed)
    brake = PROFILE.base.turn_brake_min_radps2 if rotates else sweep.arc_brake(BOUNDS, bend)
    for time in np.linspace(0.0, 0.1 + pace / brake, 30):
        braked = max(0.0, time - 0.1)
        way = math.copysign(
            pace * min(time, 0.1) + pace * braked - brake * braked**2 / 2, command[2] or speed
        )
        k = int(np.searchsorted(path[:, 7], time))
        row = path[min(k, len(path) - 1)]
        angle = way if rotates else way * bend
        middle = math.atan2(row[3], row[2])
        if rotates:
            assert abs(math.remainder(angle - middle, 2 * math.pi)) <= row[4] + row[6] + 1e-9
        else:
            straight = abs(bend) < 1e-9
            x = way if straight else math.sin(angle) / bend
            y = 0.0 if straight else (1 - math.cos(angle)) / bend
            assert math.hypot(x - row[0], y - row[1]) <= row[4] + row[5] + 1e-9


def test_docking_distances() -> None:
    front = 0.12 + PROFILE.base.length_m / 2
    assert clear(ego(0.04), (0.04, 0.0, 0.0), wall(front)) > 0.0
    assert clear(ego(0.4), (0.4, 0.0, 0.0), wall(front)) < 0.0
    assert reach.admissible_turn(BOUNDS, ego(0.0, 0.6), 1.0, wall(front), FOOTPRINT) == 0.0
    assert (
        reach.admissible_turn(BOUNDS, ego(), 1.0, wall(front + 0.4), FOOTPRINT) == PROFILE.base.turn_max_radps
    )
    assert (
        reach.admissible_reverse(BOUNDS, ego(), 0.0, wall(front), FOOTPRINT) == PROFILE.base.reverse_max_mps
    )


@pytest.mark.parametrize("gap", [0.10, 0.06, 0.03])
def test_opening_motions_stay_admissible_next_to_an_obstacle(gap: float) -> None:
    front = wall(gap + PROFILE.base.length_m / 2)
    assert reach.is_safe(BOUNDS, ego(), -0.05, 0.0, 0.0, front, FOOTPRINT)
    assert not reach.is_safe(BOUNDS, ego(), 0.05, 0.0, 0.0, front, FOOTPRINT)


def test_a_robot_beside_a_wall_drives_along_it() -> None:
    beside = discs(*line(-2.0, 0.44, 3.0, 0.44, 0.03))
    assert reach.is_safe(BOUNDS, ego(), 0.1, 0.0, 0.0, beside, FOOTPRINT)
    assert not reach.is_safe(BOUNDS, ego(0.3, 0.9), 0.3, 3.0, 0.0, beside, FOOTPRINT)


def test_next_to_a_person_nothing_moves() -> None:
    near = discs(person(0.9, 0.0))
    for command in ((0.05, 0.0, 0.0), (-0.05, 0.0, 0.0), (0.0, 0.0, 0.1)):
        assert not reach.is_safe(BOUNDS, ego(), *command, near, FOOTPRINT)


def scene(body: Body) -> search.Scene:
    pose = areas.pose_vector(snapshot(1, body).ego)
    site = areas.hall_array(SITE), areas.keep_out_array(SITE), areas.zone_array(SITE)
    return search.Scene(BOUNDS, ego(body.speed), NO_DISCS, FOOTPRINT, pose, *site)


@pytest.mark.parametrize(
    ("body", "speed", "found"),
    [
        (Body(x=8.0), 1.2, search.SAFE),
        (Body(x=15.5), 0.3, search.HALL),
        (Body(x=13.0, y=0.8), 0.5, search.KEEP_OUT),
        (Body(x=1.2, y=5.0), 0.6, search.ZONE),
        (Body(x=1.2, y=5.0), 0.5, search.SAFE),
        (Body(x=3.2, y=5.0, heading=math.pi), 1.2, search.ZONE),
        (Body(x=3.7, y=5.0, heading=math.pi), 1.2, search.SAFE),
    ],
)
def test_areas(body: Body, speed: float, found: int) -> None:
    body.speed = speed
    judged = search.Judgement(*search.judge(scene(body), speed, 0.0, 0.0))
    assert judged.forbidden_by == found
    assert (judged.excess > 0.0) == (found != search.SAFE)


def test_leaving_an_area_that_it_is_in_is_admitted() -> None:
    inside = Body(x=13.4, y=0.8)  # from rest
    assert search.judge(scene(inside), -0.2, 0.0, 0.0)[0] == search.SAFE
    assert search.judge(scene(inside), 0.2, 0.0, 0.0)[0] == search.KEEP_OUT
    beyond = Body(x=15.8)
    assert search.judge(scene(beyond), -0.2, 0.0, 0.0)[0] == search.SAFE
    assert search.judge(scene(beyond), 0.2, 0.0, 0.0)[0] == search.HALL


@slowly
@given(st.floats(-20.0, 20.0), st.floats(-20.0, 20.0))
def test_distance_to_an_area(x: float, y: float) -> None:
    area = np.array([0.0, 4.0, -1.0, 2.0])
    found = areas.outside_gap(x, y, area)
    near_x, near_y = min(max(x, 0.0), 4.0), min(max(y, -1.0), 2.0)
    if (near_x, near_y) != (x, y):
        assert found == pytest.approx(math.hypot(x - near_x, y - near_y))
    else:
        assert found == pytest.approx(-min(x, 4.0 - x, y + 1.0, 2.0 - y))

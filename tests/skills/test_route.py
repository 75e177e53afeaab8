"""Routes on the shipped site: short, with room, around what blocks them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shield.contract import Floats, Kind
from shield.site import load_site
from skills.grid import BODY_M, CELL_M, clearance_field, travel_cost
from skills.route import (
    PASS_M,
    SPACING_M,
    WAIT_MAX_S,
    Blockage,
    Router,
    barred,
    carrot,
    nearest,
    worth_it,
)

SITE = load_site(Path("launch/sites/warehouse.yaml"))
ROUTER = Router(SITE)
HOME = (SITE.home.x_m, SITE.home.y_m)
SLOT = (11.0, 4.62)


def kinds(*values: Kind) -> Floats:
    return np.array([float(value) for value in values])


def test_clearance_is_the_distance_to_the_nearest_thing() -> None:
    field = clearance_field(SITE)
    assert field.shape == (round(10.0 / CELL_M), round(16.0 / CELL_M))
    assert field[30, 50] == 0.0  # in shelf_a1
    assert field[50, 80] == pytest.approx(math.hypot(8.05 - 7.0, 5.05 - 3.4), abs=1.5 * CELL_M)
    assert np.all(np.diff(travel_cost(np.linspace(0.0, 2.0, 50))) <= 0.0)


@pytest.mark.parametrize("name", [place.name for place in SITE.places])
def test_every_place_is_reached_from_home_with_room(name: str) -> None:
    place = SITE.place(name)
    goal = (
        place.dock_x_m - 0.7 * math.cos(place.dock_heading_rad),
        place.dock_y_m - 0.7 * math.sin(place.dock_heading_rad),
    )
    route = ROUTER.plan(HOME, goal)
    assert not route.blocked
    assert tuple(route.points_m[0]) == HOME
    assert tuple(route.points_m[-1]) == pytest.approx(goal)
    assert route.length_m < 2.0 * math.dist(HOME, goal)
    assert min(ROUTER.room_m(x, y) for x, y in route.points_m) > 0.9
    gaps = np.hypot(*np.diff(route.points_m, axis=0).T)
    assert gaps.max() < 1.5 * SPACING_M


def test_a_blockage_is_driven_around_and_a_wall_of_them_is_told() -> None:
    straight = ROUTER.plan(HOME, SLOT)
    middle = straight.points_m[straight.points_m.shape[0] // 2]
    around = ROUTER.plan(HOME, SLOT, (Blockage(float(middle[0]), float(middle[1]), 0.5, 0),))
    assert not around.blocked
    assert np.hypot(*(around.points_m - middle).T).min() > 0.5 + PASS_M
    fence = tuple(Blockage(8.0, y, 0.4, 0) for y in np.arange(0.0, 10.0, 0.5))
    assert ROUTER.plan(HOME, SLOT, fence).blocked


def test_out_of_a_corner_there_is_a_way() -> None:
    assert ROUTER.room_m(0.3, 0.3) < BODY_M
    assert not ROUTER.plan((0.3, 0.3), SLOT).blocked


@given(st.floats(0.5, 15.5), st.floats(0.5, 9.5), st.integers(0, 400))
@settings(max_examples=60, deadline=None)
def test_nearest_searches_about_the_last_index_only(x: float, y: float, index: int) -> None:
    points = ROUTER.plan(HOME, SLOT).points_m
    index = min(index, points.shape[0] - 1)
    found = nearest(points, points.shape[0], index, x, y)
    window = range(max(index - 15, 0), min(index + 30, points.shape[0] - 1) + 1)
    assert found in window
    assert math.dist(points[found], (x, y)) == min(math.dist(points[k], (x, y)) for k in window)


def test_the_carrot_lies_ahead_in_the_robots_frame_and_ends_at_the_goal() -> None:
    points = np.column_stack([np.arange(0.0, 5.01, SPACING_M), np.zeros(51)])
    x, y = carrot(points, 51, 10, 1.0, np.array([1.0, 0.5, math.pi / 2]))
    assert (x, y) == pytest.approx((-0.5, -1.0))
    x, y = carrot(points, 51, 48, 1.0, np.array([4.8, 0.0, 0.0]))
    assert (x, y) == pytest.approx((0.2, 0.0))


@pytest.mark.parametrize(
    ("kind", "x", "y", "expected"),
    [
        (Kind.UNKNOWN, 2.0, 0.5, True),
        (Kind.PERSON, 2.0, -1.0, True),
        (Kind.PERSON, 2.0, -1.3, False),
        (Kind.STATIC, 2.0, 0.0, False),
        (Kind.HIDDEN, 2.0, 0.0, False),
        (Kind.UNKNOWN, -2.0, 0.0, False),
        (Kind.UNKNOWN, 6.0, 0.0, False),
    ],
)
def test_what_bars_the_route(kind: Kind, x: float, y: float, expected: bool) -> None:
    points = np.column_stack([np.arange(0.0, 8.01, SPACING_M), np.zeros(81)])
    one = np.ones(1)
    seen = barred(points, 81, 0, np.zeros(3), x * one, y * one, 0.28 * one, kinds(kind))
    assert bool(seen) is expected


def test_a_long_detour_is_waited_for_but_not_for_ever() -> None:
    assert worth_it(0.5, 1.0)
    assert not worth_it(8.0, 3.0)
    assert worth_it(100.0, WAIT_MAX_S)

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from shield.contract import Floats
from shield.hidden import CELL_M, REACH_M, HiddenSpace
from shield.profile import load_profile
from shield.site import Area, Box, Site, load_site

ROOT = Path(__file__).parents[2]
PROFILE = load_profile(ROOT / "launch/profiles/amr_panda.yaml")
HALL = load_site(ROOT / "launch/sites/warehouse.yaml")
SPEED = PROFILE.others.human_speed_mps
FLOOR = Area(name="floor", x_min_m=-5.0, x_max_m=5.0, y_min_m=-5.0, y_max_m=5.0)
OPEN = dataclasses.replace(HALL, bounds=FLOOR, boxes=())
WALL = Box(name="wall", x_min_m=0.9, x_max_m=1.1, y_min_m=-4.9, y_max_m=0.5, height_m=2.0)
WALLED = dataclasses.replace(OPEN, boxes=(WALL,))
HERE = np.zeros(3)
EYE = np.array([0.41, 0.0, 0.0])  # a lidar on the front edge, in B
BEAMS_N = 720
FIRST = -math.pi
STEP = 2 * math.pi / (BEAMS_N - 1)
NOBODY = np.empty((0, 2))


def ranges_of(site: Site, pose: Floats) -> Floats:
    x = pose[0] + math.cos(pose[2]) * EYE[0]
    y = pose[1] + math.sin(pose[2]) * EYE[0]
    angles = pose[2] + FIRST + STEP * np.arange(BEAMS_N)
    rx, ry = np.cos(angles), np.sin(angles)
    out = np.full(BEAMS_N, np.inf)
    for box in site.boxes:
        one, two = (box.x_min_m - x) / rx, (box.x_max_m - x) / rx
        three, four = (box.y_min_m - y) / ry, (box.y_max_m - y) / ry
        near = np.maximum(np.minimum(one, two), np.minimum(three, four))
        far = np.minimum(np.maximum(one, two), np.maximum(three, four))
        out = np.where((near > 0) & (near <= far), np.minimum(out, near), out)
    return out


class Watch:
    """A hidden space with a lidar that looks all around, 25 times a second."""

    def __init__(self, site: Site) -> None:
        self.site, self.space = site, HiddenSpace(PROFILE, site)
        self.stamp_ns, self.pose = 0, HERE
        self.blind = slice(0, 0)
        self.strangers = NOBODY

    def look(self, count: int = 1) -> Watch:
        for _ in range(count):
            self.stamp_ns += 40_000_000
            ranges = ranges_of(self.site, self.pose)
            state = np.isfinite(ranges).astype(float)
            state[self.blind] = -1.0
            self.space.see(
                self.stamp_ns, self.pose, EYE, np.array([FIRST, STEP]), ranges, state, self.strangers
            )
        return self

    def maybe(self, x: float, y: float) -> bool:
        i, j = (
            math.floor((x - self.space._corner[0]) / CELL_M),
            math.floor((y - self.space._corner[1]) / CELL_M),
        )
        return bool(self.space._maybe[i, j])

    def discs(self) -> Floats:
        return self.space.discs(self.pose, self.stamp_ns)


def test_before_the_first_scan_people_may_be_anywhere_and_nothing_is_said() -> None:
    watch = Watch(OPEN)
    assert watch.maybe(2.0, 2.0)
    assert watch.discs().shape == (0, 4)


def test_an_open_floor_hides_nobody_within_reach() -> None:
    watch = Watch(OPEN).look()
    discs = watch.discs()
    assert not watch.maybe(2.0, 2.0)
    assert not watch.maybe(0.0, 0.0)
    assert len(discs) == 0 or np.hypot(discs[:, 0], discs[:, 1]).min() > REACH_M - 0.2


def test_behind_a_wall_people_may_be_and_its_end_is_where_they_come_out() -> None:
    watch = Watch(WALLED).look(5)
    assert watch.maybe(2.0, 0.0)
    assert not watch.maybe(0.6, -1.0)
    discs = watch.discs()
    assert np.hypot(discs[:, 0] - 1.2, discs[:, 1] - 0.5).min() < 0.25
    assert (discs[:, 2] >= PROFILE.others.human_radius_m).all()
    assert (discs[:, 3] == 0.0).all()


def test_nobody_stands_in_a_wall_or_out_of_the_hall() -> None:
    watch = Watch(WALLED)
    assert not watch.maybe(1.0, 0.0)
    assert not watch.maybe(-5.0, 0.0)


def test_a_seen_place_stays_empty_out_of_sight_as_long_as_nobody_can_get_there() -> None:
    niche = (
        Box(name="left", x_min_m=1.5, x_max_m=3.0, y_min_m=0.6, y_max_m=0.8, height_m=2.0),
        Box(name="right", x_min_m=1.5, x_max_m=3.0, y_min_m=-0.8, y_max_m=-0.6, height_m=2.0),
        Box(name="back", x_min_m=2.8, x_max_m=3.0, y_min_m=-0.8, y_max_m=0.8, height_m=2.0),
    )
    watch = Watch(dataclasses.replace(OPEN, boxes=niche)).look(3)
    assert not watch.maybe(2.3, 0.0)
    ahead = slice(BEAMS_N // 2 - 40, BEAMS_N // 2 + 40)
    watch.blind = ahead
    watch.look(50)
    assert not watch.maybe(2.3, 0.0)
    watch.strangers = np.array([[2.2, 0.0]])
    watch.look(1)
    watch.strangers = NOBODY
    watch.look(5)
    assert watch.maybe(2.3, 0.0)


def test_hidden_people_spread_at_a_walkers_speed_and_no_faster() -> None:
    watch = Watch(WALLED).look(5)
    watch.blind = slice(0, BEAMS_N)
    seconds = 0.6
    watch.look(round(seconds / 0.04))
    reach = SPEED * seconds
    assert watch.maybe(0.6, 0.4)
    edge = np.array((1.2, 0.6))
    for x, y in ((0.0, 0.3), (0.6, -0.5), (-1.0, 1.0), (0.3, -0.8)):
        if math.hypot(x - edge[0], y - edge[1]) > reach * math.sqrt(2.0) + 0.2:
            assert not watch.maybe(x, y)
    with_rest = watch.space._spread_m
    assert 0.0 <= with_rest < CELL_M


def test_a_person_who_walks_behind_a_wall_is_there() -> None:
    watch = Watch(WALLED)
    closed = dataclasses.replace(WALL, name="far", x_min_m=2.8, x_max_m=3.0, y_min_m=-4.9, y_max_m=4.9)
    watch.site = dataclasses.replace(OPEN, boxes=(WALL, closed))
    watch.space = HiddenSpace(PROFILE, watch.site)
    watch.look(3)
    watch.space._maybe[:] = 0
    watch.look(3)
    assert not watch.maybe(1.6, -0.5)
    watch.strangers = np.array([[1.5, 0.3]])
    watch.look(1)
    watch.strangers = NOBODY
    watch.look(25)
    assert watch.maybe(1.6, -0.5)


def test_a_slit_that_is_too_narrow_for_a_person_hides_nobody() -> None:
    watch = Watch(OPEN).look(2)
    watch.blind = slice(BEAMS_N // 2, BEAMS_N // 2 + 2)
    fresh = Watch(OPEN)
    fresh.blind = watch.blind
    fresh.look(2)
    assert not fresh.maybe(2.0, 0.0)
    fresh = Watch(OPEN)
    fresh.blind = slice(BEAMS_N // 2 - 30, BEAMS_N // 2 + 30)
    fresh.look(2)
    assert fresh.maybe(2.0, 0.0)


def test_what_was_left_behind_is_forgotten() -> None:
    watch = Watch(OPEN).look(2)
    assert not watch.maybe(-2.0, 0.0)
    watch.pose = np.array([4.0, 0.0, 0.0])
    watch.look(1)
    assert watch.maybe(-2.0, 0.0)
    assert not watch.maybe(2.0, 0.0)


def test_a_long_silence_puts_people_everywhere() -> None:
    watch = Watch(OPEN).look(2)
    watch.stamp_ns += 60 * 10**9
    watch.blind = slice(0, BEAMS_N)
    watch.look(1)
    assert watch.maybe(2.0, 2.0)


@pytest.mark.parametrize("where", [(-4.9, -4.9), (4.9, 4.9), (0.0, 4.95), (100.0, 0.0), (-3e5, 2e7)])
def test_at_and_beyond_the_edge_of_the_hall_nothing_breaks(where: tuple[float, float]) -> None:
    watch = Watch(WALLED)
    watch.pose = np.array([*where, 1.0])
    assert watch.look(3).discs().shape[1] == 4


def test_time_that_goes_back_is_survived() -> None:
    watch = Watch(OPEN).look(3)
    watch.stamp_ns -= 10**9
    watch.look(2)
    assert (watch.space.discs(HERE, 0)[:, 3] == 0.0).all()

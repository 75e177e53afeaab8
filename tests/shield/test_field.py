import math
from pathlib import Path

import numpy as np
import pytest

from shield.contract import Floats, Scan
from shield.field import blocked, hits, stopping_way
from shield.profile import load_profile

PROFILE = load_profile(Path(__file__).parents[2] / "launch/profiles/amr_panda.yaml")
BASE, FRONT = PROFILE.base, PROFILE.lidars[0]
HALF = (BASE.length_m / 2, BASE.width_m / 2)
REACTION_S = PROFILE.timing.period_s + PROFILE.timing.latency_s
MARGIN = PROFILE.supervisor.protective_margin_m


def field(points: list[tuple[float, float]], speed: float, yaw: float = 0.0) -> int:
    way, turn = stopping_way(BASE, speed, yaw, REACTION_S, BASE.brake_min_mps2)
    count, _ = blocked(np.array(points).reshape(-1, 2), *HALF, MARGIN, way, turn)
    return count


def stop_m(speed: float) -> float:
    return abs(speed) * REACTION_S + speed**2 / (2 * BASE.brake_min_mps2)


@pytest.mark.parametrize("speed", [-0.3, -0.1, 0.1, 0.4, 0.8, 1.2])
def test_the_field_reaches_as_far_as_the_stop_and_no_further(speed: float) -> None:
    edge = HALF[0] + stop_m(speed) + MARGIN
    side = math.copysign(1.0, speed)
    assert field([(side * (edge - 0.005), 0.0)], speed) == 1
    assert field([(side * (edge + 0.005), 0.0)], speed) == 0
    assert field([(-side * (HALF[0] + 0.02), 0.0)], speed) == 0


def test_driving_along_a_shelf_is_no_violation() -> None:
    wall = [(x, HALF[1] + MARGIN + 0.02) for x in np.linspace(-3, 3, 200)]
    assert field(wall, 1.0) == 0
    assert field(wall, 1.0, 0.2) > 0


def test_docking_is_no_violation_and_running_into_the_table_is() -> None:
    for gap in np.linspace(0.5, 0.12, 40):
        table = [(HALF[0] + gap, y) for y in np.linspace(-0.6, 0.6, 80)]
        assert field(table, 0.1) == 0
    assert field([(HALF[0] + 0.12, y) for y in np.linspace(-0.6, 0.6, 80)], 0.5) > 30


def test_leaving_a_table_that_is_closer_than_the_margin_is_no_violation() -> None:
    table = [(HALF[0] + 0.01, y) for y in np.linspace(-0.6, 0.6, 80)]
    assert field(table, -0.2) == 0
    assert field(table, 0.2) > 0


def test_a_body_that_is_touched_may_leave_but_not_push() -> None:
    assert field([(HALF[0] - 0.01, 0.0)], 0.3) == 1
    assert field([(HALF[0] - 0.01, 0.0)], -0.3) == 0


def test_rotation_in_place_looks_at_the_corners_only() -> None:
    corner = math.hypot(*HALF)
    assert field([(0.0, corner + MARGIN + 0.01)], 0.0, 1.0) == 0
    near = math.radians(math.degrees(math.atan2(HALF[1], HALF[0])) + 8)
    assert field([(corner * math.cos(near), corner * math.sin(near))], 0.0, 1.0) == 1
    assert field([(corner * math.cos(near), corner * math.sin(near))], 0.0, -1.0) == 0


def test_it_looks_around_the_bend() -> None:
    ahead = [(HALF[0] + 0.30, -HALF[1] + 0.02)]
    assert field(ahead, 0.8) == 1
    assert field(ahead, 0.8, 1.2) == 0


@pytest.mark.parametrize("speed", np.linspace(-0.3, 1.2, 16))
def test_the_gate_reacts_first(speed: float) -> None:
    """The gate's straight-on distance to something static exceeds the field at every speed."""
    timing = PROFILE.timing
    reaction, accel, brake = timing.period_s + timing.latency_s, BASE.accel_max_mps2, BASE.brake_min_mps2
    fastest = abs(speed) + accel * reaction
    gate = abs(speed) * reaction + accel * reaction**2 / 2 + fastest**2 / (2 * brake)
    gate += BASE.contact_margin_m + FRONT.error_m
    assert stop_m(speed) + MARGIN < gate


def scan(ranges: Floats) -> Scan:
    return Scan(
        sensor=FRONT.name,
        stamp_ns=0,
        angle_min_rad=-FRONT.fov_rad / 2,
        angle_step_rad=FRONT.fov_rad / (FRONT.beams - 1),
        range_min_m=FRONT.range_min_m,
        range_max_m=FRONT.range_max_m,
        range_m=ranges,
    )


def test_returns_are_points_in_the_base_frame() -> None:
    ranges = np.full(FRONT.beams, np.nan)
    ahead = round((FRONT.fov_rad / 2 - FRONT.heading_rad) / (FRONT.fov_rad / (FRONT.beams - 1)))
    ranges[ahead] = 2.0
    points = hits(scan(ranges), FRONT, BASE)
    assert points == pytest.approx(np.array([[FRONT.x_m + 2.0, FRONT.y_m]]), abs=0.02)


def test_what_is_no_return_and_what_is_the_robot_itself_makes_no_point() -> None:
    ranges = np.full(FRONT.beams, np.inf)
    ranges[:3] = 0.2  # towards the right, inside the body
    ranges[3:80] = np.nan
    ranges[80] = FRONT.range_max_m * 2
    ranges[81] = 0.0
    ranges[82] = -1.0
    assert hits(scan(ranges), FRONT, BASE).shape[0] == 0
    assert blocked(np.empty((0, 2)), *HALF, MARGIN, 1.0, 0.0) == (0, math.inf)

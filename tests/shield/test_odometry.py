import math
from pathlib import Path

import pytest

from shield.contract import JointReading, PoseFix
from shield.odometry import KEEP_N, Odometry, Step, relative
from shield.pose import PoseFilter
from shield.profile import load_profile

PROFILE = load_profile(Path(__file__).parents[2] / "launch/profiles/amr_panda.yaml")
RADIUS, TRACK = PROFILE.base.wheel_radius_m, PROFILE.base.track_m
PERIOD_NS = 20_000_000


def reading(k: int, left: float, right: float) -> JointReading:
    return JointReading(
        stamp_ns=k * PERIOD_NS,
        name=("left_wheel", "right_wheel"),
        position_rad=(left, right),
        velocity_radps=(0.0, 0.0),
        effort_nm=(0.0, 0.0),
    )


def driven(speed: float, yaw: float, count: int) -> Odometry:
    odometry = Odometry(PROFILE)
    for k in range(count):
        left, right = (
            (speed - yaw * TRACK / 2) / RADIUS * k * 0.02,
            (speed + yaw * TRACK / 2) / RADIUS * k * 0.02,
        )
        assert odometry.joints(reading(k, left, right)) == ""
    return odometry


def latest(odometry: Odometry) -> Step:
    step = odometry.latest
    assert step is not None
    return step


def test_a_circle_comes_back_to_its_start() -> None:
    step = latest(driven(0.5, math.pi / 5, 501))
    assert math.hypot(step.x_m, step.y_m) < 0.01
    assert step.way_m == pytest.approx(5.0)
    assert step.turned_rad == pytest.approx(2 * math.pi)


@pytest.mark.parametrize("at", [0.0, 0.105, 0.51, 0.99])
def test_any_past_moment_can_be_asked_for(at: float) -> None:
    odometry = driven(0.8, 0.0, 51)
    step = odometry.at(round(at * 1e9))
    assert step is not None
    assert step.x_m == pytest.approx(0.8 * at)
    assert relative(step, latest(odometry))[0] == pytest.approx(0.8 * (1.0 - at))


def test_a_moment_ahead_continues_the_motion_and_one_before_the_start_is_unknown() -> None:
    odometry = driven(0.8, 0.5, 51)
    step = odometry.at(1_020_000_000)
    assert step is not None
    assert step.way_m == pytest.approx(0.8 * 1.02)
    assert step.heading_rad == pytest.approx(0.5 * 1.02)
    assert odometry.at(-1) is None
    assert Odometry(PROFILE).at(0) is None


def test_memory_is_bounded_and_a_gap_starts_anew() -> None:
    odometry = driven(0.1, 0.0, 3 * KEEP_N)
    assert odometry.at(0) is None
    assert odometry.joints(reading(10**5, 9999.0, 9999.0)) == ""
    assert latest(odometry).way_m == 0.0


def test_a_reading_without_wheels_is_named() -> None:
    nameless = JointReading(stamp_ns=0, name=(), position_rad=(), velocity_radps=(), effort_nm=())
    assert Odometry(PROFILE).joints(nameless) == "names no wheels"


def fix(stamp_ns: int, x: float, y: float = 0.0, heading: float = 0.0) -> PoseFix:
    return PoseFix(
        stamp_ns=stamp_ns,
        x_m=x,
        y_m=y,
        heading_rad=heading,
        position_bound_m=0.02,
        heading_bound_rad=0.01,
        speed_mps=0.0,
        yaw_rate_radps=0.0,
    )


def test_a_delayed_fix_is_carried_to_now_with_wider_bounds() -> None:
    odometry, poses = driven(1.0, 0.0, 51), PoseFilter(PROFILE)
    assert poses.fix(fix(800_000_000, 10.0), odometry) == ""
    assert poses.pose is not None
    assert poses.pose.x_m == pytest.approx(10.2)
    assert poses.pose.half_x_m == pytest.approx(0.02 + 0.2 * (0.02 + 0.01))
    assert poses.pose.half_heading_rad == pytest.approx(0.01 + 0.2 * 0.02)


def test_two_fixes_leave_what_they_have_in_common() -> None:
    odometry, poses = driven(0.0, 0.0, 10), PoseFilter(PROFILE)
    poses.fix(fix(0, 1.0), odometry)
    poses.fix(fix(PERIOD_NS, 1.03, heading=0.015), odometry)
    assert poses.pose is not None
    assert poses.pose.x_m == pytest.approx(1.015)
    assert poses.pose.half_x_m == pytest.approx(0.005)
    assert poses.pose.half_heading_rad == pytest.approx(0.0025)


def test_headings_meet_across_the_seam() -> None:
    odometry, poses = driven(0.0, 0.0, 10), PoseFilter(PROFILE)
    poses.fix(fix(0, 1.0, heading=math.pi - 0.002), odometry)
    assert poses.fix(fix(PERIOD_NS, 1.0, heading=-math.pi + 0.002), odometry) == ""
    assert poses.pose is not None
    assert abs(math.remainder(poses.pose.heading_rad - math.pi, 2 * math.pi)) < 0.003


def test_a_fix_before_the_first_reading_waits() -> None:
    poses = PoseFilter(PROFILE)
    assert poses.fix(fix(0, 1.0), Odometry(PROFILE)) == ""
    assert poses.pose is None

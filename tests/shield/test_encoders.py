from pathlib import Path

import pytest

from shield.contract import JointReading
from shield.encoders import STANDING_N, WINDOW_N, Encoders
from shield.profile import load_profile

PROFILE = load_profile(Path(__file__).parents[2] / "launch/profiles/amr_panda.yaml")
RADIUS, TRACK = PROFILE.base.wheel_radius_m, PROFILE.base.track_m
TICK_RAD = 2 * 3.141592653589793 / PROFILE.base.ticks_per_turn
PERIOD_NS = 20_000_000


def reading(k: int, left: float, right: float, arm: float = 0.0) -> JointReading:
    return JointReading(
        stamp_ns=k * PERIOD_NS,
        name=("left_wheel", "right_wheel", "arm_joint1"),
        position_rad=(left // TICK_RAD * TICK_RAD, right // TICK_RAD * TICK_RAD, 0.0),
        velocity_radps=(0.0, 0.0, arm),
        effort_nm=(0.0, 0.0, 0.0),
    )


def drive(encoders: Encoders, speed: float, yaw: float, count: int, arm: float = 0.0) -> None:
    start = encoders.stamp_ns // PERIOD_NS + 1
    for k in range(start, start + count):
        seconds = k * 0.02
        left, right = (speed - yaw * TRACK / 2) / RADIUS, (speed + yaw * TRACK / 2) / RADIUS
        assert encoders.update(reading(k, left * seconds, right * seconds, arm)) == ""


@pytest.mark.parametrize("speed", [-0.3, 0.0, 0.05, 1.2])
@pytest.mark.parametrize("yaw", [-1.2, 0.0, 0.3])
def test_speed_comes_from_positions_alone(speed: float, yaw: float) -> None:
    encoders = Encoders(PROFILE)
    drive(encoders, speed, yaw, 20)
    assert encoders.speed_mps == pytest.approx(speed, abs=0.005)
    assert encoders.yaw_rate_radps == pytest.approx(yaw, abs=0.016)
    assert encoders.standing == (speed == 0.0 and yaw == 0.0)


def test_standing_takes_a_while_and_a_moving_arm_is_not_standing() -> None:
    encoders = Encoders(PROFILE)
    drive(encoders, 0.0, 0.0, WINDOW_N + STANDING_N - 2)
    assert not encoders.standing
    drive(encoders, 0.0, 0.0, 1)
    assert encoders.standing
    drive(encoders, 0.0, 0.0, 1, arm=0.2)
    assert not encoders.standing


def test_readings_that_cannot_be_are_told_and_not_used() -> None:
    encoders = Encoders(PROFILE)
    drive(encoders, 0.5, 0.0, 10)
    assert "back in time" in encoders.update(reading(3, 0.0, 0.0))
    assert "jumps" in encoders.update(reading(11, 500.0, 500.0))
    assert encoders.speed_mps == pytest.approx(0.5, abs=0.005)
    nameless = JointReading(stamp_ns=10**9, name=("a",), position_rad=(0.0,), velocity_radps=(), effort_nm=())
    assert "no wheels" in encoders.update(nameless)
    broken = JointReading(
        stamp_ns=10**9,
        name=("left_wheel", "right_wheel"),
        position_rad=(float("nan"), 0.0),
        velocity_radps=(0.0, 0.0),
        effort_nm=(0.0, 0.0),
    )
    assert "no number" in encoders.update(broken)


def test_after_a_long_gap_the_speed_starts_anew() -> None:
    encoders = Encoders(PROFILE)
    drive(encoders, 0.5, 0.0, 10)
    assert encoders.update(reading(1000, 3000.0, 3000.0)) == ""
    assert encoders.update(reading(1001, 3000.0, 3000.0)) == ""
    assert encoders.speed_mps == 0.0

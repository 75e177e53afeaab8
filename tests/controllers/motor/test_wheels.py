from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.motor.wheels import WheelLoop, WheelMotor, body_twist, wheel_rates
from shield.profile import load_profile

BASE = load_profile(Path(__file__).parents[3] / "launch/profiles/amr_panda.yaml").base
MOTOR = WheelMotor(inertia_kgm2=0.5, drive_nm=4.0, brake_nm=9.0)
numbers = st.floats(-3, 3)


@given(numbers, numbers)
def test_twist_and_wheels_are_inverse(speed: float, yaw: float) -> None:
    back = body_twist(BASE, *wheel_rates(BASE, speed, yaw))
    assert back == pytest.approx((speed, yaw), abs=1e-9)


def test_turning_left_speeds_the_right_wheel_up() -> None:
    left, right = wheel_rates(BASE, 0.0, 1.0)
    assert left == -right
    assert right > 0


def run(loop: WheelLoop, target: float, rate: float, seconds: float) -> float:
    for _ in range(round(seconds / 0.002)):
        rate += loop.step(target, rate, 0.002) / MOTOR.inertia_kgm2 * 0.002
    return rate


def test_the_loop_reaches_its_target_and_stays() -> None:
    loop = WheelLoop(MOTOR)
    rate = run(loop, 5.0, 0.0, 2.0)
    assert rate == pytest.approx(5.0, abs=0.02)
    assert run(loop, 5.0, rate, 1.0) == pytest.approx(5.0, abs=0.01)


def test_braking_may_use_more_torque_than_driving() -> None:
    assert WheelLoop(MOTOR).step(100.0, 1.0, 0.002) == MOTOR.drive_nm
    assert WheelLoop(MOTOR).step(-100.0, 1.0, 0.002) == -MOTOR.brake_nm
    assert WheelLoop(MOTOR).step(-100.0, -1.0, 0.002) == -MOTOR.drive_nm
    assert WheelLoop(MOTOR).step(100.0, -1.0, 0.002) == MOTOR.brake_nm


def test_a_blocked_wheel_does_not_wind_the_integral_up() -> None:
    loop = WheelLoop(MOTOR)
    for _ in range(2000):
        loop.step(10.0, 0.0, 0.002)
    assert loop.step(0.0, 0.5, 0.002) < 0


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_nonsense_gives_no_torque(bad: float) -> None:
    loop = WheelLoop(MOTOR)
    assert loop.step(bad, 0.0, 0.002) == 0.0
    assert loop.step(0.0, bad, 0.002) == 0.0
    loop.reset()
    assert loop.step(0.0, 0.0, 0.002) == 0.0

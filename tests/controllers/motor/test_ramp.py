import itertools
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.motor.ramp import BaseRamp, JointRamp
from shield.contract import BaseCommand
from shield.profile import load_profile

BASE = load_profile(Path(__file__).parents[3] / "launch/profiles/amr_panda.yaml").base
DT_S = 0.02


def follow(ramp: BaseRamp, command: BaseCommand, steps: int) -> list[float]:
    speeds = []
    for _ in range(steps):
        ramp.follow(command, DT_S)
        speeds.append(ramp.speed_mps)
    return speeds


@pytest.mark.parametrize("target", [-0.3, -0.05, 0.0, 0.004, 0.1, 0.5, 1.2])
@pytest.mark.parametrize("start", [-0.3, 0.0, 0.2, 1.2])
def test_it_arrives_without_overshoot_and_within_its_limits(start: float, target: float) -> None:
    ramp = BaseRamp(BASE)
    ramp.speed_mps = start
    speeds = [start, *follow(ramp, BaseCommand(speed_mps=target), 300)]
    assert speeds[-1] == target
    for before, after in itertools.pairwise(speeds):
        assert min(start, target, 0.0) <= after <= max(start, target, 0.0)
        faster = abs(after) > abs(before)
        limit = BASE.command_accel_mps2 if faster else BASE.brake_command_mps2
        assert abs(after - before) <= limit * DT_S + 1e-9


def test_the_acceleration_changes_no_faster_than_the_jerk_limit() -> None:
    ramp = BaseRamp(BASE)
    speeds = [0.0, *follow(ramp, BaseCommand(speed_mps=1.0), 20)]
    accels = [(b - a) / DT_S for a, b in itertools.pairwise(speeds)]
    assert all(abs(b - a) <= BASE.jerk_max_mps3 * DT_S + 1e-9 for a, b in itertools.pairwise(accels))


@pytest.mark.parametrize("curvature", [-4.0, -1.0, 0.0, 0.5, 4.0])
@pytest.mark.parametrize("speed", [-0.3, 0.3, 1.0])
def test_a_stop_keeps_the_curvature(speed: float, curvature: float) -> None:
    ramp = BaseRamp(BASE)
    ramp.speed_mps, ramp.yaw_rate_radps = speed, speed * curvature
    ramp.stop(curvature, 1.6, 2.0, DT_S)
    assert abs(ramp.speed_mps) == pytest.approx(abs(speed) - 1.6 * DT_S)
    assert ramp.yaw_rate_radps == pytest.approx(ramp.speed_mps * curvature, abs=1e-9)


def test_a_rotation_stops_at_its_own_rate() -> None:
    ramp = BaseRamp(BASE)
    ramp.yaw_rate_radps = 1.0
    ramp.stop(0.0, 1.6, 2.0, DT_S)
    assert ramp.yaw_rate_radps == pytest.approx(1.0 - 2.0 * DT_S)
    for _ in range(30):
        ramp.stop(0.0, 1.6, 2.0, DT_S)
    assert (ramp.speed_mps, ramp.yaw_rate_radps) == (0.0, 0.0)


@given(
    st.floats(-0.3, 1.2), st.floats(-1.5, 1.5), st.floats(-0.3, 1.2), st.floats(-4, 4), st.floats(-1.2, 1.2)
)
def test_no_state_and_no_command_makes_anything_but_numbers(
    speed: float, yaw: float, target: float, curvature: float, turn: float
) -> None:
    ramp = BaseRamp(BASE)
    ramp.speed_mps, ramp.yaw_rate_radps = speed, yaw
    for dt_s in (0.0, 1e-9, DT_S, 0.06):
        ramp.follow(BaseCommand(speed_mps=target, curvature_radpm=curvature, turn_radps=turn), dt_s)
        ramp.stop(curvature, 1.2, 2.0, dt_s)
        assert math.isfinite(ramp.speed_mps)
        assert math.isfinite(ramp.yaw_rate_radps)


def test_joints_ramp_one_by_one() -> None:
    ramp = JointRamp(2)
    ramp.follow((1.0, -0.01), (5.0, 5.0), DT_S)
    assert ramp.velocity_radps == pytest.approx((0.1, -0.01))

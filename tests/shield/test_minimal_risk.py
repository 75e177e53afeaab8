import dataclasses
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shield.contract import HOLD, ArmCommand, BaseCommand, EgoState, SafetyMode
from shield.minimal_risk import GENTLE, MinimalRisk
from shield.profile import load_profile

PROFILE = load_profile(Path(__file__).parents[2] / "launch/profiles/amr_panda.yaml")
BASE, PERIOD_S = PROFILE.base, PROFILE.timing.period_s
STANDING = EgoState(
    stamp_ns=0,
    x_m=0.0,
    y_m=0.0,
    heading_rad=0.0,
    speed_mps=0.0,
    yaw_rate_radps=0.0,
    position_bound_m=0.02,
    heading_bound_rad=0.01,
    speed_bound_mps=0.03,
    yaw_rate_bound_radps=0.04,
)


def at(speed: float, yaw: float = 0.0) -> EgoState:
    return dataclasses.replace(STANDING, speed_mps=speed, yaw_rate_radps=yaw)


@pytest.mark.parametrize("mode", GENTLE)
@pytest.mark.parametrize("speed", [-0.3, 0.05, 0.4, 1.2])
def test_a_comfort_stop_is_gentle_and_keeps_the_curvature(mode: SafetyMode, speed: float) -> None:
    control = MinimalRisk(PROFILE)
    control.follow(BaseCommand(speed_mps=speed, curvature_radpm=0.7))
    before = speed
    for _ in range(math.ceil(abs(speed) / (PROFILE.supervisor.comfort_brake_mps2 * PERIOD_S))):
        command = control.command(mode, at(before))
        assert abs(before) - abs(command.speed_mps) <= PROFILE.supervisor.comfort_brake_mps2 * PERIOD_S + 1e-9
        assert command.speed_mps == 0.0 or command.curvature_radpm == 0.7
        before = command.speed_mps
    assert before == 0.0


def test_an_emergency_asks_for_standstill_at_once_and_keeps_the_curvature() -> None:
    control = MinimalRisk(PROFILE)
    control.follow(BaseCommand(speed_mps=1.0, curvature_radpm=-0.4))
    assert control.command(SafetyMode.MRM_EMERGENCY, at(1.0)) == BaseCommand(
        speed_mps=0.0, curvature_radpm=-0.4
    )


@pytest.mark.parametrize("mode", [m for m in SafetyMode if not m.may_drive])
def test_a_standing_robot_stands(mode: SafetyMode) -> None:
    control = MinimalRisk(PROFILE)
    for _ in range(5):
        assert control.command(mode, STANDING) == HOLD


def test_after_arm_motion_the_arm_stops_and_the_base_stands() -> None:
    control = MinimalRisk(PROFILE)
    control.follow(ArmCommand(joint_velocity_radps=(0.5,) * 7, gripper_m=0.0))
    assert control.command(SafetyMode.MRM_COMFORT, STANDING) == HOLD


def test_a_rotation_is_slowed_down() -> None:
    control = MinimalRisk(PROFILE)
    turns = [control.command(SafetyMode.MRM_COMFORT, at(0.0, 1.0)).turn_radps for _ in range(30)]
    assert turns[0] == pytest.approx(1.0 - BASE.turn_brake_min_radps2 * PERIOD_S)
    assert turns[-1] == 0.0


def test_motion_that_nobody_commanded_is_braked_as_measured() -> None:
    command = MinimalRisk(PROFILE).command(SafetyMode.MRM_COMFORT, at(0.5, 0.25))
    assert command.curvature_radpm == pytest.approx(0.5)
    assert command.speed_mps == pytest.approx(0.5 - PROFILE.supervisor.comfort_brake_mps2 * PERIOD_S)


@given(
    st.floats(-2, 2),
    st.floats(-3, 3),
    st.floats(-1.2, 1.2),
    st.floats(-4, 4),
    st.sampled_from(list(SafetyMode)),
)
def test_it_never_speeds_up(
    speed: float, yaw: float, commanded: float, curvature: float, mode: SafetyMode
) -> None:
    control = MinimalRisk(PROFILE)
    control.follow(BaseCommand(speed_mps=commanded, curvature_radpm=curvature))
    command = control.command(mode, at(speed, yaw))
    for _ in range(5):
        after = control.command(mode, at(speed, yaw))
        assert abs(after.speed_mps) <= abs(command.speed_mps) <= abs(speed)
        assert abs(after.turn_radps) <= abs(command.turn_radps) <= abs(yaw)
        command = after

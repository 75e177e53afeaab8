"""Inverse kinematics and timed paths: exact where they succeed, silent nowhere, within every limit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shield.kinematics import tool_pose
from shield.profile import RobotProfile, load_profile
from skills import ik
from skills.trajectory import Limits, sample

PROFILE = load_profile(Path("launch/profiles/amr_panda.yaml"))
LOW, HIGH = np.array(PROFILE.arm.position_min_rad), np.array(PROFILE.arm.position_max_rad)
STOWED = np.array(PROFILE.arm.stowed_rad)
PERIOD_S = PROFILE.timing.period_s


def test_rotation_vector_is_the_inverse_of_rotation_of() -> None:
    rng = np.random.default_rng(0)
    for angle in (0.0, 1e-12, 1e-6, 0.3, 3.0, np.pi - 1e-6):
        axis = rng.normal(size=3)
        vector = axis / np.linalg.norm(axis) * angle
        assert np.allclose(ik.rotation_vector(ik.rotation_of(vector)), vector, atol=1e-6)


@pytest.mark.parametrize("axis", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.6, 0.0, -0.8)])
def test_half_a_turn_is_found_about_its_axis(axis: tuple[float, float, float]) -> None:
    vector = np.array(axis) * np.pi
    found = ik.rotation_vector(2.0 * np.outer(axis, axis) - np.eye(3))
    assert np.allclose(found, vector) or np.allclose(found, -vector)


@given(share=st.lists(st.floats(-0.4, 0.4), min_size=7, max_size=7))
@settings(max_examples=150, deadline=None)
def test_a_pose_near_the_start_is_reached_within_the_limits(share: list[float]) -> None:
    wanted = np.clip(STOWED + np.array(share), LOW + 0.02, HIGH - 0.02)
    found = ik.solve(tool_pose(wanted), STOWED, STOWED, LOW, HIGH)
    assert not np.isnan(found).any()
    assert np.all(found >= LOW)
    assert np.all(found <= HIGH)
    error = ik.pose_error(tool_pose(wanted), tool_pose(found))
    assert np.linalg.norm(error[:3]) < ik.POSITION_TOLERANCE_M
    assert np.linalg.norm(error[3:]) < ik.ROTATION_TOLERANCE_RAD


@pytest.mark.parametrize("x_m", [0.95, 2.0, -3.0])
def test_out_of_reach_is_said_and_never_approximated(x_m: float) -> None:
    target = tool_pose(STOWED).copy()
    target[0, 3] = x_m
    assert np.isnan(ik.solve(target, STOWED, STOWED, LOW, HIGH)).all()
    path = ik.line(STOWED, target, 40, STOWED, LOW, HIGH)
    assert np.isnan(path[-1]).all()
    assert not np.isnan(path[0]).any()


def test_a_line_is_straight_and_comes_back_to_the_same_joints() -> None:
    target = tool_pose(STOWED).copy()
    target[:3, 3] += (0.3, 0.1, -0.1)
    out = ik.line(STOWED, target, 80, STOWED, LOW, HIGH)
    back = ik.line(out[-1], tool_pose(STOWED), 80, STOWED, LOW, HIGH)
    way = target[:3, 3] - tool_pose(STOWED)[:3, 3]
    for k, row in enumerate(out):
        on_line = tool_pose(STOWED)[:3, 3] + way * k / 80
        assert np.linalg.norm(tool_pose(row)[:3, 3] - on_line) < 2 * ik.POSITION_TOLERANCE_M
    assert np.max(np.abs(np.diff(out, axis=0))) < 0.05
    assert np.allclose(back[-1], STOWED, atol=0.02)


def limits(profile: RobotProfile, tool_mps: float) -> Limits:
    arm = profile.arm
    return Limits(
        velocity_radps=np.array(arm.work_velocity_radps),
        accel_radps2=0.5 * np.array(arm.brake_radps2),
        tool_mps=tool_mps,
    )


@given(
    dx=st.floats(0.05, 0.35), dy=st.floats(-0.2, 0.2), dz=st.floats(-0.2, 0.1), tool_mps=st.floats(0.05, 0.6)
)
@settings(max_examples=60, deadline=None)
def test_a_timed_path_keeps_velocities_accelerations_and_ends(
    dx: float, dy: float, dz: float, tool_mps: float
) -> None:
    target = tool_pose(STOWED).copy()
    target[:3, 3] += (dx, dy, dz)
    path = ik.line(STOWED, target, 80, STOWED, LOW, HIGH)
    assume(bool(np.isfinite(path).all()))  # out of reach: there is nothing to time
    length = float(np.linalg.norm((dx, dy, dz)))
    bounds = limits(PROFILE, tool_mps)
    rows = sample(path, length, bounds, PERIOD_S)
    velocity = np.diff(rows, axis=0) / PERIOD_S
    accel = np.diff(velocity, axis=0) / PERIOD_S
    assert np.allclose(rows[0], path[0])
    assert np.allclose(rows[-1], path[-1])
    assert np.all(np.abs(velocity) <= 1.02 * bounds.velocity_radps)
    assert np.all(np.abs(accel) <= 1.10 * bounds.accel_radps2)
    tools = np.array([tool_pose(row)[:3, 3] for row in rows])
    assert np.max(np.linalg.norm(np.diff(tools, axis=0), axis=1)) <= 1.03 * tool_mps * PERIOD_S


def test_a_path_that_stands_still_takes_no_time() -> None:
    rows = sample(np.tile(STOWED, (5, 1)), 0.0, limits(PROFILE, 0.5), PERIOD_S)
    assert len(rows) < 200
    assert np.allclose(rows, STOWED)

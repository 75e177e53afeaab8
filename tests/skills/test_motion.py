"""Shaped set-points keep the gate's rules, whatever the policy asks for: the same limits, from two hands."""

from __future__ import annotations

import math
from collections import deque
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shield.contract import AT_REST
from shield.profile import load_profile
from shield.rules import Situation, broken, fixed_limits, measure, tell, tick_limits
from skills.motion import IN_PLACE_MPS, arrival_cap, base_command, follow, issued, limits

PROFILE = load_profile(Path("launch/profiles/amr_panda.yaml"))
LIMITS = limits(PROFILE)
PERIOD_S = PROFILE.timing.period_s
TOP_MPS = PROFILE.base.speed_max_mps
wishes = st.lists(
    st.tuples(st.floats(-1.0, 2.0), st.floats(-3.0, 3.0), st.integers(1, 60)), min_size=1, max_size=12
)


def drive(wanted: list[tuple[float, float, int]], delay_n: int = 2) -> tuple[list[str], list[float]]:
    """Follow wishes on a robot that lags; returns what the gate's rules say, and the speeds."""
    reference, own = np.zeros(3), np.zeros(2)
    waiting: deque[tuple[float, float]] = deque([(0.0, 0.0)] * delay_n)
    now = Situation(speed_limit_mps=TOP_MPS)
    said, speeds = [], []
    for speed, yaw_rate, periods in wanted:
        for _ in range(periods):
            follow(LIMITS, np.array([speed, yaw_rate]), reference, own[0], TOP_MPS, PERIOD_S)
            command = base_command(LIMITS, reference)
            values = measure(command.speed_mps, command.curvature_radpm, command.turn_radps)
            spans = fixed_limits(PROFILE) + tick_limits(PROFILE, now)
            said += [tell(limit, values) for limit in broken(spans, values)]
            now = Situation(
                speed_limit_mps=TOP_MPS,
                speed_mps=command.speed_mps,
                yaw_rate_radps=command.yaw_rate_radps,
                speed_step_mps=command.speed_mps - now.speed_mps,
            )
            waiting.append((command.speed_mps, command.yaw_rate_radps))
            own[:] = waiting.popleft()
            speeds.append(command.speed_mps)
    return said, speeds


@given(wishes)
@settings(max_examples=150, deadline=None)
def test_any_wishes_become_set_points_within_the_gates_rules(wanted: list[tuple[float, float, int]]) -> None:
    assert drive(wanted)[0] == []


def test_a_wish_is_reached_and_not_overshot() -> None:
    _, speeds = drive([(0.7, 0.0, 200)])
    assert max(speeds) == pytest.approx(0.7, abs=1e-9)
    _, speeds = drive([(0.7, 0.0, 100), (0.0, 0.0, 120)])
    assert speeds[-1] == 0.0
    assert min(speeds) >= 0.0


def test_a_rotation_in_place_begins_at_rest_and_ends_before_driving() -> None:
    reference, own = np.array([0.3, 0.0, 0.0]), np.array([0.3, 0.0])
    for _ in range(100):
        follow(LIMITS, np.array([0.0, 1.0]), reference, own[0], TOP_MPS, PERIOD_S)
        command = base_command(LIMITS, reference)
        assert command.turn_radps == 0.0 or own[0] < IN_PLACE_MPS
        own[:] = command.speed_mps, command.yaw_rate_radps
    assert reference[1] == pytest.approx(1.0)
    for _ in range(100):
        turned = abs(reference[1])
        follow(LIMITS, np.array([0.5, 0.0]), reference, own[0], TOP_MPS, PERIOD_S)
        assert reference[0] == 0.0 or turned < 0.1
        own[:] = reference[0], reference[1]
    assert reference[0] > 0.4


def test_a_robot_that_is_held_is_asked_for_one_period_of_motion_again_and_again() -> None:
    for _ in range(20):
        reference = issued(AT_REST)
        follow(LIMITS, np.array([1.0, 0.0]), reference, 0.0, TOP_MPS, PERIOD_S)
        assert 0.0 < reference[0] <= PROFILE.base.command_accel_mps2 * PERIOD_S


@pytest.mark.parametrize("left_m", [-1.0, 0.0, 0.1, 1.0, 10.0])
def test_the_cap_before_the_goal_lets_the_robot_stop_there(left_m: float) -> None:
    cap = arrival_cap(left_m)
    assert cap > IN_PLACE_MPS
    assert cap * cap / (2.0 * 0.61) < max(left_m, 0.0) + 0.05
    assert math.isfinite(cap)

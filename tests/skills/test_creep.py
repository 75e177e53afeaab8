"""Set-points of slow motion: whatever is wished for, the gate's rules are kept, and the wish is reached."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shield.contract import BaseCommand, EgoState
from shield.profile import load_profile
from shield.rules import Situation, broken, fixed_limits, measure, tell, tick_limits
from skills.creep import SLACK_MPS, Creep

PROFILE = load_profile(Path("launch/profiles/amr_panda.yaml"))


def ego(speed_mps: float = 0.0, yaw_rate_radps: float = 0.0) -> EgoState:
    return EgoState(
        stamp_ns=0, x_m=0.0, y_m=0.0, heading_rad=0.0, speed_mps=speed_mps, yaw_rate_radps=yaw_rate_radps,
        position_bound_m=0.0, heading_bound_rad=0.0, speed_bound_mps=0.0, yaw_rate_bound_radps=0.0,
    )  # fmt: skip


speeds = st.floats(-0.27, 0.4)
wishes = st.lists(
    st.one_of(
        st.tuples(st.just("drive"), speeds, st.floats(-1.5, 1.5)),
        st.tuples(st.just("turn"), st.floats(-0.5, 0.5), st.just(0.0)),
        st.tuples(st.just("stand"), st.just(0.0), st.just(0.0)),
    ),
    min_size=1,
    max_size=6,
)


@given(wishes=wishes, each=st.integers(1, 60))
@settings(max_examples=150, deadline=None)
def test_any_wishes_keep_the_gates_rules(wishes: list[tuple[str, float, float]], each: int) -> None:
    creep, measured = Creep(PROFILE), ego()
    creep.reset(measured)
    now = Situation(speed_limit_mps=PROFILE.base.speed_max_mps)
    for kind, value, curvature in wishes:
        for _ in range(each):
            if kind == "drive":
                command = creep.drive(value, curvature, measured)
            else:
                command = creep.turn(value, measured) if kind == "turn" else creep.stand(measured)
            values = measure(command.speed_mps, command.curvature_radpm, command.turn_radps)
            spans = fixed_limits(PROFILE) + tick_limits(PROFILE, now)
            assert [tell(limit, values) for limit in broken(spans, values)] == []
            step = command.speed_mps - now.speed_mps
            now = replace(now, speed_mps=command.speed_mps, yaw_rate_radps=command.yaw_rate_radps,
                          speed_step_mps=step)  # fmt: skip
            measured = ego(command.speed_mps, command.yaw_rate_radps)


@given(speed=speeds, curvature=st.floats(-1.5, 1.5))
@settings(max_examples=40, deadline=None)
def test_a_wish_is_reached_and_left_again(speed: float, curvature: float) -> None:
    creep, command = Creep(PROFILE), BaseCommand(speed_mps=0.0)
    for _ in range(100):
        command = creep.drive(speed, curvature, ego(command.speed_mps, command.yaw_rate_radps))
    assert command.speed_mps == pytest.approx(speed, abs=1e-6)
    assert command.yaw_rate_radps == pytest.approx(speed * curvature, abs=1e-6)
    for _ in range(100):
        command = creep.stand(ego(command.speed_mps, command.yaw_rate_radps))
    assert creep.standing
    assert command == BaseCommand(speed_mps=0.0, turn_radps=0.0)


def test_the_base_stands_before_it_rotates_and_ends_the_rotation_before_it_drives() -> None:
    creep, command = Creep(PROFILE), BaseCommand(speed_mps=0.0)
    seen = []
    for wish in ("drive", "turn", "drive"):
        for _ in range(60):
            measured = ego(command.speed_mps, command.yaw_rate_radps)
            command = creep.drive(0.25, 0.0, measured) if wish == "drive" else creep.turn(0.4, measured)
            seen.append(command)
    assert all(c.speed_mps == 0.0 or c.turn_radps == 0.0 for c in seen)
    assert max(c.turn_radps for c in seen) == pytest.approx(0.4)


def test_a_base_that_is_held_back_is_not_run_away_from() -> None:
    creep = Creep(PROFILE)
    for _ in range(100):
        command = creep.drive(0.25, 0.0, ego(0.0))
    assert command.speed_mps <= SLACK_MPS + PROFILE.base.command_accel_mps2 * PROFILE.timing.period_s


def test_a_start_in_motion_begins_from_what_is_measured() -> None:
    creep = Creep(PROFILE)
    creep.reset(ego(0.3, 0.1))
    assert creep.drive(0.3, 0.0, ego(0.3, 0.1)).speed_mps == pytest.approx(0.3)

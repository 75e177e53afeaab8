"""Set-points of slow motion: whatever is wished for, the gate's rules are kept, and the wish is reached."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shield.contract import HOLD, NO_DISCS, BaseCommand, BaseSetPoint, EgoState, Snapshot
from shield.profile import load_profile
from shield.rules import Situation, broken, fixed_limits, measure, tell, tick_limits
from skills.creep import Creep
from skills.motion import LAST_MPS

PROFILE = load_profile(Path("launch/profiles/amr_panda.yaml"))


def after(command: BaseCommand, last_mps: float = 0.0) -> Snapshot:
    """What the next proposal starts from when `command` was issued and the base follows at once."""
    ego = EgoState(
        stamp_ns=0, x_m=0.0, y_m=0.0, heading_rad=0.0, speed_mps=command.speed_mps,
        yaw_rate_radps=command.yaw_rate_radps, position_bound_m=0.0, heading_bound_rad=0.0, speed_bound_mps=0.0,
        yaw_rate_bound_radps=0.0,
    )  # fmt: skip
    set_point = BaseSetPoint(speed_mps=command.speed_mps, yaw_rate_radps=command.yaw_rate_radps,
                             speed_step_mps=command.speed_mps - last_mps)  # fmt: skip
    return Snapshot(robot="r", sequence=0, stamp_ns=0, ego=ego, discs=NO_DISCS, set_point=set_point)


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
    creep, snapshot = Creep(PROFILE), after(HOLD)
    now = Situation(speed_limit_mps=PROFILE.base.speed_max_mps)
    for kind, value, curvature in wishes:
        for _ in range(each):
            if kind == "drive":
                command = creep.drive(value, curvature, snapshot)
            else:
                command = creep.turn(value, snapshot) if kind == "turn" else creep.stand(snapshot)
            values = measure(command.speed_mps, command.curvature_radpm, command.turn_radps)
            spans = fixed_limits(PROFILE) + tick_limits(PROFILE, now)
            assert [tell(limit, values) for limit in broken(spans, values)] == []
            snapshot = after(command, now.speed_mps)
            step = command.speed_mps - now.speed_mps
            now = replace(now, speed_mps=command.speed_mps, yaw_rate_radps=command.yaw_rate_radps,
                          speed_step_mps=step)  # fmt: skip


@given(speed=speeds, curvature=st.floats(-1.5, 1.5))
@settings(max_examples=40, deadline=None)
def test_a_wish_is_reached_and_left_again(speed: float, curvature: float) -> None:
    creep, last, command = Creep(PROFILE), 0.0, HOLD
    for _ in range(120):
        last, command = command.speed_mps, creep.drive(speed, curvature, after(command, last))
    assert command.speed_mps == pytest.approx(speed, abs=1e-6)
    reachable = PROFILE.base.curvature_max_radpm * max(abs(speed) - LAST_MPS, 0.0)
    wanted = min(max(speed * curvature, -reachable), reachable)
    assert command.yaw_rate_radps == pytest.approx(wanted, rel=0.03, abs=1e-6)
    for _ in range(120):
        last, command = command.speed_mps, creep.stand(after(command, last))
    assert command == HOLD


def test_the_base_stands_before_it_rotates_and_ends_the_rotation_before_it_drives() -> None:
    creep, last, command = Creep(PROFILE), 0.0, HOLD
    seen = []
    for wish in ("drive", "turn", "drive"):
        for _ in range(60):
            now, last = after(command, last), command.speed_mps
            command = creep.drive(0.25, 0.0, now) if wish == "drive" else creep.turn(0.4, now)
            seen.append(command)
    assert all(c.speed_mps == 0.0 or c.turn_radps == 0.0 for c in seen)
    assert max(c.turn_radps for c in seen) == pytest.approx(0.4)


def test_it_goes_on_from_what_was_issued_not_from_its_own_wish() -> None:
    creep = Creep(PROFILE)
    for _ in range(100):  # the gate lets nothing move
        command = creep.drive(0.25, 0.0, after(HOLD))
    assert 0.0 < command.speed_mps <= PROFILE.base.command_accel_mps2 * PROFILE.timing.period_s
    moving = BaseCommand(speed_mps=0.3)
    assert creep.drive(0.3, 0.0, after(moving, 0.3)).speed_mps == pytest.approx(0.3)

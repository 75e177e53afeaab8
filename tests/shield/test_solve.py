from __future__ import annotations

import dataclasses
import math

import pytest
import z3
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shield.contract import BaseCommand
from shield.prove import DECLARED, Proof, Prover, nearer_action, within
from shield.rules import (
    FIXED_RULES,
    TICK_RULES,
    Limit,
    Quantity,
    Situation,
    broken,
    broken_exactly,
    fixed_limits,
    measure,
    tell,
    tick_limits,
)
from shield.search import SAFE
from shield.solve import Answer, Option, Problem, contradiction, curvatures, solve, weight, window
from tests.shield.scenes import PROFILE, arc, turn

PROVER = Prover()
speeds, bends = st.floats(-0.3, 1.2), st.floats(-4.0, 4.0)


def all_limits(now: Situation) -> tuple[Limit, ...]:
    return fixed_limits(PROFILE) + tick_limits(PROFILE, now)


situations = st.builds(
    Situation,
    speed_mps=speeds,
    yaw_rate_radps=st.floats(-1.5, 1.5),
    speed_step_mps=st.floats(-0.03, 0.012),
    driving=st.booleans(),
    speed_limit_mps=st.floats(0.0, 1.2),
    arm_stowed=st.booleans(),
    arm_moves=st.booleans(),
)


def allowed(limits: tuple[Limit, ...], command: BaseCommand) -> bool:
    return not broken(limits, measure(command.speed_mps, command.curvature_radpm, command.turn_radps))


@given(situations, bends, st.booleans())
def test_the_window_is_what_the_rules_allow(now: Situation, curvature: float, rotates: bool) -> None:
    assume(curvature == 0.0 or abs(curvature) > 1e-3)
    limits = all_limits(now)
    low, high = window(limits, curvature, rotates)

    def command(value: float) -> BaseCommand:
        return turn(value) if rotates else arc(value, curvature)

    if low <= high:
        for value in (low, (low + high) / 2, high):
            assert allowed(limits, command(value))
        assert not allowed(limits, command(high + 1e-4))
        assert not allowed(limits, command(low - 1e-4))
    else:
        assert not any(allowed(limits, command(i / 100)) for i in range(-30, 121))


@given(situations, bends, st.booleans())
def test_a_contradiction_is_one_is_smallest_and_is_proved(
    now: Situation, curvature: float, rotates: bool
) -> None:
    limits = all_limits(now)
    low, high = window(limits, curvature, rotates)
    assume(abs(low - high) > 1e-6)
    core = contradiction(limits, curvature, rotates)
    assert bool(core) == (low > high)
    if core:
        core_low, core_high = window(core, curvature, rotates)
        assert core_low > core_high
        for left_out in core:
            rest = tuple(limit for limit in core if limit is not left_out)
            assert window(rest, curvature, rotates)[0] <= window(rest, curvature, rotates)[1]
        if all(limit.quantity <= Quantity.CURVATURE for limit in core):
            assert PROVER.contradicts(core, curvature, rotates) is Proof.HOLDS
    else:
        assert PROVER.contradicts(limits, curvature, rotates) is not Proof.HOLDS


options = st.builds(
    lambda k, low, size: Option(k, False, low, low + size, SAFE),
    st.floats(-1.0, 1.0),
    st.floats(-0.3, 1.0),
    st.floats(0.0, 0.4),
)


@given(st.lists(options, min_size=1, max_size=6), speeds, st.floats(-1.0, 1.0))
def test_the_answer_is_the_nearest_and_z3_agrees(found: list[Option], speed: float, curvature: float) -> None:
    problem = Problem(
        proposal=arc(speed, curvature), weight_m2ps=weight(PROFILE), limits=(), options=tuple(found)
    )
    answer = solve(problem)
    assert answer is not None
    for option in found:
        for share in (0.0, 0.3, 0.7, 1.0):
            value = option.low + share * (option.high - option.low)
            distance = abs(value - speed) + weight(PROFILE) * abs(option.curvature - curvature)
            assert distance >= answer.distance - 1e-12
    assert PROVER.nearest(problem, answer) is Proof.HOLDS
    worse = Answer(answer.command, answer.distance + 0.01, answer.option)
    assert PROVER.nearest(problem, worse) is Proof.REFUTED


def test_a_rotation_is_preferred_to_driving_where_one_was_asked_for() -> None:
    both = (Option(0.2, False, 0.1, 0.3, SAFE), Option(0.0, True, 0.2, 0.5, SAFE))
    problem = Problem(proposal=turn(0.9), weight_m2ps=0.5, limits=(), options=both)
    answer = solve(problem)
    assert answer is not None
    assert answer.command == turn(0.5)
    assert PROVER.nearest(problem, answer) is Proof.HOLDS
    other = solve(dataclasses.replace(problem, proposal=arc(0.9, 0.2)))
    assert other is not None
    assert other.command == arc(0.3, 0.2)
    assert solve(dataclasses.replace(problem, options=())) is None


def test_a_question_can_be_read() -> None:
    limits = (Limit("accel", Quantity.SPEED, -0.1, 0.5), Limit("speed", Quantity.SPEED, -0.3, 1.2))
    problem = Problem(
        proposal=arc(0.9), weight_m2ps=0.5, limits=limits, options=(Option(0.0, False, 0.0, 0.5, SAFE),)
    )
    text = nearer_action(problem, Answer(arc(0.5), 0.4, problem.options[0]))
    assert text == (
        "(assert (<= (- 0.100000000) speed 0.500000000)) "
        "(assert (or false (and (= yaw (* 0.000000000 speed)) "
        "(<= 0.000000000 speed 0.500000000) (< 0.500001000 speed 1.299999000))))"
    )
    assert nearer_action(problem, Answer(arc(0.5), 0.0, problem.options[0])) == ""
    assert "(= speed 0)" in within(limits, 0.3, True)
    z3.parse_smt2_string(DECLARED + text)


def test_unknown_is_neither_proof_nor_refutation() -> None:
    prover = Prover()
    prover._solver.set("rlimit", 1)
    assert prover._unsatisfiable(
        "(assert (= (* speed speed speed) (* yaw curvature speed 7.0)))(assert (> (* speed yaw) 3.0))"
    ) in (Proof.UNKNOWN, Proof.REFUTED)
    assert prover._unsatisfiable("(assert nonsense") is Proof.UNKNOWN
    assert Prover()._unsatisfiable("(assert (> speed 1.0)) (assert (< speed 1.0))") is Proof.HOLDS


def test_every_rule_has_a_name_of_its_own_and_a_sentence() -> None:
    names = [rule.name for rule in (*FIXED_RULES, *TICK_RULES)]
    assert len(set(names)) == len(names)
    assert all(rule.sentence for rule in (*FIXED_RULES, *TICK_RULES))


@settings(max_examples=300)
@given(situations, speeds, bends, st.floats(-1.2, 1.2))
def test_exact_and_direct_evaluation_agree(now: Situation, speed: float, bend: float, rate: float) -> None:
    limits = all_limits(now)
    command = BaseCommand(speed_mps=speed, curvature_radpm=bend, turn_radps=rate)
    assert broken_exactly(limits, command) == broken(limits, measure(speed, bend, rate))


def test_coupled_limits_hold_as_coupled_limits() -> None:
    """Each of speed and curvature alone is fine; together they are not."""
    limits = fixed_limits(PROFILE)
    assert allowed(limits, arc(1.2, 0.5))
    assert allowed(limits, arc(0.3, 4.0))
    fast_and_tight = arc(1.2, 1.0)
    names = [limit.rule for limit in broken(limits, measure(1.2, 1.0, 0.0))]
    assert names == ["lateral_accel"]
    assert broken_exactly(limits, fast_and_tight)
    assert [limit.rule for limit in broken(limits, measure(0.4, 4.0, 0.0))] == ["yaw_rate"]


@pytest.mark.parametrize("factor", [1.0 - 1e-9, 1.0, 1.0 + 1e-6])
def test_just_below_at_and_just_above_each_limit(factor: float) -> None:
    base = PROFILE.base
    limits = fixed_limits(PROFILE)
    at_limit = {
        "speed": arc(base.speed_max_mps * factor),
        "turn": turn(base.turn_max_radps * factor),
        "yaw_rate": arc(0.5, base.yaw_rate_max_radps / 0.5 * factor),
        "lateral_accel": arc(1.0, base.lateral_accel_max_mps2 * factor),
        "curvature": arc(0.1, base.curvature_max_radpm * factor),
    }
    for name, command in at_limit.items():
        values = measure(command.speed_mps, command.curvature_radpm, command.turn_radps)
        found = broken(limits, values)
        assert [limit.rule for limit in found] == ([name] if factor > 1.0 else [])
        for limit in found:
            assert "is not within" in tell(limit, values)


@given(situations)
def test_braking_as_the_fail_safe_does_keeps_the_rules_while_driving(now: Situation) -> None:
    """No rule but the interlocks and the jerk limit keeps the robot from braking along its curvature."""
    now = dataclasses.replace(now, arm_stowed=True, arm_moves=False)
    curvature = now.yaw_rate_radps / now.speed_mps if abs(now.speed_mps) > 0.05 else 0.0
    assume(abs(curvature) <= 1.5)
    assume(abs(now.speed_mps * now.yaw_rate_radps) <= 0.8)
    slower = math.copysign(max(0.0, abs(now.speed_mps) - 1.6 * 0.02), now.speed_mps)
    spoken = {limit.rule for limit in broken(all_limits(now), measure(slower, curvature, 0.0))}
    yaw_jumped = abs(slower * curvature - now.yaw_rate_radps) > 0.05
    assert spoken <= {"jerk"} | (
        {"yaw_accel", "mode_brakes_turn"} if yaw_jumped or curvature == 0.0 else set()
    )


def test_curvatures_to_try_begin_with_the_proposed_one() -> None:
    limits = all_limits(Situation(speed_mps=0.5, yaw_rate_radps=0.1, speed_limit_mps=1.2))
    found = curvatures(arc(0.5, 3.0), 0.2, limits, 4.0)
    assert found[0] == 3.0
    assert 0.2 in found
    assert len(found) <= 7
    assert all(abs(k) <= 4.0 for k in curvatures(arc(0.5, 9.0), 0.2, limits, 4.0))

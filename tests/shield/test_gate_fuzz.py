"""Whatever comes in, the gate answers with a verdict; what it does not understand ends in the fail-safe."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shield import contract as c
from shield.contract import ArmCommand, BaseCommand, GateDecision, Outcome, SafetyMode
from shield.gate import Gate
from shield.seal import unseal
from tests.shield.scenes import KEY, PERIOD_NS, PROFILE, SITE, Body, arc, person, proposal, snapshot

GATE = Gate(PROFILE, SITE, KEY)  # one for all examples: whatever came before must not matter
COUNT = iter(range(1, 10**9))
odd_numbers = st.sampled_from(
    [math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, 0.0, -0.0, 1e7, 2**70, -1]
)
numbers = st.one_of(odd_numbers, st.floats(), st.floats(-2.0, 2.0), st.integers())
junk = st.one_of(
    st.none(),
    st.text(max_size=5),
    st.binary(max_size=5),
    st.booleans(),
    numbers,
    st.lists(numbers, max_size=9),
    st.dictionaries(st.text(max_size=2), numbers, max_size=2),
)
anything = st.one_of(numbers, junk)
arrays = st.lists(st.floats(), max_size=6).map(np.array)
kinds = st.lists(st.floats(0, 6), max_size=6)
discs = st.builds(
    lambda x, y, r, v, a, k: c.Discs(x_m=x, y_m=y, radius_m=r, speed_mps=v, age_s=a, kind=k),
    arrays,
    arrays,
    arrays,
    arrays,
    arrays,
    kinds,
)
commands = st.one_of(
    st.builds(
        lambda v, k, w: BaseCommand(speed_mps=v, curvature_radpm=k, turn_radps=w),
        anything,
        anything,
        anything,
    ),
    st.builds(
        lambda q, g: ArmCommand(joint_velocity_radps=q, gripper_m=g),
        st.one_of(junk, st.lists(numbers, max_size=8).map(tuple)),
        anything,
    ),
    st.builds(
        BaseCommand,
        speed_mps=st.floats(-0.5, 1.5),
        curvature_radpm=st.floats(-5.0, 5.0),
        turn_radps=st.floats(-2.0, 2.0),
    ),
    junk,
)


def settled(decision: GateDecision, certified: Any) -> None:
    """What holds of every answer."""
    assert decision.verdict.outcome in Outcome
    assert (decision.verdict.outcome is Outcome.ACCEPTED) == (not decision.verdict.reasons)
    assert certified is not None
    assert unseal(certified.sealed, KEY) is not None
    tail = decision.fail_safe
    assert all(map(math.isfinite, (tail.speed_mps, tail.curvature_radpm, tail.turn_radps, tail.duration_s)))
    assert abs(tail.speed_mps) <= PROFILE.base.speed_max_mps + 1e-9
    command = decision.command
    if isinstance(command, BaseCommand):
        assert math.isfinite(command.speed_mps + command.curvature_radpm + command.turn_radps)
    if decision.verdict.outcome is Outcome.FALLBACK:
        assert isinstance(command, BaseCommand)
        assert command.speed_mps == command.turn_radps == 0.0
    assert "defect" not in decision.verdict.rules, decision.verdict.reasons


@settings(max_examples=400, deadline=None)
@given(commands, st.text(max_size=12), st.sampled_from(SafetyMode), numbers)
def test_any_command(command: Any, skill: str, mode: SafetyMode, limit: Any) -> None:
    k = next(COUNT)
    seen = snapshot(k, Body(x=6.0), [person(8.0, 5.0)], mode=mode, limit=limit)
    certified, decision = GATE.certify(proposal(k, command, skill or "minimal_risk"), seen, k * PERIOD_NS)
    settled(decision, certified)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([f.name for f in dataclasses.fields(c.ProposedAction)]), anything)
def test_any_field_of_the_proposal(name: str, value: Any) -> None:
    k = next(COUNT)
    asked = dataclasses.replace(proposal(k, arc(0.005)), **{name: value})
    certified, decision = GATE.certify(asked, snapshot(k, Body()), k * PERIOD_NS)
    settled(decision, certified)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([f.name for f in dataclasses.fields(c.EgoState)]), anything)
def test_any_field_of_the_ego_state(name: str, value: Any) -> None:
    k = next(COUNT)
    seen = snapshot(k, Body())
    seen = dataclasses.replace(seen, ego=dataclasses.replace(seen.ego, **{name: value}))
    certified, decision = GATE.certify(proposal(k, arc(0.005)), seen, k * PERIOD_NS)
    settled(decision, certified)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([f.name for f in dataclasses.fields(c.Snapshot)]), anything)
def test_any_field_of_the_snapshot(name: str, value: Any) -> None:
    k = next(COUNT)
    seen = dataclasses.replace(snapshot(k, Body()), **{name: value})
    certified, decision = GATE.certify(proposal(k, arc(0.005)), seen, k * PERIOD_NS)
    settled(decision, certified)


@settings(max_examples=200, deadline=None)
@given(discs)
def test_any_discs(found: c.Discs) -> None:
    k = next(COUNT)
    seen = dataclasses.replace(snapshot(k, Body()), discs=found)
    certified, decision = GATE.certify(proposal(k, arc(0.005)), seen, k * PERIOD_NS)
    settled(decision, certified)


@settings(max_examples=100, deadline=None)
@given(junk, junk, junk)
def test_anything_at_all(asked: Any, seen: Any, now_ns: Any) -> None:
    gate = Gate(PROFILE, SITE, KEY)
    certified, decision = gate.certify(asked, seen, now_ns)
    settled(decision, certified)
    assert decision.verdict.outcome is Outcome.FALLBACK


def test_ten_thousand_discs_and_somebody_on_top_of_the_robot() -> None:
    generator = np.random.default_rng(1)
    rows = [person(*generator.uniform(2.0, 8.0, 2)) for _ in range(10_000)]
    for crowd in (rows, [person(6.0, 5.0)], []):
        k = next(COUNT)
        certified, decision = GATE.certify(proposal(k, arc(0.005)), snapshot(k, Body(), crowd), k * PERIOD_NS)
        settled(decision, certified)
    assert decision.verdict.outcome is Outcome.ACCEPTED  # the last: an empty world


def test_a_defect_inside_ends_in_the_fail_safe() -> None:
    gate = Gate(PROFILE, SITE, KEY)
    gate._decider = None  # type: ignore[assignment] # broken on purpose
    certified, decision = gate.certify(proposal(1, arc(0.005)), snapshot(1, Body()), PERIOD_NS)
    assert certified is not None
    assert decision.verdict.outcome is Outcome.FALLBACK
    assert decision.verdict.rules == ("defect",)

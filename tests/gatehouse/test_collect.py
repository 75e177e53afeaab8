"""Columns of a run: what is taken, joined, closed and measured."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from gatehouse.cdr import Cdr
from gatehouse.collect import SERIES, Collector, collect, read_columns
from gatehouse.record import Columns, Message, quantiles
from shield import contract as c
from shield.blackbox import Recorder
from shield.errors import BadInput
from shield.profile import load_profile
from shield.site import load_site
from tests.gatehouse.story import END_S, START_NS, STEP_IN_S, STEP_OUT_S, Story

ROOT = Path(__file__).resolve().parents[2]
PROFILE = load_profile(ROOT / "launch/profiles/amr_panda.yaml")
SITE = load_site(ROOT / "launch/sites/warehouse.yaml")


@pytest.fixture(scope="module")
def columns(story: Story) -> Columns:
    return collect(story.messages)


def test_path_and_speeds_are_those_of_the_run(columns: Columns) -> None:
    assert columns.robot == "amr_panda"
    assert columns.duration_s == pytest.approx(END_S)
    assert columns.distance_m == pytest.approx(columns.x_m.value[-1] - 3.0, abs=1e-6)
    assert columns.measured_mps.at(STEP_OUT_S - 1.0) == 0.0
    assert columns.proposed_mps.at(STEP_OUT_S - 1.0) == pytest.approx(0.8)


def test_the_order_counts_as_fulfilled_only_by_its_last_status(story: Story) -> None:
    assert collect(story.messages).is_fulfilled
    assert not collect(story.messages[:-1]).is_fulfilled
    assert not collect([]).is_fulfilled


def test_modes_follow_each_other_without_gaps(columns: Columns) -> None:
    assert [span.label for span in columns.modes] == ["INIT", "NOMINAL", "DEGRADED", "NOMINAL"]
    ends, starts = [s.end_s for s in columns.modes[:-1]], [s.start_s for s in columns.modes[1:]]
    assert ends == starts


def test_skills_end_with_their_state(columns: Columns) -> None:
    assert [(span.label, span.detail) for span in columns.skills] == [
        ("navigate", "slot_a2"),
        ("dock", "packing"),
    ]
    assert columns.skills[-1].state == "SUCCEEDED"
    found = columns.skill_at(25.0)
    assert found is not None
    assert found.label == "dock"
    assert columns.skill_at(1e6) is None


def test_a_repeated_end_of_a_skill_makes_no_second_execution() -> None:
    collector = Collector()
    states = (c.SkillState.RUNNING, c.SkillState.FAILED, c.SkillState.FAILED, c.SkillState.RUNNING)
    for k, state in enumerate((*states, c.SkillState.IDLE)):
        status = c.SkillStatus(stamp_ns=k, skill="pick", version="1", target="t", state=state, progress=0.0)
        collector.add("skill_status", status, k)
    assert [span.state for span in collector.columns().skills] == ["FAILED", "RUNNING"]


def test_decisions_close_together_are_one_episode(columns: Columns) -> None:
    (one,) = columns.interventions
    assert one.outcome is c.Outcome.FALLBACK
    assert one.decisions_n == sum(count for name, count in columns.outcomes.items() if name != "ACCEPTED")
    assert one.fallbacks_n == columns.outcomes["FALLBACK"]
    assert one.start_s == pytest.approx(STEP_IN_S, abs=0.05)
    assert one.end_s == pytest.approx(STEP_OUT_S, abs=0.05)
    assert one.issued_mps == 0.0
    assert one.cut_mps == pytest.approx(0.8)
    assert one.nearest_person_m == pytest.approx(np.min(columns.person_m.value))


def test_what_was_in_the_way_is_more_telling_than_how_it_braked(story: Story) -> None:
    def ruled(number: int, message: Message) -> Message:
        topic, value, stamp_ns = message
        if isinstance(value, c.GateDecision) and value.verdict.rules:
            rules = ("clearance",) if number % 49 == 0 else ("acceleration",)
            verdict = dataclasses.replace(value.verdict, rules=rules, reasons=(rules[0], "more"))
            value = dataclasses.replace(value, verdict=verdict)
        return topic, value, stamp_ns

    (one,) = collect(ruled(k, message) for k, message in enumerate(story.messages)).interventions
    assert (one.reason, one.rules) == ("clearance", ("clearance",))
    assert one.decisions_n > 100


def test_a_pause_ends_an_episode(story: Story) -> None:
    first, last = START_NS + 8_000_000_000, START_NS + 9_100_000_000
    kept = [m for m in story.messages if m[0] != "gate_decision" or not first < m[2] < last]
    assert len(collect(kept).interventions) == 2


def test_refusing_to_hold_still_is_no_intervention(story: Story) -> None:
    def still(message: Message) -> Message:
        topic, value, stamp_ns = message
        if isinstance(value, c.GateDecision):
            proposal = dataclasses.replace(value.proposal, command=c.HOLD)
            value = dataclasses.replace(value, proposal=proposal)
        if isinstance(value, c.Snapshot):
            value = dataclasses.replace(value, ego=dataclasses.replace(value.ego, speed_mps=0.0))
        return topic, value, stamp_ns

    assert collect(map(still, story.messages)).interventions == ()


def test_delays_are_between_stamps(columns: Columns) -> None:
    delays = {name: quantiles(values) for name, values in columns.delay_s.items()}
    assert delays["gate"][1] == pytest.approx(0.0004)
    assert delays["before_gate"][0] == pytest.approx(0.004)
    assert delays["sensing_to_certified"][2] == pytest.approx(0.0044)
    assert delays["sensing_to_motors"][2] == pytest.approx(0.009)


def test_a_set_point_counts_once_it_can_know_of_the_command(story: Story) -> None:
    late = collect(
        Story(gate_s=0.0004, delay_s=0.012).messages
    )  # certified after the set-point of its period
    assert quantiles(late.delay_s["sensing_to_motors"])[0] == pytest.approx(0.029)


def test_readiness_is_the_first_mode_that_may_drive(columns: Columns) -> None:
    assert columns.ready_s == pytest.approx(0.5, abs=0.03)
    assert columns.driven_s == pytest.approx(columns.duration_s - columns.ready_s)
    assert collect([]).ready_s == 0.0


def test_faults_are_counted_and_keep_the_worst_answer() -> None:
    collector = Collector()
    for k, severity in enumerate((c.Severity.DEGRADE, c.Severity.STOP, c.Severity.INFO)):
        fault = c.Fault(stamp_ns=k, source="supervisor", code="scan_stale", severity=severity, detail=str(k))
        collector.add("fault", fault, START_NS + k)
    (line,) = collector.columns().faults
    assert (line.count_n, line.severity, line.detail) == (3, c.Severity.STOP, "0")


def test_nothing_gives_empty_columns() -> None:
    columns = collect([])
    assert columns.duration_s == 0.0
    assert columns.distance_m == 0.0
    assert math.isnan(columns.x_m.at(1.0))
    assert all(math.isnan(value) for value in quantiles(columns.delay_s["gate"]))


def test_a_record_gives_the_same_columns_as_the_run(story: Story, tmp_path: Path) -> None:
    path = tmp_path / "record.mcap"
    cdr = Cdr(PROFILE)
    recorder = Recorder(path, PROFILE, SITE, cdr.schema)
    for topic, value, stamp_ns in story.messages:
        recorder.write(topic, cdr.serialize(topic, value), stamp_ns)
    recorder.write("snapshot", b"no snapshot at all", story.messages[-1][2])
    recorder.close()
    live, read = collect(story.messages, PROFILE.footprint), read_columns(path)
    for name in SERIES:
        np.testing.assert_array_equal(getattr(live, name).value, getattr(read, name).value)
    assert read.interventions == live.interventions
    assert read.modes == live.modes
    assert read.skills == live.skills
    assert read.orders == live.orders


def test_a_missing_or_broken_record_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"record\.mcap"):
        read_columns(tmp_path / "record.mcap")
    broken = tmp_path / "broken.mcap"
    broken.write_bytes(b"this is no record of anything")
    with pytest.raises(BadInput, match=r"broken\.mcap"):
        read_columns(broken)

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from shield import contract as c
from shield.contract import SafetyMode as M
from shield.contract import Severity
from shield.minimal_risk import SKILL
from shield.profile import load_profile
from shield.safety import MISSES_N, SILENT_N, Safety
from shield.seal import unseal
from shield.site import load_site
from shield.topics import Output
from sim.scenario import load_scenario
from sim.simulator import Simulator

ROOT = Path(__file__).parents[2]
PROFILE = load_profile(ROOT / "launch/profiles/amr_panda.yaml")
SITE = load_site(ROOT / "launch/sites/warehouse.yaml")
SCENARIO = dataclasses.replace(load_scenario(ROOT / "sim/scenarios/fetch_crate.yaml"), people=(), orders=())
KEY = bytes(range(32))
PERIOD_NS = 20_000_000


class Bench:
    """The safety process with the simulated robot's sensors; the test is supervisor and autonomy."""

    def __init__(self, key: bytes | None = KEY) -> None:
        self.safety = Safety(PROFILE, SITE, key)
        self.sim = Simulator(SCENARIO, PROFILE, SITE, 3)
        self.now_ns, self.count = 1_000_000_000, 0
        self.mode, self.supervised = M.NOMINAL, True
        self.silent: set[str] = set()
        self.answers = True
        self.command: c.Command = c.HOLD
        self.snapshots: list[c.Snapshot] = []
        self.sealed: list[c.SealedCommand] = []
        self.decisions: list[c.GateDecision] = []
        self.faults: list[c.Fault] = []
        self.beats: list[int] = []

    def take(self, outputs: list[Output]) -> None:
        kinds: dict[str, list[object]] = {
            "snapshot": self.snapshots,  # type: ignore[dict-item] # lists of one type each
            "certified_command": self.sealed,  # type: ignore[dict-item]
            "gate_decision": self.decisions,  # type: ignore[dict-item]
            "fault": self.faults,  # type: ignore[dict-item]
        }
        for topic, value in outputs:
            if isinstance(value, c.Heartbeat):
                self.beats.append(value.sequence)
            else:
                kinds[topic].append(value)
            if isinstance(value, c.Snapshot) and self.answers and value.mode.may_drive:
                self.answer()

    def answer(self) -> None:
        self.count += 1
        snapshot = self.snapshots[-1]
        action = c.ProposedAction(
            robot=PROFILE.robot,
            sequence=self.count,
            stamp_ns=self.now_ns,
            snapshot_sequence=snapshot.sequence,
            skill="test",
            version="1",
            command=self.command,
        )
        self.send("proposed_action", action)

    def send(self, topic: str, value: object) -> None:
        self.take(self.safety.handle(topic, value, self.now_ns))

    def step(self, count: int = 1) -> Bench:
        for _ in range(count):
            self.now_ns += PERIOD_NS
            if self.supervised:
                sequence = self.now_ns // PERIOD_NS
                speed = PROFILE.base.speed_max_mps if self.mode.may_drive else 0.0
                status = c.ModeStatus(
                    stamp_ns=self.now_ns, sequence=sequence, mode=self.mode, speed_limit_mps=speed
                )
                self.send("safety_mode", status)
            for topic, value in self.sim.tick(self.now_ns):
                if topic not in self.silent:
                    self.send(topic, value)
            self.take(self.safety.tick(self.now_ns))
        return self

    def codes(self) -> set[str]:
        return {fault.code for fault in self.faults}


def running() -> Bench:
    bench = Bench().step(25)
    assert bench.snapshots
    bench.faults.clear()
    return bench


def test_a_snapshot_tells_what_was_issued_last() -> None:
    bench = running()
    bench.command = c.BaseCommand(speed_mps=0.0, turn_radps=0.02)
    bench.step(2)
    issued = bench.decisions[-2].command
    assert isinstance(issued, c.BaseCommand)
    assert issued.turn_radps == 0.02
    assert bench.snapshots[-1].set_point == c.BaseSetPoint(yaw_rate_radps=issued.turn_radps)


def test_each_snapshot_gets_one_decision_and_one_certified_command() -> None:
    bench = running()
    before = len(bench.snapshots), len(bench.decisions), len(bench.sealed)
    bench.step(20)
    assert (len(bench.snapshots), len(bench.decisions), len(bench.sealed)) == tuple(n + 20 for n in before)
    assert [s.sequence for s in bench.snapshots] == list(range(1, len(bench.snapshots) + 1))
    assert all(a.sequence < b.sequence for a, b in zip(bench.sealed, bench.sealed[1:], strict=False))
    assert all(unseal(sealed, KEY) is not None for sealed in bench.sealed)
    assert bench.decisions[-1].has_proposal
    assert not bench.faults
    assert bench.beats[-20:] == list(range(bench.beats[-20], bench.beats[-20] + 20))


def test_commands_outlive_their_period_by_the_latency() -> None:
    sealed = running().sealed[-1]
    valid_s = (sealed.expires_ns - sealed.issued_ns) * 1e-9
    assert valid_s == pytest.approx(PROFILE.timing.period_s + PROFILE.timing.latency_s)


def test_without_an_answer_the_gate_is_asked_for_the_fail_safe_and_then_it_is_a_fault() -> None:
    bench = running()
    bench.answers = False
    decided = len(bench.decisions)
    bench.step(MISSES_N)
    assert len(bench.decisions) == decided
    bench.step(1)
    assert not bench.decisions[-1].has_proposal
    assert bench.decisions[-1].verdict.outcome is c.Outcome.FALLBACK
    assert not bench.faults
    bench.step(SILENT_N)
    assert bench.codes() == {"proposal_missing"}
    assert bench.faults[0].severity is Severity.STOP
    bench.answers = True
    bench.step(5)
    assert bench.decisions[-1].has_proposal


def test_a_second_answer_to_one_snapshot_changes_nothing() -> None:
    bench = running()
    sealed = len(bench.sealed)
    bench.command = c.BaseCommand(speed_mps=1.0)
    bench.answer()
    assert len(bench.sealed) == sealed
    assert bench.codes() == {"proposal_surplus"}


@pytest.mark.parametrize("mode", [m for m in M if not m.may_drive])
def test_in_every_other_mode_it_brakes_by_itself_and_hears_nobody(mode: M) -> None:
    bench = running()
    bench.mode = mode
    bench.step(5)
    assert {d.proposal.skill for d in bench.decisions[-4:]} == {SKILL}
    assert all(d.command == c.HOLD for d in bench.decisions[-4:])
    sealed = len(bench.sealed)
    bench.command = c.BaseCommand(speed_mps=0.3)
    bench.answer()
    assert len(bench.sealed) == sealed


def test_without_the_supervisor_nothing_may_drive() -> None:
    bench = running()
    bench.supervised = False
    bench.step(6)
    assert bench.snapshots[-1].mode is M.SAFE_STOP
    assert bench.snapshots[-1].speed_limit_mps == 0.0
    assert bench.decisions[-1].proposal.skill == SKILL


def test_an_emergency_stop_holds_until_a_reset_is_pending() -> None:
    bench = running()
    bench.send("emergency_stop", c.EmergencyStop(stamp_ns=bench.now_ns, source="button", reason="test"))
    assert bench.step(3).snapshots[-1].mode is M.MRM_EMERGENCY
    bench.mode = M.RESET_PENDING
    bench.step(2)
    bench.mode = M.NOMINAL
    assert bench.step(2).snapshots[-1].mode is M.NOMINAL


@pytest.mark.parametrize("lost", ["scan_front", "scan_rear", "localisation"])
def test_a_lost_sensor_ends_in_the_fail_safe_and_a_fault(lost: str) -> None:
    bench = running()
    bench.silent.add(lost)
    bench.step(60 if lost == "localisation" else 9)
    assert f"{lost}_stale" in bench.codes()
    assert not bench.decisions[-1].has_proposal
    assert bench.decisions[-1].verdict.outcome is c.Outcome.FALLBACK
    health = {entry.sensor: entry for entry in bench.snapshots[-1].health}
    assert not health[lost].healthy


def test_lost_encoders_end_the_snapshots_but_not_the_heartbeat() -> None:
    bench = running()
    bench.silent.add("joint_states")
    snapshots, beats = len(bench.snapshots), len(bench.beats)
    bench.step(10)
    assert len(bench.snapshots) == snapshots
    assert len(bench.beats) == beats + 10
    assert "joint_states_stale" in bench.codes()


def test_a_replayed_mode_is_told_and_ignored() -> None:
    bench = running()
    bench.send("safety_mode", c.ModeStatus(stamp_ns=bench.now_ns, sequence=1, mode=M.SAFE_STOP))
    assert bench.codes() == {"mode_replayed"}
    assert bench.step(1).snapshots[-1].mode is M.NOMINAL


def test_in_shadow_mode_everything_is_decided_and_nothing_certified() -> None:
    bench = Bench(key=None).step(25)
    assert bench.decisions
    assert not bench.sealed


def test_what_is_no_message_is_told() -> None:
    bench = running()
    bench.send("scan_front", 7)
    bench.send("proposed_action", None)
    assert bench.codes() == {"malformed"}
    assert bench.step(3).decisions[-1].has_proposal

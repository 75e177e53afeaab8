"""Fills `gatehouse.record.Columns` from a stream of messages."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from gatehouse.cdr import Cdr
from gatehouse.people import nearest_person_m
from gatehouse.record import Columns, FaultLine, Intervention, Message, OrderLine, Series, Span
from shield import contract as c
from shield.blackbox import Reading
from shield.cdr import Malformed
from shield.profile import Disc
from shield.topics import TOPICS

JOIN_GAP_S = 1.0  # interventions closer than this are one episode
TELLING = frozenset(("clearance", "keep_out", "hall", "zone_speed"))  # rules that say why; the others, how
MOVING_MPS = 0.01  # a proposal slower than this asks for no motion
MOVING_RADPS = 0.01
HOPS = ("before_gate", "gate", "sensing_to_certified", "sensing_to_motors")
SERIES = (
    "x_m",
    "y_m",
    "heading_rad",
    "measured_mps",
    "proposed_mps",
    "certified_mps",
    "person_m",
    "assumed_m",
    "clearance_m",
)


def read_columns(path: str | Path) -> Columns:
    """The columns of the record at `path`.

    Raises:
        BadInput: the file cannot be read as a record.
    """
    reading = Reading(path)
    return collect(read_messages(reading), reading.profile.footprint)


def collect(messages: Iterable[Message], footprint: Sequence[Disc] = ()) -> Columns:
    """The columns of a stream of messages in the order of their stamps."""
    collector = Collector(footprint)
    for topic, value, stamp_ns in messages:
        collector.add(topic, value, stamp_ns)
    return collector.columns()


def read_messages(reading: Reading) -> Iterator[Message]:
    """The messages of a record with the times they were sent at, without those that cannot be read."""
    cdr = Cdr(reading.profile)
    for entry in reading.entries():
        topic = entry.topic.rpartition("/")[2]
        if topic in TOPICS:
            try:
                yield topic, cdr.deserialize(topic, entry.data, entry.publish_ns), entry.publish_ns
            except Malformed:
                continue


class Collector:
    """Takes messages in the order of the record and makes `Columns` of them.

    Args:
        footprint: of the robot, for distances to people; a point without it.
    """

    def __init__(self, footprint: Sequence[Disc] = ()) -> None:
        self._footprint = footprint
        self._robot, self._person_m = "", math.inf
        self._first_ns: int | None = None
        self._last_ns = 0
        self._rows: dict[str, list[tuple[float, float]]] = {name: [] for name in SERIES}
        self._modes: list[Span] = []
        self._skills: list[Span] = []
        self._interventions: list[Intervention] = []
        self._faults: dict[tuple[str, str], FaultLine] = {}
        self._orders: dict[str, OrderLine] = {}
        self._outcomes: Counter[str] = Counter()
        self._messages: Counter[str] = Counter()
        self._delays: dict[str, list[float]] = {hop: [] for hop in HOPS}
        self._snapshot: c.Snapshot | None = None
        self._certified_ns: list[tuple[int, int]] = []  # when, and the stamp of the snapshot behind it
        self._set_ns: list[int] = []  # set-points of the motors

    def add(self, topic: str, value: object, stamp_ns: int) -> None:
        """Take one message; what no column needs is only counted."""
        if self._first_ns is None:
            self._first_ns = stamp_ns
        self._last_ns = max(self._last_ns, stamp_ns)
        self._messages[topic] += 1
        time_s = self._seconds(stamp_ns)
        match value:
            case c.Snapshot():
                self._take_snapshot(value, time_s)
            case c.GateDecision():
                self._take_decision(value, time_s)
            case c.ActuatorTwist():
                self._set_ns.append(stamp_ns)
            case c.ModeStatus():
                cause = ", then ".join(value.cause)
                _extend_modes(
                    self._modes, Span(label=value.mode.name, start_s=time_s, end_s=time_s, detail=cause)
                )
            case c.SkillStatus():
                self._take_skill(value, time_s)
            case c.Fault():
                self._take_fault(value, time_s)
            case c.Order():
                self._take_order(topic, value)

    def columns(self) -> Columns:
        """Everything taken so far."""
        end_s = self._seconds(self._last_ns)
        series = {name: _series(rows) for name, rows in self._rows.items()}
        delays = {**self._delays, "sensing_to_motors": _to_motors(self._certified_ns, self._set_ns)}
        return Columns(
            robot=self._robot,
            start_ns=self._first_ns or 0,
            duration_s=end_s,
            modes=tuple(self._modes),
            skills=tuple(self._skills),
            interventions=tuple(self._interventions),
            faults=tuple(sorted(self._faults.values(), key=lambda fault: fault.time_s)),
            orders=tuple(self._orders.values()),
            outcomes=dict(self._outcomes),
            delay_s={hop: c.frozen_floats(values) for hop, values in delays.items()},
            messages=dict(self._messages),
            **series,
        )

    def _seconds(self, stamp_ns: int) -> float:
        return (stamp_ns - self._first_ns) / 1e9 if self._first_ns is not None else 0.0

    def _row(self, name: str, time_s: float, value: float) -> None:
        self._rows[name].append((time_s, value))

    def _take_snapshot(self, value: c.Snapshot, time_s: float) -> None:
        self._snapshot, self._robot = value, value.robot
        self._row("x_m", time_s, value.ego.x_m)
        self._row("y_m", time_s, value.ego.y_m)
        self._row("heading_rad", time_s, value.ego.heading_rad)
        self._row("measured_mps", time_s, value.ego.speed_mps)
        self._person_m = nearest_person_m(value, self._footprint)
        self._row("person_m", time_s, self._person_m)

    def _take_decision(self, value: c.GateDecision, time_s: float) -> None:
        verdict, snapshot = value.verdict, self._snapshot
        self._outcomes[verdict.outcome.name] += 1
        self._row("proposed_mps", time_s, _proposed_mps(value))
        self._row("certified_mps", time_s, _speed_mps(value.command))
        self._row("assumed_m", time_s, verdict.margins.nearest_person_m)
        self._row("clearance_m", time_s, verdict.margins.clearance_m)
        self._delays["gate"].append(verdict.timings.total_s)
        if snapshot is None or snapshot.sequence != value.snapshot_sequence:
            return
        if value.has_proposal:
            self._take_delays(value, snapshot)
        if _is_intervention(value, snapshot):
            _join(self._interventions, _intervention(value, snapshot, time_s, self._person_m))

    def _take_delays(self, value: c.GateDecision, snapshot: c.Snapshot) -> None:
        age_ns = value.now_ns - snapshot.stamp_ns
        whole_ns = age_ns + round(value.verdict.timings.total_s * 1e9)
        self._delays["before_gate"].append(age_ns / 1e9)
        self._delays["sensing_to_certified"].append(whole_ns / 1e9)
        self._certified_ns.append((snapshot.stamp_ns + whole_ns, snapshot.stamp_ns))

    def _take_skill(self, value: c.SkillStatus, time_s: float) -> None:
        if value.state is not c.SkillState.IDLE:
            _extend_skills(
                self._skills,
                Span(
                    label=value.skill,
                    start_s=time_s,
                    end_s=time_s,
                    detail=value.target,
                    state=value.state.name,
                ),
            )

    def _take_fault(self, value: c.Fault, time_s: float) -> None:
        key = (value.source, value.code)
        line = self._faults.get(key) or FaultLine(
            time_s=time_s,
            source=value.source,
            code=value.code,
            severity=value.severity,
            detail=value.detail,
            count_n=0,
        )
        self._faults[key] = replace(
            line, count_n=line.count_n + 1, severity=max(line.severity, value.severity)
        )

    def _take_order(self, topic: str, value: c.Order) -> None:
        if topic == "order_status" or value.order not in self._orders:
            self._orders[value.order] = OrderLine(
                order=value.order,
                item=value.item,
                station=value.station,
                state=value.state,
                reason=value.reason,
            )


def _extend_modes(spans: list[Span], new: Span) -> None:
    """Modes follow each other without gaps; within one mode the longest chain of causes is kept."""
    if spans and spans[-1].label == new.label:
        detail = max(spans[-1].detail, new.detail, key=len)
        spans[-1] = replace(spans[-1], end_s=new.end_s, detail=detail)
        return
    if spans:
        spans[-1] = replace(spans[-1], end_s=new.start_s)
    spans.append(new)


def _extend_skills(spans: list[Span], new: Span) -> None:
    """An execution lasts from its first to its last RUNNING; its end is told once or many times."""
    if spans and (spans[-1].label, spans[-1].detail) == (new.label, new.detail):
        if spans[-1].state == c.SkillState.RUNNING.name:
            spans[-1] = replace(spans[-1], end_s=new.end_s, state=new.state)
            return
        if new.state != c.SkillState.RUNNING.name:
            return
    spans.append(new)


def _to_motors(certified_ns: Sequence[tuple[int, int]], set_ns: Sequence[int]) -> list[float]:
    """From each snapshot to the first set-point that was sent after the command on it was certified."""
    sent = np.sort(np.array(set_ns, dtype=np.int64))
    first = np.searchsorted(sent, np.array([ready for ready, _ in certified_ns], dtype=np.int64))
    return [
        (int(sent[k]) - sensed) / 1e9
        for k, (_, sensed) in zip(first, certified_ns, strict=True)
        if k < len(sent)
    ]


def _series(rows: list[tuple[float, float]]) -> Series:
    table = np.array(rows, dtype=np.float64).reshape(-1, 2)
    return Series(time_s=c.frozen_floats(table[:, 0]), value=c.frozen_floats(table[:, 1]))


def _speed_mps(command: c.Command) -> float:
    return command.speed_mps if isinstance(command, c.BaseCommand) else 0.0


def _proposed_mps(value: c.GateDecision) -> float:
    return _speed_mps(value.proposal.command) if value.has_proposal else 0.0


def _asks_for_motion(command: c.Command) -> bool:
    if isinstance(command, c.BaseCommand):
        return abs(command.speed_mps) > MOVING_MPS or abs(command.turn_radps) > MOVING_RADPS
    return any(abs(rate) > MOVING_RADPS for rate in command.joint_velocity_radps)


def _is_intervention(value: c.GateDecision, snapshot: c.Snapshot) -> bool:
    """Not accepted, and it made a difference: something wanted to move, or was moving."""
    if value.verdict.outcome is c.Outcome.ACCEPTED:
        return False
    wanted = value.has_proposal and _asks_for_motion(value.proposal.command)
    return wanted or abs(snapshot.ego.speed_mps) > MOVING_MPS


def _intervention(
    value: c.GateDecision, snapshot: c.Snapshot, time_s: float, person_m: float
) -> Intervention:
    verdict = value.verdict
    return Intervention(
        outcome=verdict.outcome,
        start_s=time_s,
        end_s=time_s,
        decisions_n=1,
        fallbacks_n=int(verdict.outcome is c.Outcome.FALLBACK),
        rules=verdict.rules,
        reason=verdict.reasons[0] if verdict.reasons else "",
        skill=value.proposal.skill if value.has_proposal else "",
        proposed_mps=_proposed_mps(value),
        issued_mps=_speed_mps(value.command),
        nearest_person_m=person_m,
        x_m=snapshot.ego.x_m,
        y_m=snapshot.ego.y_m,
    )


def _join(known: list[Intervention], new: Intervention) -> None:
    """Append `new`, or merge it into the last episode."""
    if not known or known[-1].skill != new.skill or new.start_s - known[-1].end_s > JOIN_GAP_S:
        known.append(new)
        return
    old = known[-1]
    telling = new if _weight(new) > _weight(old) else old
    known[-1] = replace(
        telling,
        outcome=min(old.outcome, new.outcome),
        start_s=old.start_s,
        end_s=new.end_s,
        decisions_n=old.decisions_n + 1,
        fallbacks_n=old.fallbacks_n + new.fallbacks_n,
        nearest_person_m=min(old.nearest_person_m, new.nearest_person_m),
        x_m=old.x_m,
        y_m=old.y_m,
    )


def _weight(one: Intervention) -> tuple[bool, float]:
    """How telling an intervention is: what was in the way counts more than how the robot may slow down."""
    return bool(TELLING & set(one.rules)), one.cut_mps

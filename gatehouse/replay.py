"""`gatehouse replay`: run the gate again on a record and compare every verdict, bit for bit.

The record brings profile and site with it. A gate without a key decides again on every proposal, snapshot and time
on record, in sequence, so that its memory goes the same way; all that counts of its decision must be the same bytes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

from gatehouse.cdr import Cdr
from shield.blackbox import Entry, Reading
from shield.cdr import Malformed
from shield.contract import GateDecision, Snapshot, Timings
from shield.errors import BadInput
from shield.gate import Gate

TOPICS = ("snapshot", "gate_decision")
AHEAD_N = 500  # how many messages a snapshot may come behind its decision: ten seconds of them
KEPT_N = 1000  # snapshots that a decision may still refer to
SHOWN_N = 5


@dataclass(slots=True)
class Replayed:
    """What a replay found."""

    decisions_n: int = 0
    different: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether every decision is there and came out the same."""
        return self.decisions_n > 0 and not self.different and not self.gaps


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def command(file: Path) -> int:
    """Run the gate again on the record FILE and say whether every verdict is the same, bit for bit.

    Exit code 0 only if all decisions of the run are on record and identical; 1 if one differs or is missing;
    2 if FILE is no record, or was cut off.
    """
    reading = Reading(file)
    found = replay(reading)
    for line in (*found.gaps[:SHOWN_N], *found.different[:SHOWN_N]):
        click.echo(f"  {line}")
    hidden = max(len(found.gaps) - SHOWN_N, 0) + max(len(found.different) - SHOWN_N, 0)
    if hidden:
        click.echo(f"  and {hidden} more")
    if not reading.is_complete:
        rest = f"; its readable {found.decisions_n} decisions: {summary(found)}"
        raise BadInput(f"{file}: the record was cut off ({reading.damage or 'it has no closing'}){rest}")
    click.echo(f"{file}: {found.decisions_n} decisions, {summary(found)}")
    return 0 if found.is_good else 1


def summary(found: Replayed) -> str:
    """The result in a few words."""
    if not found.decisions_n:
        return "nothing to replay"
    same = "all verdicts bit-identical" if not found.different else f"{len(found.different)} verdicts DIFFER"
    return f"{same}, " + ("none missing" if not found.gaps else f"{len(found.gaps)} GAPS")


def replay(reading: Reading) -> Replayed:
    """Decide again on everything that is on record.

    Raises:
        BadInput: the record was written with other message definitions, or holds a broken message.
    """
    cdr, found = Cdr(), Replayed()
    gate = Gate(reading.profile, reading.site, None)
    last = 0
    for decision, snapshot in _paired(reading, cdr):
        if decision.sequence != last + 1:
            found.gaps.append(f"decisions {last + 1} to {decision.sequence - 1} are missing")
        last = decision.sequence
        found.decisions_n += 1
        if snapshot is None and decision.snapshot_sequence >= 0:
            found.gaps.append(
                f"decision {decision.sequence}: its snapshot {decision.snapshot_sequence} is missing"
            )
            continue
        _, again = gate.certify(
            decision.proposal if decision.has_proposal else None, snapshot, decision.now_ns
        )
        if _bytes(cdr, again) != _bytes(cdr, decision):
            found.different.append(f"decision {decision.sequence}: {difference(decision, again)}")
    return found


def difference(was: GateDecision, now: GateDecision) -> str:
    """The first field in which two decisions differ."""
    for name in ("sequence", "now_ns", "snapshot_sequence", "has_proposal", "proposal", "verdict", "command", "fail_safe",
                 "expires_ns"):  # fmt: skip
        old, new = getattr(was, name), getattr(now, name)
        if old != new:
            return f"{name} was {old}, is {new}"
    return "equal values, other bytes"


def _bytes(cdr: Cdr, decision: GateDecision) -> bytes:
    """All of a decision but how long it took."""
    timeless = replace(decision, verdict=replace(decision.verdict, timings=Timings()))
    return cdr.serialize("gate_decision", timeless)


def _paired(reading: Reading, cdr: Cdr) -> Iterator[tuple[GateDecision, Snapshot | None]]:
    """Every decision with its snapshot, in order; topics may be recorded a little out of step with one another."""
    snapshots: dict[int, Snapshot] = {}
    waiting: deque[tuple[int, GateDecision]] = deque()
    count = 0
    for count, value in enumerate(_values(reading.entries(), cdr)):
        if isinstance(value, Snapshot):
            snapshots[value.sequence] = value
            if len(snapshots) > KEPT_N:
                del snapshots[next(iter(snapshots))]
        else:
            waiting.append((count, value))
        while waiting and (waiting[0][1].snapshot_sequence in snapshots or count - waiting[0][0] > AHEAD_N):
            decision = waiting.popleft()[1]
            yield decision, snapshots.get(decision.snapshot_sequence)
    for _, decision in waiting:
        yield decision, snapshots.get(decision.snapshot_sequence)


def _values(entries: Iterable[Entry], cdr: Cdr) -> Iterator[Snapshot | GateDecision]:
    for entry in entries:
        topic = entry.topic.rpartition("/")[2]
        if topic not in TOPICS:
            continue
        if entry.schema != cdr.schema(topic)[0]:
            raise BadInput(
                f"{topic} is on record as {entry.schema or 'nothing known'}, not as {cdr.schema(topic)[0]}"
            )
        try:
            value = cdr.deserialize(topic, entry.data, entry.log_ns)
        except Malformed as error:
            raise BadInput(f"{topic}, message {entry.sequence}: {error}") from None
        if isinstance(value, (Snapshot, GateDecision)):
            yield value

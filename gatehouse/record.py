"""A record as columns: what a report, a bench or a notebook wants of a run.

Times in columns are seconds since the first message of the run. `gatehouse.collect` fills the columns from a
stream of (topic, value, stamp_ns), be it an MCAP file or the in-process loop.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shield import contract as c
from shield.contract import Floats

Message = tuple[str, object, int]  # topic, value, stamp_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One quantity over time; arrays of one length."""

    time_s: Floats
    value: Floats

    def at(self, time_s: float) -> float:
        """The last value at or before `time_s`; NaN before the first."""
        k = int(np.searchsorted(self.time_s, time_s, side="right")) - 1
        return float(self.value[k]) if k >= 0 else float("nan")

    def within(self, start_s: float, end_s: float) -> Floats:
        """The values from `start_s` to `end_s`, both included."""
        chosen = (self.time_s >= start_s) & (self.time_s <= end_s)
        return c.frozen_floats(self.value[chosen])


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something that held from `start_s` to `end_s`: a mode, a skill."""

    label: str
    start_s: float
    end_s: float
    detail: str = ""
    state: str = ""

    @property
    def length_s(self) -> float:
        """How long it held."""
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """An episode: decisions close together in which the gate did not let a proposal through as it was.

    Reason, rules and the two speeds are those of its most telling decision.
    """

    outcome: c.Outcome  # FALLBACK if any decision was
    start_s: float
    end_s: float
    decisions_n: int
    fallbacks_n: int
    rules: tuple[str, ...]
    reason: str
    skill: str
    proposed_mps: float
    issued_mps: float
    nearest_person_m: float  # the least of the episode, by the tracks
    x_m: float  # where it began
    y_m: float

    @property
    def cut_mps(self) -> float:
        """How much speed was taken away."""
        return abs(self.proposed_mps) - abs(self.issued_mps)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultLine:
    """A fault with how often it came and what was said of it first."""

    time_s: float
    source: str
    code: str
    severity: c.Severity
    detail: str
    count_n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """The last word on an order."""

    order: str
    item: str
    station: str
    state: c.OrderState
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """A whole run."""

    robot: str
    start_ns: int
    duration_s: float
    x_m: Series
    y_m: Series
    heading_rad: Series
    measured_mps: Series
    proposed_mps: Series  # base proposals; an arm proposal counts as zero speed
    certified_mps: Series
    person_m: Series  # to the nearest tracked person; infinite where there is none
    assumed_m: Series  # to the nearest place where the gate has to assume that a person may be
    clearance_m: Series
    modes: tuple[Span, ...]
    skills: tuple[Span, ...]
    interventions: tuple[Intervention, ...]
    faults: tuple[FaultLine, ...]
    orders: tuple[OrderLine, ...]
    outcomes: dict[str, int]
    delay_s: dict[str, Floats]  # hop -> one delay a decision; see `gatehouse.collect.HOPS`
    messages: dict[str, int]  # topic -> how many

    @property
    def distance_m(self) -> float:
        """Length of the path driven, as estimated."""
        return float(np.hypot(np.diff(self.x_m.value), np.diff(self.y_m.value)).sum())

    @property
    def ready_s(self) -> float:
        """When the robot was first allowed to drive; zero if it never was."""
        modes = (span.start_s for span in self.modes if c.SafetyMode[span.label].may_drive)
        return next(modes, 0.0)

    @property
    def driven_s(self) -> float:
        """From then to the end."""
        return self.duration_s - self.ready_s

    @property
    def decisions_n(self) -> int:
        """How many decisions the gate took."""
        return sum(self.outcomes.values())

    @property
    def is_fulfilled(self) -> bool:
        """Whether there was an order and every order is done."""
        return bool(self.orders) and all(order.state is c.OrderState.DONE for order in self.orders)

    def skill_at(self, time_s: float) -> Span | None:
        """The skill that ran at `time_s`."""
        return next((span for span in self.skills if span.start_s <= time_s <= span.end_s), None)


def quantiles(values: Floats) -> tuple[float, float, float]:
    """The median, the 99th percentile and the largest of `values`; NaN of nothing."""
    if len(values) == 0:
        return (float("nan"),) * 3
    p50, p99, top = np.percentile(values, (50, 99, 100))
    return float(p50), float(p99), float(top)

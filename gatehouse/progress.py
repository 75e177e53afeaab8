"""Live progress of a run: a small panel on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from gatehouse.collect import TELLING
from gatehouse.people import nearest_person_m
from shield import contract as c
from shield.profile import Disc

EPISODE_S = 1.0  # interventions closer than this are one, told once and again when its cause shows
REPEAT_S = 10.0  # a fault is told again only after this time
REFRESH_S = 0.2  # of the panel, in the run's own time
STYLES = {"NOMINAL": "green", "DEGRADED": "yellow", "INIT": "dim", "RESET_PENDING": "dim"}


@dataclass(slots=True)
class State:
    """What is known right now."""

    start_ns: int = 0
    now_ns: int = 0
    order: str = "none yet"
    task: str = "none yet"
    skill: str = "none yet"
    share: float = 0.0
    mode: str = "INIT"
    cause: str = ""
    intervention: str = "none yet"
    fault: str = "none"
    nearest_person_m: float = math.inf
    speed_mps: float = 0.0

    @property
    def elapsed_s(self) -> float:
        """Time since the first message."""
        return (self.now_ns - self.start_ns) / 1e9


class Progress:
    """Takes messages and shows how the run goes; use it as a context.

    Args:
        console: where to; standard error by default, so that results can be piped.
        footprint: of the robot, for the distance to people; its middle without it.
    """

    def __init__(self, console: Console | None = None, footprint: Sequence[Disc] = ()) -> None:
        self.state, self._footprint = State(), footprint
        self._console = console or Console(file=sys.stderr, highlight=False)
        self._live = Live(console=self._console, auto_refresh=False) if self._console.is_terminal else None
        self._shown_ns = 0
        self._faults: dict[str, float] = {}
        self._told_s, self._told_why = (
            -math.inf,
            False,
        )  # the last intervention, and whether its cause was told

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.update(self._panel(), refresh=True)
            self._live.stop()

    def say(self, line: str) -> None:
        """Print one line, above the panel if there is one."""
        self._console.print(line, soft_wrap=True, markup=False)

    def take(self, topic: str, value: object, stamp_ns: int) -> None:
        """Take one message."""
        state = self.state
        state.start_ns = state.start_ns or stamp_ns
        state.now_ns = max(state.now_ns, stamp_ns)
        match value:
            case c.Snapshot():
                state.speed_mps = value.ego.speed_mps
                state.nearest_person_m = nearest_person_m(value, self._footprint)
            case c.GateDecision():
                self._take_verdict(value)
            case c.ModeStatus():
                state.cause = ", then ".join(value.cause)
                self._change("mode", value.mode.name, f" ({state.cause})" if state.cause else "")
            case c.SkillStatus() if value.state is not c.SkillState.IDLE:
                state.share = value.progress
                if value.state is c.SkillState.FAILED:
                    self._change("skill", f"{value.skill} {value.target} failed", f": {value.reason}")
                else:
                    self._change("skill", f"{value.skill} {value.target}")
            case c.Fault():
                self._take_fault(value)
            case c.Task() if value.state is c.OrderState.ACTIVE:
                words = f"{value.skill} {value.target}"
                self._change("task", words + (f", attempt {value.attempt + 1}" if value.attempt else ""))
            case c.Order() if topic == "order_status":
                words = f"{value.order}: {value.item} to {value.station}"
                self._change("order", f"{words}, {value.state.name.lower()}", f" {value.reason}".rstrip())
        if self._live is not None and state.now_ns - self._shown_ns >= REFRESH_S * 1e9:
            self._shown_ns = state.now_ns
            self._live.update(self._panel(), refresh=True)

    def _take_fault(self, value: c.Fault) -> None:
        self.state.fault = f"{value.source}: {value.detail}"
        key = f"{value.source} {value.code}"
        if (
            value.severity > c.Severity.INFO
            and self.state.elapsed_s - self._faults.get(key, -math.inf) > REPEAT_S
        ):
            self._faults[key] = self.state.elapsed_s
            self.say(f"{self.state.elapsed_s:6.1f} s  fault {value.source}: {value.detail}")

    def _change(self, name: str, words: str, more: str = "") -> None:
        if getattr(self.state, name) != words:
            setattr(self.state, name, words)
            self._line(f"{name:6}{words}{more}")

    def _take_verdict(self, value: c.GateDecision) -> None:
        verdict = value.verdict
        standing = abs(self.state.speed_mps) < 0.01 and not value.has_proposal
        if verdict.outcome is c.Outcome.ACCEPTED or standing or not c.SafetyMode[self.state.mode].may_drive:
            return
        words = f"{verdict.outcome.name.lower()}: {verdict.reasons[0] if verdict.reasons else ''}"
        now_s, last_s = self.state.elapsed_s, self._told_s
        is_why = bool(TELLING & set(verdict.rules))
        if is_why or now_s - last_s > EPISODE_S:
            self.state.intervention = f"{words} ({now_s:.1f} s)"
        if now_s - last_s > EPISODE_S or (is_why and not self._told_why):
            self._line(f"gate  {words}")
            self._told_why = is_why
        self._told_s = now_s

    def _line(self, words: str) -> None:
        if self._live is None:
            near = self.state.nearest_person_m
            person = f"{near:5.2f} m" if math.isfinite(near) else "nobody "
            self.say(
                f"{self.state.elapsed_s:6.1f} s  {self.state.speed_mps:5.2f} m/s  person {person}  {words}"
            )

    def _panel(self) -> Panel:
        state = self.state
        table = Table.grid(padding=(0, 2))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        filled = round(20 * min(max(state.share, 0.0), 1.0))
        near = state.nearest_person_m
        style = "red" if state.mode.startswith("MRM") else STYLES.get(state.mode, "magenta")
        cause = f"  {escape(state.cause)}" if state.cause else ""
        rows = (
            ("order", escape(state.order)),
            ("task", escape(state.task)),
            ("skill", f"{escape(state.skill)}  [cyan]{'━' * filled}[/][dim]{'─' * (20 - filled)}[/]"),
            ("mode", f"[bold {style}]{state.mode}[/][dim]{cause}[/]"),
            ("speed", f"{state.speed_mps:.2f} m/s"),
            ("person", f"{near:.2f} m away" if math.isfinite(near) else "nobody in sight"),
            ("gate", escape(state.intervention)),
        )
        for name, words in rows:
            table.add_row(name, words)
        return Panel(
            table, title=f"Gatehouse  {state.elapsed_s:.1f} s", title_align="left", border_style="dim"
        )

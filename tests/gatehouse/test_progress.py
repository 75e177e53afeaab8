"""Live progress: plain lines where nobody looks at a terminal, a panel where somebody does."""

from __future__ import annotations

import io

from rich.console import Console

from gatehouse.progress import Progress
from shield import contract as c
from tests.gatehouse.story import Story


def shown(story: Story, *, terminal: bool) -> tuple[str, Progress]:
    out = io.StringIO()
    with Progress(Console(file=out, force_terminal=terminal, width=120, color_system=None)) as progress:
        for message in story.messages:
            progress.take(*message)
    return out.getvalue(), progress


def test_plain_lines_tell_each_change_once(story: Story) -> None:
    lines = shown(story, terminal=False)[0].splitlines()
    assert sum("mode  NOMINAL" in line for line in lines) == 2
    assert sum("mode  DEGRADED" in line for line in lines) == 1
    assert sum("navigate slot_a2" in line for line in lines) == 1
    assert sum("gate  " in line for line in lines) == 1
    assert any("crate_17 to packing, done" in line for line in lines)
    assert all("person" in line for line in lines)


def test_a_terminal_gets_a_panel(story: Story) -> None:
    text, progress = shown(story, terminal=True)
    assert "Gatehouse" in text
    assert "nobody in sight" in text or "away" in text
    assert progress.state.mode == "NOMINAL"


def test_brackets_in_a_reason_are_no_markup(story: Story) -> None:
    decision = next(v for _, v, _ in story.messages if isinstance(v, c.GateDecision) and v.verdict.reasons)
    out = io.StringIO()
    with Progress(Console(file=out, force_terminal=True, width=120, color_system=None)) as progress:
        progress.take("safety_mode", c.ModeStatus(stamp_ns=1, sequence=0, mode=c.SafetyMode.NOMINAL), 1)
        progress.take("gate_decision", decision, 2)
        progress.state.intervention = "[/nonsense] [bold"
    assert "[/nonsense]" in out.getvalue()


def test_a_fault_that_repeats_is_told_now_and_then() -> None:
    out = io.StringIO()
    with Progress(Console(file=out, width=120)) as progress:
        for k in range(300):
            severity = c.Severity.INFO if k % 2 else c.Severity.DEGRADE
            fault = c.Fault(stamp_ns=k, source="safety", code=f"c{k % 2}", severity=severity, detail="late")
            progress.take("fault", fault, 1 + k * 100_000_000)
    assert len(out.getvalue().splitlines()) == 3

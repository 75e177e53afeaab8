"""Figures, their bounds and how they are told; the measuring itself is what `gatehouse bench` does."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from gatehouse import bench
from gatehouse.cli import call
from gatehouse.measures import Figure, _pace, _spread


@pytest.mark.parametrize(
    ("value", "bound", "at_least", "kept"),
    [
        (0.9, 1.0, False, True),
        (1.0, 1.0, False, True),
        (1.0000001, 1.0, False, False),
        (float("nan"), 1.0, False, False),
        (10.0, 10.0, True, True),
        (9.99, 10.0, True, False),
        (float("nan"), 10.0, True, False),
        (5.0, None, False, True),
    ],
)
def test_a_bound_is_kept_up_to_it_and_never_by_nothing(
    value: float, bound: float | None, at_least: bool, kept: bool
) -> None:
    figure = Figure(name="x", value=value, unit="ms", bound=bound, at_least=at_least)
    assert figure.is_kept is kept


def test_the_bound_of_a_spread_is_on_its_p99() -> None:
    p50, p99, top = _spread("gate", [0.0001] * 99 + [0.5], 0.001, "gate")
    assert (p50.bound, p99.bound, top.bound) == (None, 1.0, None)
    assert top.value == pytest.approx(500.0)
    assert p50.value == pytest.approx(0.1)


def test_the_pace_counts_simulated_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([100.0, 102.0])
    monkeypatch.setattr("gatehouse.measures.time.perf_counter", lambda: next(clock))
    steps: list[int] = []
    assert _pace(steps.append, 0.02) == pytest.approx(20.0)
    assert steps == list(range(1, len(steps) + 1))


def _measures(value: float) -> dict[str, object]:
    return {"gate": lambda scenario: [Figure(name=f"on {scenario}", value=value, unit="ms", bound=1.0)]}


@pytest.mark.parametrize(("value", "code"), [(0.5, 0), (1.5, 1)])
def test_json_has_machine_figures_and_bounds(
    monkeypatch: pytest.MonkeyPatch, value: float, code: int
) -> None:
    monkeypatch.setattr(bench, "MEASURES", _measures(value))
    result = CliRunner().invoke(bench.command, ["gate", "--json"], standalone_mode=False)
    assert result.return_value == code
    told = json.loads(result.output)
    assert "cores" in told["machine"]
    assert told["figures"][0]["bound"] == 1.0
    assert told["figures"][0]["is_kept"] is (code == 0)


def test_the_table_names_what_was_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "MEASURES", _measures(1.5))
    monkeypatch.setenv("COLUMNS", "160")
    result = CliRunner().invoke(bench.command, ["gate"], standalone_mode=False)
    assert "missed" in result.output
    assert "≤ 1 ms" in result.output


def test_an_unknown_figure_or_scenario_is_the_users_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["bench", "speed"]) == 2
    assert "speed" in capsys.readouterr().err
    assert call(["bench", "sim", "--scenario", "moon"]) == 2
    assert "moon" in capsys.readouterr().err

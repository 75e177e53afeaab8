"""The demo: its folder, its exit code, its last words; once in full, in process."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from gatehouse.cli import call
from gatehouse.collect import collect
from gatehouse.demo import closing_lines, make_folder
from gatehouse.run_facts import Judgement
from gatehouse.run_folder import RECORD, REPORT, TRUTH
from shield.errors import BadInput
from tests.gatehouse.story import Story


def test_a_run_gets_an_empty_folder(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "a" / "run", "x")
    assert folder.is_dir()
    assert make_folder(folder, "x") == folder
    (folder / "record.mcap").touch()
    with pytest.raises(BadInput, match="holds files already"):
        make_folder(folder, "x")
    with pytest.raises(BadInput, match=r"record\.mcap"):
        make_folder(folder / "record.mcap" / "run", "x")


def test_the_default_folder_is_named_after_scenario_and_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert make_folder(None, "fetch_crate").name.startswith("fetch_crate-")


def test_the_last_words_are_plain(story: Story) -> None:
    columns = collect(story.messages)
    good = closing_lines(Judgement(is_fulfilled=True, contacts=()), columns, Path("runs/x/report.html"), 40.0)
    assert good[0].startswith("order fulfilled; nothing touched in motion; the gate stepped in 1 time in ")
    bad = Judgement(is_fulfilled=False, contacts=("base touched walker at 7.0 s", "b"))
    failed = dataclasses.replace(columns, orders=(dataclasses.replace(columns.orders[0], reason="no way"),))
    lines = closing_lines(bad, failed, Path("runs/x/report.html"), 40.0)
    assert "ORDER NOT FULFILLED (no way)" in lines[0]
    assert "2 CONTACTS IN MOTION, first: base touched walker" in lines[0]


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["demo", "moon"], "moon"),
        (["demo", "--seed", "-1"], "-1"),
        (["demo", "--engine", "paper"], "paper"),
        (["demo", "--speed", "2"], "--speed"),
        (["report", "/nowhere"], "/nowhere"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    words: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(words) == 2
    error = capsys.readouterr().err
    assert named in error
    assert error.count("\n") == 1


@pytest.mark.slow
def test_the_demo_in_process_fulfils_its_order_and_reports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    assert call(["demo", "short", "--in-process", "--no-render", "--out", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "order fulfilled; nothing touched in motion" in out
    assert str(folder / REPORT) in out
    page = (folder / REPORT).read_text(encoding="utf-8")
    assert "Order fulfilled." in page
    assert (folder / RECORD).stat().st_size > 100_000
    assert (folder / TRUTH).is_file()
    assert call(["report", str(folder), "--no-render"]) == 0

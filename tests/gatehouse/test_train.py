"""The commands that train and measure a skill, with a budget of seconds: all artefacts, and they load."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gatehouse.cli import call
from skills.card import CARD_FILE, load_policy


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("train")
    words = ["train", "navigate", "--budget", "2s", "--halls", "4", "--episodes", "4", "--out", str(out)]
    assert call(words) == 0
    return out


@pytest.mark.slow
def test_a_training_leaves_weights_with_a_card_that_holds(folder: Path) -> None:
    network, card = load_policy(folder)
    assert network.outputs_n == 2
    assert card["training"]["seed"] == 1
    assert card["training"]["command"].startswith("gatehouse train navigate --budget 2s")
    assert card["results"]["learned_with_shield"]["contacts"] == 0
    assert (folder / "curve.png").read_bytes()[:4] == b"\x89PNG"
    assert json.loads((folder / "history.json").read_text())["checks"]


@pytest.mark.slow
def test_what_was_trained_can_be_measured(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(["evaluate", "navigate", "--episodes", "3", "--policy", str(folder)]) == 0
    out = capsys.readouterr().out
    assert [line.split("  ")[0] for line in out.splitlines()[2:]] == [
        "learned, shield",
        "learned, no shield",
        "pursuit, shield",
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["train", "juggle"], "'juggle' is no skill that learns"),
        (["train", "navigate", "--budget", "soon"], "'soon' is no time"),
        (["train", "navigate", "--budget", "0m"], "'0m' is no time"),
        (["train", "navigate", "--version", "new"], "'new' is no version"),
        (["train", "navigate", "--resume"], "--resume needs the folder"),
        (["train", "navigate", "--profile", "tank"], "tank: no such profile"),
        (["evaluate", "juggle"], "'juggle' is no learned skill"),
        (["evaluate", "navigate", "--policy", "nowhere"], f"nowhere/{CARD_FILE}: cannot be read as a card"),
    ],
)
def test_bad_input_is_told_in_one_line(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(words) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1

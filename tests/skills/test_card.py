"""A policy loads only with a card that tells the truth about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from safetensors.numpy import load_file, save_file

from shield.errors import BadInput
from skills.card import CARD_FILE, WEIGHTS_FILE, describe, load_policy, sha256, write_card
from skills.library import LIBRARY, newest, versions
from skills.policy import load_network
from tests.skills.networks import random_network

Change = Callable[[dict[str, Any]], None]
RESULT = {
    "episodes": 10,
    "success_rate": 0.9,
    "success_low": 0.6,
    "success_high": 0.98,
    "contacts": 0,
    "timeouts": 1,
    "mean_time_s": 20.0,
    "mean_speed_mps": 0.5,
    "detour": 1.1,
    "corrected_share": 0.1,
    "turn_jerk_radps2": 0.2,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random_network().save(tmp_path / WEIGHTS_FILE)
    card = describe(load_network(tmp_path / WEIGHTS_FILE), "navigate", "1.2.3", tmp_path)
    training = {
        "command": "gatehouse train navigate",
        "seed": 1,
        "commit": "0" * 40,
        "environment": "none",
        "steps": 10,
        "seconds": 1.0,
        "machine": "a test",
        "robot_profile_sha256": "0" * 64,
        "shield_sha256": "0" * 64,
    }
    results = {"environment": "none", "held_out_seed": 1}
    lines = ("learned_with_shield", "learned_without_shield", "baseline_with_shield")
    results |= {name: dict(RESULT) for name in lines}
    write_card(
        tmp_path, {**card, "training": training, "results": results, "limits": ["it was never trained"]}
    )
    return tmp_path


def change(folder: Path, how: Change) -> None:
    card = yaml.safe_load((folder / CARD_FILE).read_text())
    how(card)
    (folder / CARD_FILE).write_text(yaml.safe_dump(card))


def test_weights_with_their_card_load(folder: Path) -> None:
    network, card = load_policy(folder)
    assert card["version"] == "1.2.3"
    assert network.act(np.array(card["golden"][0]["observation"])) == pytest.approx(
        card["golden"][0]["action"]
    )


def test_the_shipped_policy_loads_and_says_what_it_is_worth() -> None:
    assert versions("navigate")
    _, card = load_policy(newest("navigate"))
    assert card["name"] == "navigate"
    assert card["results"]["learned_with_shield"]["contacts"] == 0
    assert newest("navigate").parent == LIBRARY / "navigate"


def test_a_skill_without_versions_is_told() -> None:
    with pytest.raises(BadInput, match="no version of juggle"):
        newest("juggle")


@pytest.mark.parametrize("name", [CARD_FILE, WEIGHTS_FILE])
def test_a_missing_file_is_told_by_name(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(BadInput, match=name):
        load_policy(folder)


def test_a_changed_byte_is_told(folder: Path) -> None:
    raw = bytearray((folder / WEIGHTS_FILE).read_bytes())
    raw[-1] ^= 1
    (folder / WEIGHTS_FILE).write_bytes(raw)
    with pytest.raises(BadInput, match="sha256 is"):
        load_policy(folder)


def test_other_weights_under_the_right_hash_fail_the_golden_vectors(folder: Path) -> None:
    tensors = load_file(folder / WEIGHTS_FILE)
    tensors["bias3"] = tensors["bias3"] + np.float32(0.01)
    save_file(tensors, folder / WEIGHTS_FILE)
    change(folder, lambda card: card["weights"].update(sha256=sha256(folder / WEIGHTS_FILE)))
    with pytest.raises(BadInput, match="golden.0.action"):
        load_policy(folder)


LIES: list[tuple[Change, str]] = [
    (lambda card: card.pop("training"), "'training' is a required property"),
    (lambda card: card.update(extra=1), "'extra' was unexpected"),
    (lambda card: card.update(version="latest"), "version"),
    (lambda card: card["weights"].update(sha256="abc"), "weights.sha256"),
    (lambda card: card["results"]["learned_with_shield"].update(success_rate=1.2), "success_rate"),
    (lambda card: card["results"].pop("learned_without_shield"), "learned_without_shield"),
    (lambda card: card["observation"].pop(), "observation has"),
    (lambda card: card["observation"][0].update(unit="km"), "observation has"),
    (lambda card: card["action"].reverse(), "action must be"),
    (lambda card: card["action"][0].update(high=2.0), "action.0.high is 2.0"),
    (lambda card: card["golden"][1]["observation"].pop(), "golden.1.observation"),
    (lambda card: card.update(golden=card["golden"][:1]), "golden"),
    (lambda card: card.update(limits=[]), "limits"),
]


@pytest.mark.parametrize(("lie", "told"), LIES)
def test_a_card_that_lies_is_refused_in_one_line(folder: Path, lie: Change, told: str) -> None:
    change(folder, lie)
    with pytest.raises(BadInput) as caught:
        load_policy(folder)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_card_that_is_no_yaml_is_refused(folder: Path) -> None:
    (folder / CARD_FILE).write_text("name: [")
    with pytest.raises(BadInput, match="cannot be read as a card"):
        load_policy(folder)
    (folder / CARD_FILE).write_text("just words")
    with pytest.raises(BadInput, match="the card"):
        load_policy(folder)

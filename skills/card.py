"""The card of a learned skill: what it is, what it sees and does, where it comes from, what was measured.

The card and the weights belong together: a policy is loaded only if its card is well-formed, the weights have
the card's hash, the observation is the one that this code makes, and the golden vectors come out as recorded.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import yaml

from shield.errors import BadInput
from skills import observation
from skills.policy import Network, load_network

CARD_FILE, WEIGHTS_FILE = "card.yaml", "weights.safetensors"
GOLDEN_TOLERANCE = (
    1e-6  # metres a second, radians a second: another processor's tanh may differ in the last bits
)
GOLDEN_N = 4
ACTION = (("speed", "m/s"), ("yaw_rate", "rad/s"))


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


def _list(items: dict[str, Any], least: int = 1) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least}


_TEXT = {"type": "string", "minLength": 1}
_NUMBER = {"type": "number"}
_COUNT = {"type": "integer", "minimum": 0}
_SHARE = {"type": "number", "minimum": 0.0, "maximum": 1.0}
_HASH = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_RESULT = _object(
    episodes=_COUNT,
    success_rate=_SHARE,
    success_low=_SHARE,
    success_high=_SHARE,
    contacts=_COUNT,
    timeouts=_COUNT,
    mean_time_s=_NUMBER,
    mean_speed_mps=_NUMBER,
    detour=_NUMBER,
    corrected_share=_SHARE,
    turn_jerk_radps2=_NUMBER,
)
SCHEMA = _object(
    name=_TEXT,
    version={"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
    weights=_object(file=_TEXT, sha256=_HASH),
    rate_hz={"type": "number", "exclusiveMinimum": 0.0},
    observation=_list(_object(name=_TEXT, unit=_TEXT)),
    action=_list(_object(name=_TEXT, unit=_TEXT, low=_NUMBER, high=_NUMBER)),
    training=_object(
        command=_TEXT,
        seed=_COUNT,
        commit=_TEXT,
        environment=_TEXT,
        steps=_COUNT,
        seconds=_NUMBER,
        machine=_TEXT,
        robot_profile_sha256=_HASH,
        shield_sha256=_HASH,
    ),
    results=_object(
        environment=_TEXT,
        held_out_seed=_COUNT,
        learned_with_shield=_RESULT,
        learned_without_shield=_RESULT,
        baseline_with_shield=_RESULT,
    ),
    limits=_list(_TEXT),
    golden=_list(_object(observation=_list(_NUMBER), action=_list(_NUMBER)), GOLDEN_N),
)


def sha256(path: Path) -> str:
    """Hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """Check a card against the schema and write it."""
    jsonschema.validate(card, SCHEMA)
    (folder / CARD_FILE).write_text(yaml.safe_dump(card, sort_keys=False, width=110))


def describe(network: Network, name: str, version: str, folder: Path) -> dict[str, Any]:
    """The parts of a card that follow from the weights, which lie in `folder` already."""
    low, high = network.tensors["action_low"], network.tensors["action_high"]
    entries = zip(observation.names(), observation.units(), strict=True)
    return {
        "name": name,
        "version": version,
        "weights": {"file": WEIGHTS_FILE, "sha256": sha256(folder / WEIGHTS_FILE)},
        "rate_hz": 50.0,
        "observation": [{"name": entry, "unit": unit} for entry, unit in entries],
        "action": [
            {"name": entry, "unit": unit, "low": float(low[k]), "high": float(high[k])}
            for k, (entry, unit) in enumerate(ACTION)
        ],
        "golden": golden(network),
    }


def golden(network: Network) -> list[dict[str, list[float]]]:
    """Observations spread over the training data and what the network answers."""
    rng = np.random.default_rng(0)
    vectors = []
    for _ in range(GOLDEN_N):
        seen = network.tensors["mean"] + network.tensors["scale"] * rng.uniform(-2.0, 2.0, network.inputs_n)
        seen = np.round(seen, 6)
        vectors.append({"observation": seen.tolist(), "action": network.act(seen).tolist()})
    return vectors


def load_policy(folder: Path) -> tuple[Network, dict[str, Any]]:
    """Load a network with its card, if all of the card holds.

    Raises:
        BadInput: a file is missing or malformed, or the weights are not those that the card describes.
    """
    path = folder / CARD_FILE
    try:
        card = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{path}: cannot be read as a card: {' '.join(str(error).split())}") from None
    flaw = jsonschema.exceptions.best_match(jsonschema.Draft202012Validator(SCHEMA).iter_errors(card))
    if flaw is not None:
        where = ".".join(str(part) for part in flaw.absolute_path) or "the card"
        raise BadInput(f"{path}: {where}: {' '.join(flaw.message.split())[:160]}")
    weights = folder / card["weights"]["file"]
    if not weights.is_file():
        raise BadInput(f"{weights}: weights are missing")
    if sha256(weights) != card["weights"]["sha256"]:
        raise BadInput(f"{weights}: sha256 is {sha256(weights)}, {path} says {card['weights']['sha256']}")
    network = load_network(weights)
    _match(network, card, path)
    return network, card


def _match(network: Network, card: dict[str, Any], path: Path) -> None:
    made = list(zip(observation.names(), observation.units(), strict=True))
    told = [(entry["name"], entry["unit"]) for entry in card["observation"]]
    if told != made or network.inputs_n != len(made):
        raise BadInput(
            f"{path}: observation has {len(told)} entries that differ from the {len(made)} made here"
        )
    if [(entry["name"], entry["unit"]) for entry in card["action"]] != list(ACTION):
        raise BadInput(f"{path}: action must be {ACTION}")
    for k, entry in enumerate(card["action"]):
        for side in ("low", "high"):
            held = float(network.tensors[f"action_{side}"][k])
            if abs(held - entry[side]) > GOLDEN_TOLERANCE:
                raise BadInput(f"{path}: action.{k}.{side} is {entry[side]}, the weights hold {held}")
    for k, vector in enumerate(card["golden"]):
        if len(vector["observation"]) != network.inputs_n:
            raise BadInput(f"{path}: golden.{k}.observation has {len(vector['observation'])} entries")
        answer = network.act(np.array(vector["observation"]))
        if not np.allclose(answer, vector["action"], rtol=0.0, atol=GOLDEN_TOLERANCE):
            raise BadInput(
                f"{path}: golden.{k}.action is {vector['action']}, the weights answer {answer.tolist()}"
            )

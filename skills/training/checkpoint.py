"""The state of a training on disk: tensors as safetensors, counts and curve as JSON; never a pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from shield.errors import BadInput
from skills.training.ppo import Ppo

TENSORS, NOTES = "checkpoint.safetensors", "checkpoint.json"


def save(folder: Path, ppo: Ppo, notes: dict[str, Any]) -> None:
    """Write the learner, the optimiser's moments and `notes`; the old one stays until the new is whole."""
    tensors = {f"learner.{name}": value.contiguous() for name, value in ppo.learner.state_dict().items()}
    for index, state in ppo.optimiser.state_dict()["state"].items():
        tensors |= {f"adam.{index}.{name}": value.contiguous() for name, value in state.items()}
    save_file(tensors, folder / f"{TENSORS}.new")
    (folder / f"{NOTES}.new").write_text(json.dumps({**notes, "steps": ppo.steps}))
    for name in (TENSORS, NOTES):
        (folder / f"{name}.new").replace(folder / name)


def load(folder: Path, ppo: Ppo) -> dict[str, Any]:
    """Take up a training where `save` left it; returns the notes.

    Raises:
        BadInput: there is no checkpoint, or it is of another network.
    """
    try:
        tensors = load_file(folder / TENSORS)
        notes: dict[str, Any] = json.loads((folder / NOTES).read_text())
        ppo.learner.load_state_dict(
            {
                name.removeprefix("learner."): value
                for name, value in tensors.items()
                if name.startswith("learner.")
            }
        )
    except (OSError, SafetensorError, ValueError, RuntimeError) as error:
        raise BadInput(
            f"{folder}: no checkpoint to resume from: {' '.join(str(error).split())[:200]}"
        ) from None
    states: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("adam."):
            _, index, key = name.split(".")
            states.setdefault(int(index), {})[key] = value
    ppo.optimiser.load_state_dict({**ppo.optimiser.state_dict(), "state": states})
    ppo.steps = int(notes["steps"])
    return notes

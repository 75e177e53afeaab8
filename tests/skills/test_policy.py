"""The network as an artefact: the same numbers after saving, on every call, and refusal of what is broken."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from shield.errors import BadInput
from skills.policy import CLIP, LAYERS, Network, load_network
from tests.skills.networks import random_network


def by_hand(tensors: dict[str, np.ndarray], seen: np.ndarray) -> np.ndarray:
    x = np.clip((seen - tensors["mean"]) / tensors["scale"], -CLIP, CLIP)
    for k in (1, 2, 3):
        x = np.tanh(x @ tensors[f"weight{k}"] + tensors[f"bias{k}"])
    low, high = tensors["action_low"], tensors["action_high"]
    return np.asarray(low + (x + 1.0) / 2.0 * (high - low))


def test_the_network_computes_what_its_layers_say() -> None:
    network, rng = random_network(), np.random.default_rng(1)
    for _ in range(20):
        seen = np.asarray(2.0 * rng.standard_normal(network.inputs_n))
        assert network.act(seen) == pytest.approx(by_hand(network.tensors, seen), abs=1e-12)


def test_the_same_input_gives_the_same_bits_alone_and_in_a_batch() -> None:
    network = random_network()
    seen = np.random.default_rng(2).normal(size=(50, network.inputs_n))
    batch = network.act_all(seen)
    assert all(network.act(row).tobytes() == out.tobytes() for row, out in zip(seen, batch, strict=True))
    assert network.act_all(seen).tobytes() == batch.tobytes()


def test_actions_stay_within_their_bounds_whatever_is_seen() -> None:
    network = random_network()
    for value in (0.0, 1e6, -1e6, 1e300):
        want = network.act(np.full(network.inputs_n, value))
        assert np.all(want >= network.tensors["action_low"])
        assert np.all(want <= network.tensors["action_high"])


def test_confidence_falls_with_what_was_never_seen() -> None:
    network = random_network()
    seen = network.tensors["mean"].copy()
    assert network.confidence(seen) == 1.0
    seen[:10] += 100.0
    assert network.confidence(seen) == pytest.approx(1.0 - 10 / network.inputs_n)
    seen[0] = math.nan
    assert network.confidence(seen) == 0.0


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    network = random_network()
    network.save(tmp_path / "w.safetensors")
    again = load_network(tmp_path / "w.safetensors")
    seen = np.asarray(np.random.default_rng(3).standard_normal(network.inputs_n))
    assert again.act(seen).tobytes() == load_network(tmp_path / "w.safetensors").act(seen).tobytes()
    assert again.act(seen) == pytest.approx(network.act(seen), abs=1e-5)


def test_missing_and_truncated_files_are_told_by_name(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    with pytest.raises(BadInput, match="w.safetensors: weights cannot be read"):
        load_network(path)
    random_network().save(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadInput, match="w.safetensors: weights cannot be read"):
        load_network(path)


@pytest.mark.parametrize("name", LAYERS)
def test_a_missing_or_infinite_tensor_is_told_by_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / "w.safetensors"
    random_network().save(path)
    tensors = load_file(path)
    save_file({key: value for key, value in tensors.items() if key != name}, path)
    with pytest.raises(BadInput, match=f"tensor {name} is missing"):
        load_network(path)
    tensors[name].reshape(-1)[0] = np.inf
    save_file(tensors, path)
    with pytest.raises(BadInput, match=f"tensor {name} holds a number that is not finite"):
        load_network(path)


def test_shapes_that_do_not_fit_are_told() -> None:
    tensors = dict(random_network().tensors)
    tensors["bias2"] = np.zeros(7)
    with pytest.raises(BadInput, match="tensor weight2 has shape"):
        Network(tensors, "here")
    tensors = dict(random_network().tensors)
    tensors["scale"] = np.zeros_like(tensors["scale"])
    with pytest.raises(BadInput, match="scale holds a number that is not positive"):
        Network(tensors, "here")


def test_inference_needs_no_torch() -> None:
    code = "import sys, skills.library, skills.policy; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""The small network of a learned policy: inference without torch, the same bits on every call.

The sums run in one fixed order in compiled code, in double precision; no BLAS chooses another.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from shield.contract import Floats
from shield.errors import BadInput
from skills.compiled import kernel

CLIP = 8.0  # normalised inputs are clipped here: nothing outside is known to the network
FAMILIAR = 5.0  # normalised inputs beyond this are unlike the training data
LAYERS = (
    "mean",
    "scale",
    "weight1",
    "bias1",
    "weight2",
    "bias2",
    "weight3",
    "bias3",
    "action_low",
    "action_high",
)


@kernel
def _dense(x: Floats, weight: Floats, bias: Floats, out: Floats) -> None:
    """`out = tanh(x weight + bias)`, weight (inputs, outputs), summed input by input."""
    for k in range(out.shape[0]):
        out[k] = bias[k]
    for i in range(x.shape[0]):
        for k in range(out.shape[0]):
            out[k] += x[i] * weight[i, k]
    for k in range(out.shape[0]):
        out[k] = math.tanh(out[k])


@kernel
def forward(net: tuple[Floats, ...], seen: Floats, want: Floats) -> int:
    """Write the action for `seen` into `want`; returns how many inputs were unlike the training data."""
    mean, scale, weight1, bias1, weight2, bias2, weight3, bias3, low, high = net
    strange = 0
    x = np.empty(seen.shape[0])
    for k in range(seen.shape[0]):
        value = (seen[k] - mean[k]) / scale[k]
        strange += 0 if abs(value) <= FAMILIAR else 1
        x[k] = min(max(value, -CLIP), CLIP)
    first, second = np.empty(bias1.shape[0]), np.empty(bias2.shape[0])
    _dense(x, weight1, bias1, first)
    _dense(first, weight2, bias2, second)
    _dense(second, weight3, bias3, want)
    for k in range(want.shape[0]):
        want[k] = low[k] + (want[k] + 1.0) / 2.0 * (high[k] - low[k])
    return strange


@kernel
def forward_all(net: tuple[Floats, ...], seen: Floats, want: Floats) -> None:
    """`forward` for each row."""
    for row in range(seen.shape[0]):
        forward(net, seen[row], want[row])


class Network:
    """Normaliser, two hidden layers, action bounds: one artefact."""

    def __init__(self, tensors: dict[str, Floats], source: str) -> None:
        """Check shapes and values of `tensors`; `source` is named when they are wrong.

        Raises:
            BadInput: a tensor is missing, has the wrong shape or holds a number that is not finite.
        """
        _check(tensors, source)
        self.tensors = {name: np.array(tensors[name], dtype=np.float64, order="C") for name in LAYERS}
        self._net = tuple(self.tensors[name] for name in LAYERS)
        self.inputs_n, self.outputs_n = self.tensors["mean"].shape[0], self.tensors["bias3"].shape[0]
        self.act(np.zeros(self.inputs_n))

    def act(self, seen: Floats) -> Floats:
        """The action for one observation, shape (outputs_n,)."""
        want = np.empty(self.outputs_n)
        forward(self._net, seen, want)
        return want

    def act_all(self, seen: Floats) -> Floats:
        """The actions for observations (n, inputs_n), shape (n, outputs_n)."""
        want = np.empty((seen.shape[0], self.outputs_n))
        forward_all(self._net, np.ascontiguousarray(seen), want)
        return want

    def confidence(self, seen: Floats) -> float:
        """Share of the inputs that look like the training data; zero when one is not finite."""
        if not np.all(np.isfinite(seen)):
            return 0.0
        strange: int = forward(self._net, seen, np.empty(self.outputs_n))
        return 1.0 - strange / float(self.inputs_n)

    def save(self, path: Path) -> None:
        """Write the tensors, in single precision, as safetensors."""
        save_file({name: value.astype(np.float32) for name, value in self.tensors.items()}, path)


def _check(tensors: dict[str, Floats], source: str) -> None:
    for name in LAYERS:
        if name not in tensors:
            raise BadInput(f"{source}: tensor {name} is missing")
        if not np.all(np.isfinite(tensors[name])):
            raise BadInput(f"{source}: tensor {name} holds a number that is not finite")
    inputs, hidden1 = tensors["mean"].shape[0], tensors["bias1"].shape[0]
    hidden2, outputs = tensors["bias2"].shape[0], tensors["bias3"].shape[0]
    shapes = {
        "mean": (inputs,),
        "scale": (inputs,),
        "weight1": (inputs, hidden1),
        "bias1": (hidden1,),
        "weight2": (hidden1, hidden2),
        "bias2": (hidden2,),
        "weight3": (hidden2, outputs),
        "bias3": (outputs,),
        "action_low": (outputs,),
        "action_high": (outputs,),
    }
    for name, shape in shapes.items():
        if tensors[name].shape != shape:
            raise BadInput(f"{source}: tensor {name} has shape {tensors[name].shape}, {shape} is expected")
    if np.any(tensors["scale"] <= 0.0):
        raise BadInput(f"{source}: tensor scale holds a number that is not positive")


def load_network(path: Path) -> Network:
    """Read a network.

    Raises:
        BadInput: the file is missing or broken; the message names it.
    """
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise BadInput(f"{path}: weights cannot be read: {' '.join(str(error).split())}") from None
    return Network(tensors, str(path))

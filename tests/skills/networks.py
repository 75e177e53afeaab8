"""A network that was never trained, for tests of everything around the weights."""

from __future__ import annotations

import numpy as np

from skills.observation import SIZE
from skills.policy import Network


def random_network(seed: int = 0, inputs: int = SIZE) -> Network:
    """Two hidden layers of 16 with random weights and the actions of `navigate`."""
    rng = np.random.default_rng(seed)
    sizes = (inputs, 16, 16, 2)
    tensors = {"mean": rng.normal(size=inputs), "scale": rng.uniform(0.5, 2.0, inputs)}
    for k in range(3):
        tensors[f"weight{k + 1}"] = rng.normal(size=(sizes[k], sizes[k + 1])) / np.sqrt(sizes[k])
        tensors[f"bias{k + 1}"] = 0.1 * rng.normal(size=sizes[k + 1])
    tensors |= {"action_low": np.array([-0.15, -1.2]), "action_high": np.array([1.2, 1.2])}
    return Network(
        {name: value.astype(np.float32).astype(np.float64) for name, value in tensors.items()}, "random"
    )

"""Proximal policy optimisation (Schulman et al., arXiv 1707.06347, 2017), small and on one thread."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from shield.contract import Floats
from skills.policy import CLIP, Network
from skills.training.environment import RUNNING, TIMEOUT, Environment, Policy

IMITATE_TURNS_N = 3
IMITATE_NOISE = 0.12  # standard deviation of what is added to the actions meanwhile, m/s and rad/s
IMITATE_BATCH_N = 512
IMITATE_RATE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Of the learner."""

    horizon: int = 128  # steps of each row between two updates
    epochs: int = 4
    minibatch: int = 2048
    learning_rate: float = 3e-4
    discount: float = 0.995
    trace: float = 0.95  # of generalised advantage estimation (Schulman et al., arXiv 1506.02438)
    clip: float = 0.2
    entropy: float = 0.002
    value: float = 0.5
    gradient: float = 0.5
    noise: float = 0.2  # standard deviation of the actions at the start
    hidden: int = 64
    settle: int = 6  # updates at the start in which the critic alone learns, after a warm start


class Learner(nn.Module):
    """Actor and critic over normalised observations."""

    mean: torch.Tensor
    scale: torch.Tensor
    low: torch.Tensor
    high: torch.Tensor

    def __init__(self, inputs: int, low: Floats, high: Floats, settings: Settings, device: str) -> None:
        super().__init__()
        hidden = settings.hidden
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("scale", torch.ones(inputs))
        self.register_buffer("low", torch.tensor(low, dtype=torch.float32))
        self.register_buffer("high", torch.tensor(high, dtype=torch.float32))
        self.actor = _layers(inputs, hidden, len(low), 0.1)
        self.critic = _layers(inputs, hidden, 1, 1.0)
        self.log_noise = nn.Parameter(torch.full((len(low),), math.log(settings.noise)))
        self.to(device)

    def normalise(self, data: Floats) -> None:
        """Take the normaliser from observations (n, inputs)."""
        self.mean.copy_(torch.tensor(data.mean(0)))
        self.scale.copy_(torch.tensor(np.maximum(data.std(0), 0.05)))

    def inputs(self, seen: torch.Tensor) -> torch.Tensor:
        """Normalised observations."""
        return ((seen - self.mean) / self.scale).clamp(-CLIP, CLIP)

    def mode(self, x: torch.Tensor) -> torch.Tensor:
        """Most likely action in [-1, 1] for normalised observations."""
        return torch.tanh(self.actor(x))

    def physical(self, action: torch.Tensor) -> Floats:
        """Actions in the environment's units."""
        scaled = self.low + (action.clamp(-1.0, 1.0) + 1.0) / 2.0 * (self.high - self.low)
        return np.asarray(scaled.cpu().numpy(), dtype=np.float64)

    def network(self) -> Network:
        """The actor as an artefact."""
        layers = [layer for layer in self.actor if isinstance(layer, nn.Linear)]
        tensors = {"mean": self.mean, "scale": self.scale, "action_low": self.low, "action_high": self.high}
        for k, layer in enumerate(layers, start=1):
            tensors[f"weight{k}"], tensors[f"bias{k}"] = layer.weight.T, layer.bias
        return Network(
            {name: t.detach().cpu().numpy().astype(np.float64) for name, t in tensors.items()}, "learner"
        )


def _layers(inputs: int, hidden: int, outputs: int, gain: float) -> nn.Sequential:
    layers = [nn.Linear(inputs, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, outputs)]
    for layer, scale in zip(layers, (math.sqrt(2.0), math.sqrt(2.0), gain), strict=True):
        nn.init.orthogonal_(layer.weight, scale)
        nn.init.zeros_(layer.bias)
    return nn.Sequential(layers[0], nn.Tanh(), layers[1], nn.Tanh(), layers[2])


class Ppo:
    """Collects and learns in turn.

    Args:
        environment: whose rows are driven.
        low: least action. high: greatest action.
        settings: of the learner.
        seed: of weights, noise and shuffling.
        device: where the network is trained.
    """

    def __init__(
        self,
        environment: Environment,
        low: Floats,
        high: Floats,
        settings: Settings,
        seed: int,
        device: str = "cpu",
    ) -> None:
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        self._random = torch.Generator().manual_seed(seed)
        self.environment, self.settings, self._device = environment, settings, device
        self._seen = environment.reset()
        self.learner = Learner(self._seen.shape[1], low, high, settings, device)
        self.optimiser = torch.optim.Adam(self.learner.parameters(), lr=settings.learning_rate, eps=1e-5)
        self.steps = 0
        self._settle_n = 0

    def imitate(self, teacher: Policy, steps: int, epochs: int) -> float:
        """Warm start: regress on what the teacher does, where it gets itself, then where the learner gets.

        Data aggregation after Ross, Gordon and Bagnell (AISTATS 2011). Returns the last epoch's mean loss.
        """
        low, high = self.learner.low.cpu().numpy(), self.learner.high.cpu().numpy()
        rng = np.random.default_rng(0)
        data: list[Floats] = []
        labels: list[Floats] = []
        loss = 0.0
        self._settle_n = self.settings.settle
        for turn in range(IMITATE_TURNS_N):
            for _ in range(steps):
                told = teacher.act_all(self._seen)
                data.append(self._seen)
                labels.append(np.clip((told - low) / (high - low) * 2.0 - 1.0, -0.98, 0.98))
                want = told if turn == 0 else self._greedy(self._seen)
                noisy = want + IMITATE_NOISE * rng.standard_normal(want.shape)
                self._seen = self.environment.step(noisy).seen
            if turn == 0:
                self.learner.normalise(np.concatenate(data))
            loss = self._regress(np.concatenate(data), np.concatenate(labels), epochs)
        return loss

    @torch.no_grad()
    def _greedy(self, seen: Floats) -> Floats:
        return self.learner.physical(self.learner.mode(self.learner.inputs(self._tensor(seen))))

    def _regress(self, data: Floats, labels: Floats, epochs: int) -> float:
        for group in self.optimiser.param_groups:
            group["lr"] = IMITATE_RATE
        x, y = self.learner.inputs(self._tensor(data)), self._tensor(labels)
        losses: list[float] = []
        for _ in range(epochs):
            losses.clear()
            for rows in self._batches(x.shape[0], IMITATE_BATCH_N):
                error = ((self.learner.mode(x[rows]) - y[rows]) ** 2).mean()
                self._descend(error)
                losses.append(error.item())
        return float(np.mean(losses))

    def update(self, share: float) -> dict[str, float]:
        """One round of collecting and learning; `share` of the training is over (for the learning rate).

        Returns the mean reward of a step and the losses.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = self.settings.learning_rate * max(1.0 - share, 0.05)
        batch = self._collect()
        losses = self._learn(*batch)
        return {"reward": float(batch[3].mean()), **losses}

    def _tensor(self, array: Any) -> torch.Tensor:
        return torch.as_tensor(array, dtype=torch.float32).to(self._device)

    @torch.no_grad()
    def _collect(self) -> tuple[torch.Tensor, ...]:
        rows, horizon, learner = self.environment.count, self.settings.horizon, self.learner
        noise = learner.log_noise.exp()
        xs, actions, logs, rewards, values, ends = [], [], [], [], [], []
        for _ in range(horizon):
            x = learner.inputs(self._tensor(self._seen))
            mode = learner.mode(x)
            draw = torch.randn(mode.shape, generator=self._random).to(self._device)
            action = mode + noise * draw
            step = self.environment.step(learner.physical(action))
            reward, over = self._tensor(step.reward), self._tensor(step.outcome != RUNNING)
            late = np.flatnonzero(step.outcome == TIMEOUT)
            if late.size:
                rest = learner.critic(learner.inputs(self._tensor(step.last_seen[late])))[:, 0]
                reward[late] += self.settings.discount * rest
            xs.append(x)
            actions.append(action)
            logs.append(_log_density(action, mode, learner.log_noise))
            rewards.append(reward)
            values.append(learner.critic(x)[:, 0])
            ends.append(over)
            self._seen = step.seen
        self.steps += rows * horizon
        values.append(learner.critic(learner.inputs(self._tensor(self._seen)))[:, 0])
        advantages = self._advantages(rewards, values, ends)
        returns = advantages + torch.stack(values[:-1])
        parts = (
            torch.stack(xs),
            torch.stack(actions),
            torch.stack(logs),
            torch.stack(rewards),
            advantages,
            returns,
        )
        return tuple(part.flatten(0, 1) for part in parts)

    def _advantages(
        self, rewards: list[torch.Tensor], values: list[torch.Tensor], ends: list[torch.Tensor]
    ) -> torch.Tensor:
        running = torch.zeros_like(rewards[0])
        out = []
        for k in reversed(range(len(rewards))):
            alive = 1.0 - ends[k]
            surprise = rewards[k] + self.settings.discount * values[k + 1] * alive - values[k]
            running = surprise + self.settings.discount * self.settings.trace * alive * running
            out.append(running)
        return torch.stack(out[::-1])

    def _learn(
        self,
        x: torch.Tensor,
        action: torch.Tensor,
        old: torch.Tensor,
        _: torch.Tensor,
        advantage: torch.Tensor,
        returns: torch.Tensor,
    ) -> dict[str, float]:
        settings, learner = self.settings, self.learner
        acts = 0.0 if self._settle_n > 0 else 1.0
        self._settle_n -= 1
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-6)
        sums, count = np.zeros(3), 0
        for _epoch in range(settings.epochs):
            for rows in self._batches(x.shape[0], settings.minibatch):
                ratio = (
                    _log_density(action[rows], learner.mode(x[rows]), learner.log_noise) - old[rows]
                ).exp()
                gain = advantage[rows]
                clipped = ratio.clamp(1.0 - settings.clip, 1.0 + settings.clip)
                policy = -torch.minimum(ratio * gain, clipped * gain).mean()
                value = ((learner.critic(x[rows])[:, 0] - returns[rows]) ** 2).mean()
                entropy = learner.log_noise.sum()
                self._descend(acts * (policy - settings.entropy * entropy) + settings.value * value)
                sums += (policy.item(), value.item(), (ratio - 1.0).abs().mean().item())
                count += 1
        return dict(zip(("policy_loss", "value_loss", "change"), (sums / count).tolist(), strict=True))

    def _batches(self, count: int, size: int) -> list[torch.Tensor]:
        shuffled = torch.randperm(count, generator=self._random)
        return [shuffled[k : k + size] for k in range(0, count, size)]

    def _descend(self, loss: torch.Tensor) -> None:
        self.optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.learner.parameters(), self.settings.gradient)
        self.optimiser.step()


def _log_density(action: torch.Tensor, mode: torch.Tensor, log_noise: torch.Tensor) -> torch.Tensor:
    """Of a normal distribution, without its constant."""
    return (-0.5 * ((action - mode) / log_noise.exp()) ** 2 - log_noise).sum(-1)

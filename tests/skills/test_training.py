"""Training on a toy: the return rises, the same seed gives the same weights, a checkpoint goes on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shield.errors import BadInput
from skills.policy import Network
from skills.training import checkpoint
from skills.training.curriculum import PEOPLE_N, people_at
from skills.training.environment import ARRIVED, RUNNING, TIMEOUT
from skills.training.evaluation import evaluate, wilson
from skills.training.ppo import Ppo, Settings
from skills.training.trainer import Plan, Trainer

LOW, HIGH = np.array([-1.0]), np.array([1.0])
SMALL = Settings(horizon=32, minibatch=256, hidden=16, settle=1, learning_rate=2e-3)


@dataclass(frozen=True)
class ToyStep:
    seen: np.ndarray
    last_seen: np.ndarray
    reward: np.ndarray
    outcome: np.ndarray
    tally: np.ndarray
    steps: np.ndarray


class Toy:
    """A point on a line that has to get to the middle."""

    def __init__(self, count: int = 32, seed: int = 0) -> None:
        self.count, self.step_s = count, 0.1
        self._rng = np.random.default_rng(seed)
        self._x, self._n = np.zeros(count), np.zeros(count, np.int64)
        self.reset()

    def people(self, most: int) -> None:
        self.most = most

    def reset(self) -> np.ndarray:
        self._x = self._rng.uniform(-2.0, 2.0, self.count)
        self._n[:] = 0
        return self._seen()

    def _seen(self) -> np.ndarray:
        return np.column_stack([self._x, np.sign(self._x)])

    def step(self, want: np.ndarray) -> ToyStep:
        before = np.abs(self._x)
        self._x = self._x + 0.2 * want[:, 0]
        self._n += 1
        outcome = np.where(np.abs(self._x) < 0.1, ARRIVED, np.where(self._n >= 60, TIMEOUT, RUNNING))
        reward = before - np.abs(self._x) - 0.02
        last, steps = self._seen(), self._n.copy()
        over = outcome != RUNNING
        self._x[over], self._n[over] = self._rng.uniform(-2.0, 2.0, int(over.sum())), 0
        return ToyStep(self._seen(), last, reward, outcome, np.ones((self.count, 6)), steps)


class Teacher:
    """Goes the right way."""

    def act_all(self, seen: np.ndarray) -> np.ndarray:
        return np.clip(-2.0 * seen[:, :1], -1.0, 1.0)


def trainer(folder: Path, *, budget_s: float = 3.0, resume: bool = False, seed: int = 3) -> Trainer:
    plan = Plan(
        budget_s=budget_s, seed=seed, folder=folder, resume=resume, rounds_between_checks=10, settings=SMALL
    )
    return Trainer(Toy(), Toy(seed=1), Teacher(), (LOW, HIGH), plan, lambda _line: None)


def test_the_return_rises_from_nothing() -> None:
    ppo = Ppo(Toy(), LOW, HIGH, SMALL, seed=1)
    rewards = [ppo.update(0.0)["reward"] for _ in range(40)]
    assert np.mean(rewards[-5:]) > np.mean(rewards[:5]) + 0.02
    assert evaluate(ppo.learner.network(), Toy(seed=2), 2).success_rate > 0.9


def test_imitation_comes_close_to_the_teacher() -> None:
    ppo = Ppo(Toy(), LOW, HIGH, SMALL, seed=1)
    assert ppo.imitate(Teacher(), 40, 20) < 0.05
    assert evaluate(ppo.learner.network(), Toy(seed=2), 2).success_rate > 0.9


def test_the_same_seed_gives_the_same_weights() -> None:
    weights = []
    for _ in range(2):
        ppo = Ppo(Toy(), LOW, HIGH, SMALL, seed=4)
        ppo.imitate(Teacher(), 5, 1)
        ppo.update(0.0)
        weights.append(ppo.learner.network().tensors["weight1"].tobytes())
    assert weights[0] == weights[1]


def test_a_training_leaves_the_best_network_and_a_checkpoint_to_go_on_from(tmp_path: Path) -> None:
    first = trainer(tmp_path)
    network = first.run()
    assert isinstance(network, Network)
    assert evaluate(network, Toy(seed=5), 2).success_rate > 0.9
    assert first.progress.curve
    best = max(check["score"] for check in first.progress.checks)
    assert first.progress.best_score == best
    notes = json.loads((tmp_path / checkpoint.NOTES).read_text())
    assert notes["steps"] == first.steps
    second = trainer(tmp_path, budget_s=4.5, resume=True)
    second.run()
    assert second.steps > first.steps
    assert second.progress.curve[: len(first.progress.curve)] == first.progress.curve


def test_a_checkpoint_holds_the_optimiser_too(tmp_path: Path) -> None:
    one = Ppo(Toy(), LOW, HIGH, SMALL, seed=1)
    one.update(0.0)
    checkpoint.save(tmp_path, one, {})
    two = Ppo(Toy(), LOW, HIGH, SMALL, seed=9)
    checkpoint.load(tmp_path, two)
    assert two.steps == one.steps
    left, right = (ppo.optimiser.state_dict()["state"] for ppo in (one, two))
    assert left.keys() == right.keys()
    for index, state in left.items():
        assert all(bool((state[name] == right[index][name]).all()) for name in state)


def test_resuming_from_nothing_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no checkpoint to resume from"):
        trainer(tmp_path, resume=True).run()


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_interval_holds_the_share(successes: int, trials: int) -> None:
    successes = min(successes, trials)
    low, high = wilson(successes, trials)
    assert 0.0 <= low <= successes / trials <= high <= 1.0
    assert wilson(10 * successes, 10 * trials)[1] - wilson(10 * successes, 10 * trials)[0] < high - low


def test_the_interval_of_a_known_case() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(970, 1000) == pytest.approx((0.9575, 0.9789), abs=2e-4)


def test_people_come_little_by_little() -> None:
    counts = [people_at(share) for share in np.linspace(0.0, 1.0, 50)]
    assert counts[0] == 1
    assert counts[-1] == PEOPLE_N
    assert counts == sorted(counts)

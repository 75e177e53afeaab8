"""One training from scratch or from a checkpoint: imitate the baseline, then learn, selecting as it goes."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shield.contract import Floats
from skills.policy import Network, load_network
from skills.training import checkpoint
from skills.training.curriculum import people_at
from skills.training.environment import Environment, Policy
from skills.training.evaluation import Result, evaluate
from skills.training.ppo import Ppo, Settings

BEST = "best.safetensors"
IMITATE_STEPS_N, IMITATE_EPOCHS_N = 250, 12
IMITATE_STEPS_PER_S = 0.5  # of the budget: a short training does not spend all of it on imitation
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a training is asked for."""

    budget_s: float
    seed: int
    folder: Path
    device: str = "cpu"
    resume: bool = False
    rounds_between_checks: int = 25
    settings: Settings = field(default_factory=Settings)


@dataclass(slots=True)
class Progress:
    """How a training went."""

    seconds: float = 0.0
    best_score: float = -1.0
    curve: list[dict[str, float]] = field(default_factory=list)  # one entry a round
    checks: list[dict[str, float]] = field(default_factory=list)  # one entry a selection


class Trainer:
    """Trains in `environment` and selects the checkpoint in `validation`.

    Args:
        environment: whose rows are learned from.
        validation: other halls, for selecting.
        baseline: what is imitated first.
        bounds: least and greatest actions.
        plan: budget, seed and folder.
        tell: takes one line of progress.
    """

    def __init__(
        self,
        environment: Environment,
        validation: Environment,
        baseline: Policy,
        bounds: tuple[Floats, Floats],
        plan: Plan,
        tell: Tell,
    ) -> None:
        self._environment, self._validation, self._baseline = environment, validation, baseline
        self._plan, self._tell = plan, tell
        self._ppo = Ppo(environment, *bounds, plan.settings, plan.seed, plan.device)
        self.progress = Progress()

    @property
    def steps(self) -> int:
        """Steps of the environment that were learned from."""
        return self._ppo.steps

    def run(self) -> Network:
        """Train until the budget is spent; returns the best network that was seen."""
        plan, progress = self._plan, self.progress
        began = time.monotonic()
        if plan.resume:
            self._restore()
            began -= progress.seconds
        else:
            self._environment.people(1)
            loss = self._imitate(began)
            self._tell(f"imitated the baseline: loss {loss:.4f} after {time.monotonic() - began:.0f} s")
        while (elapsed := time.monotonic() - began) < plan.budget_s:
            share = elapsed / plan.budget_s
            self._environment.people(people_at(share))
            figures = self._ppo.update(share)
            progress.seconds = time.monotonic() - began
            progress.curve.append({"steps": float(self.steps), "seconds": progress.seconds, **figures})
            if len(progress.curve) % plan.rounds_between_checks == 0:
                self._check()
        progress.seconds = time.monotonic() - began
        self._check()
        return load_network(plan.folder / BEST)

    def _imitate(self, began: float) -> float:
        steps = min(IMITATE_STEPS_N, 8 + int(IMITATE_STEPS_PER_S * self._plan.budget_s))
        loss = self._ppo.imitate(self._baseline, steps, IMITATE_EPOCHS_N)
        self.progress.seconds = time.monotonic() - began
        return loss

    def _check(self) -> None:
        """Measure, keep the network if it is the best so far, write a checkpoint."""
        network, progress = self._ppo.learner.network(), self.progress
        result = evaluate(network, self._validation, 1)
        score = _score(result)
        chosen = score > progress.best_score
        if chosen:
            progress.best_score = score
            network.save(self._plan.folder / BEST)
        entry = {"steps": float(self.steps), "seconds": progress.seconds, "score": score}
        progress.checks.append({**entry, **{k: float(v) for k, v in dataclasses.asdict(result).items()}})
        checkpoint.save(self._plan.folder, self._ppo, dataclasses.asdict(progress))
        self._tell(
            f"{progress.seconds:6.0f} s  {self.steps / 1e6:6.2f} M steps  "
            f"reward {progress.curve[-1]['reward'] if progress.curve else 0.0:+.4f}  "
            f"success {result.success_rate:6.1%}  time {result.mean_time_s:5.1f} s  "
            f"corrected {result.corrected_share:5.1%}  contacts {result.contacts}{'  kept' if chosen else ''}"
        )

    def _restore(self) -> None:
        notes: dict[str, Any] = checkpoint.load(self._plan.folder, self._ppo)
        for spot in dataclasses.fields(Progress):
            setattr(self.progress, spot.name, notes[spot.name])
        self._tell(f"resumed after {self.progress.seconds:.0f} s and {self.steps / 1e6:.2f} M steps")


def _score(result: Result) -> float:
    """Success first; among equals the quicker and the less corrected one."""
    return (
        result.success_rate
        - 2.0 * result.contacts / result.episodes
        - 0.002 * result.mean_time_s
        - 0.1 * result.corrected_share
    )

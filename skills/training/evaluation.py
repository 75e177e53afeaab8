"""Measured results of a policy, with intervals that say how far a count can be trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from skills.training.environment import (
    ARRIVED,
    CONTACT,
    CORRECTED_S,
    JERK,
    ROUTE_M,
    RUNNING,
    TRAVELLED_M,
    Environment,
    Policy,
)

Z_95 = 1.959964  # two-sided 95 % quantile of the normal distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Of a number of episodes."""

    episodes: int
    success_rate: float
    success_low: float  # 95 % Wilson interval
    success_high: float
    contacts: int
    timeouts: int
    mean_time_s: float  # of the episodes that arrived, as the two below
    mean_speed_mps: float
    detour: float  # way driven over length of the route
    corrected_share: float  # of the time, the shield changed the proposal
    turn_jerk_radps2: float  # mean absolute change of the yaw rate asked for


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson, J. Am. Stat. Assoc. 22, 1927)."""
    if trials == 0:
        return 0.0, 1.0
    share, z2 = successes / trials, Z_95 * Z_95
    middle = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = Z_95 / (1 + z2 / trials) * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials))
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def evaluate(policy: Policy, environment: Environment, each: int) -> Result:
    """Drive `each` episodes in every row (so that short episodes do not count more often)."""
    seen = environment.reset()
    left = np.full(environment.count, each)
    outcomes: list[int] = []
    tallies, lengths = [], []
    while np.any(left > 0):
        step = environment.step(policy.act_all(seen))
        seen = step.seen
        for row in np.flatnonzero((step.outcome != RUNNING) & (left > 0)):
            left[row] -= 1
            outcomes.append(int(step.outcome[row]))
            tallies.append(step.tally[row])
            lengths.append(int(step.steps[row]))
    return _summary(np.array(outcomes), np.array(tallies), np.array(lengths) * environment.step_s)


def _summary(outcome: np.ndarray, tally: np.ndarray, time_s: np.ndarray) -> Result:
    arrived = outcome == ARRIVED
    low, high = wilson(int(arrived.sum()), len(outcome))
    good = arrived if arrived.any() else np.ones(len(outcome), dtype=bool)
    total = time_s.sum()
    return Result(
        episodes=len(outcome),
        success_rate=float(arrived.mean()),
        success_low=low,
        success_high=high,
        contacts=int((outcome == CONTACT).sum()),
        timeouts=int((~arrived & (outcome != CONTACT)).sum()),
        mean_time_s=float(time_s[good].mean()),
        mean_speed_mps=float(tally[good, TRAVELLED_M].sum() / time_s[good].sum()),
        detour=float(tally[good, TRAVELLED_M].sum() / tally[good, ROUTE_M].sum()),
        corrected_share=float(tally[:, CORRECTED_S].sum() / total),
        turn_jerk_radps2=float(tally[:, JERK].sum() / total),
    )

"""Z3's part in a correction: does anything nearer exist, and do these limits really contradict each other?

The terms are built once; a tick's numbers are put in their places. Each question is a handful of constraints
with a bounded number of steps (rlimit), not of seconds: the same input gets the same answer on any machine.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import z3

from shield.rules import Limit, Quantity
from shield.solve import OTHER_KIND, Answer, Option, Problem

STEPS_MAX_N = 200_000  # Z3's resource limit; the questions here take a few hundred
CLOSER = 1e-6  # what counts as nearer
DIGITS_N = 9


class Proof(IntEnum):
    """What Z3 says about a claim."""

    UNKNOWN = 0
    HOLDS = 1
    REFUTED = 2


class Prover:
    """The solver with its terms: speed, yaw rate and the numbers of one rule, one option, one distance."""

    def __init__(self) -> None:
        self._solver = z3.SimpleSolver()
        self._solver.set("rlimit", STEPS_MAX_N)
        self._speed, self._yaw = z3.Real("speed"), z3.Real("yaw_rate")
        self._low, self._high, self._curvature = z3.Real("low"), z3.Real("high"), z3.Real("curvature")
        self._wish, self._spare = z3.Real("wish"), z3.Real("spare")
        self._terms = {quantity: self._within(term) for quantity, term in self._quantities().items()}
        arc = z3.And(self._yaw == self._curvature * self._speed, self._within(self._speed))
        turn = z3.And(self._speed == 0, self._within(self._yaw))
        self._arc = z3.And(arc, self._near(self._speed))
        self._turn = z3.And(turn, self._near(self._yaw))

    def _quantities(self) -> dict[Quantity, Any]:
        return {
            Quantity.SPEED: self._speed,
            Quantity.YAW_RATE: self._yaw,
            Quantity.LATERAL_ACCEL: self._speed * self._speed * self._curvature,
            Quantity.CURVATURE: self._curvature,
        }

    def _within(self, term: Any) -> Any:
        return z3.And(term >= self._low, term <= self._high)

    def _near(self, term: Any) -> Any:
        return z3.And(term - self._wish < self._spare, self._wish - term < self._spare)

    def nearest(self, problem: Problem, answer: Answer) -> Proof:
        """Whether no option holds an action that keeps the rules and is nearer than the answer."""
        choices = []
        for option in problem.options:
            spare = answer.distance - CLOSER - self._fixed_cost(problem, option)
            if spare > 0.0:
                choices.append(self._choice(problem, option, spare))
        if not choices:
            return Proof.HOLDS
        kinds = (Quantity.SPEED, Quantity.YAW_RATE)
        rules = [self._rule(limit) for limit in _tightest(problem.limits) if limit.quantity in kinds]
        return self._unsatisfiable([*rules, z3.Or(choices)])

    def contradicts(self, limits: tuple[Limit, ...], curvature: float, rotates: bool) -> Proof:
        """Whether no speed on the curvature (or no rate of a rotation) keeps all of the limits."""
        motion = self._speed == 0 if rotates else self._yaw == _number(curvature) * self._speed
        place = (self._curvature, _number(0.0 if rotates else curvature))
        rules = [z3.substitute(self._rule(limit), place) for limit in limits if limit.quantity in self._terms]
        return self._unsatisfiable([motion, *rules])

    def _rule(self, limit: Limit) -> Any:
        return z3.substitute(
            self._terms[limit.quantity], (self._low, _number(limit.low)), (self._high, _number(limit.high))
        )

    @staticmethod
    def _fixed_cost(problem: Problem, option: Option) -> float:
        if option.rotates != (problem.proposal.turn_radps != 0.0):
            return OTHER_KIND
        if option.rotates:
            return 0.0
        return problem.weight_m2ps * abs(option.curvature - problem.proposal.curvature_radpm)

    def _choice(self, problem: Problem, option: Option, spare: float) -> Any:
        term = self._turn if option.rotates else self._arc
        wish = problem.proposal.turn_radps if option.rotates else problem.proposal.speed_mps
        return z3.substitute(
            term,
            (self._curvature, _number(option.curvature)),
            (self._low, _number(option.low)),
            (self._high, _number(option.high)),
            (self._wish, _number(wish)),
            (self._spare, _number(spare)),
        )

    def _unsatisfiable(self, terms: list[Any]) -> Proof:
        self._solver.push()
        try:
            self._solver.add(*terms)
            found = self._solver.check()
        except z3.Z3Exception:
            return Proof.UNKNOWN
        finally:
            self._solver.pop()
        if found == z3.unsat:
            return Proof.HOLDS
        return Proof.REFUTED if found == z3.sat else Proof.UNKNOWN


def _tightest(limits: tuple[Limit, ...]) -> list[Limit]:
    """For each quantity the intersection of its limits: the same set of actions in fewer terms."""
    spans: dict[Quantity, tuple[float, float]] = {}
    for limit in limits:
        low, high = spans.get(limit.quantity, (limit.low, limit.high))
        spans[limit.quantity] = max(low, limit.low), min(high, limit.high)
    return [Limit("all", quantity, low, high) for quantity, (low, high) in spans.items()]


def _number(value: float) -> Any:
    return z3.RealVal(f"{value:.{DIGITS_N}f}")

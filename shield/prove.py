"""Z3's part in a correction: does anything nearer exist, and do these limits really contradict each other?

The variables are declared once, and a tick's question goes in as SMT-LIB text, which costs a fraction of
terms built one by one. Each question is a handful of constraints with a bounded number of steps (rlimit), not
of seconds: the same input gets the same answer on any machine.
"""

from __future__ import annotations

from enum import IntEnum

import z3

from shield.rules import Limit, Quantity
from shield.solve import OTHER_KIND, Answer, Option, Problem, tightest

STEPS_MAX_N = 200_000  # Z3's resource limit; the questions here take a few hundred
CLOSER = 1e-6  # what counts as nearer
DECLARED = "(declare-const speed Real) (declare-const yaw Real) (declare-const curvature Real)"
TERMS = {
    Quantity.SPEED: "speed",
    Quantity.YAW_RATE: "yaw",
    Quantity.LATERAL_ACCEL: "(* speed speed curvature)",
    Quantity.CURVATURE: "curvature",
}


class Proof(IntEnum):
    """What Z3 says about a claim."""

    UNKNOWN = 0
    HOLDS = 1
    REFUTED = 2


class Prover:
    """A solver that is asked one question at a time."""

    def __init__(self) -> None:
        self._solver = z3.SimpleSolver()
        self._solver.set("rlimit", STEPS_MAX_N)
        self._solver.from_string(DECLARED)

    def nearest(self, problem: Problem, answer: Answer) -> Proof:
        """Whether no option holds an action that keeps the rules and is nearer than the answer."""
        question = nearer_action(problem, answer)
        return self._unsatisfiable(question) if question else Proof.HOLDS

    def contradicts(self, limits: tuple[Limit, ...], curvature: float, rotates: bool) -> Proof:
        """Whether no speed on the curvature (or no rate of a rotation) keeps all of the limits."""
        return self._unsatisfiable(within(limits, curvature, rotates))

    def _unsatisfiable(self, question: str) -> Proof:
        self._solver.push()
        try:
            self._solver.from_string(question)
            found = self._solver.check()
        except z3.Z3Exception:
            return Proof.UNKNOWN
        finally:
            self._solver.pop()
        if found == z3.unsat:
            return Proof.HOLDS
        return Proof.REFUTED if found == z3.sat else Proof.UNKNOWN


def nearer_action(problem: Problem, answer: Answer) -> str:
    """The question for an action that is nearer to the proposal; empty where no option can hold one."""
    choices = []
    for option in problem.options:
        spare = answer.distance - CLOSER - _fixed_cost(problem, option)
        if spare > 0.0:
            choices.append(_choice(problem, option, spare))
    if not choices:
        return ""
    rules = [
        _within(limit)
        for limit in tightest(problem.limits)
        if limit.quantity in (Quantity.SPEED, Quantity.YAW_RATE)
    ]
    return " ".join(rules) + f" (assert (or false {' '.join(choices)}))"


def within(limits: tuple[Limit, ...], curvature: float, rotates: bool) -> str:
    """The question for a motion on one curvature (or for a rotation in place) that keeps the limits."""
    motion = "(= speed 0)" if rotates else "(= yaw (* curvature speed))"
    place = f"(assert (and {motion} (= curvature {_number(0.0 if rotates else curvature)})))"
    return " ".join([place, *(_within(limit) for limit in limits if limit.quantity in TERMS)])


def _within(limit: Limit) -> str:
    return f"(assert (<= {_number(limit.low)} {TERMS[limit.quantity]} {_number(limit.high)}))"


def _fixed_cost(problem: Problem, option: Option) -> float:
    """The part of the distance that does not depend on the speed."""
    if option.rotates != (problem.proposal.turn_radps != 0.0):
        return OTHER_KIND
    if option.rotates:
        return 0.0
    return problem.weight_m2ps * abs(option.curvature - problem.proposal.curvature_radpm)


def _choice(problem: Problem, option: Option, spare: float) -> str:
    wish = problem.proposal.turn_radps if option.rotates else problem.proposal.speed_mps
    moving = "yaw" if option.rotates else "speed"
    motion = "(= speed 0)" if option.rotates else f"(= yaw (* {_number(option.curvature)} speed))"
    admissible = f"(<= {_number(option.low)} {moving} {_number(option.high)})"
    near = f"(< {_number(wish - spare)} {moving} {_number(wish + spare)})"
    return f"(and {motion} {admissible} {near})"


def _number(value: float) -> str:
    return f"(- {-value:.9f})" if value < 0.0 else f"{value:.9f}"

"""The nearest admissible action: the problem as data, and its solution by exact enumeration.

On a fixed curvature every rule is an interval of speeds, and so is what reachability allows; among a handful
of curvatures the nearest action is found in closed form. `shield.prove` lets Z3 decide whether anything
nearer exists, over the same data, and which limits contradict each other when nothing does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from shield.contract import BaseCommand
from shield.profile import RobotProfile
from shield.rules import ROUNDING, Limit, Quantity
from shield.search import SAFE, Scene, fastest

OPTIONS_MAX_N = 7
OTHER_KIND = 10.0  # what it costs to drive where a rotation was asked for, or the other way round
SLOWEST_MPS = 1e-3  # slower is a stop, and a stop is not a correction
SPREAD = (0.25, 0.5, 1.0)  # shares of the reachable change of curvature that are tried


class Option(NamedTuple):
    """One curvature (or the rotation in place) and the speeds (or rates) on it that are admissible."""

    curvature: float
    rotates: bool
    low: float
    high: float
    why: int  # what forbids more, one of `shield.search`'s codes; SAFE when the rules do
    searched: bool = True  # whether reachability has narrowed the speeds; if not, they are the rules' alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Find the option's speed that is nearest to the proposal."""

    proposal: BaseCommand
    weight_m2ps: float  # metres a second that a curvature change of 1 rad/m counts for
    limits: tuple[Limit, ...]
    options: tuple[Option, ...]


class Answer(NamedTuple):
    """The nearest action found and its distance from the proposal."""

    command: BaseCommand
    distance: float
    option: Option


def weight(profile: RobotProfile) -> float:
    """The metric's weight: at full speed, a change of curvature moves the robot's nose sideways that fast."""
    return profile.base.length_m / 2 * profile.base.speed_max_mps


def tightest(limits: tuple[Limit, ...]) -> tuple[Limit, ...]:
    """For each quantity the intersection of its limits: the same set of actions in fewer terms."""
    spans: dict[Quantity, tuple[float, float]] = {}
    for limit in limits:
        low, high = spans.get(limit.quantity, (limit.low, limit.high))
        spans[limit.quantity] = max(low, limit.low), min(high, limit.high)
    return tuple(Limit("all", quantity, low, high) for quantity, (low, high) in spans.items())


def window(limits: tuple[Limit, ...], curvature: float, rotates: bool) -> tuple[float, float]:
    """Speeds on a curvature (or rates of a rotation) that the rules allow; empty when low > high."""
    low, high = -math.inf, math.inf
    for limit in limits:
        least, most = _span(limit, curvature, rotates)
        low, high = max(low, least), min(high, most)
    return low, high


def _span(limit: Limit, curvature: float, rotates: bool) -> tuple[float, float]:
    free, never = (-math.inf, math.inf), (math.inf, -math.inf)
    quantity = limit.quantity
    if rotates:
        if quantity in (Quantity.YAW_RATE, Quantity.TURN):
            return limit.low, limit.high
        return free if limit.low <= 0.0 <= limit.high else never
    if quantity is Quantity.SPEED:
        return limit.low, limit.high
    if quantity is Quantity.CURVATURE:
        return free if limit.low <= curvature <= limit.high else never
    if quantity in (Quantity.TURN, Quantity.MIXED):
        return free if limit.low <= 0.0 <= limit.high else never
    if curvature == 0.0:
        return free if limit.low <= 0.0 <= limit.high else never
    if quantity is Quantity.YAW_RATE:
        slack = ROUNDING / 2
        ends = (limit.low - slack) / curvature, (limit.high + slack) / curvature
        return min(ends), max(ends)
    most = math.sqrt(max(0.0, limit.high) / abs(curvature))
    return -most, most


def curvatures(proposal: BaseCommand, held: float, limits: tuple[Limit, ...], bound: float) -> list[float]:
    """Curvatures worth trying: the proposal's, the held one, and those that one period can reach."""
    wish = max(-bound, min(bound, proposal.curvature_radpm))
    found = [wish, held]
    low, high = window(tuple(limit for limit in limits if limit.quantity is Quantity.SPEED), 0.0, False)
    speed = min(max(proposal.speed_mps, low), high)
    rates = [limit for limit in limits if limit.quantity is Quantity.YAW_RATE]
    if abs(speed) > SLOWEST_MPS and rates:
        ends = [max(limit.low for limit in rates) / speed, min(limit.high for limit in rates) / speed]
        first, last = max(-bound, min(ends)), min(bound, max(ends))
        if first <= last:
            nearest = max(first, min(last, wish))
            found.append(nearest)
            found += [nearest + share * (end - nearest) for share in SPREAD for end in (first, last)]
    unique = dict.fromkeys(round(k, 9) for k in found)
    unique.pop(round(wish, 9))
    others = sorted(unique, key=lambda k: abs(k - wish))
    return [wish, *others][:OPTIONS_MAX_N]


def build_problem(
    profile: RobotProfile, scene: Scene, proposal: BaseCommand, limits: tuple[Limit, ...], held_radpm: float
) -> Problem:
    """The problem of one tick; reachability is asked only where the rules leave something nearer."""
    scale, tight = weight(profile), tightest(limits)
    options: list[Option] = []
    best = math.inf
    if proposal.turn_radps != 0.0 and proposal.speed_mps == 0.0:
        options += _rotation(scene, proposal.turn_radps, tight)
        best = min((_nearest(proposal, scale, option).distance for option in options), default=math.inf)
        proposal_arc, bases = BaseCommand(speed_mps=0.0, curvature_radpm=held_radpm), [held_radpm]
    else:
        proposal_arc = proposal
        bases = curvatures(proposal, held_radpm, tight, profile.base.curvature_max_radpm)
    for curvature in bases:
        if scale * abs(curvature - proposal_arc.curvature_radpm) >= best:
            continue
        ruled = _arc(proposal_arc, tight, curvature)
        if ruled is None:
            continue
        if _nearest(proposal, scale, ruled).distance >= best:
            options.append(ruled)
            continue
        for option in _searched(scene, ruled):
            options.append(option)
            best = min(best, _nearest(proposal, scale, option).distance)
    if best == math.inf and proposal.turn_radps == 0.0:
        options += _rotation(scene, 0.0, tight)
    return Problem(proposal=proposal, weight_m2ps=scale, limits=limits, options=tuple(options))


def _arc(proposal: BaseCommand, limits: tuple[Limit, ...], curvature: float) -> Option | None:
    """What the rules leave on one curvature, forwards or backwards, whichever the proposal is nearer to."""
    return _one_way(window(limits, curvature, False), proposal.speed_mps, curvature, False)


def _rotation(scene: Scene, wish: float, limits: tuple[Limit, ...]) -> list[Option]:
    ruled = _one_way(window(limits, 0.0, True), wish, 0.0, True)
    return [] if ruled is None else _searched(scene, ruled)


def _one_way(span: tuple[float, float], wish: float, curvature: float, rotates: bool) -> Option | None:
    """The part of a span between the slowest motion and what is nearest to the wish."""
    low, high = span
    target = min(max(wish, low), high)
    if low > high or abs(target) < SLOWEST_MPS:
        return None
    if target > 0.0:
        return Option(curvature, rotates, max(low, SLOWEST_MPS), target, SAFE, searched=False)
    return Option(curvature, rotates, target, min(high, -SLOWEST_MPS), SAFE, searched=False)


def _searched(scene: Scene, ruled: Option) -> list[Option]:
    """The option as reachability narrows it; none where it leaves nothing."""
    sign = 1.0 if ruled.high > 0.0 else -1.0
    slow, quick = (ruled.low, ruled.high) if sign > 0.0 else (-ruled.high, -ruled.low)
    safe, why = fastest(scene, slow, quick, ruled.curvature, sign, ruled.rotates)
    if safe < 0.0:
        return []
    ends = (slow, safe) if sign > 0.0 else (-safe, -slow)
    return [Option(ruled.curvature, ruled.rotates, ends[0], ends[1], why if safe < quick else SAFE)]


def _nearest(proposal: BaseCommand, scale: float, option: Option) -> Answer:
    asked_turn = proposal.turn_radps != 0.0
    wish = proposal.turn_radps if option.rotates else proposal.speed_mps
    value = min(max(wish, option.low), option.high)
    distance = abs(value - wish)
    if option.rotates:
        command = BaseCommand(speed_mps=0.0, turn_radps=value)
        return Answer(command, distance if asked_turn else distance + OTHER_KIND, option)
    command = BaseCommand(speed_mps=value, curvature_radpm=option.curvature)
    if asked_turn:
        return Answer(command, distance + OTHER_KIND, option)
    return Answer(command, distance + scale * abs(option.curvature - proposal.curvature_radpm), option)


def solve(problem: Problem) -> Answer | None:
    """The nearest admissible action, or None; of equally near ones the first option's."""
    searched = [option for option in problem.options if option.searched]
    answers = [_nearest(problem.proposal, problem.weight_m2ps, option) for option in searched]
    return min(answers, key=lambda answer: answer.distance) if answers else None


def contradiction(limits: tuple[Limit, ...], curvature: float, rotates: bool) -> tuple[Limit, ...]:
    """A smallest set of limits that leaves no speed on a curvature; empty when they leave some.

    Intervals without a common point have two without one (Helly), or one that is empty by itself.
    """
    lowest = max(limits, key=lambda limit: _span(limit, curvature, rotates)[0])
    highest = min(limits, key=lambda limit: _span(limit, curvature, rotates)[1])
    least, most = _span(lowest, curvature, rotates)[0], _span(highest, curvature, rotates)[1]
    if least <= most:
        return ()
    for alone in (lowest, highest):
        if _span(alone, curvature, rotates)[0] > _span(alone, curvature, rotates)[1]:
            return (alone,)
    return (lowest, highest)

"""The rules for the base: each has a name, a sentence, a quantity of the command and the span it allows.

The numbers come from the profile and from the tick's situation. The same spans are compared directly (the
common path), with exact rationals (every correction), and as terms of Z3 (`shield.prove`). None of them ever
excludes standing still: a stop is the fail-safe itself and needs no permission.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import NamedTuple

from shield.contract import BaseCommand
from shield.formulas import lateral_accel, yaw_rate
from shield.profile import RobotProfile

ROUNDING = 1e-9  # of whoever proposes: float64 products of set-points
SURELY = 1e-6  # a million times the rounding of a product of such numbers
STEP = 1e-6  # of changes of set-points, which others compute from rounded ones


class Quantity(IntEnum):
    """What a rule speaks about."""

    SPEED = 0
    YAW_RATE = 1
    LATERAL_ACCEL = 2
    CURVATURE = 3
    TURN = 4
    MIXED = 5  # speed times rotation in place


UNITS = ("m/s", "rad/s", "m/s2", "rad/m", "rad/s", "")
NAMES = ("speed", "yaw rate", "lateral acceleration", "curvature", "rotation", "speed times rotation")


class Limit(NamedTuple):
    """One rule in one situation: the quantity must lie in [low, high]."""

    rule: str
    quantity: Quantity
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the rules depend on beside the profile."""

    speed_mps: float = 0.0  # the last set-point
    yaw_rate_radps: float = 0.0
    speed_step_mps: float = 0.0  # its last change
    stopping: bool = False  # that change was the fail-safe's, which no jerk limit binds, nor its end
    driving: bool = True  # the mode lets the autonomy drive
    speed_limit_mps: float = 0.0  # of the supervisor
    arm_stowed: bool = True
    arm_moves: bool = False


Span = Callable[[RobotProfile, Situation], tuple[float, float] | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the base; `span` gives the allowed interval, or None where the rule does not apply."""

    name: str
    sentence: str
    quantity: Quantity
    span: Span


def _change(profile: RobotProfile, now: Situation) -> tuple[float, float]:
    """Speeds that one period's acceleration or braking reaches; beyond zero it is acceleration again."""
    up = profile.base.command_accel_mps2 * profile.timing.period_s
    down = profile.base.brake_command_mps2 * profile.timing.period_s
    speed = now.speed_mps
    low = max(speed - down, min(-up, speed)) if speed > 0.0 else speed - up
    high = min(speed + down, max(up, speed)) if speed < 0.0 else speed + up
    return low - STEP, high + STEP


def _jerk(profile: RobotProfile, now: Situation) -> tuple[float, float] | None:
    if not now.driving:
        return None
    change = profile.base.jerk_max_mps3 * profile.timing.period_s**2
    least, most = now.speed_step_mps, now.speed_step_mps
    if now.stopping:
        least, most = min(least, 0.0), max(most, 0.0)
    return now.speed_mps + least - change - STEP, now.speed_mps + most + change + STEP


def _yaw_change(profile: RobotProfile, now: Situation) -> tuple[float, float]:
    change = profile.base.turn_accel_max_radps2 * profile.timing.period_s + STEP
    return now.yaw_rate_radps - change, now.yaw_rate_radps + change


def _mode(profile: RobotProfile, now: Situation) -> tuple[float, float] | None:
    """The supervisor's limit; from above it, speed falls at least as in a comfort stop."""
    if not now.driving:
        return None
    period = profile.timing.period_s
    comfort = profile.supervisor.comfort_brake_mps2 * period
    eased = abs(now.speed_step_mps) if now.speed_step_mps * now.speed_mps < 0.0 else -abs(now.speed_step_mps)
    fall = min(comfort, eased + profile.base.jerk_max_mps3 * period**2)
    limit = max(now.speed_limit_mps, abs(now.speed_mps) - fall)
    return -limit, limit


def _minimal_risk(_profile: RobotProfile, now: Situation) -> tuple[float, float] | None:
    if now.driving:
        return None
    return min(0.0, now.speed_mps), max(0.0, now.speed_mps)


def _minimal_risk_turn(_profile: RobotProfile, now: Situation) -> tuple[float, float] | None:
    if now.driving:
        return None
    return min(0.0, now.yaw_rate_radps), max(0.0, now.yaw_rate_radps)


def _still(applies: bool) -> tuple[float, float] | None:
    return (0.0, 0.0) if applies else None


Q = Quantity
FIXED_RULES = (
    Rule(
        "speed",
        "the base drives no faster than it can",
        Q.SPEED,
        lambda p, _s: (-p.base.reverse_max_mps, p.base.speed_max_mps),
    ),
    Rule(
        "turn",
        "a rotation in place is no faster than the base can",
        Q.TURN,
        lambda p, _s: (-p.base.turn_max_radps, p.base.turn_max_radps),
    ),
    Rule(
        "yaw_rate",
        "speed times curvature keeps the yaw rate",
        Q.YAW_RATE,
        lambda p, _s: (-p.base.yaw_rate_max_radps, p.base.yaw_rate_max_radps),
    ),
    Rule(
        "lateral_accel",
        "speed squared times curvature keeps the load in place",
        Q.LATERAL_ACCEL,
        lambda p, _s: (-p.base.lateral_accel_max_mps2, p.base.lateral_accel_max_mps2),
    ),
    Rule(
        "curvature",
        "tighter arcs are rotations in place",
        Q.CURVATURE,
        lambda p, _s: (-p.base.curvature_max_radpm, p.base.curvature_max_radpm),
    ),
    Rule(
        "turn_or_drive", "the base rotates in place or drives, not both", Q.MIXED, lambda _p, _s: (0.0, 0.0)
    ),
)
TICK_RULES = (
    Rule("accel", "the set-point changes no faster than the drive follows", Q.SPEED, _change),
    Rule("jerk", "the acceleration changes no faster than the load bears", Q.SPEED, _jerk),
    Rule("yaw_accel", "the yaw rate changes no faster than the motors follow", Q.YAW_RATE, _yaw_change),
    Rule("mode_speed", "the supervisor's speed limit", Q.SPEED, _mode),
    Rule("mode_brakes", "outside the driving modes the base brakes only", Q.SPEED, _minimal_risk),
    Rule(
        "mode_brakes_turn", "outside the driving modes the base brakes only", Q.YAW_RATE, _minimal_risk_turn
    ),
    Rule(
        "no_limit_no_turn",
        "where the supervisor allows no speed nothing turns",
        Q.TURN,
        lambda _p, s: _still(s.driving and s.speed_limit_mps <= 0.0),
    ),
    Rule(
        "arm_stowed", "the base drives with the arm stowed", Q.SPEED, lambda _p, s: _still(not s.arm_stowed)
    ),
    Rule(
        "arm_stowed_turn",
        "the base turns with the arm stowed",
        Q.TURN,
        lambda _p, s: _still(not s.arm_stowed),
    ),
    Rule("arm_still", "the base stands while the arm moves", Q.SPEED, lambda _p, s: _still(s.arm_moves)),
    Rule("arm_still_turn", "the base stands while the arm moves", Q.TURN, lambda _p, s: _still(s.arm_moves)),
)
SENTENCES = {rule.name: rule.sentence for rule in (*FIXED_RULES, *TICK_RULES)}


def fixed_limits(profile: RobotProfile) -> tuple[Limit, ...]:
    """The rules that hold in every situation, with their numbers."""
    return _limits(FIXED_RULES, profile, Situation())


def tick_limits(profile: RobotProfile, now: Situation) -> tuple[Limit, ...]:
    """The rules that depend on the situation and apply in this one, with their numbers."""
    return _limits(TICK_RULES, profile, now)


def _limits(rules: tuple[Rule, ...], profile: RobotProfile, now: Situation) -> tuple[Limit, ...]:
    spans = ((rule, rule.span(profile, now)) for rule in rules)
    return tuple(Limit(rule.name, rule.quantity, *span) for rule, span in spans if span is not None)


def measure(speed: float, curvature: float, turn: float) -> tuple[float, ...]:
    """The quantities of a command, in the order of `Quantity`."""
    yaw = yaw_rate(speed, curvature) + turn
    return speed, yaw, lateral_accel(speed, curvature), curvature, turn, speed * turn


def broken(spans: tuple[Limit, ...], values: tuple[float, ...]) -> tuple[Limit, ...]:
    """The limits that the quantities do not keep."""
    return tuple(
        limit
        for limit in spans
        if not limit.low - ROUNDING <= values[limit.quantity] <= limit.high + ROUNDING
    )


def broken_exactly(spans: tuple[Limit, ...], command: BaseCommand) -> tuple[Limit, ...]:
    """`broken`, over exact rationals: the second evaluation of every correction.

    A quantity that is further than SURELY inside of its span needs no exact comparison.
    """
    numbers = (command.speed_mps, command.curvature_radpm, command.turn_radps)
    rounded = measure(*numbers)
    exact = measure(*(Fraction(number) for number in numbers))  # type: ignore[arg-type] # the exact reading
    found = []
    for limit in spans:
        value = rounded[limit.quantity]
        if limit.low + SURELY <= value <= limit.high - SURELY:
            continue
        low, high = Fraction(limit.low) - Fraction(ROUNDING), Fraction(limit.high) + Fraction(ROUNDING)
        if not low <= exact[limit.quantity] <= high:
            found.append(limit)
    return tuple(found)


def tell(limit: Limit, values: tuple[float, ...]) -> str:
    """What a broken limit says, with the numbers."""
    name, unit = NAMES[limit.quantity], UNITS[limit.quantity]
    return (
        f"{SENTENCES[limit.rule]}: {name} {values[limit.quantity]:.3f} {unit} is not within "
        f"{limit.low:.3f} to {limit.high:.3f}"
    )

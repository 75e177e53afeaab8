"""The safety formulas: each is written once, over + - * / and the named operators, and read four ways.

1. compiled by numba, for one robot or for a million scenarios (importing this module registers that reading);
2. over Z3 and cvc5 terms, to discharge proof obligations;
3. over `fractions.Fraction`, to test that the float reading errs on the safe side;
4. printed as Rocq terms (`rocq_definition`).

Nothing in a formula may branch, loop or call anything but another formula and `least`, `most`, `when`.
Symbols (README.md of this folder): `v` speed, `cap` the speed that is never exceeded, `a` largest
acceleration, `r` reaction time, `b` a deceleration, `t` a time, `p` the control period; magnitudes along the
path.
"""

from __future__ import annotations

from typing import Any

from numba import njit
from numba.extending import overload, register_jitable

from shield.reading import Text, is_plain, read_least, read_most, read_when

Number = float  # as the compiled reading has it; the others pass Fractions, solver terms and Text


def least(x: Number, y: Number) -> Number:
    """The smaller of the two."""
    if is_plain(x) and is_plain(y):
        return x if x <= y else y
    read: Number = read_least(x, y)
    return read


def most(x: Number, y: Number) -> Number:
    """The larger of the two."""
    if is_plain(x) and is_plain(y):
        return x if x >= y else y
    read: Number = read_most(x, y)
    return read


def when(gate: Number, x: Number, y: Number) -> Number:
    """`x` where `gate` is not negative, else `y`."""
    if is_plain(gate) and is_plain(x) and is_plain(y):
        return x if gate >= 0 else y
    read: Number = read_when(gate, x, y)
    return read


@overload(least, strict=False)
def _least(x: Number, y: Number) -> Any:
    return lambda x, y: x if x <= y else y


@overload(most, strict=False)
def _most(x: Number, y: Number) -> Any:
    return lambda x, y: x if x >= y else y


@overload(when, strict=False)
def _when(gate: Number, x: Number, y: Number) -> Any:
    return lambda gate, x, y: x if gate >= 0 else y


@register_jitable
def speed_after(v: Number, a: Number, cap: Number, t: Number) -> Number:
    """Highest speed after `t` of any acceleration up to `a` that never exceeds `cap`."""
    return least(v + a * t, cap)


@register_jitable
def react_distance(v: Number, a: Number, cap: Number, t: Number) -> Number:
    """Farthest way in `t` at accelerations up to `a`, never above `cap`; needs v <= cap."""
    ramp = least(t, (cap - v) / a)
    return v * ramp + a * ramp * ramp / 2 + cap * (t - ramp)


@register_jitable
def hold_term(b: Number, p: Number) -> Number:
    """What the last, partial braking step under a zero-order hold of period `p` costs beyond v^2 / (2 b)."""
    return b * p * p / 8


@register_jitable
def braking_distance(v: Number, b: Number, p: Number) -> Number:
    """Way from `v` to standstill under deceleration `b`, held over periods `p`."""
    return v * v / (2 * b) + hold_term(b, p)


@register_jitable
def braking_time(v: Number, b: Number, p: Number) -> Number:
    """Time from `v` to standstill under deceleration `b`, the last step stretched to a whole period."""
    return v / b + p


@register_jitable
def stopping_distance(v: Number, a: Number, cap: Number, r: Number, b: Number, p: Number) -> Number:
    """Farthest way from now to standstill: react for `r`, then brake with at least `b`."""
    return react_distance(v, a, cap, r) + braking_distance(speed_after(v, a, cap, r), b, p)


@register_jitable
def stopping_time(v: Number, a: Number, cap: Number, r: Number, b: Number, p: Number) -> Number:
    """Longest time from now to standstill: react for `r`, then brake with at least `b`."""
    return r + braking_time(speed_after(v, a, cap, r), b, p)


@register_jitable
def farthest(v: Number, a: Number, cap: Number, r: Number, b: Number, p: Number, t: Number) -> Number:
    """Farthest way up to the time `t` of the manoeuvre that `stopping_distance` bounds at its end."""
    top = speed_after(v, a, cap, r)
    braked = most(0, least(t - r, top / b))
    way = react_distance(v, a, cap, least(t, r)) + top * braked - b * braked * braked / 2
    return way + when(t - r, hold_term(b, p), 0)


@register_jitable
def nearest(v: Number, r: Number, b: Number, b_max: Number, p: Number, t: Number) -> Number:
    """Shortest way at the time `t` of whoever still moves then.

    From the lowest speed `v` no braking is harder than `b_max`; and whoever still moves at `t`, having braked
    with at least `b` since `r`, was that much faster before (all but the last, stretched step).
    """
    hard = least(t, v / b_max)
    since = most(0, t - r - p)
    return most(v * hard - b_max * hard * hard / 2, b * since * since / 2)


@register_jitable
def deviation(rate: Number, r: Number, b: Number, t: Number) -> Number:
    """How far something strays until `t` at up to `rate`, which shrinks by at least `b` from `r` on."""
    return least(rate * t, rate * r + rate * rate / (2 * b))


@register_jitable
def grown_radius(radius: Number, h: Number, age: Number, t: Number) -> Number:
    """Radius at the time `t` of a disc that was `radius` large `age` before and spreads at up to `h`."""
    return radius + h * (age + t)


@register_jitable
def protective_separation(
    h: Number, age: Number, stop_time: Number, stop_way: Number, extra: Number
) -> Number:
    """Distance to keep to whoever may walk straight up at `h` (ISO/TS 15066, 5.5.4, formula 3)."""
    return h * (stop_time + age) + stop_way + extra


@register_jitable
def joint_reach(q: Number, dq: Number, r: Number, b: Number) -> Number:
    """Where a joint at `q` that turns at `dq` comes to rest: react for `r`, then brake with at least `b`."""
    return q + dq * r + when(dq, dq * dq, -dq * dq) / (2 * b)


@register_jitable
def lateral_accel(v: Number, k: Number) -> Number:
    """Lateral acceleration on an arc of curvature `k`."""
    return v * v * k


@register_jitable
def yaw_rate(v: Number, k: Number) -> Number:
    """Rate of rotation on an arc of curvature `k`."""
    return v * k


ARGUMENTS: dict[str, tuple[str, ...]] = {
    "speed_after": ("v", "a", "cap", "t"),
    "react_distance": ("v", "a", "cap", "t"),
    "hold_term": ("b", "p"),
    "braking_distance": ("v", "b", "p"),
    "braking_time": ("v", "b", "p"),
    "stopping_distance": ("v", "a", "cap", "r", "b", "p"),
    "stopping_time": ("v", "a", "cap", "r", "b", "p"),
    "farthest": ("v", "a", "cap", "r", "b", "p", "t"),
    "nearest": ("v", "r", "b", "b_max", "p", "t"),
    "deviation": ("rate", "r", "b", "t"),
    "grown_radius": ("radius", "h", "age", "t"),
    "protective_separation": ("h", "age", "stop_time", "stop_way", "extra"),
    "joint_reach": ("q", "dq", "r", "b"),
    "lateral_accel": ("v", "k"),
    "yaw_rate": ("v", "k"),
}  # every formula, in the order of its definition


def rocq_definition(name: str) -> str:
    """The formula `name` as a Rocq definition over the reals."""
    arguments = ARGUMENTS[name]
    body = globals()[name](*(Text(argument) for argument in arguments))
    return f"Definition {name} ({' '.join(arguments)} : R) : R :=\n  {body}."


def compiled(name: str) -> Any:
    """The formula `name` as a numba function of its own."""
    return njit(globals()[name])

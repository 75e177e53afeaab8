from __future__ import annotations

import math
from fractions import Fraction

import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from shield import formulas as f
from shield.reading import Text

RANGES = {
    "v": (0.0, 2.0),
    "a": (0.1, 2.0),
    "cap": (2.0, 3.0),
    "t": (0.0, 4.0),
    "r": (0.02, 0.5),
    "b": (0.3, 3.0),
    "b_max": (3.0, 6.0),
    "p": (0.005, 0.1),
    "rate": (0.0, 2.0),
    "radius": (0.0, 1.0),
    "h": (0.0, 2.0),
    "age": (0.0, 0.2),
    "stop_time": (0.0, 3.0),
    "stop_way": (0.0, 3.0),
    "extra": (0.0, 0.5),
    "q": (-3.0, 3.0),
    "dq": (-2.0, 2.0),
    "k": (-4.0, 4.0),
}
NAMES = sorted(f.ARGUMENTS)
COMPILED = {name: f.compiled(name) for name in NAMES}
slowly = settings(deadline=None)  # the first call compiles
ROUNDING = 1e-12


def numbers(name: str) -> st.SearchStrategy[tuple[float, ...]]:
    return st.tuples(*(st.floats(*RANGES[argument], allow_subnormal=False) for argument in f.ARGUMENTS[name]))


@pytest.mark.parametrize("name", NAMES)
def test_all_readings_agree(name: str) -> None:
    formula = getattr(f, name)

    @slowly
    @given(numbers(name))
    def agree(values: tuple[float, ...]) -> None:
        exact = formula(*(Fraction(value) for value in values))
        assert isinstance(exact, Fraction)
        for reading in (formula(*values), COMPILED[name](*values)):
            assert abs(Fraction(reading) - exact) <= ROUNDING * max(Fraction(1), abs(exact))

    agree()


@pytest.mark.parametrize("name", NAMES)
def test_the_solver_reads_the_same_number(name: str) -> None:
    middle = [Fraction((RANGES[argument][0] + RANGES[argument][1]) / 2) for argument in f.ARGUMENTS[name]]
    names = [z3.Real(argument) for argument in f.ARGUMENTS[name]]
    term = getattr(f, name)(*names)
    values = [(variable, z3.RealVal(str(value))) for variable, value in zip(names, middle, strict=True)]
    found = z3.simplify(z3.substitute(term, *values))
    assert Fraction(str(found.as_fraction())) == getattr(f, name)(*middle)


@pytest.mark.parametrize("name", NAMES)
def test_rocq_text_evaluates_to_the_same_number(name: str) -> None:
    """The text is Rocq; with Rocq's operators defined as functions it is also a Python expression."""
    text = str(getattr(f, name)(*(Text(argument) for argument in f.ARGUMENTS[name])))
    middle = {a: Fraction((RANGES[a][0] + RANGES[a][1]) / 2) for a in f.ARGUMENTS[name]}
    scope = {**middle, "Rmin": min, "Rmax": max, "F": Fraction}
    found = eval(as_python(text), {"__builtins__": {}}, scope)  # noqa: S307 # the text is our own
    assert found == getattr(f, name)(*middle.values())


def as_python(text: str) -> str:
    """Rocq's prefix application and conditional as Python; enough for what `Text` writes."""
    tokens = text.replace("(", " ( ").replace(")", " ) ").split()

    def parse(position: int) -> tuple[list[object], int]:
        items: list[object] = []
        while position < len(tokens):
            word = tokens[position]
            if word == "(":
                inner, position = parse(position + 1)
                items.append(inner)
            elif word == ")":
                return items, position + 1
            else:
                items.append(word)
                position += 1
        return items, position

    def show(node: object) -> str:
        if isinstance(node, str):
            return node if not node.isdigit() else f"F({node})"
        assert isinstance(node, list)
        if node and node[0] in ("Rmin", "Rmax"):
            return f"{node[0]}({show(node[1])}, {show(node[2])})"
        if node and node[0] == "if":
            return f"({show(node[5])} if {show(node[3])} >= 0 else {show(node[7])})"
        return "(" + " ".join(show(item) for item in node) + ")"

    tree, _ = parse(0)
    return show(tree)


def test_rocq_definitions_name_their_arguments() -> None:
    text = f.rocq_definition("braking_distance")
    assert (
        text
        == "Definition braking_distance (v b p : R) : R :=\n  (((v * v) / (2 * b)) + (((b * p) * p) / 8))."
    )
    assert str(1 - Text("x") * 2 / 3 + 1) == "((1 - ((x * 2) / 3)) + 1)"
    assert str(2 + -Text("x")) == "(2 + (- x))"
    assert str(2 / Text("x") - Fraction(1, 3) * Text("y")) == "((2 / x) - ((1 / 3) * y))"


@given(st.floats(0.0, 2.0), st.floats(0.3, 3.0), st.floats(0.005, 0.1))
def test_braking_in_periods_is_covered(v: float, b: float, p: float) -> None:
    """Whole periods at b, then one period at what is left: v^2/(2b) alone is too short by up to b p^2 / 8."""
    way, time, speed = 0.0, 0.0, v
    while speed > 0.0:
        decel = min(b, speed / p)
        way += speed * p - decel * p * p / 2
        speed = 0.0 if decel < b or speed - b * p < 1e-12 else speed - b * p
        time += p
    assert way <= f.braking_distance(v, b, p) + 1e-9
    assert time <= f.braking_time(v, b, p) + 1e-9


def test_without_the_hold_term_a_stop_is_longer_than_promised() -> None:
    b, p = 1.2, 0.02
    v = b * p / 2
    assert v * p / 2 > v * v / (2 * b)
    assert v * p / 2 == pytest.approx(f.braking_distance(v, b, p))


@given(numbers("farthest"))
def test_farthest_ends_at_the_stopping_distance(values: tuple[float, ...]) -> None:
    v, a, cap, r, b, p, t = values
    end = f.stopping_time(v, a, cap, r, b, p)
    last = f.stopping_distance(v, a, cap, r, b, p)
    assert f.farthest(v, a, cap, r, b, p, end) == pytest.approx(last)
    assert f.farthest(v, a, cap, r, b, p, t) <= last + 1e-9
    assert f.farthest(v, a, cap, r, b, p, t) <= f.farthest(v, a, cap, r, b, p, t + 0.05) + 1e-9


@given(numbers("nearest"), st.floats(0.0, 1.0))
def test_whoever_still_moves_has_come_that_far(values: tuple[float, ...], share: float) -> None:
    v, r, b, b_max, p, t = values
    strength = b + share * (b_max - b)
    hard = min(t, v / b_max)
    assert f.nearest(v, r, b, b_max, p, 0.0) == 0.0
    braking = max(0.0, t - r)
    if v - strength * braking > 0.0:  # braked from r on, and still moves at t
        way = v * t - strength * braking * braking / 2
        assert way >= f.nearest(v, r, b, b_max, p, t) - 1e-9
    assert f.nearest(v, r, b, b_max, p, t) >= v * hard - b_max * hard * hard / 2 - 1e-12


@given(numbers("joint_reach"))
def test_a_joint_reaches_further_the_faster_it_turns(values: tuple[float, ...]) -> None:
    q, dq, r, b = values
    assert f.joint_reach(q, dq + 0.1, r, b) > f.joint_reach(q, dq, r, b)
    assert math.copysign(1.0, f.joint_reach(0.0, dq, r, b)) == math.copysign(1.0, dq) or abs(dq) < 1e-150


def test_the_figures_of_the_textbook() -> None:
    assert f.stopping_distance(1.2, 0.8, 1.2, 0.1, 1.2, 0.02) == pytest.approx(0.12 + 0.6 + 1.2 * 0.0004 / 8)
    assert f.protective_separation(1.6, 0.1, 0.5, 0.3, 0.05) == pytest.approx(1.6 * 0.6 + 0.35)


def test_conditionals_over_terms() -> None:
    x = z3.Real("x")
    assert str(z3.simplify(f.when(x, 1, 2))).startswith("If(")
    assert f.when(-1, x, 2) == 2
    assert z3.is_true(z3.simplify(z3.substitute(f.most(x, 1), (x, z3.RealVal(3))) == 3))

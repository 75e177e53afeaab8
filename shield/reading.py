"""How a formula is read by solvers and by Rocq: operators on Z3 and cvc5 terms, a number that writes itself.

Neither solver is imported unless one of its terms is passed in, so that the compiled reading needs none.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any


class Text:
    """A number that writes down what is done with it, as a Rocq term in the scope of the reals."""

    __slots__ = ("text",)

    def __init__(self, text: object) -> None:
        self.text = str(text)

    def __str__(self) -> str:
        return self.text

    def __add__(self, other: object) -> Text:
        return Text(f"({self} + {_literal(other)})")

    def __radd__(self, other: object) -> Text:
        return Text(f"({_literal(other)} + {self})")

    def __sub__(self, other: object) -> Text:
        return Text(f"({self} - {_literal(other)})")

    def __rsub__(self, other: object) -> Text:
        return Text(f"({_literal(other)} - {self})")

    def __mul__(self, other: object) -> Text:
        return Text(f"({self} * {_literal(other)})")

    def __rmul__(self, other: object) -> Text:
        return Text(f"({_literal(other)} * {self})")

    def __truediv__(self, other: object) -> Text:
        return Text(f"({self} / {_literal(other)})")

    def __rtruediv__(self, other: object) -> Text:
        return Text(f"({_literal(other)} / {self})")

    def __neg__(self) -> Text:
        return Text(f"(- {self})")


def _literal(value: object) -> str:
    if isinstance(value, Text):
        return str(value)
    exact = Fraction(str(value)) if isinstance(value, Fraction | int) else Fraction(float(str(value)))
    return str(exact.numerator) if exact.denominator == 1 else f"({exact.numerator} / {exact.denominator})"


def is_plain(value: object) -> bool:
    """Whether `value` is a number, neither a solver's term nor a `Text`."""
    return isinstance(value, float | int | Fraction)


def _solver(*values: object) -> Any:
    for value in values:
        if type(value).__module__.startswith("cvc5"):
            import cvc5.pythonic as solver  # type: ignore[import-not-found,unused-ignore] # proofs only

            return solver
    import z3

    return z3


def read_least(x: Any, y: Any) -> Any:
    """The smaller of the two, where one of them is a term or a `Text`."""
    if isinstance(x, Text) or isinstance(y, Text):
        return Text(f"(Rmin {_literal(x)} {_literal(y)})")
    return _solver(x, y).If(x <= y, x, y)


def read_most(x: Any, y: Any) -> Any:
    """The larger of the two, where one of them is a term or a `Text`."""
    if isinstance(x, Text) or isinstance(y, Text):
        return Text(f"(Rmax {_literal(x)} {_literal(y)})")
    return _solver(x, y).If(x >= y, x, y)


def read_when(gate: Any, x: Any, y: Any) -> Any:
    """`x` where `gate` is not negative, else `y`, where one of them is a term or a `Text`."""
    if any(isinstance(value, Text) for value in (gate, x, y)):
        return Text(f"(if Rle_dec 0 {_literal(gate)} then {_literal(x)} else {_literal(y)})")
    solver = _solver(gate, x, y)
    if is_plain(gate):
        return x if gate >= 0 else y
    if is_plain(x) and is_plain(y):
        x, y = solver.RealVal(str(Fraction(x))), solver.RealVal(str(Fraction(y)))
    return solver.If(gate >= 0, x, y)

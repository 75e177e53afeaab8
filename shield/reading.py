"""How a formula is read by solvers and by Rocq: term operators for Z3 and cvc5, and a number that writes itself.

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
    exact = Fraction(value)  # type: ignore[arg-type] # formulas hold numbers only
    return str(exact.numerator) if exact.denominator == 1 else f"({exact.numerator} / {exact.denominator})"


def is_term(value: object) -> bool:
    """Whether `value` is a term of Z3 or of cvc5's Pythonic interface."""
    return type(value).__module__.split(".")[0] in ("z3", "cvc5")


def _solver(*values: object) -> Any:
    for value in values:
        if type(value).__module__.startswith("cvc5"):
            import cvc5.pythonic as solver

            return solver
    import z3

    return z3


def term_least(x: Any, y: Any) -> Any:
    """The smaller of two terms."""
    return _solver(x, y).If(x <= y, x, y)


def term_most(x: Any, y: Any) -> Any:
    """The larger of two terms."""
    return _solver(x, y).If(x >= y, x, y)


def term_when(gate: Any, x: Any, y: Any) -> Any:
    """`x` where the term `gate` is not negative, else `y`."""
    return _solver(gate, x, y).If(gate >= 0, x, y)

"""Hypothesis strategies for any value of the contract, made from its types."""

from __future__ import annotations

import dataclasses
import typing
from enum import IntEnum
from typing import Any

import numpy as np
from hypothesis import strategies as st

from shield import contract as c
from shield.contract import frozen_floats

INTEGERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, width=64)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


def of_type(cls: type) -> st.SearchStrategy[Any]:
    """Any value of a dataclass of the contract."""
    hints = typing.get_type_hints(cls)
    return st.builds(cls, **{field.name: _of(hints[field.name]) for field in dataclasses.fields(cls)})


def _of(hint: Any) -> st.SearchStrategy[Any]:
    if hint is bool:
        return st.booleans()
    if hint is int:
        return INTEGERS
    if hint is float:
        return FLOATS
    if hint is str:
        return TEXTS
    if hint is bytes:
        return st.binary(max_size=40)
    if hint == c.Command:
        return st.one_of(of_type(c.BaseCommand), of_type(c.ArmCommand))
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return st.sampled_from(list(hint))
    if dataclasses.is_dataclass(hint):
        return of_type(typing.cast("type", hint))
    if typing.get_origin(hint) is np.ndarray:
        return st.lists(FLOATS, max_size=8).map(frozen_floats)
    if typing.get_origin(hint) is tuple:
        return st.lists(_of(typing.get_args(hint)[0]), max_size=4).map(tuple)
    raise TypeError(hint)


def same(first: Any, second: Any) -> bool:
    """Whether two values are equal, arrays and NaN included."""
    if dataclasses.is_dataclass(first):
        names = [field.name for field in dataclasses.fields(first)]
        return type(first) is type(second) and all(same(getattr(first, n), getattr(second, n)) for n in names)
    if isinstance(first, np.ndarray):
        return bool(np.array_equal(first, second, equal_nan=True))
    if isinstance(first, tuple):
        return len(first) == len(second) and all(same(a, b) for a, b in zip(first, second, strict=True))
    if isinstance(first, float) and first != first:  # NaN
        return bool(second != second)  # NaN
    return bool(first == second) and type(first) is type(second)

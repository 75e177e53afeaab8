"""Is a message what its topic promises? The first thing that every process asks of every message."""

from __future__ import annotations

import dataclasses
import functools
import math
import typing
from collections.abc import Callable
from enum import IntEnum

import numpy as np

from shield import contract as c
from shield.topics import TOPICS

Check = Callable[[object], str]  # what is wrong with a value, empty when nothing is

ITEMS_MAX = 4096  # entries of one array or tuple, characters of one text: far above any honest message
INT_MAX = 2**63 - 1  # what travels is int64


def malformed(topic: str, value: object) -> str:
    """Why `value` is no message of `topic`, in a few words; empty when it is well formed.

    Every scalar must be finite and of its declared type; arrays of a scan may hold NaN and infinity.
    """
    expected = TOPICS.get(topic)
    if expected is None:
        return f"{topic!r:.40} is no topic"
    if type(value) is not expected:
        return f"a {type(value).__name__} on {topic}, {expected.__name__} is expected"
    return _dataclass(expected, value)


@functools.cache
def _fields(cls: typing.Any) -> tuple[tuple[str, Check], ...]:
    return tuple((name, _check(hint)) for name, hint in typing.get_type_hints(cls).items())


def _dataclass(cls: typing.Any, value: object) -> str:
    fields = _fields(cls)
    if type(value) is not cls:
        return f"is no {cls.__name__}"
    for name, check in fields:
        reason = check(getattr(value, name))
        if reason:
            return f"{cls.__name__}.{name} {reason}"
    return ""


@functools.cache
def _check(hint: typing.Any) -> Check:
    """The check of one type of field."""
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if hint == c.Floats:
        return _array
    if hint == tuple[float, ...]:
        return _numbers
    if typing.get_origin(hint) is tuple:
        return functools.partial(_tuple, _check(typing.get_args(hint)[0]))
    if hint == c.Command:
        return _command
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return functools.partial(_of_type, hint)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return functools.partial(_dataclass, hint)
    raise TypeError(f"nobody knows how to check {hint}")


def _of_type(cls: type, value: object) -> str:
    return "" if type(value) is cls else f"is {value!r:.40}, a {cls.__name__} is expected"


def _integer(value: object) -> str:
    return "" if type(value) is int and abs(value) <= INT_MAX else f"is {value!r:.40}, an int64 is expected"


def _short_text(value: object) -> str:
    return "" if type(value) is str and len(value) <= ITEMS_MAX else "is no short text"


def _command(value: object) -> str:
    if type(value) is c.BaseCommand or type(value) is c.ArmCommand:
        return _dataclass(type(value), value)
    return "is no command"


def _number(value: object) -> str:
    if type(value) is float:
        return "" if math.isfinite(value) else f"is {value}"
    if type(value) is not int:
        return f"is {value!r:.40}, a number is expected"
    return "" if abs(value) <= INT_MAX else "is a number beyond all bounds"


def _array(value: object) -> str:
    if not isinstance(value, np.ndarray) or value.dtype != np.float64 or value.ndim != 1:
        return "is no flat array of float64"
    return "" if value.size <= ITEMS_MAX else f"has {value.size} entries"


def _tuple(item: Check, value: object) -> str:
    if type(value) is not tuple:
        return "is no tuple"
    if len(value) > ITEMS_MAX:
        return f"has {len(value)} entries"
    for entry in value:
        reason = item(entry)
        if reason:
            return f"holds an entry that {reason}"
    return ""


def _numbers(value: object) -> str:
    if type(value) is tuple and set(map(type, value)) <= {float} and all(map(math.isfinite, value)):
        return "" if len(value) <= ITEMS_MAX else f"has {len(value)} entries"
    return _tuple(_number, value)


_SIMPLE: dict[typing.Any, Check] = {
    float: _number,
    int: _integer,
    str: _short_text,
    bool: functools.partial(_of_type, bool),
    bytes: functools.partial(_of_type, bytes),
}

"""Is a message what its topic promises? The first thing that every process asks of every message."""

from __future__ import annotations

import dataclasses
import functools
import math
import typing
from enum import IntEnum

import numpy as np

from shield import contract as c
from shield.topics import TOPICS

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
    return _fields(value)


@functools.cache
def _hints(cls: typing.Any) -> dict[str, typing.Any]:
    return typing.get_type_hints(cls)


def _fields(value: object) -> str:
    kind: typing.Any = type(value)
    for name, hint in _hints(kind).items():
        reason = _value(hint, getattr(value, name))
        if reason:
            return f"{kind.__name__}.{name} {reason}"
    return ""


def _value(hint: typing.Any, value: object) -> str:
    if hint is float:
        return _number(value)
    if hint is int:
        return (
            "" if type(value) is int and abs(value) <= INT_MAX else f"is {value!r:.40}, an int64 is expected"
        )
    if hint is bool or hint is bytes:
        return "" if type(value) is hint else f"is {value!r:.40}, {hint.__name__} is expected"
    if hint is str:
        return "" if type(value) is str and len(value) <= ITEMS_MAX else "is no short text"
    if hint == c.Floats:
        return _array(value)
    if typing.get_origin(hint) is tuple:
        return _tuple(typing.get_args(hint)[0], value)
    if hint == c.Command:
        return _fields(value) if type(value) in (c.BaseCommand, c.ArmCommand) else "is no command"
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return "" if type(value) is hint else f"is {value!r:.40}, a {hint.__name__} is expected"
    if dataclasses.is_dataclass(hint):
        return _fields(value) if type(value) is hint else f"is no {getattr(hint, '__name__', '')}"
    return "has a type that nobody checks"


def _number(value: object) -> str:
    if type(value) is not float and type(value) is not int:
        return f"is {value!r:.40}, a number is expected"
    if type(value) is int and abs(value) > INT_MAX:
        return "is a number beyond all bounds"
    return "" if math.isfinite(value) else f"is {value}"


def _array(value: object) -> str:
    if not isinstance(value, np.ndarray) or value.dtype != np.float64 or value.ndim != 1:
        return "is no flat array of float64"
    return "" if value.size <= ITEMS_MAX else f"has {value.size} entries"


def _tuple(item: typing.Any, value: object) -> str:
    if type(value) is not tuple:
        return "is no tuple"
    if len(value) > ITEMS_MAX:
        return f"has {len(value)} entries"
    for entry in value:
        reason = _value(item, entry)
        if reason:
            return f"holds an entry that {reason}"
    return ""

"""Dataclasses to and from CDR, the encoding of ROS 2's messages on the wire: little-endian XCDR1.

A dataclass whose fields have the order and the types of a `.msg` file's is encoded to the very bytes that
ROS 2 makes of that message. Fields may be: int (int64), float (float64), bool, str, bytes (uint8[]), an
IntEnum (uint8), another such dataclass, a float64 array, a tuple of texts, of floats or of dataclasses, a
`Command`; and, for the standard messages, numbers of other widths written as `Annotated[int, "I"]`, arrays of
a fixed length as `Annotated[tuple[float, ...], 36]` and sequences of float32 as `Annotated[Floats, "f"]`.

Nothing that arrives can raise but `Malformed`, and no count that arrives is believed beyond the bytes there are.
"""

from __future__ import annotations

import dataclasses
import struct
import typing
from collections.abc import Callable
from enum import IntEnum
from functools import cache
from operator import attrgetter
from typing import Annotated, Any

import numpy as np

from shield.contract import ArmCommand, BaseCommand, Command

T = typing.TypeVar("T")
Write = Callable[[bytearray, Any], None]  # appends a value to the body
Read = Callable[[bytes, int], tuple[Any, int]]  # body and position -> value and the position behind it
Codec = tuple[Write, Read]

HEADER = b"\x00\x01\x00\x00"  # CDR, little-endian, no options
SLACK_N = (
    255  # bytes that may follow a message: Fast DDS reserves up to 7 for each empty sequence, and sends them
)
_CODES: dict[type, str] = {int: "q", float: "d", bool: "?"}
_WIDTH = {"d": 8, "q": 8, "f": 4, "i": 4, "I": 4, "B": 1, "?": 1}
_PAD = tuple(bytes(n) for n in range(8))
_COUNT = struct.Struct("<I")


class Malformed(ValueError):
    """Bytes that are no message of the expected type."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Tagged:
    """A `Command` as it travels; fields of the other kind are zero or empty."""

    kind: Annotated[int, "B"]
    speed_mps: float = 0.0
    curvature_radpm: float = 0.0
    turn_radps: float = 0.0
    joint_velocity_radps: tuple[float, ...] = ()
    gripper_m: float = 0.0


def encode(value: object) -> bytes:
    """The CDR bytes of a dataclass, with their header."""
    out = bytearray()
    _codec(typing.cast("typing.Hashable", type(value)))[0](out, value)
    return HEADER + out


def decode(cls: type[T], data: bytes) -> T:
    """Read a dataclass from CDR bytes.

    Raises:
        Malformed: too short, too long, or with a text, a count or a constant that cannot be.
    """
    if data[:2] != HEADER[:2]:
        raise Malformed(f"{cls.__name__}: no little-endian CDR, it begins with {data[:4].hex() or 'nothing'}")
    body = data[len(HEADER) :]
    try:
        value, end = _codec(typing.cast("typing.Hashable", cls))[1](body, 0)
    except (struct.error, ValueError) as error:
        raise Malformed(f"{cls.__name__}: {error}") from None
    if not 0 <= len(body) - end <= SLACK_N:
        raise Malformed(f"{cls.__name__}: its fields take {end} bytes, {len(body)} came")
    return typing.cast("T", value)


@cache
def _codec(cls: type) -> Codec:
    """Writer and reader of a dataclass: numbers that stand side by side are packed in one go."""
    names: list[str] = []
    steps: list[tuple[str | None, Codec]] = []  # the field, or None for a run of numbers
    run: list[tuple[str, str, type | None]] = []
    for name, hint in typing.get_type_hints(cls, include_extras=True).items():
        names.append(name)
        code, enum = _number(hint)
        if code:
            run.append((name, code, enum))
            continue
        if run:
            steps.append((None, _run(run)))
            run = []
        steps.append((name, _field(hint)))
    if run:
        steps.append((None, _run(run)))
    writers = [(None if name is None else attrgetter(name), codec[0]) for name, codec in steps]
    readers = [(name is None, codec[1]) for name, codec in steps]

    def write(out: bytearray, value: Any) -> None:
        for get, write_field in writers:
            write_field(out, value if get is None else get(value))

    def read(body: bytes, at: int) -> tuple[Any, int]:
        values: list[Any] = []
        for is_run, read_field in readers:
            value, at = read_field(body, at)
            if is_run:
                values += value
            else:
                values.append(value)
        return cls(**dict(zip(names, values, strict=True))), at

    return write, read


def _number(hint: Any) -> tuple[str, type | None]:
    """The struct code of a number's type, and its enum if it is one; an empty code for anything else."""
    if typing.get_origin(hint) is Annotated:
        base, code = typing.get_args(hint)
        return (code, None) if base in (int, float) else ("", None)
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return "B", hint
    return _CODES.get(hint, ""), None


def _run(fields: list[tuple[str, str, type | None]]) -> Codec:
    """Numbers side by side: one struct for each of the eight places, modulo eight, that they may start at."""
    layouts = []
    for start in range(8):
        text, at = "<", start
        for _, code, _ in fields:
            pad = -at % _WIDTH[code]
            text += "x" * pad + code
            at += pad + _WIDTH[code]
        layouts.append(struct.Struct(text))
    enums = [(k, enum) for k, (_, _, enum) in enumerate(fields) if enum is not None]
    get = attrgetter(*(name for name, _, _ in fields))
    is_one = len(fields) == 1

    def write(out: bytearray, value: Any) -> None:
        numbers = get(value)
        layout = layouts[len(out) & 7]
        out += layout.pack(numbers) if is_one else layout.pack(*numbers)

    def read(body: bytes, at: int) -> tuple[Any, int]:
        layout = layouts[at & 7]
        numbers = layout.unpack_from(body, at)
        if enums:
            changed = list(numbers)
            for k, enum in enums:
                changed[k] = enum(numbers[k])
            return changed, at + layout.size
        return numbers, at + layout.size

    return write, read


def _field(hint: Any) -> Codec:
    """Writer and reader of one field that is not a plain number."""
    if hint is str:
        return _write_text, _read_text
    if hint is bytes:
        return _write_bytes, _read_bytes
    if hint == Command:
        return _write_command, _read_command
    if dataclasses.is_dataclass(hint):
        return _codec(typing.cast("type", hint))
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        mark = arguments[1]
        return _fixed(mark) if isinstance(mark, int) else _array(mark)
    if origin is np.ndarray:
        return _array("d")
    if origin is tuple:
        item = arguments[0]
        return _floats() if item is float else _sequence(_field(item))
    raise TypeError(f"{hint} has no place in a message")


def _write_count(out: bytearray, count: int, width: int) -> None:
    out += _PAD[-len(out) & 3]
    out += _COUNT.pack(count)
    if count and width > 1:
        out += _PAD[-len(out) & (width - 1)]


def _read_count(body: bytes, at: int, width: int) -> tuple[int, int]:
    """How many elements of at least `width` bytes follow, and where."""
    at += -at & 3
    (count,) = _COUNT.unpack_from(body, at)
    at += 4
    if count and width > 1:
        at += -at & (width - 1)
    if count * width > len(body) - at:
        raise Malformed(f"a count of {count} at byte {at}, {len(body) - at} bytes follow")
    return count, at


def _write_text(out: bytearray, value: str) -> None:
    text = value.encode()
    _write_count(out, len(text) + 1, 1)
    out += text
    out += b"\0"


def _read_text(body: bytes, at: int) -> tuple[str, int]:
    count, at = _read_count(body, at, 1)
    return body[at : at + count].decode().removesuffix("\0"), at + count


def _write_bytes(out: bytearray, value: bytes) -> None:
    _write_count(out, len(value), 1)
    out += value


def _read_bytes(body: bytes, at: int) -> tuple[bytes, int]:
    count, at = _read_count(body, at, 1)
    return body[at : at + count], at + count


def _write_command(out: bytearray, value: Command) -> None:
    if isinstance(value, BaseCommand):
        tagged = _Tagged(0, value.speed_mps, value.curvature_radpm, value.turn_radps)
    else:
        tagged = _Tagged(1, joint_velocity_radps=value.joint_velocity_radps, gripper_m=value.gripper_m)
    _codec(_Tagged)[0](out, tagged)


def _read_command(body: bytes, at: int) -> tuple[Command, int]:
    tagged, at = _codec(_Tagged)[1](body, at)
    if tagged.kind == 0:
        return BaseCommand(speed_mps=tagged.speed_mps, curvature_radpm=tagged.curvature_radpm,
                           turn_radps=tagged.turn_radps), at  # fmt: skip
    if tagged.kind == 1:
        return ArmCommand(joint_velocity_radps=tagged.joint_velocity_radps, gripper_m=tagged.gripper_m), at
    raise Malformed(f"a command of kind {tagged.kind}")


def _array(code: str) -> Codec:
    """A sequence of numbers held as a float64 array."""
    kind = np.dtype(f"<{code}")

    def write(out: bytearray, value: Any) -> None:
        _write_count(out, len(value), kind.itemsize)
        out += np.asarray(value, dtype=kind).tobytes()

    def read(body: bytes, at: int) -> tuple[Any, int]:
        count, at = _read_count(body, at, kind.itemsize)
        return np.frombuffer(body, kind, count, at), at + count * kind.itemsize

    return write, read


def _floats() -> Codec:
    """A sequence of float64 held as a tuple."""

    def write(out: bytearray, value: Any) -> None:
        _write_count(out, len(value), 8)
        out += struct.pack(f"<{len(value)}d", *value)

    def read(body: bytes, at: int) -> tuple[Any, int]:
        count, at = _read_count(body, at, 8)
        return struct.unpack_from(f"<{count}d", body, at), at + 8 * count

    return write, read


def _fixed(count: int) -> Codec:
    """A fixed number of float64, without a count."""
    layout = struct.Struct(f"<{count}d")

    def write(out: bytearray, value: Any) -> None:
        out += _PAD[-len(out) & 7]
        out += layout.pack(*value)

    def read(body: bytes, at: int) -> tuple[Any, int]:
        at += -at & 7
        return layout.unpack_from(body, at), at + layout.size

    return write, read


def _sequence(item: Codec) -> Codec:
    """A sequence of texts or of dataclasses held as a tuple."""
    write_item, read_item = item

    def write(out: bytearray, value: Any) -> None:
        _write_count(out, len(value), 1)
        for entry in value:
            write_item(out, entry)

    def read(body: bytes, at: int) -> tuple[Any, int]:
        count, at = _read_count(body, at, 1)
        entries = []
        for _ in range(count):
            entry, at = read_item(body, at)
            entries.append(entry)
        return tuple(entries), at

    return write, read

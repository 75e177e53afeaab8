"""Values go through their bytes unchanged, and no bytes can do more than be malformed."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shield import contract as c
from shield.cdr import HEADER, SLACK_N, Malformed, decode, encode
from shield.topics import TOPICS
from tests.shield.values import of_type, same

TYPES = sorted(set(TOPICS.values()), key=lambda cls: cls.__name__)
BEAT = c.Heartbeat(source="drive", stamp_ns=1, sequence=2)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_round_trip(data: st.DataObject) -> None:
    cls = data.draw(st.sampled_from(TYPES))
    value = data.draw(of_type(cls))
    raw = encode(value)
    assert same(decode(cls, raw), value)
    assert encode(decode(cls, raw)) == raw


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_damaged_bytes_are_malformed_or_a_value(data: st.DataObject) -> None:
    cls = data.draw(st.sampled_from(TYPES))
    raw = bytearray(encode(data.draw(of_type(cls))))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    for damaged in (bytes(raw), bytes(raw[:cut])):
        with contextlib.suppress(Malformed):
            assert type(decode(cls, damaged)) is cls


@given(st.sampled_from(TYPES), st.binary(max_size=200))
def test_any_bytes_are_malformed_or_a_value(cls: type, raw: bytes) -> None:
    with contextlib.suppress(Malformed):
        assert type(decode(cls, HEADER + raw)) is cls


def test_layout() -> None:
    assert encode(BEAT) == bytes.fromhex(
        "00010000 06000000 647269766500 000000000000 0100000000000000 0200000000000000"
    )


def test_a_count_beyond_the_bytes_is_refused_before_anything_is_made_of_it() -> None:
    raw = bytearray(encode(c.ModeStatus(stamp_ns=1, sequence=2, mode=c.SafetyMode.INIT, cause=("a",))))
    at = raw.index(b"\x01\x00\x00\x00\x02\x00\x00\x00a")
    raw[at : at + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(Malformed, match="a count of 4294967295 at byte"):
        decode(c.ModeStatus, bytes(raw))


def test_an_unknown_constant_is_refused() -> None:
    raw = bytearray(encode(c.ModeStatus(stamp_ns=1, sequence=2, mode=c.SafetyMode.INIT)))
    raw[len(HEADER) + 16] = 99
    with pytest.raises(Malformed, match="99 is not a valid SafetyMode"):
        decode(c.ModeStatus, bytes(raw))


def test_an_unknown_kind_of_command_is_refused() -> None:
    proposal = c.ProposedAction(robot="", sequence=0, stamp_ns=0, snapshot_sequence=0, skill="", version="",
                                command=c.HOLD)  # fmt: skip
    raw = bytearray(encode(proposal))
    kind_at = next(k for k in range(len(raw)) if _is_kind(raw, k, proposal))
    raw[kind_at] = 7
    with pytest.raises(Malformed, match="a command of kind 7"):
        decode(c.ProposedAction, bytes(raw))


def _is_kind(raw: bytearray, at: int, proposal: c.ProposedAction) -> bool:
    """Whether turning the byte at `at` into a one makes an arm command of the proposal."""
    changed = bytearray(raw)
    changed[at] = 1
    try:
        return isinstance(decode(type(proposal), bytes(changed)).command, c.ArmCommand)
    except Malformed:
        return False


@pytest.mark.parametrize("raw", [b"", b"\0", b"\x00\x00\x00\x00" + encode(BEAT)[4:], b"garbage"])
def test_another_encoding_is_refused(raw: bytes) -> None:
    with pytest.raises(Malformed, match="no little-endian CDR"):
        decode(c.Heartbeat, raw)


def test_padding_behind_a_message_is_bounded() -> None:
    assert decode(c.Heartbeat, encode(BEAT) + bytes(SLACK_N)) == BEAT
    with pytest.raises(Malformed, match="its fields take 32 bytes, 288 came"):
        decode(c.Heartbeat, encode(BEAT) + bytes(SLACK_N + 1))


def test_text_that_is_none_is_refused() -> None:
    raw = encode(BEAT).replace(b"drive", b"dr\xffve")
    with pytest.raises(Malformed, match="utf-8"):
        decode(c.Heartbeat, raw)


@dataclass(frozen=True)
class Mixed:
    """Every kind of alignment."""

    a: Annotated[int, "B"]
    b: float
    c: Annotated[float, "f"]
    d: Annotated[tuple[float, ...], 3]
    e: bool
    f: str
    g: Annotated[int, "i"]


@given(st.integers(0, 255), st.booleans(), st.text("ab", max_size=9), st.integers(-(2**31), 2**31 - 1))
def test_numbers_of_other_widths(a: int, e: bool, f: str, g: int) -> None:
    value = Mixed(a, 2.5, 0.5, (1.0, 2.0, 3.0), e, f, g)
    assert decode(Mixed, encode(value)) == value


def test_a_type_without_a_place_in_a_message_is_a_programmer_error() -> None:
    @dataclass(frozen=True)
    class Odd:
        a: dict[str, Any]

    with pytest.raises(TypeError, match="has no place in a message"):
        encode(Odd({}))

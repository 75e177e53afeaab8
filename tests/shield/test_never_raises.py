"""No process of the safety path raises, whatever is sent to it, in whatever order, at whatever time."""

from __future__ import annotations

import dataclasses
import functools
import math
import typing
from enum import IntEnum
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controllers.motor.drive import Drive
from shield import contract as c
from shield.profile import load_profile
from shield.safety import Safety
from shield.seal import seal
from shield.site import load_site
from shield.supervisor import Supervisor
from shield.topics import SUBSCRIPTIONS, TOPICS, Core

ROOT = Path(__file__).parents[2]
PROFILE = load_profile(ROOT / "launch/profiles/amr_panda.yaml")
SITE = load_site(ROOT / "launch/sites/warehouse.yaml")
KEY = bytes(range(32))
ODD_FLOATS = [0.0, -0.0, 1e-12, -1.0, 3.7, 1e9, -1e300, 1.7e308, math.nan, math.inf, -math.inf]
ODD_INTS = [0, 1, -1, 7, 10**9, 2**62, -(2**62), 2**63, 10**40]
NAMES = [
    "",
    "scan_front",
    "scan_rear",
    "amr_panda",
    "safety",
    "drive",
    "left_wheel",
    "x" * 5000,
    "\ud800",
    "{0}",
]
JOINTS = ("left_wheel", "right_wheel", *PROFILE.arm.joints, *PROFILE.arm.fingers)
odd = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(ODD_FLOATS),
    st.sampled_from(ODD_INTS),
    st.sampled_from(NAMES),
    st.just(b"x"),
    st.just(()),
    st.builds(list),
    st.builds(object),
)

SCALARS: dict[type, st.SearchStrategy[typing.Any]] = {
    float: st.one_of(st.floats(-3, 3), st.sampled_from(ODD_FLOATS)),
    int: st.one_of(st.integers(0, 4 * 10**9), st.sampled_from(ODD_INTS[:7])),
    str: st.sampled_from(NAMES),
    bool: st.booleans(),
    bytes: st.binary(max_size=40),
}


def of_type(hint: typing.Any) -> st.SearchStrategy[typing.Any]:
    """Values of a field's type, mostly sensible."""
    if isinstance(hint, type) and hint in SCALARS:
        return SCALARS[hint]
    if hint == c.Floats:
        return floats_array()
    if hint == tuple[str, ...]:
        return st.one_of(st.just(JOINTS), st.lists(st.sampled_from(NAMES), max_size=3).map(tuple))
    if typing.get_origin(hint) is tuple:
        item = of_type(typing.get_args(hint)[0])
        return st.one_of(
            st.lists(item, max_size=3).map(tuple),
            st.lists(item, min_size=7, max_size=7).map(tuple),
            st.lists(item, min_size=11, max_size=11).map(tuple),
        )
    if hint == c.Command:
        return st.one_of(message(c.BaseCommand), message(c.ArmCommand))
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return st.sampled_from(list(hint))
    return message(hint)


def floats_array() -> st.SearchStrategy[typing.Any]:
    scans = st.tuples(st.integers(0, 2**31), st.sampled_from([0, 1, 3, 360, 361])).map(
        lambda a: np.random.default_rng(a[0]).choice(np.array([*ODD_FLOATS, 0.5, 1.0, 2.0, 5.0]), a[1])
    )
    return st.one_of(scans, st.just(np.full(360, np.nan)), st.just(np.full(360, 2.0)))


@functools.cache
def message(cls: type) -> st.SearchStrategy[typing.Any]:
    hints = typing.get_type_hints(cls)
    fields = {f.name: of_type(hints[f.name]) for f in dataclasses.fields(cls)}
    return st.fixed_dictionaries(fields).map(lambda values: cls(**values))


def spoiled(value: typing.Any, which: int, by: object) -> object:
    """`value` with one field replaced by something else."""
    names = [f.name for f in dataclasses.fields(value)]
    name = names[which % len(names)]
    copy = dataclasses.replace(value)
    object.__setattr__(copy, name, by)
    return copy


def sealed(value: typing.Any) -> object:
    """A genuine seal on nonsense, where the fields can be sealed at all."""
    try:
        return seal(value, KEY).sealed
    except (TypeError, ValueError, OverflowError, UnicodeEncodeError):
        return value


@functools.cache
def message_on(topic: str) -> st.SearchStrategy[typing.Any]:
    plain = message(TOPICS[topic])
    good = plain.map(sealed) if topic == "certified_command" else plain
    return st.one_of(good, st.tuples(plain, st.integers(0, 20), odd).map(lambda a: spoiled(*a)), odd)


@functools.cache
def anything(core: str) -> st.SearchStrategy[typing.Any]:
    topics = [*SUBSCRIPTIONS[core], "nowhere"]
    on_topic = st.sampled_from(topics[:-1]).flatmap(
        lambda topic: st.tuples(st.just(topic), message_on(topic))
    )
    return st.one_of(on_topic, st.tuples(st.sampled_from([*topics, *TOPICS]), odd))


def make(core: str) -> Core:
    made: dict[str, typing.Callable[[], Core]] = {
        "supervisor": lambda: Supervisor(PROFILE),
        "drive": lambda: Drive(PROFILE, KEY),
        "safety": lambda: Safety(PROFILE, SITE, KEY),
    }
    return made[core]()


@pytest.mark.parametrize("name", ["supervisor", "drive", "safety"])
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_process_raises(name: str, data: st.DataObject) -> None:
    core = make(name)
    now_ns = 1_000_000_000
    for _ in range(data.draw(st.integers(1, 12))):
        now_ns += data.draw(st.sampled_from([0, 1, 20_000_000, 20_000_000, -5, -(10**9), 10**10]))
        topic, value = data.draw(anything(name))
        outputs = [*core.handle(topic, value, now_ns), *core.tick(now_ns)]
        for out, said in outputs:
            assert type(said) is TOPICS[out]

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shield.contract import ArmCommand, BaseCommand, Command, Manoeuvre, SealedCommand
from shield.seal import CertifiedCommand, canonical_bytes, seal, unseal

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
TAIL = Manoeuvre(
    speed_mps=0.5,
    curvature_radpm=0.1,
    turn_radps=0.0,
    decel_mps2=1.6,
    turn_decel_radps2=2.5,
    joint_velocity_radps=(0.0,) * 7,
    joint_decel_radps2=(5.0,) * 7,
    gripper_m=0.02,
    duration_s=0.5,
)
UNSEALED = SealedCommand(
    robot="amr_panda",
    sequence=7,
    issued_ns=1,
    expires_ns=2,
    command=BaseCommand(speed_mps=0.5, curvature_radpm=0.1),
    fail_safe=TAIL,
    mac=b"",
)
finite = st.floats(allow_nan=False)


def test_a_seal_opens_with_its_key_alone() -> None:
    certified = seal(UNSEALED, KEY)
    opened = unseal(certified.sealed, KEY)
    assert opened is not None
    assert opened.command == UNSEALED.command
    assert opened.fail_safe == TAIL
    assert (opened.robot, opened.sequence, opened.issued_ns, opened.expires_ns) == ("amr_panda", 7, 1, 2)
    assert unseal(certified.sealed, OTHER) is None
    assert unseal(UNSEALED, KEY) is None
    assert unseal(certified.sealed, b"") is None


@pytest.mark.parametrize(
    "change",
    [
        {"robot": "amr_pandb"},
        {"sequence": 8},
        {"issued_ns": 0},
        {"expires_ns": 3},
        {"mac": bytes(32)},
        {"command": BaseCommand(speed_mps=0.6, curvature_radpm=0.1)},
        {"command": ArmCommand(joint_velocity_radps=(0.5, 0.1), gripper_m=0.0)},
        {"fail_safe": dataclasses.replace(TAIL, decel_mps2=0.1)},
        {"fail_safe": dataclasses.replace(TAIL, joint_velocity_radps=(0.0,) * 6)},
        {"fail_safe": dataclasses.replace(TAIL, duration_s=0.4)},
    ],
)
def test_any_change_breaks_the_seal(change: dict[str, Any]) -> None:
    assert unseal(dataclasses.replace(seal(UNSEALED, KEY).sealed, **change), KEY) is None


@given(
    st.sampled_from([f.name for f in dataclasses.fields(SealedCommand)]),
    st.one_of(st.none(), st.text(max_size=3), st.floats(), st.integers(), st.binary(max_size=40)),
)
def test_junk_never_opens_and_never_raises(name: str, value: Any) -> None:
    sealed = seal(UNSEALED, KEY).sealed
    if value != getattr(sealed, name):
        assert unseal(dataclasses.replace(sealed, **{name: value}), KEY) is None
    assert unseal(value, KEY) is None


commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(BaseCommand, speed_mps=finite, curvature_radpm=finite, turn_radps=finite),
    st.builds(ArmCommand, joint_velocity_radps=st.lists(finite, max_size=3).map(tuple), gripper_m=finite),
)


def is_same(a: Command, b: Command) -> bool:
    return repr(a) == repr(b)  # tells 0.0 from -0.0, as the seal does


@given(commands, commands, st.text(max_size=3), st.text(max_size=3))
def test_bytes_are_unambiguous(a: Command, b: Command, robot_a: str, robot_b: str) -> None:
    one = dataclasses.replace(UNSEALED, command=a, robot=robot_a)
    two = dataclasses.replace(UNSEALED, command=b, robot=robot_b)
    assert (canonical_bytes(one) == canonical_bytes(two)) == (is_same(a, b) and robot_a == robot_b)


def test_nan_is_sealed_like_any_other_bits() -> None:
    odd = dataclasses.replace(UNSEALED, command=BaseCommand(speed_mps=math.nan))
    assert unseal(seal(odd, KEY).sealed, KEY) is not None


def test_a_certified_command_cannot_be_made_or_changed_by_hand() -> None:
    with pytest.raises(TypeError, match="comes out of Gate.certify"):
        CertifiedCommand(UNSEALED)
    with pytest.raises(TypeError, match="comes out of Gate.certify"):
        CertifiedCommand._make(UNSEALED, object())
    with pytest.raises(TypeError, match="has no kinds"):
        type("Mine", (CertifiedCommand,), {})
    certified = seal(UNSEALED, KEY)
    with pytest.raises(AttributeError, match="does not change"):
        certified._sealed = UNSEALED


def test_a_short_key_is_no_key() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        seal(UNSEALED, b"short")

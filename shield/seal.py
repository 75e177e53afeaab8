"""The seal: what makes a command certified, and what the drive checks before it obeys.

A sealed command carries an HMAC-SHA-256 over an unambiguous byte string of all its other fields. Whoever
lacks the launch's key can neither make one nor change one; `CertifiedCommand` cannot be constructed by hand.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import struct
from typing import Final, NoReturn, final

from shield.contract import ArmCommand, BaseCommand, Command, Manoeuvre, SealedCommand
from shield.keys import KEY_BYTES_N

MAC_BYTES_N = 32
_DOMAIN: Final = b"gatehouse.certified-command.1"
_MAKER: Final = object()


@final
class CertifiedCommand:
    """A command that the gate certified; made by `Gate.certify` and by `unseal`, and by nothing else."""

    __slots__ = ("_sealed",)
    _sealed: SealedCommand

    def __init__(self, *_arguments: object) -> None:
        raise TypeError("a CertifiedCommand comes out of Gate.certify or unseal only")

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("a CertifiedCommand has no kinds")

    @classmethod
    def _make(cls, sealed: SealedCommand, maker: object) -> CertifiedCommand:
        if maker is not _MAKER:
            raise TypeError("a CertifiedCommand comes out of Gate.certify or unseal only")
        made = object.__new__(cls)
        object.__setattr__(made, "_sealed", sealed)
        return made

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a CertifiedCommand does not change")

    @property
    def sealed(self) -> SealedCommand:
        """The command as it travels, with its MAC."""
        return self._sealed

    @property
    def robot(self) -> str:
        """The robot that it is for."""
        return self._sealed.robot

    @property
    def sequence(self) -> int:
        """Grows with every command; the drive takes no old one."""
        return self._sealed.sequence

    @property
    def issued_ns(self) -> int:
        """When it was certified."""
        return self._sealed.issued_ns

    @property
    def expires_ns(self) -> int:
        """From then on the drive plays the fail-safe, unless it has a newer command."""
        return self._sealed.expires_ns

    @property
    def command(self) -> Command:
        """What is to be done until then."""
        return self._sealed.command

    @property
    def fail_safe(self) -> Manoeuvre:
        """What is to be done after that."""
        return self._sealed.fail_safe


def seal(unsealed: SealedCommand, key: bytes) -> CertifiedCommand:
    """Put the MAC on a command. For the gate alone: it alone holds what was verified, and the key.

    Raises:
        ValueError: the key is no key.
    """
    if len(key) != KEY_BYTES_N:
        raise ValueError(f"a key has {KEY_BYTES_N} bytes")
    sealed = dataclasses.replace(unsealed, mac=_mac(unsealed, key))
    return CertifiedCommand._make(sealed, _MAKER)


def unseal(sealed: SealedCommand, key: bytes) -> CertifiedCommand | None:
    """The certified command, or None when the seal is not the gate's. Never raises on any content."""
    try:
        expected = _mac(sealed, key)
        genuine = len(key) == KEY_BYTES_N and hmac.compare_digest(expected, sealed.mac)
    except (struct.error, TypeError, ValueError, AttributeError, OverflowError):
        return None
    return CertifiedCommand._make(sealed, _MAKER) if genuine else None


def _mac(sealed: SealedCommand, key: bytes) -> bytes:
    return hmac.new(key, canonical_bytes(sealed), hashlib.sha256).digest()


def canonical_bytes(sealed: SealedCommand) -> bytes:
    """All fields but the MAC: fixed-size fields big-endian, every text and list preceded by its length."""
    parts = [
        _text(_DOMAIN),
        _text(sealed.robot.encode()),
        struct.pack(">qqq", sealed.sequence, sealed.issued_ns, sealed.expires_ns),
        _command_bytes(sealed.command),
        _manoeuvre_bytes(sealed.fail_safe),
    ]
    return b"".join(parts)


def _command_bytes(command: Command) -> bytes:
    if isinstance(command, BaseCommand):
        return struct.pack(">Bddd", 0, command.speed_mps, command.curvature_radpm, command.turn_radps)
    if isinstance(command, ArmCommand):
        return b"\x01" + _floats(command.joint_velocity_radps) + struct.pack(">d", command.gripper_m)
    raise TypeError(f"{type(command).__name__} is no command")


def _manoeuvre_bytes(tail: Manoeuvre) -> bytes:
    numbers = struct.pack(
        ">ddddd",
        tail.speed_mps,
        tail.curvature_radpm,
        tail.turn_radps,
        tail.decel_mps2,
        tail.turn_decel_radps2,
    )
    end = struct.pack(">dd", tail.gripper_m, tail.duration_s)
    return numbers + _floats(tail.joint_velocity_radps) + _floats(tail.joint_decel_radps2) + end


def _floats(values: tuple[float, ...]) -> bytes:
    return struct.pack(f">I{len(values)}d", len(values), *values)


def _text(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text

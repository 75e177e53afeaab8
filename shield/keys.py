"""The launch's key: made fresh for every launch, readable by the gate's and the drive's process alone."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from shield.errors import BadInput

KEY_BYTES_N = 32
FD_VARIABLE = "GATEHOUSE_KEY_FD"
FILE_VARIABLE = "GATEHOUSE_KEY_FILE"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def new_key() -> bytes:
    """A key for one launch."""
    return secrets.token_bytes(KEY_BYTES_N)


def load_key() -> bytes:
    """The key that this process was started with.

    It is read once from the file descriptor named in `GATEHOUSE_KEY_FD` (then closed), else from the file
    named in `GATEHOUSE_KEY_FILE`, which nobody but its owner may be able to read.

    Raises:
        BadInput: neither is set, the key has the wrong length, or others may read the file.
    """
    number = os.environ.get(FD_VARIABLE)
    if number is not None:
        return _from_descriptor(number)
    name = os.environ.get(FILE_VARIABLE)
    if name is None:
        raise BadInput(f"no key: neither {FD_VARIABLE} nor {FILE_VARIABLE} is set")
    return _from_file(Path(name))


def _from_descriptor(number: str) -> bytes:
    try:
        with os.fdopen(int(number), "rb") as stream:
            key = stream.read(KEY_BYTES_N + 1)
    except (OSError, ValueError) as error:
        raise BadInput(f"{FD_VARIABLE} is {number!r}: {error}") from None
    return _checked(key, f"{FD_VARIABLE}={number}")


def _from_file(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
            key = stream.read(KEY_BYTES_N + 1)
    except OSError as error:
        raise BadInput(f"{path}: the key cannot be read: {error.strerror}") from None
    if mode & _OTHERS:
        raise BadInput(f"{path}: mode is {mode:04o}, a key must be readable by its owner alone (0600)")
    return _checked(key, str(path))


def _checked(key: bytes, where: str) -> bytes:
    if len(key) != KEY_BYTES_N:
        held = f"more than {KEY_BYTES_N}" if len(key) > KEY_BYTES_N else str(len(key))
        raise BadInput(f"{where}: the key has {held} bytes, {KEY_BYTES_N} are expected")
    return key

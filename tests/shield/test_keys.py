from __future__ import annotations

import os
from pathlib import Path

import pytest

from shield.errors import BadInput
from shield.keys import FD_VARIABLE, FILE_VARIABLE, load_key, new_key


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FD_VARIABLE, raising=False)
    monkeypatch.delenv(FILE_VARIABLE, raising=False)


def test_keys_are_long_and_fresh() -> None:
    assert len(new_key()) == 32
    assert new_key() != new_key()


def test_a_descriptor_is_read_once_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    key = new_key()
    reader, writer = os.pipe()
    os.write(writer, key)
    os.close(writer)
    monkeypatch.setenv(FD_VARIABLE, str(reader))
    assert load_key() == key
    with pytest.raises(BadInput, match=FD_VARIABLE):
        load_key()


@pytest.mark.parametrize("number", ["", "x", "99999"])
def test_a_wrong_descriptor_is_told(monkeypatch: pytest.MonkeyPatch, number: str) -> None:
    monkeypatch.setenv(FD_VARIABLE, number)
    with pytest.raises(BadInput, match=FD_VARIABLE):
        load_key()


def write(path: Path, key: bytes, mode: int) -> Path:
    path.write_bytes(key)
    path.chmod(mode)
    return path


def test_a_file_for_its_owner_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = new_key()
    monkeypatch.setenv(FILE_VARIABLE, str(write(tmp_path / "key", key, 0o600)))
    assert load_key() == key


@pytest.mark.parametrize(
    ("key", "mode", "said"),
    [
        (bytes(32), 0o644, "mode is 0644"),
        (bytes(32), 0o640, "mode is 0640"),
        (bytes(31), 0o600, "31 bytes"),
        (bytes(33), 0o600, "more than 32"),
        (b"", 0o600, "0 bytes"),
    ],
)
def test_a_bad_file_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, key: bytes, mode: int, said: str
) -> None:
    monkeypatch.setenv(FILE_VARIABLE, str(write(tmp_path / "key", key, mode)))
    with pytest.raises(BadInput, match=said):
        load_key()


def test_no_key_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no key"):
        load_key()
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "missing"))
    with pytest.raises(BadInput, match="cannot be read"):
        load_key()

"""The truth beside the record: what really was, for judging and for pictures, never for the stack.

One JSON object a line, written by the simulator's process at a low rate. `state` is the engine's own full state:
setting it again shows the scene of that moment, so pictures are made after a run and cost it nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from shield.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueBody:
    """A person or a crate in W."""

    name: str
    x_m: float
    y_m: float
    z_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthRow:
    """One moment."""

    stamp_ns: int
    x_m: float
    y_m: float
    heading_rad: float
    speed_mps: float
    yaw_rate_radps: float
    nearest_person_m: float  # between surfaces; infinite where there is nobody
    contacts: tuple[str, ...]  # contacts in motion since the start, in words
    people: tuple[TrueBody, ...]
    crates: tuple[TrueBody, ...]
    state: tuple[float, ...]


class TruthLog:
    """Writes rows to a file, each complete on disk as soon as it is written."""

    def __init__(self, path: str | Path) -> None:
        self._stream = Path(path).open("w", buffering=1, encoding="utf-8")

    def write(self, row: TruthRow) -> None:
        """Append one row."""
        self._stream.write(json.dumps(asdict(row), separators=(",", ":")) + "\n")

    def close(self) -> None:
        """End the file."""
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_truth(path: str | Path) -> list[TruthRow]:
    """All complete rows of the file at `path`; a last line cut off by a crash is left out.

    Raises:
        BadInput: there is no such file, or a line is no row of truth.
    """
    path = Path(path)
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read as truth: {error}") from None
    rows = []
    for number, line in enumerate(lines, start=1):
        if not line.endswith("\n"):
            break
        try:
            rows.append(_row(json.loads(line)))
        except (ValueError, TypeError, KeyError) as error:
            raise BadInput(f"{path}: line {number} is no row of truth: {error!r}") from None
    return rows


def _row(raw: dict[str, object]) -> TruthRow:
    values = dict(raw)
    for name in ("people", "crates"):
        values[name] = tuple(TrueBody(**body) for body in _listed(raw[name]))
    for name in ("contacts", "state"):
        values[name] = tuple(_listed(raw[name]))
    return TruthRow(**values)  # type: ignore[arg-type] # the names are checked by the call, the types by the writer


def _listed(value: object) -> Sequence[dict]:  # type: ignore[type-arg] # JSON
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    return value

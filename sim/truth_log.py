"""The truth beside the record: what really was, for judging and for pictures, never for the stack.

One JSON object a line, written by the simulator's process at a low rate; pictures are made of it after a
run and cost the run nothing.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from shield.errors import BadInput
from sim.judge import Contact
from sim.simulator import Simulator
from sim.truth import CrateTruth, PersonTruth, Truth

PERIOD_S = 0.1  # between two rows


@dataclass(frozen=True, slots=True, kw_only=True)
class TruthRow:
    """One moment: the truth, and the stack's time of it."""

    stamp_ns: int
    truth: Truth


class TruthLog:
    """Writes rows to a file, each on disk as soon as it is complete.

    Args:
        path: of the file; an older one is replaced.
    """

    def __init__(self, path: str | Path) -> None:
        self._stream = Path(path).open("w", buffering=1, encoding="utf-8")  # noqa: SIM115 # closed by `close`
        self._due_ns = 0

    def watch(self, now_ns: int, simulator: Simulator) -> None:
        """To be called every period; writes a row each `PERIOD_S`."""
        if now_ns >= self._due_ns:
            self._due_ns = now_ns + round(PERIOD_S * 1e9)
            self.write(now_ns, simulator.truth)

    def write(self, stamp_ns: int, truth: Truth) -> None:
        """Append one row."""
        row = {"stamp_ns": stamp_ns, **asdict(truth)}
        self._stream.write(json.dumps(row, separators=(",", ":")) + "\n")

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
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BadInput(f"{path}: line {number} is no row of truth: {error!r}") from None
    return rows


def _row(raw: dict[str, Any]) -> TruthRow:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()
    }
    for name, cls in (("people", PersonTruth), ("crates", CrateTruth), ("contacts", Contact)):
        values[name] = tuple(cls(**each) for each in values[name])
    return TruthRow(stamp_ns=values.pop("stamp_ns"), truth=Truth(**values))

"""What lies where in the folder of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gatehouse.record import Columns

RECORD = "record.mcap"
TRUTH = "truth.jsonl"
REPORT = "report.html"
FIGURES = "figures.json"
STRIP = "scene.jpg"
LOGS = "logs"
IN_PROCESS = "in_process"  # a note of records whose delays mean nothing


NAVIGATORS = ("learned", "pursuit")  # as in `skills.library`, which is heavy to load


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What may be chosen for a run besides its scenario."""

    seed: int | None = None  # None: the scenario's own
    engine: str = "mujoco"
    navigator: str = "learned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A run that is over, and notes on it for the foot of its report."""

    columns: Columns
    notes: Mapping[str, str] = field(default_factory=dict)

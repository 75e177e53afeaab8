"""What a skill is: an option in the sense of Sutton, Precup and Singh (Artificial Intelligence 112, 1999).

A skill has an initiation set (`refuse`), a policy (`step`) and a termination (the state that `step` reports).
It proposes; the gate decides. Skills keep no clock and draw no random numbers: the same snapshots give the
same proposals, bit for bit.
"""

from __future__ import annotations

from typing import Protocol

from shield.contract import SkillGoal, SkillStep, Snapshot


class Skill(Protocol):
    """One skill, at most one execution of it at a time; preemptible at any tick."""

    name: str
    version: str

    def refuse(self, goal: SkillGoal, snapshot: Snapshot) -> str:
        """Say why `goal` cannot be started from `snapshot`; an empty text means that it can."""

    def start(self, goal: SkillGoal, snapshot: Snapshot, now_ns: int) -> None:
        """Begin an execution that `refuse` had nothing against."""

    def step(self, snapshot: Snapshot, now_ns: int) -> SkillStep:
        """Propose one command for this control period and say how the execution goes."""

    def stop(self, now_ns: int) -> None:
        """End the execution, whatever its state."""

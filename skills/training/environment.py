"""What training and evaluation ask of a batch of environments; the caller brings one."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray

from shield.contract import Floats

RUNNING, ARRIVED, CONTACT, TIMEOUT = range(4)
CORRECTED_S, TRAVELLED_M, CONTACTS, NEAR_PEOPLE_S, JERK, ROUTE_M = range(6)  # columns of a tally


class Step(Protocol):
    """What one step of all rows gave; rows whose outcome is not RUNNING have begun anew."""

    @property
    def seen(self) -> Floats: ...
    @property
    def last_seen(self) -> Floats: ...
    @property
    def reward(self) -> Floats: ...
    @property
    def outcome(self) -> NDArray[Any]: ...
    @property
    def tally(self) -> Floats: ...
    @property
    def steps(self) -> NDArray[Any]: ...


class Environment(Protocol):
    """A batch of robots that each drive one episode after the other."""

    count: int
    step_s: float

    def reset(self) -> Floats:
        """Begin new episodes everywhere; the observations, shape (count, inputs)."""

    def people(self, most: int) -> None:
        """Set how many people the following episodes hold at most."""

    def step(self, want: Floats) -> Step:
        """Act in all rows."""


class Policy(Protocol):
    """Anything that maps observations to actions."""

    def act_all(self, seen: Floats) -> Floats:
        """The actions for observations (n, inputs), shape (n, outputs)."""

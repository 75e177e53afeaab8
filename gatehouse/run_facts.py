"""What a report is made of, and the judgement of a run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gatehouse.moments import Moment
from gatehouse.record import Columns
from shield.profile import RobotProfile
from shield.site import Site
from sim.truth_log import TruthRow

DELIVERED_M = 0.12  # from the middle of the place to the middle of the crate's bottom


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A rendered frame or clip, already encoded."""

    data: bytes
    media_type: str  # for example image/jpeg
    width_px: int
    height_px: int
    moment: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """A run with everything that is to be said of it."""

    title: str
    columns: Columns
    profile: RobotProfile
    site: Site
    truth: Sequence[TruthRow] = ()
    pictures: Sequence[Picture] = ()  # of `gatehouse.moments.key_moments`
    clip: Picture | None = None
    is_live: bool = True  # processes over DDS; in process, the delays between them mean nothing
    notes: Mapping[str, str] = field(default_factory=dict)  # name -> words, for the foot of the page
    replay: str = ""  # the command that replays the record


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How a run went."""

    is_fulfilled: bool
    contacts: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Order fulfilled, nothing touched in motion."""
        return self.is_fulfilled and not self.contacts


def judge(columns: Columns, truth: Sequence[TruthRow], site: Site) -> Judgement:
    """Judge a run by what the stack says and, where truth is at hand, by what really was."""
    is_fulfilled = columns.is_fulfilled
    if not truth:
        return Judgement(is_fulfilled=is_fulfilled, contacts=())
    last = truth[-1].truth
    crates = {crate.name: crate for crate in last.crates}
    for order in columns.orders:
        place, crate = site.place(order.station), crates[order.item]
        off_m = math.dist((crate.x_m, crate.y_m, crate.z_m), (place.x_m, place.y_m, place.z_m))
        is_fulfilled = is_fulfilled and off_m < DELIVERED_M
    contacts = tuple(
        f"{one.one} touched {one.other} at {one.time_s:.1f} s, at {one.speed_mps:.2f} m/s"
        for one in last.contacts
    )
    return Judgement(is_fulfilled=is_fulfilled, contacts=contacts)

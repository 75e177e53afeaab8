"""From an order to tasks: what a robot has to do, one skill after the other, and what it does next.

The tasks of an order are nominal. What is done next follows from where the robot stands and what it carries,
by asking the skills' initiation sets, so that a restart, a reset or a failure needs no special case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shield.contract import Order, SkillGoal, Task
from shield.errors import BadInput
from shield.site import Site

Fits = Callable[[SkillGoal], bool]  # whether a skill could start on this goal, now


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the next task depends on, beside the skills' initiation sets."""

    item_at: str  # name of a place, or ON_ROBOT
    arm_stowed: bool


ON_ROBOT = "(on the robot)"  # where an item is while it is carried: no name of a place looks like this


def check_order(order: Order, site: Site) -> None:
    """Refuse an order that the site cannot fulfil.

    Raises:
        BadInput: no identifier, unknown item, unknown place, or a place that is no station.
    """
    if not order.order.strip():
        raise BadInput(f"an order needs an identifier, {order.order!r} is none")
    site.item(order.item)
    stations = ", ".join(place.name for place in site.places if place.role == "station")
    try:
        role = site.place(order.station).role
    except BadInput:
        raise BadInput(f"{order.station!r} is no station of site {site.site}; known are {stations}") from None
    if role != "station":
        raise BadInput(f"{order.station!r} is a {role}; the stations of site {site.site} are {stations}")


def tasks_of(order: Order, item_at: str) -> tuple[Task, ...]:
    """The nominal tasks of an order whose item stands at `item_at`, in their order."""
    bring = [(skill, order.station) for skill in ("navigate", "dock", "place", "undock")]
    fetch = [(skill, item_at) for skill in ("navigate", "dock", "pick", "undock") if item_at != ON_ROBOT]
    return tuple(
        Task(task=f"{order.order}/{k}", order=order.order, skill=skill, target=target)
        for k, (skill, target) in enumerate(fetch + bring, start=1)
    )


def next_goal(order: Order, situation: Situation, site: Site, fits: Fits) -> SkillGoal | None:
    """The goal to pursue now; None when the order is fulfilled and the robot is free to turn.

    Args:
        order: what is wanted.
        situation: where the item is, and whether the arm is stowed.
        site: its places are asked one after the other.
        fits: tells whether the robot is in a skill's initiation set.
    """
    delivered = situation.item_at == order.station
    carried = situation.item_at == ON_ROBOT
    target = order.station if carried or delivered else situation.item_at
    hands_on = SkillGoal(skill="place" if carried else "pick", target=target, item=order.item)
    if not delivered and fits(hands_on):
        return hands_on
    if not situation.arm_stowed:
        return SkillGoal(skill="stow", target=target, item=order.item)
    dock = SkillGoal(skill="dock", target=target, item=order.item)
    if not delivered and fits(dock):
        return dock
    for place in site.places:
        undock = SkillGoal(skill="undock", target=place.name, item=order.item)
        if fits(undock):
            return undock
    return None if delivered else SkillGoal(skill="navigate", target=target, item=order.item)

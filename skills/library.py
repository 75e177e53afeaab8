"""The skill library: every skill that ships, loaded for one robot on one site."""

from __future__ import annotations

from pathlib import Path

from shield.errors import BadInput
from shield.profile import RobotProfile
from shield.site import Site
from skills.card import load_policy
from skills.dock import Dock, Undock
from skills.interface import Skill
from skills.navigate import Navigate
from skills.pick import Pick
from skills.place import PlaceCrate
from skills.pursuit import Pursuit
from skills.stow import Stow

LIBRARY = Path(__file__).parent / "library"
NAVIGATORS = ("learned", "pursuit")


def versions(skill: str) -> tuple[str, ...]:
    """Versions of a learned skill that ship, the oldest first."""
    found = [folder.name for folder in (LIBRARY / skill).glob("*.*.*") if folder.is_dir()]
    return tuple(
        sorted(found, key=lambda name: [int(part) if part.isdigit() else 0 for part in name.split(".")])
    )


def newest(skill: str) -> Path:
    """Folder of the newest version of a learned skill.

    Raises:
        BadInput: there is none.
    """
    found = versions(skill)
    if not found:
        raise BadInput(
            f"{LIBRARY / skill}: no version of {skill} is there; `gatehouse train {skill}` makes one"
        )
    return LIBRARY / skill / found[-1]


def load_navigate(profile: RobotProfile, site: Site, navigator: str = "learned") -> Navigate:
    """`navigate` with the newest learned policy, or with the classical baseline.

    Raises:
        BadInput: the policy is missing or does not match its card, or `navigator` is none of NAVIGATORS.
    """
    if navigator not in NAVIGATORS:
        raise BadInput(f"{navigator!r} is no navigator; known are {', '.join(NAVIGATORS)}")
    if navigator == "pursuit":
        return Navigate(profile, site, Pursuit(profile), f"{Pursuit.name}-{Pursuit.version}")
    network, card = load_policy(newest("navigate"))
    return Navigate(profile, site, network, str(card["version"]))


def load_library(profile: RobotProfile, site: Site, *, navigator: str = "learned") -> dict[str, Skill]:
    """All skills by name.

    Raises:
        BadInput: a learned skill is missing or does not match its card.
    """
    skills: tuple[Skill, ...] = (
        load_navigate(profile, site, navigator),
        Dock(profile, site),
        Undock(profile, site),
        Pick(profile, site),
        PlaceCrate(profile, site),
        Stow(profile, site),
    )
    return {skill.name: skill for skill in skills}

"""Watches the truth of the physics: who touched what in motion, how near people came, how far it went."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from shield.contract import Floats
from shield.profile import RobotProfile
from shield.site import Pose, Site
from sim.people import body_distance
from sim.plant import Plant, Thing, Touch
from sim.world import PERSON_RADIUS_M

CONTACTS_MAX = 1000  # kept on record; counting goes on
NEAR_M = 3.0  # people farther away than that are measured from the base alone
LINK_RADIUS_M = 0.06  # of the arm around the line of its link frames
PLACE_RADIUS_M = 0.20  # a load set down this near to a place is on its place
FLAT = 0.7  # cosine: the load stands on a surface; less is a side that it bumps into
IGNORED, FORBIDDEN, HELD, STANDING = 0, 1, 2, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A contact in motion that nothing declared."""

    time_s: float
    one: str
    other: str
    speed_mps: float
    joint_radps: float
    x_m: float
    y_m: float
    z_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Motion:
    """How fast the robot is, and whether base and joints are above their standstill rates."""

    speed_mps: float
    joint_radps: float
    base: bool
    joint: bool


class Judge:
    """Collects what a run is judged by.

    Args:
        plant: whose contacts are watched.
        profile: standstill bounds and the size of the body.
        site: its places are where a load may be set down.
        items: crates that the robot has orders for; it may touch no others.
    """

    def __init__(self, plant: Plant, profile: RobotProfile, site: Site, items: frozenset[str]) -> None:
        self._plant, self._profile, self._site = plant, profile, site
        self._body_m = (profile.base.length_m, profile.base.width_m)
        self._codes = _codes(plant.things, items)
        self._last: Pose | None = None
        self._before = _Motion(speed_mps=0.0, joint_radps=0.0, base=False, joint=False)  # a period ago
        self.contacts: list[Contact] = []
        self.contact_count = 0
        self.person_distance_m = math.inf
        self.least_person_distance_m = math.inf
        self.least_moving_person_distance_m = math.inf
        self.path_m = 0.0

    def watch_contacts(self, now_ns: int) -> None:
        """Look at the contacts of one physics step."""
        pairs = self._plant.contact_pairs()
        codes = self._codes[pairs[:, 0], pairs[:, 1]]
        found = int(np.bitwise_or.reduce(codes)) if len(codes) else IGNORED
        if not found & FORBIDDEN and found & (HELD | STANDING) != HELD | STANDING:
            return
        motion = _fastest(self._motion(), self._before)  # an impact may have stopped the robot
        if not motion.base and not motion.joint:
            return
        things = self._plant.things
        held = {
            things[max(pair, key=lambda i: things[i].role == "crate")].name
            for pair in pairs[codes == HELD].tolist()
        }
        for k in np.flatnonzero(codes & (FORBIDDEN | STANDING)).tolist():
            touch = self._plant.touch(k)
            if codes[k] == FORBIDDEN or self._load_bumps(touch, held):
                self._note(touch, motion, now_ns)

    def watch_people(self, people: Floats) -> None:
        """Look at distances and the path, once a period; `people` is x, y, heading, shape (n, 3)."""
        base, self._before = self._plant.base(), self._motion()
        pose = Pose(x_m=base.x_m, y_m=base.y_m, heading_rad=base.heading_rad)
        if self._last is not None:
            self.path_m += math.hypot(pose.x_m - self._last.x_m, pose.y_m - self._last.y_m)
        self._last = pose
        self.person_distance_m = min(
            (self._distance(pose, x, y) for x, y, _ in people.tolist()), default=math.inf
        )
        self.least_person_distance_m = min(self.least_person_distance_m, self.person_distance_m)
        if self._before.base:
            self.least_moving_person_distance_m = min(
                self.least_moving_person_distance_m, self.person_distance_m
            )

    def _distance(self, pose: Pose, x: float, y: float) -> float:
        gap = body_distance(pose, self._body_m, x, y)
        if gap < NEAR_M:
            points = self._plant.body_points()
            arm = float(np.hypot(points[:, 0] - x, points[:, 1] - y).min()) - LINK_RADIUS_M
            gap = min(gap, arm)
        return max(0.0, gap - PERSON_RADIUS_M)

    def _motion(self) -> _Motion:
        base, bounds = self._plant.base(), self._profile.base
        joint = float(np.abs(self._plant.joint_velocity()[2:-2]).max(initial=0.0))
        fast = math.hypot(base.speed_mps, base.lateral_mps) > bounds.standstill_mps
        return _Motion(
            speed_mps=base.speed_mps,
            joint_radps=joint,
            base=fast or abs(base.yaw_rate_radps) > bounds.standstill_radps,
            joint=joint > bounds.standstill_radps,
        )

    def _load_bumps(self, touch: Touch, held: set[str]) -> bool:
        if touch.one not in held and touch.other not in held:
            return False
        near = any(
            math.hypot(place.x_m - touch.x_m, place.y_m - touch.y_m) < PLACE_RADIUS_M
            for place in self._site.places
        )
        return not (near and touch.normal_z > FLAT)

    def _note(self, touch: Touch, motion: _Motion, now_ns: int) -> None:
        self.contact_count += 1
        if len(self.contacts) < CONTACTS_MAX:
            self.contacts.append(
                Contact(
                    time_s=now_ns * 1e-9,
                    one=touch.one,
                    other=touch.other,
                    speed_mps=motion.speed_mps,
                    joint_radps=motion.joint_radps,
                    x_m=touch.x_m,
                    y_m=touch.y_m,
                    z_m=touch.z_m,
                )
            )


def _fastest(one: _Motion, other: _Motion) -> _Motion:
    return _Motion(
        speed_mps=max(one.speed_mps, other.speed_mps, key=abs),
        joint_radps=max(one.joint_radps, other.joint_radps),
        base=one.base or other.base,
        joint=one.joint or other.joint,
    )


def _codes(things: tuple[Thing, ...], items: frozenset[str]) -> np.ndarray:
    """What contact between two things means, by their indices."""
    table = np.zeros((len(things), len(things)), dtype=np.int64)
    for i, one in enumerate(things):
        for j, other in enumerate(things):
            table[i, j] = max(_code(one, other, items), _code(other, one, items))
    return table


def _code(one: Thing, other: Thing, items: frozenset[str]) -> int:
    robot = ("wheel", "caster", "grip", "body")
    if one.role in robot and other.role in robot:
        return FORBIDDEN  # neighbours never report a contact
    if one.role in ("wheel", "caster") and other.role == "floor":
        return IGNORED
    if one.role in robot and other.role == "crate":
        return HELD if other.name in items and (one.role == "grip" or one.name == "base") else FORBIDDEN
    if one.role in robot:
        return FORBIDDEN
    if one.role == "crate" and other.role in ("box", "floor", "person", "crate"):
        return STANDING
    return IGNORED

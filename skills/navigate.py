"""`navigate`: drive to the approach pose of a place, along a planned route, among people.

The approach pose lies straight behind the place's dock pose. A policy drives, a learned one by default; the
last turn to the heading is a rotation in place. Where the route is barred, or no way is made good, it is
planned anew around whatever the map does not know.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np

from shield.contract import HOLD, BaseCommand, Floats, Kind, SkillGoal, SkillState, SkillStep, Snapshot
from shield.errors import BadInput
from shield.profile import RobotProfile
from shield.site import Site
from skills.motion import arrival_cap, base_command, follow, issued, limits
from skills.observation import observe
from skills.route import FAR_M, NEAR_M, SPACING_M, Blockage, Route, Router, barred, carrot, nearest, worth_it

APPROACH_M = 0.7  # behind the dock pose
ARRIVED_M = 0.15  # then the turn in place begins
AWAY_M = 0.20  # pushed farther than this the robot drives again
ALIGNED_RAD = 0.06
TURN_GAIN = 1.6  # 1/s
STILL_MPS, STILL_RADPS = 0.05, 0.08
PROGRESS_M = 0.3  # less way than this made good counts as standing still
PATIENCE_S = 6.0  # without progress, before another route is looked for
BARRED_S = 2.0  # with the route ahead barred, before that
CHECK_S = 1.0  # between two looks for another route
BACK_M = 3.0  # a route that is so much shorter than the detour in use is taken again
REPLANS_MAX_N = 20
FAILED_S = 45.0  # without progress, before the skill gives up
MEMORY_S = 20.0  # how long a blockage is remembered
BLOCK_RANGE_M = 3.5
BLOCK_CELL_M = 0.25  # blockages are thinned to one in such a cell
ZONE_AHEAD_M = 1.7  # a zone's speed limit is kept from this far before it on
WALL_GAP_M = 0.4  # a place whose approach pose has less room cannot be reached
_SOLID = (float(Kind.UNKNOWN), float(Kind.PERSON), float(Kind.ROBOT))


class Driver(Protocol):
    """A policy: learned or not."""

    def act(self, seen: Floats) -> Floats:
        """Wanted speed and yaw rate, shape (2,)."""

    def confidence(self, seen: Floats) -> float:
        """From 0, never seen such a thing, to 1."""


class _Phase(Enum):
    IDLE = 0
    DRIVE = 1
    ALIGN = 2


@dataclass(slots=True)
class _Run:
    """One execution."""

    goal: tuple[float, float, float]
    route: Route
    length_m: float
    best_m: float
    best_ns: int
    free_ns: int  # when the route ahead was last found free
    checked_ns: int  # when another one was last looked for
    index: int = 0
    phase: _Phase = _Phase.DRIVE
    replans: int = 0


class Navigate:
    """The skill.

    Args:
        profile: of the robot. site: whose map is planned on.
        driver: the policy. version: of the policy.
    """

    name = "navigate"

    def __init__(self, profile: RobotProfile, site: Site, driver: Driver, version: str) -> None:
        self.version = version
        self._profile, self._site, self._driver = profile, site, driver
        self._router, self._limits = Router(site), limits(profile)
        self._blockages: tuple[Blockage, ...] = ()
        self._run: _Run | None = None

    def refuse(self, goal: SkillGoal, snapshot: Snapshot) -> str:
        """Why the approach pose of `goal.target` cannot be driven to: unknown, no room, no route, arm out."""
        try:
            x, y, _ = self.approach(goal.target)
        except BadInput as error:
            return str(error)
        if self._router.room_m(x, y) < WALL_GAP_M:
            return (
                f"no room at the approach pose of {goal.target}: {self._router.room_m(x, y):.2f} m to the map"
            )
        joints, arm = snapshot.ego.joint_position_rad, self._profile.arm
        if joints:
            off = max(abs(a - b) for a, b in zip(joints, arm.stowed_rad, strict=True))
            if off > arm.stowed_tolerance_rad:
                return f"the arm is not stowed: a joint is off by {off:.2f} rad"
        if self._router.plan((snapshot.ego.x_m, snapshot.ego.y_m), (x, y)).blocked:
            return f"the map has no route to {goal.target}"
        return ""

    def start(self, goal: SkillGoal, snapshot: Snapshot, now_ns: int) -> None:
        """Plan a route around what is remembered."""
        self._forget(now_ns)
        approach = self.approach(goal.target)
        route = self._plan(snapshot, approach)
        length = max(route.length_m, SPACING_M)
        self._run = _Run(approach, route, length, length, now_ns, now_ns, now_ns)

    def step(self, snapshot: Snapshot, now_ns: int) -> SkillStep:
        """One decision of the policy, shaped; the turn at the end; the outcome."""
        run = self._run
        if run is None:
            return SkillStep(command=HOLD, confidence=1.0, state=SkillState.IDLE, progress=0.0)
        ego = snapshot.ego
        away = math.hypot(run.goal[0] - ego.x_m, run.goal[1] - ego.y_m)
        turn = _wrap(run.goal[2] - ego.heading_rad)
        if run.phase is _Phase.DRIVE and away < ARRIVED_M:
            run.phase, run.best_ns = _Phase.ALIGN, now_ns
        elif run.phase is _Phase.ALIGN and away > AWAY_M:
            run.phase = _Phase.DRIVE
        if run.phase is _Phase.ALIGN:
            return self._align(run, snapshot, turn, now_ns)
        return self._drive(run, snapshot, away, now_ns)

    def stop(self, now_ns: int) -> None:
        """Forget the execution; what blocked it is remembered for a while."""
        self._run = None

    def approach(self, target: str) -> tuple[float, float, float]:
        """The approach pose (x, y, heading) in W of a place.

        Raises:
            BadInput: the site has no such place.
        """
        place = self._site.place(target)
        heading = place.dock_heading_rad
        x = place.dock_x_m - APPROACH_M * math.cos(heading)
        return x, place.dock_y_m - APPROACH_M * math.sin(heading), heading

    def route(self) -> Floats:
        """Points in W of the route in use, shape (n, 2); empty when idle."""
        return np.empty((0, 2)) if self._run is None else self._run.route.points_m

    def _drive(self, run: _Run, snapshot: Snapshot, away_m: float, now_ns: int) -> SkillStep:
        seen, left_m, cap = self._look(run, snapshot)
        self._watch(run, snapshot, left_m, now_ns)
        stuck_s = (now_ns - run.best_ns) * 1e-9
        if stuck_s > FAILED_S or run.replans > REPLANS_MAX_N:
            self._run = None
            where = f"{away_m:.1f} m before the goal, after {run.replans} new routes"
            reason = f"no progress for {stuck_s:.0f} s, {where}"
            return SkillStep(
                command=HOLD,
                confidence=1.0,
                state=SkillState.FAILED,
                progress=_share(run, left_m),
                reason=reason,
            )
        command = self._shape(snapshot, self._driver.act(seen), cap)
        return SkillStep(
            command=command,
            confidence=self._driver.confidence(seen),
            state=SkillState.RUNNING,
            progress=_share(run, left_m),
            reason="waiting for the way to clear" if stuck_s > PATIENCE_S else "",
        )

    def _align(self, run: _Run, snapshot: Snapshot, turn_rad: float, now_ns: int) -> SkillStep:
        ego = snapshot.ego
        still = abs(ego.speed_mps) < STILL_MPS and abs(ego.yaw_rate_radps) < STILL_RADPS
        if abs(turn_rad) < ALIGNED_RAD and still:
            self._run = None
            return SkillStep(command=HOLD, confidence=1.0, state=SkillState.SUCCEEDED, progress=1.0)
        waited_s = (now_ns - run.best_ns) * 1e-9
        if waited_s > FAILED_S:
            self._run = None
            reason = f"the turn to the heading is barred: {abs(turn_rad):.2f} rad left after {waited_s:.0f} s"
            return SkillStep(
                command=HOLD, confidence=1.0, state=SkillState.FAILED, progress=0.99, reason=reason
            )
        command = self._shape(snapshot, np.array([0.0, TURN_GAIN * turn_rad]), snapshot.speed_limit_mps)
        return SkillStep(command=command, confidence=1.0, state=SkillState.RUNNING, progress=0.99)

    def _look(self, run: _Run, snapshot: Snapshot) -> tuple[Floats, float, float]:
        """Observation, way left, speed limit here and now."""
        ego, points = snapshot.ego, run.route.points_m
        count = points.shape[0]
        pose = np.array([ego.x_m, ego.y_m, ego.heading_rad])
        run.index = nearest(points, count, run.index, ego.x_m, ego.y_m)
        off = math.hypot(points[run.index, 0] - ego.x_m, points[run.index, 1] - ego.y_m)
        left_m = (count - 1 - run.index) * SPACING_M + off
        cap = min(snapshot.speed_limit_mps, self._zone_mps(run, ego.x_m, ego.y_m), arrival_cap(left_m))
        carrots = (
            *carrot(points, count, run.index, NEAR_M, pose),
            *carrot(points, count, run.index, FAR_M, pose),
        )
        now = snapshot.set_point
        own = np.array([ego.speed_mps, ego.yaw_rate_radps, now.speed_mps, now.yaw_rate_radps, cap])
        return observe(snapshot.discs, carrots, left_m, own), left_m, cap

    def _zone_mps(self, run: _Run, x_m: float, y_m: float) -> float:
        """Least speed limit of the zones here and a little ahead on the route."""
        ahead = run.route.points_m[run.index : run.index + int(ZONE_AHEAD_M / SPACING_M) : 3]
        spots = [(x_m, y_m), *((float(x), float(y)) for x, y in ahead)]
        return min(
            (
                zone.speed_max_mps
                for zone in self._site.zones
                for x, y in spots
                if zone.x_min_m <= x <= zone.x_max_m and zone.y_min_m <= y <= zone.y_max_m
            ),
            default=math.inf,
        )

    def _shape(self, snapshot: Snapshot, want: Floats, cap_mps: float) -> BaseCommand:
        reference, period_s = issued(snapshot.set_point), self._profile.timing.period_s
        follow(self._limits, want, reference, snapshot.ego.speed_mps, cap_mps, period_s)
        return base_command(self._limits, reference)

    def _watch(self, run: _Run, snapshot: Snapshot, left_m: float, now_ns: int) -> None:
        """Note progress; without any, look for another route."""
        if left_m < run.best_m - PROGRESS_M:
            run.best_m, run.best_ns = left_m, now_ns
        if not self._barred(run, snapshot):
            run.free_ns = now_ns
        barred_s, stalled_s = (now_ns - run.free_ns) * 1e-9, (now_ns - run.best_ns) * 1e-9
        due = barred_s >= BARRED_S or stalled_s >= PATIENCE_S
        if not (due or run.replans) or now_ns - run.checked_ns < CHECK_S * 1e9:
            return
        run.checked_ns = now_ns
        self._remember(snapshot, now_ns)
        route = self._plan(snapshot, run.goal)
        added_m = route.length_m - left_m
        wanted = worth_it(added_m, max(barred_s, stalled_s)) if due else added_m < -BACK_M
        if wanted and not route.blocked:
            run.route, run.index, run.replans = route, 0, run.replans + 1
            run.best_m, run.free_ns = route.length_m, now_ns

    def _barred(self, run: _Run, snapshot: Snapshot) -> bool:
        ego, points, discs = snapshot.ego, run.route.points_m, snapshot.discs
        pose = np.array([ego.x_m, ego.y_m, ego.heading_rad])
        return bool(
            barred(points, points.shape[0], run.index, pose, discs.x_m, discs.y_m, discs.radius_m, discs.kind)
        )

    def _plan(self, snapshot: Snapshot, goal: tuple[float, float, float]) -> Route:
        ego = snapshot.ego
        return self._router.plan((ego.x_m, ego.y_m), goal[:2], self._blockages)

    def _remember(self, snapshot: Snapshot, now_ns: int) -> None:
        """Take over what is seen now; what was seen near here before has gone."""
        self._forget(now_ns)
        x, y = snapshot.ego.x_m, snapshot.ego.y_m
        away = tuple(b for b in self._blockages if math.hypot(b.x_m - x, b.y_m - y) > BLOCK_RANGE_M)
        self._blockages = away + unmapped(snapshot, now_ns + int(MEMORY_S * 1e9))

    def _forget(self, now_ns: int) -> None:
        self._blockages = tuple(block for block in self._blockages if block.until_ns > now_ns)


def unmapped(snapshot: Snapshot, until_ns: int) -> tuple[Blockage, ...]:
    """What is solid, near and not on the map, as blockages in W; one for each small cell."""
    discs, ego = snapshot.discs, snapshot.ego
    solid = np.isin(discs.kind, _SOLID) & (np.hypot(discs.x_m, discs.y_m) < BLOCK_RANGE_M)
    cosine, sine = math.cos(ego.heading_rad), math.sin(ego.heading_rad)
    cells: dict[tuple[int, int], Blockage] = {}
    for x, y, radius in zip(discs.x_m[solid], discs.y_m[solid], discs.radius_m[solid], strict=True):
        wx, wy = float(ego.x_m + cosine * x - sine * y), float(ego.y_m + sine * x + cosine * y)
        cell = (int(wx // BLOCK_CELL_M), int(wy // BLOCK_CELL_M))
        cells.setdefault(cell, Blockage(wx, wy, float(radius), until_ns))
    return tuple(cells.values())


def _share(run: _Run, left_m: float) -> float:
    return min(max(1.0 - left_m / run.length_m, 0.0), 0.99)


def _wrap(angle_rad: float) -> float:
    return (angle_rad + math.pi) % (2.0 * math.pi) - math.pi

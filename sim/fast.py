"""The fast tier: many robots in many random halls at once, with people, lidar and the shield in the loop.

One step is a decision of the policy: several control periods in which its wish is shaped, certified by the
real reachability kernels and driven, with two scans. The motion is kinematic, with ramps, delay and noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from shield.contract import Floats
from shield.errors import require
from shield.profile import RobotProfile
from shield.reach import footprint_array, is_safe, pack
from sim.fast_compiled import kernel
from sim.fast_drive import drive, touching
from sim.fast_people import draw, place_people, walk_people
from sim.fast_sense import sense
from sim.fast_state import POINTS_N, TALLY, Fleet, Halls, Ints, empty_fleet, halls_of
from sim.layouts import Layout
from skills.motion import arrival_cap, limits
from skills.observation import SIZE, feel, see
from skills.route import FAR_M, NEAR_M, SPACING_M, Blockage, barred, carrot, nearest, worth_it

TICKS_N = 5  # control periods in a step
SCAN_N = 2  # of them, until the scan amid the step; another one ends it
ARRIVED_M = 0.15
ARRIVED_MPS = 0.3
PROGRESS_M = 0.3  # less way than this made good counts as standing still
STALL_N = 60  # steps without progress before the route is planned anew
BARRED_N = 20  # steps for which the route may be barred before that
CHECK_EVERY_N = 10
BLOCK_RANGE_M = 3.5
BLOCK_CELL_M = 0.25
CHECK_N = 5  # points of a route between two looks at whether it can be driven
DRIVEN_MPS, TURNED_RADPS = 0.25, 0.6  # what the shield must allow along a route, and at its ends
CORRECTED_MPS = 0.02  # a smaller difference is no correction


class Outcome(IntEnum):
    """How an episode stands."""

    RUNNING = 0
    ARRIVED = 1
    CONTACT = 2
    TIMEOUT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """What is wanted: way made good, soon, smoothly, without being corrected."""

    progress_per_m: float = 1.0
    step: float = -0.03
    corrected: float = -0.03  # a step that is corrected all the time
    jerk: float = -0.01
    arrived: float = 3.0
    contact: float = -8.0

    def vector(self) -> Floats:
        """The weights as the kernel reads them."""
        return np.array(
            [self.progress_per_m, self.step, self.corrected, self.jerk, self.arrived, self.contact]
        )


@dataclass(frozen=True, slots=True)
class Step:
    """What one step of all robots gave; rows that ended were reset, `last_seen` is what they saw before."""

    seen: Floats  # (N, SIZE)
    last_seen: Floats  # (N, SIZE)
    reward: Floats  # (N,)
    outcome: Ints  # (N,) of `Outcome`
    tally: Floats  # (N, len(TALLY)) of the episodes that ended
    steps: Ints  # (N,) length of the episode so far


@kernel
def _look(fleet: Fleet, row: int, out: Floats) -> None:
    """Fill the observation of one row."""
    count = fleet.discs_n[row]
    discs = fleet.discs[row, :count]
    see(out, discs[:, 0], discs[:, 1], discs[:, 2], fleet.kinds[row, :count])
    path, path_n, index, pose = fleet.path[row], fleet.path_n[row], fleet.at[row], fleet.pose[row]
    near_x, near_y = carrot(path, path_n, index, NEAR_M, pose)
    far_x, far_y = carrot(path, path_n, index, FAR_M, pose)
    own = np.empty(5)
    own[0], own[1] = fleet.motion[row, 0], fleet.motion[row, 1]
    own[2], own[3] = fleet.reference[row, 0], fleet.reference[row, 1]
    own[4] = min(fleet.traits[row, 3], arrival_cap(fleet.remaining[row]))
    feel(out, near_x, near_y, far_x, far_y, fleet.remaining[row], own)


@kernel
def _locate(fleet: Fleet, row: int) -> None:
    """Find the robot on its path and measure the way that is left."""
    pose, path, count = fleet.pose[row], fleet.path[row], fleet.path_n[row]
    index = nearest(path, count, fleet.at[row], pose[0], pose[1])
    fleet.at[row] = index
    off = math.hypot(path[index, 0] - pose[0], path[index, 1] - pose[1])
    fleet.remaining[row] = (count - 1 - index) * SPACING_M + off
    discs, kinds = fleet.discs[row, : fleet.discs_n[row]], fleet.kinds[row, : fleet.discs_n[row]]
    if barred(path, count, index, pose, discs[:, 0], discs[:, 1], discs[:, 2], kinds):
        fleet.barred[row] += 1
    else:
        fleet.barred[row] = 0


@kernel
def _begin(halls: Halls, fleet: Fleet, row: int, people: float, sensing: Floats, out: Floats) -> None:
    """Start an episode: a hall, a route, people, traits of the robot."""
    random = fleet.random
    hall, route, count = 0, 0, 0
    while count == 0:
        hall = int(draw(random, row) * halls.boxes.shape[0])
        route = int(draw(random, row) * halls.routes.shape[1])
        count = halls.routes_n[hall, route]
    fleet.hall[row], fleet.path_n[row], fleet.at[row] = hall, count, 0
    fleet.path[row, :count] = halls.routes[hall, route, :count]
    fleet.pose[row, 0], fleet.pose[row, 1] = halls.routes[hall, route, 0, 0], halls.routes[hall, route, 0, 1]
    fleet.pose[row, 2] = math.pi * (2.0 * draw(random, row) - 1.0)
    fleet.motion[row] = 0.0
    fleet.reference[row] = 0.0
    fleet.queue[row] = 0.0
    fleet.held[row] = 0.0
    traits = fleet.traits[row]
    traits[0] = float(int(1.0 + 2.99 * draw(random, row)))
    traits[1] = 0.85 + 0.3 * draw(random, row)
    traits[2] = 0.7 + 0.3 * draw(random, row)
    traits[3] = 1.2 if draw(random, row) < 0.75 else 0.4 + 0.6 * draw(random, row)
    traits[4] = sensing[3]
    place_people(halls, fleet, row, people)
    fleet.steps[row], fleet.stalled[row], fleet.barred[row] = 0, 0, 0
    fleet.idle[row] = 0
    fleet.discs_n[row] = 0
    fleet.tally[row] = 0.0
    _locate(fleet, row)
    fleet.best[row] = fleet.remaining[row]
    fleet.tally[row, 5] = fleet.remaining[row]
    sense(halls, fleet, row, sensing)
    _look(fleet, row, out)


@kernel
def _advance(
    halls: Halls,
    fleet: Fleet,
    row: int,
    want: Floats,
    robot: tuple[Floats, ...],
    sensing: Floats,
    period_s: float,
    shielded: bool,
) -> tuple[float, bool]:
    """Drive one step; returns the share that was corrected and whether something was touched in motion."""
    skill, shield, motors, footprint = robot
    corrected, ticks = 0.0, 0
    for _ in range(TICKS_N):
        ticks += 1
        cap = min(fleet.traits[row, 3], arrival_cap(fleet.remaining[row]))
        walk_people(halls, fleet, row, period_s)
        taken = drive(fleet, row, want, cap, skill, shield, motors, footprint, period_s, shielded)
        if taken > CORRECTED_MPS:
            corrected += 1.0
            fleet.tally[row, 0] += period_s
        fleet.tally[row, 1] += abs(fleet.motion[row, 0]) * period_s
        moving = abs(fleet.motion[row, 0]) > motors[5] or abs(fleet.motion[row, 1]) > motors[6]
        if moving and touching(halls, fleet, row, footprint):
            return corrected / ticks, True
        if ticks == SCAN_N:
            sense(halls, fleet, row, sensing)
    sense(halls, fleet, row, sensing)
    return corrected / ticks, False


@kernel
def _step_all(
    halls: Halls,
    fleet: Fleet,
    want: Floats,
    robot: tuple[Floats, ...],
    sensing: Floats,
    weights: Floats,
    settings: Floats,
    seen: Floats,
    last_seen: Floats,
    reward: Floats,
    outcome: Ints,
    tally: Floats,
    steps: Ints,
) -> None:
    """Step every row.

    `settings` is control period, shielded, step limit, most people, and for how
    many steps a robot may make no progress.
    """
    for row in range(want.shape[0]):
        before, turned = fleet.remaining[row], fleet.reference[row, 1]
        corrected, touched = _advance(
            halls, fleet, row, want[row], robot, sensing, settings[0], settings[1] > 0.0
        )
        _locate(fleet, row)
        fleet.steps[row] += 1
        left = fleet.remaining[row]
        jerk = abs(fleet.reference[row, 1] - turned)
        fleet.tally[row, 4] += jerk
        reward[row] = weights[0] * (before - left) + weights[1] + weights[2] * corrected + weights[3] * jerk
        fleet.stalled[row] += 1
        fleet.idle[row] += 1
        if left < fleet.best[row] - PROGRESS_M:
            fleet.best[row], fleet.stalled[row], fleet.idle[row] = left, 0, 0
        outcome[row] = 0
        if touched:
            outcome[row], fleet.tally[row, 2] = 2, 1.0
            reward[row] += weights[5]
        elif left < ARRIVED_M and abs(fleet.motion[row, 0]) < ARRIVED_MPS:
            outcome[row] = 1
            reward[row] += weights[4]
        elif fleet.steps[row] >= settings[2] or fleet.idle[row] >= settings[4]:
            outcome[row] = 3
        _look(fleet, row, seen[row])
        tally[row], steps[row] = fleet.tally[row], fleet.steps[row]
        if outcome[row] > 0:
            last_seen[row] = seen[row]
            _begin(halls, fleet, row, settings[3], sensing, seen[row])


@kernel
def _drop_barred(halls: Halls, fleet: Fleet, robot: tuple[Floats, ...], sensing: Floats) -> int:
    """Empty the routes on which the shield would hold even a slow robot; returns how many are left.

    A person might always be hidden behind some corners; nobody can drive past them in a narrow aisle.
    """
    _, shield, motors, footprint = robot
    rest = np.array([0.0, 0.0, motors[3], motors[4], 0.0, 0.0, 0.0, 0.0])
    ego = np.array([DRIVEN_MPS, 0.0, motors[3], motors[4], DRIVEN_MPS, DRIVEN_MPS, 0.0, 0.0])
    fleet.people_n[0], fleet.traits[0, 4] = 0, 0.0
    left = 0
    for hall in range(halls.routes_n.shape[0]):
        fleet.hall[0], boxes_n = hall, halls.boxes_n[hall]
        for route in range(halls.routes_n.shape[1]):
            count = halls.routes_n[hall, route]
            points = halls.routes[hall, route]
            for k in range(0, count, CHECK_N):
                ends = k < CHECK_N or k + CHECK_N >= count
                halls.boxes_n[hall] = boxes_n if ends else halls.mapped_n[hall]
                after = points[min(k + CHECK_N, count - 1)] - points[max(min(k, count - 1 - CHECK_N), 0)]
                fleet.pose[0, 0], fleet.pose[0, 1] = points[k, 0], points[k, 1]
                fleet.pose[0, 2] = math.atan2(after[1], after[0])
                sense(halls, fleet, 0, sensing)
                near = fleet.near[0, : fleet.near_n[0]]
                turns = not ends or is_safe(shield, rest, 0.0, 0.0, TURNED_RADPS, near, footprint)
                if not turns or not is_safe(shield, ego, DRIVEN_MPS, 0.0, 0.0, near, footprint):
                    halls.routes_n[hall, route] = 0
                    break
            left += 1 if halls.routes_n[hall, route] > 0 else 0
        halls.boxes_n[hall] = boxes_n
    return left


@kernel
def _begin_all(halls: Halls, fleet: Fleet, people: float, sensing: Floats, seen: Floats) -> None:
    for row in range(seen.shape[0]):
        _begin(halls, fleet, row, people, sensing, seen[row])


class FastEnv:
    """`count` robots, each driving one route after the other."""

    def __init__(
        self,
        profile: RobotProfile,
        layouts: list[Layout],
        count: int,
        seed: int,
        *,
        people: int = 4,
        shielded: bool = True,
        limit_s: float = 120.0,
        patience_s: float = 45.0,
        reward: Reward | None = None,
    ) -> None:
        """Pack the halls and draw the first episodes."""
        base, odometry = profile.base, profile.odometry
        lidar, others = profile.lidars[0], profile.others
        self._layouts, self.count = layouts, count
        self._halls, self._fleet = halls_of(layouts), empty_fleet(count, seed)
        motors = np.array(
            [
                base.command_accel_mps2,
                base.brake_command_mps2,
                base.turn_brake_min_radps2,
                odometry.speed_bound_mps,
                odometry.yaw_rate_bound_radps,
                base.standstill_mps,
                base.standstill_radps,
            ]
        )
        self._robot = (limits(profile), pack(profile), motors, footprint_array(profile))
        self._sensing = np.array(
            [lidar.error_m, others.human_radius_m, others.human_speed_mps, lidar.noise_m]
        )
        self._weights = (reward or Reward()).vector()
        self.step_s = TICKS_N * profile.timing.period_s
        self._settings = np.array(
            [
                profile.timing.period_s,
                float(shielded),
                limit_s / self.step_s,
                float(people),
                patience_s / self.step_s,
            ]
        )
        self.routes_n = _drop_barred(self._halls, self._fleet, self._robot, self._sensing)
        require(self.routes_n > 0, "no route of these halls can be driven")
        self._seen = np.empty((count, SIZE))
        self.reset()

    def reset(self) -> Floats:
        """Begin new episodes in all rows; what the robots see, shape (count, SIZE)."""
        _begin_all(self._halls, self._fleet, self._settings[3], self._sensing, self._seen)
        return self._seen.copy()

    def people(self, most: int) -> None:
        """Set how many people the following episodes hold at most."""
        self._settings[3] = float(most)

    def step(self, want: Floats) -> Step:
        """Drive all robots for one step towards their wishes (speed, yaw rate), shape (count, 2)."""
        n = self.count
        last, reward, outcome = self._seen.copy(), np.empty(n), np.empty(n, np.int64)
        tally, steps = np.empty((n, len(TALLY))), np.empty(n, np.int64)
        _step_all(
            self._halls,
            self._fleet,
            np.ascontiguousarray(want, dtype=np.float64),
            self._robot,
            self._sensing,
            self._weights,
            self._settings,
            self._seen,
            last,
            reward,
            outcome,
            tally,
            steps,
        )
        barred, stalled = self._fleet.barred, self._fleet.stalled
        due = (barred >= BARRED_N) & (barred % CHECK_EVERY_N == 0)
        due |= (stalled >= STALL_N) & (stalled % CHECK_EVERY_N == 0)
        for row in np.flatnonzero(due):
            self._reroute(int(row))
        return Step(self._seen.copy(), last, reward, outcome, tally, steps)

    def _reroute(self, row: int) -> None:
        """Plan around whatever the map does not know, as the skill does when it makes no progress."""
        fleet = self._fleet
        waited_s = self.step_s * float(max(fleet.stalled[row], fleet.barred[row]))
        layout = self._layouts[fleet.hall[row]]
        x, y, heading = fleet.pose[row]
        blocks = unmapped(
            fleet.discs[row, : fleet.discs_n[row]], fleet.kinds[row, : fleet.discs_n[row]], (x, y, heading)
        )
        goal = fleet.path[row, fleet.path_n[row] - 1]
        route = layout.router.plan((x, y), (float(goal[0]), float(goal[1])), blocks)
        too_long = route.points_m.shape[0] > POINTS_N
        if route.blocked or too_long or not worth_it(route.length_m - float(fleet.remaining[row]), waited_s):
            return
        fleet.stalled[row], fleet.barred[row] = 0, 0
        fleet.path[row, : route.points_m.shape[0]] = route.points_m
        fleet.path_n[row], fleet.at[row] = route.points_m.shape[0], 0
        fleet.remaining[row] = route.length_m
        fleet.best[row] = route.length_m


def unmapped(
    discs: Floats, kinds: NDArray[np.float64], pose: tuple[float, float, float]
) -> tuple[Blockage, ...]:
    """What is solid, near and not on the map, as blockages in W."""
    solid = (kinds >= 1.0) & (kinds <= 3.0) & (np.hypot(discs[:, 0], discs[:, 1]) < BLOCK_RANGE_M)
    x, y, heading = pose
    cosine, sine = math.cos(heading), math.sin(heading)
    cells: dict[tuple[int, int], Blockage] = {}
    for disc in discs[solid]:
        wx, wy = x + cosine * disc[0] - sine * disc[1], y + sine * disc[0] + cosine * disc[1]
        cells.setdefault(
            (int(wx // BLOCK_CELL_M), int(wy // BLOCK_CELL_M)), Blockage(wx, wy, float(disc[2]), 0)
        )
    return tuple(cells.values())

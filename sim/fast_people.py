"""People of the fast tier: they wander, cross, stand in the way, and walk up to the robot."""

from __future__ import annotations

import math

import numpy as np

from shield.contract import Floats
from sim.fast_compiled import kernel
from sim.fast_state import KEEP, PACE, PAUSE, PEOPLE_N, SEEN_RADIUS, TO_X, TO_Y, Fleet, Halls, X, Y

BODY_M = 0.25  # radius of a person: half the shoulder breadth
POLITE_M, POLITE_SPREAD_M = 1.5, 0.7  # centre to centre, where most people wait for the robot
RUDE_M, RUDE_SHARE = 0.88, 0.12  # and where the others stop: all but touching the robot's front
CLOSE_M = 2.0
DRAWS_N = 10
START_APART_M = 2.0
STEP_64 = np.uint64(0x9E3779B97F4A7C15)
MIX_A = np.uint64(0xBF58476D1CE4E5B9)
MIX_B = np.uint64(0x94D049BB133111EB)


@kernel
def draw(random: np.ndarray, row: int) -> float:
    """The next number in [0, 1) of the row's own generator (SplitMix64, Steele et al., OOPSLA 2014)."""
    random[row] += STEP_64
    z = random[row]
    z = (z ^ (z >> np.uint64(30))) * MIX_A
    z = (z ^ (z >> np.uint64(27))) * MIX_B
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) / 9007199254740992.0


@kernel
def box_gap(boxes: Floats, count: int, x: float, y: float) -> float:
    """Distance from a point to the nearest box; zero inside."""
    least = np.inf
    for k in range(count):
        dx = max(boxes[k, 0] - x, 0.0, x - boxes[k, 1])
        dy = max(boxes[k, 2] - y, 0.0, y - boxes[k, 3])
        least = min(least, dx * dx + dy * dy)
    return math.sqrt(least)


@kernel
def _walkable(boxes: Floats, count: int, x0: float, y0: float, x1: float, y1: float) -> bool:
    """Whether a person can walk straight from one point to the other; sphere tracing on the gap."""
    length = math.hypot(x1 - x0, y1 - y0)
    along = 0.0
    while along < length:
        t = along / length
        gap = box_gap(boxes, count, x0 + t * (x1 - x0), y0 + t * (y1 - y0))
        if gap < BODY_M:
            return False
        along += max(gap - BODY_M, 0.05)
    return box_gap(boxes, count, x1, y1) >= BODY_M


@kernel
def _choose(halls: Halls, fleet: Fleet, row: int, k: int) -> None:
    """Give a person somewhere to go: a spot, a point of the robot's path ahead, or the robot itself.

    Whoever stands by the robot goes to a spot next, away from it.
    """
    person, hall, random = fleet.people[row, k], fleet.hall[row], fleet.random
    off_x, off_y = person[X] - fleet.pose[row, 0], person[Y] - fleet.pose[row, 1]
    close = math.hypot(off_x, off_y) < CLOSE_M
    for _ in range(DRAWS_N):
        what = 0.0 if close else draw(random, row)
        if what < 0.70:
            spot = int(draw(random, row) * halls.spots.shape[1])
            x, y = halls.spots[hall, spot, 0], halls.spots[hall, spot, 1]
        elif what < 0.94:
            ahead = min(fleet.at[row] + 8 + int(draw(random, row) * 40.0), fleet.path_n[row] - 12)
            ahead = max(ahead, 0)
            x = fleet.path[row, ahead, 0] + 0.8 * (draw(random, row) - 0.5)
            y = fleet.path[row, ahead, 1] + 0.8 * (draw(random, row) - 0.5)
        else:
            x, y = fleet.pose[row, 0], fleet.pose[row, 1]
        if close and (x - person[X]) * off_x + (y - person[Y]) * off_y < 0.0:
            continue
        if _walkable(halls.boxes[hall], halls.boxes_n[hall], person[X], person[Y], x, y):
            person[TO_X], person[TO_Y] = x, y
            return
    person[PAUSE] = 1.0


@kernel
def place_people(halls: Halls, fleet: Fleet, row: int, most: float) -> None:
    """Draw up to `most` people on free spots away from the robot's start."""
    fleet.people_n[row] = 0
    hall, random = fleet.hall[row], fleet.random
    wanted = int(draw(random, row) * (most + 1.0))
    for _ in range(min(wanted, PEOPLE_N)):
        spot = int(draw(random, row) * halls.spots.shape[1])
        x, y = halls.spots[hall, spot, 0], halls.spots[hall, spot, 1]
        if math.hypot(x - fleet.pose[row, 0], y - fleet.pose[row, 1]) < START_APART_M:
            continue
        person = fleet.people[row, fleet.people_n[row]]
        person[X], person[Y], person[TO_X], person[TO_Y] = x, y, x, y
        person[PACE] = 0.4 + 1.0 * draw(random, row)
        person[PAUSE] = 3.0 * draw(random, row)
        person[SEEN_RADIUS] = 0.15 + 0.10 * draw(random, row)
        keep = POLITE_M + POLITE_SPREAD_M * draw(random, row)
        person[KEEP] = RUDE_M if draw(random, row) < RUDE_SHARE else keep
        fleet.people_n[row] += 1


@kernel
def walk_people(halls: Halls, fleet: Fleet, row: int, period_s: float) -> None:
    """Move the row's people by one period; nobody walks into the robot."""
    random = fleet.random
    for k in range(fleet.people_n[row]):
        person = fleet.people[row, k]
        if person[PAUSE] > 0.0:
            person[PAUSE] -= period_s
            if person[PAUSE] <= 0.0:
                _choose(halls, fleet, row, k)
            continue
        dx, dy = person[TO_X] - person[X], person[TO_Y] - person[Y]
        left = math.hypot(dx, dy)
        if left < 0.05:
            person[PAUSE] = 0.5 + 6.0 * draw(random, row) * draw(random, row)
            continue
        step = min(person[PACE] * period_s, left)
        x, y = person[X] + dx / left * step, person[Y] + dy / left * step
        before = math.hypot(person[X] - fleet.pose[row, 0], person[Y] - fleet.pose[row, 1])
        after = math.hypot(x - fleet.pose[row, 0], y - fleet.pose[row, 1])
        if after < before and after < person[KEEP]:
            person[PAUSE] = 1.0 + 3.0 * draw(random, row)
            continue
        person[X], person[Y] = x, y

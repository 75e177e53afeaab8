"""State of the fast tier as tuples of arrays, one row per robot, so that kernels take few arguments."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shield.contract import Floats
from sim.layouts import Layout

Ints = NDArray[np.int64]
BOXES_N = 48
POINTS_N = 480
RAYS_N = 144
DISCS_N = 2 * RAYS_N  # returns, and the edges of what can be seen
PEOPLE_N = 5
QUEUE_N = 4
X, Y, TO_X, TO_Y, PACE, PAUSE, SEEN_RADIUS, KEEP = range(8)  # columns of `people`


class Halls(NamedTuple):
    """The layouts: solid boxes (x min, x max, y min, y max), routes and free spots."""

    boxes: Floats  # (L, BOXES_N, 4)
    boxes_n: Ints  # (L,)
    mapped_n: Ints  # (L,) the first so many boxes are on the map
    routes: Floats  # (L, R, POINTS_N, 2)
    routes_n: Ints  # (L, R)
    spots: Floats  # (L, K, 2)


class Fleet(NamedTuple):
    """One robot per row, each in its own hall among its own people."""

    random: NDArray[np.uint64]  # (N,) state of the row's own generator
    hall: Ints  # (N,)
    path: Floats  # (N, POINTS_N, 2)
    path_n: Ints  # (N,)
    at: Ints  # (N,) nearest point of the path
    pose: Floats  # (N, 3) X_WB
    motion: Floats  # (N, 2) speed, yaw rate
    reference: Floats  # (N, 3) of the skill: speed, yaw rate, last change of speed
    held: Floats  # (N,) curvature of the last certified command
    queue: Floats  # (N, QUEUE_N, 3) commands on their way to the motors, the newest first
    traits: Floats  # (N, 5) delay in ticks, gain of acceleration, gain of yaw, speed limit, lidar noise
    people: Floats  # (N, PEOPLE_N, 8)
    people_n: Ints  # (N,)
    discs: Floats  # (N, DISCS_N, 5) in B: x, y, radius, speed, age
    kinds: Floats  # (N, DISCS_N)
    discs_n: Ints  # (N,)
    near: Floats  # (N, DISCS_N, 5) those that the shield has to look at, moved along every tick
    near_n: Ints  # (N,)
    remaining: Floats  # (N,) way to the goal
    best: Floats  # (N,) least way to the goal so far
    steps: Ints  # (N,) of the episode
    stalled: Ints  # (N,) steps without progress since the last new route
    idle: Ints  # (N,) the same, not forgotten by a new route
    barred: Ints  # (N,) steps for which the route ahead has been barred
    tally: Floats  # (N, 6) of the episode: see `TALLY`


TALLY = ("corrected_s", "travelled_m", "contacts", "near_people_s", "jerk", "route_m")


def halls_of(layouts: list[Layout]) -> Halls:
    """Pack layouts into arrays."""
    routes_n = len(layouts[0].routes)
    spots_n = layouts[0].spots_m.shape[0]
    count = len(layouts)
    halls = Halls(
        boxes=np.zeros((count, BOXES_N, 4)),
        boxes_n=np.zeros(count, np.int64),
        mapped_n=np.zeros(count, np.int64),
        routes=np.zeros((count, routes_n, POINTS_N, 2)),
        routes_n=np.zeros((count, routes_n), np.int64),
        spots=np.zeros((count, spots_n, 2)),
    )
    for k, layout in enumerate(layouts):
        boxes = [(b.x_min_m, b.x_max_m, b.y_min_m, b.y_max_m) for b in layout.boxes][:BOXES_N]
        halls.boxes[k, : len(boxes)] = boxes
        halls.boxes_n[k] = len(boxes)
        halls.mapped_n[k] = len(layout.site.boxes)
        halls.spots[k] = layout.spots_m
        for r, route in enumerate(layout.routes):
            points = route.points_m[-POINTS_N:]
            halls.routes[k, r, : points.shape[0]] = points
            halls.routes_n[k, r] = points.shape[0]
    return halls


def empty_fleet(count: int, seed: int) -> Fleet:
    """A fleet of `count` robots that has yet to be reset."""
    random = np.random.default_rng(seed).integers(1, 2**63, count, dtype=np.uint64)
    shapes: dict[str, tuple[int, ...]] = {
        "path": (POINTS_N, 2),
        "pose": (3,),
        "motion": (2,),
        "reference": (3,),
        "held": (),
        "queue": (QUEUE_N, 3),
        "traits": (5,),
        "people": (PEOPLE_N, 8),
        "discs": (DISCS_N, 5),
        "kinds": (DISCS_N,),
        "near": (DISCS_N, 5),
        "remaining": (),
        "best": (),
        "tally": (len(TALLY),),
    }
    arrays: dict[str, Any] = {name: np.zeros((count, *shape)) for name, shape in shapes.items()}
    ints = ("hall", "path_n", "at", "people_n", "discs_n", "near_n", "steps", "stalled", "idle", "barred")
    arrays |= {name: np.zeros(count, np.int64) for name in ints}
    return Fleet(random=random, **arrays)

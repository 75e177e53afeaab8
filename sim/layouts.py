"""Random halls: walls, rows of shelves with aisles, columns, tables, and clutter that no map knows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from shield.contract import Floats
from shield.site import Area, Box, Pose, Site
from skills.route import Blockage, Route, Router

WALL_M = 0.2
GOAL_ROOM_M = 1.1  # from a start or goal to the nearest mapped thing
CLUTTER_ROOM_M = 1.9  # from a start or goal to the nearest clutter
SHORTEST_M = 3.0
CLUTTER_DISC_M = 0.45  # what the shield adds around clutter, which might be a person, and some
ATTEMPTS_N = 60


@dataclass(frozen=True, slots=True)
class Layout:
    """A hall with its map, the clutter that the map lacks, routes to drive and points for people to visit."""

    site: Site
    clutter: tuple[Box, ...]
    router: Router
    routes: tuple[Route, ...]
    spots_m: Floats  # (n, 2) free points

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Everything solid, the mapped things first."""
        return self.site.boxes + self.clutter


def random_layout(rng: np.random.Generator, routes: int = 8) -> Layout:
    """A hall drawn from `rng` in which every route can be driven."""
    for _ in range(ATTEMPTS_N):
        site = _random_site(rng)
        router = Router(site)
        clutter = _clutter(rng, site, router)
        found = _routes(rng, router, site, clutter, routes)
        spots = _free_points(rng, site, router, clutter, 0.45, 64)
        if len(found) == routes and spots.shape[0] == 64:
            return Layout(site, clutter, router, tuple(found), spots)
    raise RuntimeError("no hall that can be driven was drawn; the generator's ranges are at fault")


def _box(name: str, x0: float, x1: float, y0: float, y1: float, *, flip: bool = False) -> Box:
    if flip:
        x0, x1, y0, y1 = y0, y1, x0, x1
    return Box(name=name, x_min_m=x0, x_max_m=x1, y_min_m=y0, y_max_m=y1, height_m=2.0)


def _walls(width: float, depth: float) -> list[Box]:
    t = WALL_M
    return [
        _box("wall_west", -t, 0.0, -t, depth + t),
        _box("wall_east", width, width + t, -t, depth + t),
        _box("wall_south", 0.0, width, -t, 0.0),
        _box("wall_north", 0.0, width, depth, depth + t),
    ]


def _shelves(rng: np.random.Generator, width: float, depth: float, flip: bool) -> list[Box]:
    """Rows along the first axis, broken by cross aisles."""
    shelves: list[Box] = []
    side = rng.uniform(2.4, 3.6)
    y = rng.uniform(2.4, 3.2)
    while y < depth - 2.8:
        thick = rng.uniform(0.6, 1.1)
        x = side + rng.uniform(-0.3, 0.3)
        while x < width - side - 0.8:
            length = min(rng.uniform(1.5, 5.0), width - side - x)
            if length > 0.8 and rng.random() < 0.88:
                shelves.append(_box(f"shelf_{len(shelves)}", x, x + length, y, y + thick, flip=flip))
            x += length + rng.uniform(2.2, 3.2)
        y += thick + rng.uniform(2.6, 3.8)
    return shelves


def _furniture(rng: np.random.Generator, width: float, depth: float) -> list[Box]:
    """Columns anywhere, tables at the walls."""
    things = []
    for k in range(rng.integers(0, 4)):
        x, y, size = rng.uniform(1.0, width - 1.0), rng.uniform(1.0, depth - 1.0), rng.uniform(0.2, 0.5)
        things.append(_box(f"column_{k}", x, x + size, y, y + size))
    for k in range(rng.integers(0, 4)):
        length, thick = rng.uniform(0.8, 1.8), rng.uniform(0.5, 0.9)
        at = rng.uniform(0.5, depth - 0.5 - length)
        low = 0.0 if rng.random() < 0.5 else width - thick
        things.append(_box(f"table_{k}", low, low + thick, at, at + length))
    return things


def _random_site(rng: np.random.Generator) -> Site:
    width, depth = rng.uniform(10.0, 18.0), rng.uniform(8.0, 13.0)
    flip = bool(rng.random() < 0.4)
    rows = _shelves(rng, depth, width, True) if flip else _shelves(rng, width, depth, False)
    boxes = _walls(width, depth) + rows + _furniture(rng, width, depth)
    bounds = Area(name="hall", x_min_m=0.0, x_max_m=width, y_min_m=0.0, y_max_m=depth)
    return Site(
        site="random",
        bounds=bounds,
        boxes=tuple(boxes),
        places=(),
        items=(),
        zones=(),
        keep_out=(),
        home=Pose(x_m=1.0, y_m=1.0, heading_rad=0.0),
    )


def _clutter(rng: np.random.Generator, site: Site, router: Router) -> tuple[Box, ...]:
    things = []
    for k in range(rng.integers(0, 3)):
        for _ in range(ATTEMPTS_N):
            x = rng.uniform(1.0, site.bounds.x_max_m - 1.5)
            y = rng.uniform(1.0, site.bounds.y_max_m - 1.5)
            if router.room_m(x, y) > 0.6:
                w, h = rng.uniform(0.3, 0.8, 2)
                things.append(_box(f"clutter_{k}", x - w / 2, x + w / 2, y - h / 2, y + h / 2))
                break
    return tuple(things)


def _apart(x: float, y: float, clutter: tuple[Box, ...]) -> float:
    """Distance from a point to the nearest clutter."""
    gaps = [
        math.hypot(max(b.x_min_m - x, 0.0, x - b.x_max_m), max(b.y_min_m - y, 0.0, y - b.y_max_m))
        for b in clutter
    ]
    return min(gaps, default=math.inf)


def _free_points(
    rng: np.random.Generator,
    site: Site,
    router: Router,
    clutter: tuple[Box, ...],
    room_m: float,
    count: int,
    clutter_room_m: float = 0.4,
) -> Floats:
    points: list[tuple[float, float]] = []
    for _ in range(ATTEMPTS_N * count):
        x, y = rng.uniform(0.5, site.bounds.x_max_m - 0.5), rng.uniform(0.5, site.bounds.y_max_m - 0.5)
        if router.room_m(x, y) > room_m and _apart(x, y, clutter) > clutter_room_m:
            points.append((x, y))
            if len(points) == count:
                break
    return np.array(points, dtype=np.float64).reshape(-1, 2)


def _routes(
    rng: np.random.Generator, router: Router, site: Site, clutter: tuple[Box, ...], count: int
) -> list[Route]:
    """Routes on the map alone, between points that can be reached around the clutter too."""
    discs = tuple(_covering_disc(box) for box in clutter)
    cost, found = router.cost(discs), list[Route]()
    for _ in range(ATTEMPTS_N):
        ends = _free_points(rng, site, router, clutter, GOAL_ROOM_M, count // 2 + 1, CLUTTER_ROOM_M)
        if ends.shape[0] < 2:
            return found
        goal = (float(ends[0, 0]), float(ends[0, 1]))
        on_map, around = router.tree(goal), router.tree(goal, discs)
        for x, y in ends[1:]:
            route = router.trace(on_map, (float(x), float(y)), goal)
            if route.blocked or route.length_m < SHORTEST_M:
                continue
            if not router.trace(around, (float(x), float(y)), goal, cost).blocked:
                found.append(route)
            if len(found) == count:
                return found
    return found


def _covering_disc(box: Box) -> Blockage:
    radius = math.hypot(box.x_max_m - box.x_min_m, box.y_max_m - box.y_min_m) / 2.0
    x, y = (box.x_min_m + box.x_max_m) / 2.0, (box.y_min_m + box.y_max_m) / 2.0
    return Blockage(x, y, radius + CLUTTER_DISC_M, 0)

"""Routes on the site's map: planned with room to spare, planned anew around what blocks them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shield.contract import Floats
from shield.site import Site
from skills.compiled import kernel
from skills.grid import CELL_M, TIGHT_COST, WALL_COST, clearance_field, dijkstra, travel_cost, walk

SPACING_M = 0.1  # between the points of a route
NEAR_M = 0.8  # the near carrot's distance along the route
FAR_M = 2.4
SEARCH_BACK_N = 15  # points of a route searched for the nearest one, behind and ahead of the last
SEARCH_AHEAD_N = 30
SMOOTHING_N = 9  # points averaged: rounds the grid's corners
PASS_M = 0.88  # a route this near to something unmapped is barred: the shield would let nothing move
LOOK_AHEAD_M = 3.5  # how far ahead on the route that is watched for
WAIT_S_PER_M = 0.8  # how long a barred route is waited for, by the length that another one adds
WAIT_MAX_S = 10.0
BLOCK_MARGIN_M = (
    1.05  # room kept from the disc of a blockage: half the body, and what the shield needs to let it pass
)


@dataclass(frozen=True, slots=True)
class Blockage:
    """A disc in W that a route should not lead through, until it is forgotten."""

    x_m: float
    y_m: float
    radius_m: float
    until_ns: int


@dataclass(frozen=True, slots=True)
class Route:
    """Points in W, evenly spaced, from the start to the goal; `blocked` when something bars every way."""

    points_m: Floats  # (n, 2)
    blocked: bool

    @property
    def length_m(self) -> float:
        """Length along the points."""
        return SPACING_M * float(self.points_m.shape[0] - 1)


@kernel
def nearest(points_m: Floats, count: int, index: int, x_m: float, y_m: float) -> int:
    """Index of the route's point nearest to (x, y), searched about the last `index` only."""
    best, best_squared = index, np.inf
    for k in range(max(index - SEARCH_BACK_N, 0), min(index + SEARCH_AHEAD_N, count - 1) + 1):
        squared = (points_m[k, 0] - x_m) ** 2 + (points_m[k, 1] - y_m) ** 2
        if squared < best_squared:
            best, best_squared = k, squared
    return best


@kernel
def carrot(points_m: Floats, count: int, index: int, ahead_m: float, pose: Floats) -> tuple[float, float]:
    """The route's point `ahead_m` beyond `index`, in B of `pose` (x, y, heading)."""
    k = min(index + int(ahead_m / SPACING_M), count - 1)
    dx, dy = points_m[k, 0] - pose[0], points_m[k, 1] - pose[1]
    cosine, sine = math.cos(pose[2]), math.sin(pose[2])
    return cosine * dx + sine * dy, cosine * dy - sine * dx


@kernel
def barred(
    points_m: Floats,
    count: int,
    index: int,
    pose: Floats,
    x_m: Floats,
    y_m: Floats,
    radius_m: Floats,
    kind: Floats,
) -> bool:
    """Whether something solid that the map does not know (discs in B) stands too near to the route ahead."""
    cosine, sine = math.cos(pose[2]), math.sin(pose[2])
    last = min(index + int(LOOK_AHEAD_M / SPACING_M), count - 1)
    for k in range(x_m.shape[0]):
        if kind[k] < 1.0 or kind[k] > 3.0 or math.hypot(x_m[k], y_m[k]) > LOOK_AHEAD_M + 1.0:
            continue
        x, y = pose[0] + cosine * x_m[k] - sine * y_m[k], pose[1] + sine * x_m[k] + cosine * y_m[k]
        keep = radius_m[k] + PASS_M
        for i in range(index, last + 1, 2):
            if (points_m[i, 0] - x) ** 2 + (points_m[i, 1] - y) ** 2 < keep * keep:
                return True
    return False


def worth_it(added_m: float, waited_s: float) -> bool:
    """Whether it is time for another route that is longer by `added_m`; a person may well walk on."""
    return waited_s >= min(WAIT_S_PER_M * added_m, WAIT_MAX_S)


class Router:
    """Plans on one site."""

    def __init__(self, site: Site) -> None:
        """Rasterise the map of `site` and compile the search."""
        self._x0_m, self._y0_m = site.bounds.x_min_m, site.bounds.y_min_m
        self.clearance_m = clearance_field(site)
        self._cost = travel_cost(self.clearance_m)
        dijkstra(np.ones((2, 2)), 0, 0)
        walk(np.full((1, 1), -1, dtype=np.int64), 0, 0)

    def cell(self, x_m: float, y_m: float) -> tuple[int, int]:
        """Row and column of the cell at (x, y), clipped to the site."""
        rows, columns = self._cost.shape
        column = min(max(int((x_m - self._x0_m) / CELL_M), 0), columns - 1)
        row = min(max(int((y_m - self._y0_m) / CELL_M), 0), rows - 1)
        return row, column

    def room_m(self, x_m: float, y_m: float) -> float:
        """Distance from (x, y) to the nearest thing of the map."""
        return float(self.clearance_m[self.cell(x_m, y_m)])

    def tree(self, goal_m: tuple[float, float], blockages: tuple[Blockage, ...] = ()) -> NDArray[np.int64]:
        """The next cell towards the goal from everywhere."""
        return dijkstra(self.cost(blockages), *self.cell(*goal_m))[1]

    def plan(
        self, start_m: tuple[float, float], goal_m: tuple[float, float], blockages: tuple[Blockage, ...] = ()
    ) -> Route:
        """The cheapest route from start to goal that keeps clear of the blockages if that is possible."""
        cost = self.cost(blockages)
        return self.trace(dijkstra(cost, *self.cell(*goal_m))[1], start_m, goal_m, cost)

    def trace(
        self,
        tree: NDArray[np.int64],
        start_m: tuple[float, float],
        goal_m: tuple[float, float],
        cost: Floats | None = None,
    ) -> Route:
        """The route that a tree of `tree` holds from a start."""
        cells = walk(tree, *self.cell(*start_m))
        cost = self._cost if cost is None else cost
        centres = np.column_stack(
            [self._x0_m + (cells[:, 1] + 0.5) * CELL_M, self._y0_m + (cells[:, 0] + 0.5) * CELL_M]
        )
        away = np.hypot(centres[:, 0] - start_m[0], centres[:, 1] - start_m[1]) > 2.0 * BLOCK_MARGIN_M
        paid = cost[cells[:, 0], cells[:, 1]]
        reached = math.dist(centres[-1], goal_m) < 2.0 * CELL_M
        blocked = not reached or bool(np.any(paid[away] >= WALL_COST))
        centres[0], centres[-1] = start_m, goal_m
        return Route(_even(_smooth(centres)), blocked)

    def cost(self, blockages: tuple[Blockage, ...]) -> Floats:
        """Cost per metre of every cell, with the blockages."""
        if not blockages:
            return self._cost
        cost = self._cost.copy()
        for block in blockages:
            reach = block.radius_m + BLOCK_MARGIN_M
            row0, column0 = self.cell(block.x_m - reach, block.y_m - reach)
            row1, column1 = self.cell(block.x_m + reach, block.y_m + reach)
            rows, columns = np.mgrid[row0 : row1 + 1, column0 : column1 + 1]
            x = self._x0_m + (columns + 0.5) * CELL_M
            y = self._y0_m + (rows + 0.5) * CELL_M
            inside = np.hypot(x - block.x_m, y - block.y_m) < reach
            part = cost[row0 : row1 + 1, column0 : column1 + 1]
            part[inside] = np.maximum(part[inside], WALL_COST)
        return cost


def _smooth(points: Floats) -> Floats:
    """Moving average with both ends held."""
    if points.shape[0] < 3:
        return points
    half = SMOOTHING_N // 2
    padded = np.vstack([np.repeat(points[:1], half, 0), points, np.repeat(points[-1:], half, 0)])
    kernel = np.full(SMOOTHING_N, 1.0 / SMOOTHING_N)
    smooth = np.column_stack([np.convolve(padded[:, k], kernel, mode="valid") for k in range(2)])
    smooth[0], smooth[-1] = points[0], points[-1]
    return smooth


def _even(points: Floats) -> Floats:
    """The same line with points `SPACING_M` apart (the last gap absorbs the rest)."""
    steps = np.hypot(*np.diff(points, axis=0).T) if points.shape[0] > 1 else np.zeros(0)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    count = max(int(round(along[-1] / SPACING_M)), 1) + 1
    at = np.linspace(0.0, along[-1], count)
    return np.column_stack([np.interp(at, along, points[:, k]) for k in range(2)])


__all__ = [
    "FAR_M",
    "NEAR_M",
    "SPACING_M",
    "TIGHT_COST",
    "Blockage",
    "Route",
    "Router",
    "barred",
    "carrot",
    "nearest",
    "worth_it",
]

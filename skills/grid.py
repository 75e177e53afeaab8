"""The static map as a grid of travel costs, and Dijkstra's algorithm on it."""

from __future__ import annotations

import heapq
import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from shield.contract import Floats
from shield.site import Area, Box, Site
from skills.compiled import kernel

CELL_M = 0.1
BODY_M = 0.40  # half width of the body and a little: nearer to a wall no route leads, if it can be helped
ROOM_M = 1.5  # a route prefers this much room: a person may step out behind a corner
ROOM_COST = 8.0  # extra cost per metre where there is none of it
CORNER_M = 0.95  # with less room than this a corner that hides people stops the robot for good
CORNER_COST = 15.0
TIGHT_COST = 60.0  # cost per metre between the body and the wall: only to get out of a corner
WALL_COST = 1e5  # cost per metre inside of things; a route that pays it is no route
STEPS = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
_STEPS = np.array(STEPS, dtype=np.int64)


def clearance_field(site: Site) -> Floats:
    """Distance of each cell's centre to the nearest thing of the map, metres, shape (rows, columns).

    Rows run along y, columns along x, from the corner of the site's bounds; keep-out areas are things.
    """
    bounds = site.bounds
    columns = int(round((bounds.x_max_m - bounds.x_min_m) / CELL_M))
    rows = int(round((bounds.y_max_m - bounds.y_min_m) / CELL_M))
    free = np.ones((rows + 2, columns + 2), dtype=bool)
    free[0, :] = free[-1, :] = free[:, 0] = free[:, -1] = False
    x = bounds.x_min_m + (np.arange(columns) + 0.5) * CELL_M
    y = bounds.y_min_m + (np.arange(rows) + 0.5) * CELL_M
    things: list[Area | Box] = [*site.boxes, *site.keep_out]
    for area in things:
        inside_x = (x >= area.x_min_m) & (x <= area.x_max_m)
        inside_y = (y >= area.y_min_m) & (y <= area.y_max_m)
        free[1:-1, 1:-1][np.ix_(inside_y, inside_x)] = False
    field: Floats = distance_transform_edt(free)[1:-1, 1:-1] * CELL_M
    return field


def travel_cost(clearance_m: Floats) -> Floats:
    """Cost per metre from the clearance: cheap where there is room, forbidding inside of things."""
    room = np.clip((ROOM_M - clearance_m) / (ROOM_M - BODY_M), 0.0, 1.0)
    cost = 1.0 + ROOM_COST * room * room
    cost[clearance_m < CORNER_M] += CORNER_COST
    cost[clearance_m < BODY_M] = TIGHT_COST
    cost[clearance_m < 0.5 * BODY_M] = WALL_COST
    return cost


@kernel
def dijkstra(cost: Floats, goal_row: int, goal_column: int) -> tuple[Floats, NDArray[np.int64]]:
    """Cost to the goal from each cell, and the next cell (flat index, -1 at the goal) on the way there."""
    rows, columns = cost.shape
    total = np.full(rows * columns, np.inf)
    following = np.full(rows * columns, -1, dtype=np.int64)
    goal = goal_row * columns + goal_column
    total[goal] = 0.0
    queue = [(0.0, goal)]
    while len(queue) > 0:
        here_cost, here = heapq.heappop(queue)
        if here_cost > total[here]:
            continue
        row, column = here // columns, here % columns
        for k in range(8):
            r, c = row + _STEPS[k, 0], column + _STEPS[k, 1]
            if r < 0 or r >= rows or c < 0 or c >= columns:
                continue
            length = CELL_M * (math.sqrt(2.0) if k >= 4 else 1.0)
            there = r * columns + c
            candidate = here_cost + length * 0.5 * (cost[row, column] + cost[r, c])
            if candidate < total[there]:
                total[there] = candidate
                following[there] = here
                heapq.heappush(queue, (candidate, there))
    return total.reshape(rows, columns), following.reshape(rows, columns)


@kernel
def walk(following: NDArray[np.int64], row: int, column: int) -> NDArray[np.int64]:
    """Cells (row, column) from a start to the goal, shape (n, 2)."""
    columns = following.shape[1]
    cells = np.empty((following.size, 2), dtype=np.int64)
    here = row * columns + column
    count = 0
    while here >= 0 and count < cells.shape[0]:
        cells[count, 0], cells[count, 1] = here // columns, here % columns
        here = following[here // columns, here % columns]
        count += 1
    return cells[:count].copy()

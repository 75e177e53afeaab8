"""Where a person may be whom no lidar sees: a set that grows as fast as people walk, and scans cut back.

At first, people may be anywhere. A scan proves parts of the floor empty; what it cannot see keeps the people
who may be there, and they may come out at any time (assumption A6). A place that was seen empty, and that no
hidden place has been near enough to since, is empty still, though nobody sees it now: so the robot can
dock in a niche that it looked into on its way. The idea is that of set-based prediction under occlusion
(Koschi and Althoff, IEEE T-IV 2021).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from shield.contract import Floats
from shield.profile import RobotProfile
from shield.site import Site

Cells = NDArray[np.uint8]

CELL_M = 0.07  # three cells across are what both legs of a person at least need: two shins of 0.1 m
REACH_M = 3.6  # further away nobody who is hidden matters within the time of the longest stop
BLOCK_N = 3  # cells across that share one disc
PASS_M = 0.05  # a beam must pass a place by this much to prove it empty: range error and position bound
EDGE_N = 2  # cells around the hall's bounds that count as solid


class HiddenSpace:
    """The set of cells of the hall in which an unseen person may stand.

    Args:
        profile: of the robot; gives body, reach and the walkers' speed.
        site: gives the hall and its boxes, in which nobody stands.
    """

    def __init__(self, profile: RobotProfile, site: Site) -> None:
        bounds = site.bounds
        self._profile = profile
        self._corner = np.array([bounds.x_min_m - EDGE_N * CELL_M, bounds.y_min_m - EDGE_N * CELL_M])
        across = (bounds.x_max_m - bounds.x_min_m, bounds.y_max_m - bounds.y_min_m)
        shape = tuple(math.ceil(extent / CELL_M) + 2 * EDGE_N for extent in across)
        self._solid = self._solid_cells(shape, site)
        self._maybe: Cells = (1 - self._solid).astype(np.uint8)
        self._window = (0, 0, 0, 0)
        self._stamp_ns: int | None = None
        self._spread_m = 0.0  # growth that is not yet a whole cell

    def _solid_cells(self, shape: tuple[int, ...], site: Site) -> Cells:
        """Cells in which nobody's middle can be: in a box or outside of the hall, or next to such a cell."""
        solid = np.ones(shape, dtype=np.uint8)
        solid[EDGE_N:-EDGE_N, EDGE_N:-EDGE_N] = 0
        x = self._corner[0] + (np.arange(shape[0]) + 0.5) * CELL_M
        y = self._corner[1] + (np.arange(shape[1]) + 0.5) * CELL_M
        for box in site.boxes:
            along, across = (x > box.x_min_m) & (x < box.x_max_m), (y > box.y_min_m) & (y < box.y_max_m)
            solid[np.ix_(along, across)] = 1
        wide = solid.copy()
        for i, j in ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)):
            wide |= np.roll(solid, (i, j), axis=(0, 1))
        return wide

    def see(
        self,
        stamp_ns: int,
        pose: Floats,
        lidar: Floats,
        angles: Floats,
        ranges: Floats,
        seen: Floats,
        strangers: Floats,
    ) -> None:
        """Take one scan.

        Args:
            stamp_ns: of the scan.
            pose: X_WB at the scan, as x, y, heading.
            lidar: pose of the lidar in B.
            angles: first beam's angle and the step from beam to beam.
            ranges: of the beams.
            seen: 1 and 0 for beams with a return and free ones, -1 for those that see nothing.
            strangers: points (n, 2) in W of returns that the map does not explain.
        """
        self._grow(stamp_ns)
        window = self._around(pose)
        self._forget(window)
        cos, sin = math.cos(pose[2]), math.sin(pose[2])
        eye = np.array(
            [
                pose[0] + cos * lidar[0] - sin * lidar[1],
                pose[1] + sin * lidar[0] + cos * lidar[1],
                pose[2] + lidar[2] + angles[0],
            ]
        )
        free = np.where(seen == 1.0, ranges, np.where(seen == 0.0, math.inf, 0.0))
        base = self._profile.base
        body = np.array([pose[0], pose[1], cos, sin, base.length_m / 2.0, base.width_m / 2.0])
        cut(self._maybe, self._corner, np.array(window), eye, float(angles[1]), free, body)
        mark(self._maybe, self._solid, self._corner, strangers)

    def discs(self, pose: Floats, stamp_ns: int) -> Floats:
        """Discs (n, 4) in B at `pose` around where people may come out: x, y, radius, age in seconds."""
        if self._stamp_ns is None:
            return np.empty((0, 4))
        grown = self._profile.others.human_radius_m + self._spread_m
        rows = border(self._maybe, self._solid, self._corner, np.array(self._window), pose, grown)
        age_s = max(0.0, (stamp_ns - self._stamp_ns) * 1e-9)
        return np.column_stack((rows, np.full(rows.shape[0], age_s)))

    def _grow(self, stamp_ns: int) -> None:
        """Let people walk from the stamp of the last scan to this one."""
        if self._stamp_ns is not None:
            elapsed_s = max(0.0, (stamp_ns - self._stamp_ns) * 1e-9)
            self._spread_m += self._profile.others.human_speed_mps * elapsed_s
        self._stamp_ns = stamp_ns if self._stamp_ns is None else max(self._stamp_ns, stamp_ns)
        cells = int(self._spread_m / CELL_M)
        self._spread_m -= cells * CELL_M
        if cells * CELL_M > REACH_M:
            self._maybe = (1 - self._solid).astype(np.uint8)
            return
        for _ in range(cells):
            spread(self._maybe, self._solid, np.array(self._window))

    def _around(self, pose: Floats) -> tuple[int, int, int, int]:
        """Cells within reach: first and last but one along x and y."""
        reach = math.ceil(REACH_M / CELL_M)
        middle = [math.floor((float(pose[k]) - self._corner[k]) / CELL_M) for k in (0, 1)]
        low = [min(max(middle[k] - reach, 1), self._maybe.shape[k] - 1) for k in (0, 1)]
        high = [min(max(middle[k] + reach, low[k]), self._maybe.shape[k] - 1) for k in (0, 1)]
        return low[0], high[0], low[1], high[1]

    def _forget(self, window: tuple[int, int, int, int]) -> None:
        """Where the robot has gone away from, people may be again."""
        old = self._window
        if old == window:
            return
        kept = self._maybe[window[0] : window[1], window[2] : window[3]].copy()
        self._maybe[old[0] : old[1], old[2] : old[3]] = 1 - self._solid[old[0] : old[1], old[2] : old[3]]
        self._maybe[window[0] : window[1], window[2] : window[3]] = kept
        self._window = window


@njit(cache=True)
def spread(maybe: Cells, solid: Cells, window: NDArray[np.int64]) -> None:
    """Let the set grow by one cell in all eight directions within the window."""
    before = maybe[window[0] - 1 : window[1] + 1, window[2] - 1 : window[3] + 1].copy()
    for i in range(window[0], window[1]):
        for j in range(window[2], window[3]):
            if maybe[i, j] == 0 and solid[i, j] == 0:
                a, b = i - window[0], j - window[2]
                if before[a : a + 3, b : b + 3].any():
                    maybe[i, j] = 1


@njit(cache=True)
def proves_empty(x: float, y: float, eye: Floats, step: float, free: Floats) -> bool:
    """Whether the beams next to the direction of a point in W all pass it."""
    dx, dy = x - eye[0], y - eye[1]
    turn = math.atan2(dy, dx) - eye[2]
    turn -= 2.0 * math.pi * math.floor(turn / (2.0 * math.pi))
    beam = int(turn / step)
    if beam < 0 or beam + 1 >= free.shape[0]:
        return False
    far = math.hypot(dx, dy) + PASS_M
    return bool(free[beam] >= far and free[beam + 1] >= far)


@njit(cache=True)
def cut(
    maybe: Cells,
    corner: Floats,
    window: NDArray[np.int64],
    eye: Floats,
    step: float,
    free: Floats,
    body: Floats,
) -> None:
    """Take those cells out of the set around which this scan proves the floor empty, and the robot's own."""
    known = np.zeros(
        (window[1] - window[0] + 2, window[3] - window[2] + 2), dtype=np.uint8
    )  # 1 not empty, 2 empty
    for i in range(window[0], window[1]):
        for j in range(window[2], window[3]):
            if maybe[i, j] == 0:
                continue
            for k in range(5):
                a, b = i + (k == 1) - (k == 2), j + (k == 3) - (k == 4)
                x, y = corner[0] + (a + 0.5) * CELL_M, corner[1] + (b + 0.5) * CELL_M
                u, v = a - window[0] + 1, b - window[2] + 1
                if known[u, v] == 0:
                    ahead = body[2] * (x - body[0]) + body[3] * (y - body[1])
                    aside = body[2] * (y - body[1]) - body[3] * (x - body[0])
                    own = abs(ahead) <= body[4] and abs(aside) <= body[5]
                    known[u, v] = 2 if own or proves_empty(x, y, eye, step, free) else 1
                if known[u, v] == 2:
                    maybe[i, j] = 0
                    break


@njit(cache=True)
def mark(maybe: Cells, solid: Cells, corner: Floats, strangers: Floats) -> None:
    """Put the people who are seen into the set, so that it follows them out of sight."""
    for k in range(strangers.shape[0]):
        i = int(math.floor((strangers[k, 0] - corner[0]) / CELL_M))
        j = int(math.floor((strangers[k, 1] - corner[1]) / CELL_M))
        if 0 <= i < maybe.shape[0] and 0 <= j < maybe.shape[1] and solid[i, j] == 0:
            maybe[i, j] = 1


@njit(cache=True)
def border(
    maybe: Cells, solid: Cells, corner: Floats, window: NDArray[np.int64], pose: Floats, grown: float
) -> Floats:
    """Discs (x, y, radius) in B over those cells of the set that have an empty neighbour, one a block."""
    blocks = ((window[1] - window[0]) // BLOCK_N + 1) * ((window[3] - window[2]) // BLOCK_N + 1)
    out = np.empty((blocks, 3))
    cos, sin = math.cos(pose[2]), math.sin(pose[2])
    count = 0
    for i in range(window[0], window[1], BLOCK_N):
        for j in range(window[2], window[3], BLOCK_N):
            low_a, high_a, low_b, high_b = i + BLOCK_N, i - 1, j + BLOCK_N, j - 1
            for a in range(i, min(i + BLOCK_N, window[1])):
                for b in range(j, min(j + BLOCK_N, window[3])):
                    if maybe[a, b] == 1 and _comes_out(maybe, solid, a, b):
                        low_a, high_a = min(low_a, a), max(high_a, a)
                        low_b, high_b = min(low_b, b), max(high_b, b)
            if high_a < low_a:
                continue
            x = corner[0] + (low_a + high_a + 1) / 2.0 * CELL_M - pose[0]
            y = corner[1] + (low_b + high_b + 1) / 2.0 * CELL_M - pose[1]
            if x * x + y * y > REACH_M * REACH_M:
                continue
            out[count, 0], out[count, 1] = cos * x + sin * y, cos * y - sin * x
            out[count, 2] = grown + math.hypot(high_a - low_a, high_b - low_b) / 2.0 * CELL_M
            count += 1
    return out[:count]


@njit(cache=True)
def _comes_out(maybe: Cells, solid: Cells, a: int, b: int) -> bool:
    for k in range(4):
        u, v = a + (k == 0) - (k == 1), b + (k == 2) - (k == 3)
        if maybe[u, v] == 0 and solid[u, v] == 0:
            return True
    return False

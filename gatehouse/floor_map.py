"""The map of a site with a run on it: the path coloured by speed, interventions, people."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gatehouse.record import Columns, Intervention
from gatehouse.svg import Canvas, Point
from shield.contract import Outcome
from shield.profile import RobotProfile
from shield.site import Area, Box, Place, Site, Zone
from sim.truth_log import TruthRow

EDGE_PX = 6.0
ABOVE_M = 0.75  # of a table's middle, where its name does not hide it
WALL_M = 1.9  # boxes at least this high are walls or columns
RACK_M = 1.0  # and at least this high, racks
PATH_STEP_M = 0.06  # path points closer than this are left out
SPEED_BINS_MPS = (0.02, 0.2, 0.4, 0.7, math.inf)  # upper edges of the classes speed-0 .. speed-4
SQUARE = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))
TRIANGLE = ((0.0, -1.35), (1.25, 0.9), (-1.25, 0.9))
SPEED_WORDS = ("standing", "to 0.2", "to 0.4", "to 0.7", "faster")


class FloorMap:
    """Draws `site` from above, north up, `width_px` wide."""

    def __init__(self, site: Site, *, width_px: float) -> None:
        self._site = site
        bounds = site.bounds
        self._px_per_m = (width_px - 2 * EDGE_PX) / (bounds.x_max_m - bounds.x_min_m)
        height = (bounds.y_max_m - bounds.y_min_m) * self._px_per_m + 2 * EDGE_PX
        self._narrow = width_px < 600.0
        self._canvas = Canvas(width_px, height, label=f"Map of {site.site} with the path driven")
        self._floor()

    def point(self, x_m: float, y_m: float) -> Point:
        """Where a point of W lies in the drawing."""
        bounds = self._site.bounds
        return (
            EDGE_PX + (x_m - bounds.x_min_m) * self._px_per_m,
            EDGE_PX + (bounds.y_max_m - y_m) * self._px_per_m,
        )

    def svg(self, css: str = "") -> str:
        """The drawing so far."""
        return self._canvas.svg(css)

    def people(self, truth: Sequence[TruthRow]) -> None:
        """Where people walked."""
        tracks: dict[str, list[Point]] = {}
        for row in truth:
            for person in row.truth.people:
                tracks.setdefault(person.name, []).append(self.point(person.x_m, person.y_m))
        for name, points in tracks.items():
            self._canvas.polyline(_spaced(points, 2.0), "walked")
            self._person(points[-1], name)

    def path(self, columns: Columns) -> None:
        """The path driven, one piece for each class of speed; slow is red and fast is blue."""
        points = [self.point(x, y) for x, y in zip(columns.x_m.value, columns.y_m.value, strict=True)]
        speeds = np.abs(columns.measured_mps.value)
        bins = np.searchsorted(SPEED_BINS_MPS[:-1], speeds, side="right").tolist()
        self._canvas.polyline(_spaced(points, 1.5), "path-casing")
        start = 0
        for k in range(1, len(points) + 1):
            if k == len(points) or bins[k] != bins[start]:
                piece = points[start : min(k + 1, len(points))]
                self._canvas.polyline(
                    _spaced(piece, PATH_STEP_M * self._px_per_m), f"path speed-{bins[start]}"
                )
                start = k

    def interventions(self, chosen: Sequence[Intervention]) -> None:
        """Numbered marks where the gate stepped in: a triangle for a correction, a square for a fallback."""
        size = 6.5 if self._narrow else 9.0
        taken: list[Point] = []
        for number, one in enumerate(chosen, start=1):
            x, y = self.point(one.x_m, one.y_m)
            while any(math.hypot(x - u, y - v) < 2.0 * size for u, v in taken):
                y -= size  # marks at one place are stacked
            taken.append((x, y))
            title = f"{number}: {one.outcome.name.lower()} from {one.start_s:.1f} s: {one.reason}"
            is_fallback = one.outcome is Outcome.FALLBACK
            shape = SQUARE if is_fallback else TRIANGLE
            css = "mark fallback" if is_fallback else "mark corrected"
            self._canvas.polygon([(x + size * u, y + size * v) for u, v in shape], css, title=title)
            if not self._narrow:
                self._canvas.text((x, y + 4.0), str(number), "mark-number", anchor="middle")

    def robot(self, profile: RobotProfile, x_m: float, y_m: float, heading_rad: float, *, title: str) -> None:
        """The robot's outline with its nose, at a pose."""
        length, width = profile.base.length_m / 2, profile.base.width_m / 2
        shoulder = length * 0.6
        outline = [(length, 0.0), (shoulder, width), (-length, width), (-length, -width), (shoulder, -width)]
        cos, sin = math.cos(heading_rad), math.sin(heading_rad)
        corners = [self.point(x_m + cos * u - sin * v, y_m + sin * u + cos * v) for u, v in outline]
        self._canvas.polygon(corners, "robot", title=title)

    def _floor(self) -> None:
        width, height = self._canvas.width - 2 * EDGE_PX, self._canvas.height - 2 * EDGE_PX
        self._canvas.rect(EDGE_PX, EDGE_PX, width, height, "floor")
        for zone in self._site.zones:
            self._area(zone, "zone", f"{zone.speed_max_mps:g} m/s")
        for area in self._site.keep_out:
            self._area(area, "keep-out", area.name)
        for box in sorted(self._site.boxes, key=lambda box: box.height_m):
            self._box(box)
        for place in self._site.places:
            self._place(place)
        x, y = self.point(self._site.home.x_m, self._site.home.y_m)
        self._canvas.circle((x, y), 4.0, "home", title="home")
        if not self._narrow:
            self._canvas.text((x, y + 16.0), "home", "place", anchor="middle")
        self._scale_bar()

    def _area(self, area: Area | Zone, css: str, words: str) -> None:
        (x, y), (right, bottom) = (
            self.point(area.x_min_m, area.y_max_m),
            self.point(area.x_max_m, area.y_min_m),
        )
        self._canvas.rect(x, y, right - x, bottom - y, css, title=area.name.replace("_", " "))
        self._canvas.text((right - 5.0, y + 14.0), words, "area", anchor="end")

    def _box(self, box: Box) -> None:
        bounds = self._site.bounds
        (x, y) = self.point(max(box.x_min_m, bounds.x_min_m), min(box.y_max_m, bounds.y_max_m))
        (right, bottom) = self.point(min(box.x_max_m, bounds.x_max_m), max(box.y_min_m, bounds.y_min_m))
        if right <= x or bottom <= y:
            return  # a wall around the hall: the floor's outline stands for it
        css = "wall" if box.height_m >= WALL_M else "rack" if box.height_m >= RACK_M else "shelf"
        self._canvas.rect(x, y, right - x, bottom - y, css, title=f"{box.name}, {box.height_m:g} m high")

    def _place(self, place: Place) -> None:
        x, y = self.point(place.x_m, place.y_m)
        self._canvas.rect(x - 4.0, y - 4.0, 8.0, 8.0, "crate", title=place.name)
        name, heading = place.name.replace("_", " "), place.dock_heading_rad
        if abs(math.cos(heading)) > abs(
            math.sin(heading)
        ):  # a table at a side wall: beside it, away from the wall
            is_west = math.cos(heading) < 0.0
            beside = x + (-14.0 if is_west else 14.0)
            self._canvas.text(
                (beside, y - ABOVE_M * self._px_per_m), name, "place", anchor="start" if is_west else "end"
            )
        else:
            self._canvas.text(
                (x, y + (-12.0 if math.sin(heading) > 0.0 else 19.0)), name, "place", anchor="middle"
            )

    def _scale_bar(self) -> None:
        x, y = EDGE_PX + 10.0, self._canvas.height - EDGE_PX - 10.0
        self._canvas.line((x, y), (x + 2.0 * self._px_per_m, y), "scale")
        self._canvas.text((x + 2.0 * self._px_per_m + 6.0, y + 4.0), "2 m", "area")

    def _person(self, at: Point, name: str) -> None:
        self._canvas.circle(at, 5.0, "person", title=name.replace("_", " "))


def _spaced(points: Sequence[Point], least_px: float) -> list[Point]:
    """The points without those closer than `least_px` to the last one kept; the ends always stay."""
    if not points:
        return []
    kept = [points[0]]
    for point in points[1:-1]:
        if math.hypot(point[0] - kept[-1][0], point[1] - kept[-1][1]) >= least_px:
            kept.append(point)
    return [*kept, points[-1]] if len(points) > 1 else kept

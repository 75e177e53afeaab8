"""Inline SVG, written by hand: a canvas that collects elements, and scales with round ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from shield.contract import Floats

Point = tuple[float, float]


class Canvas:
    """A drawing of `width` x `height` CSS pixels; classes carry all colours, the style sheet says which."""

    def __init__(self, width: float, height: float, *, label: str) -> None:
        self.width, self.height = width, height
        self._label = label
        self._parts: list[str] = []

    def add(self, element: str) -> None:
        """Append a finished element."""
        self._parts.append(element)

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        css: str,
        *,
        title: str = "",
        round_px: float = 0,
    ) -> None:
        """An axis-parallel box."""
        box = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}"'
        self._parts.append(f'<rect class="{css}" {box} rx="{round_px}">{_title(title)}</rect>')

    def line(self, start: Point, end: Point, css: str) -> None:
        """A straight line."""
        (x1, y1), (x2, y2) = start, end
        self._parts.append(f'<line class="{css}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def polyline(self, points: Iterable[Point], css: str) -> None:
        """An open line through `points`; points that are not finite break it."""
        for run in _finite_runs(points):
            text = " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
            self._parts.append(f'<polyline class="{css}" points="{text}"/>')

    def polygon(self, points: Iterable[Point], css: str, *, title: str = "") -> None:
        """A closed outline through `points`."""
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._parts.append(f'<polygon class="{css}" points="{text}">{_title(title)}</polygon>')

    def circle(self, centre: Point, radius: float, css: str, *, title: str = "") -> None:
        """A disc."""
        x, y = centre
        disc = f'cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"'
        self._parts.append(f'<circle class="{css}" {disc}>{_title(title)}</circle>')

    def text(self, at: Point, words: str, css: str = "", *, anchor: str = "start") -> None:
        """A line of text with its baseline at `at`."""
        x, y = at
        place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
        self._parts.append(f'<text class="{css}" {place}>{escape(words)}</text>')

    def svg(self, css: str = "") -> str:
        """The drawing as one element that scales with its container."""
        size = f'viewBox="0 0 {self.width:g} {self.height:g}" style="max-width:{self.width:g}px"'
        label = f'role="img" aria-label="{escape(self._label)}"'
        return f'<svg class="{css}" {size} {label}>{"".join(self._parts)}</svg>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A linear map of `low`..`high` to pixels `start`..`end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The pixel of `value`, kept within the scale's ends."""
        share = (min(max(value, self.low), self.high) - self.low) / ((self.high - self.low) or 1.0)
        return self.start + share * (self.end - self.start)

    def ticks(self, wanted_n: int) -> list[float]:
        """Round values within the scale, about `wanted_n` of them."""
        rough = (self.high - self.low) / max(wanted_n, 1)
        if rough <= 0 or not math.isfinite(rough):
            return [self.low]
        unit = 10.0 ** math.floor(math.log10(rough))
        step = next(unit * k for k in (1, 2, 5, 10) if unit * k >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        return [k * step for k in range(first, math.floor(self.high / step + 1e-9) + 1)]


def thin(time_s: Floats, value: Floats, points_n: int) -> list[Point]:
    """At most about `points_n` points of a series: the least and the largest of each slice, so peaks stay."""
    count = len(time_s)
    if count <= points_n:
        return list(zip(time_s.tolist(), value.tolist(), strict=True))
    chosen: list[int] = []
    for part in np.array_split(np.arange(count), max(points_n // 2, 1)):
        finite = np.nan_to_num(value[part], nan=0.0, posinf=1e9, neginf=-1e9)
        chosen.extend(sorted({int(part[np.argmin(finite)]), int(part[np.argmax(finite)])}))
    return [(float(time_s[k]), float(value[k])) for k in chosen]


def steps(points: Sequence[Point]) -> list[Point]:
    """The same points with every value held until the next."""
    held: list[Point] = []
    for (x, y), (following, _) in zip(points, [*points[1:], points[-1]], strict=True) if points else ():
        held += [(x, y), (following, y)]
    return held


def _finite_runs(points: Iterable[Point]) -> list[list[Point]]:
    runs: list[list[Point]] = [[]]
    for point in points:
        if math.isfinite(point[0]) and math.isfinite(point[1]):
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if len(run) > 1]


def _title(words: str) -> str:
    return f"<title>{escape(words)}</title>" if words else ""

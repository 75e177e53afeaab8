"""The time line of a run: modes, skills and interventions as lanes, speeds and distances below them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from gatehouse.record import Columns, Series, Span
from gatehouse.svg import Canvas, Point, Scale, steps, thin
from shield.contract import Outcome

ClassOf = Callable[[Span], str]

LANE_PX = 22.0
LANE_GAP_PX = 10.0
CHART_GAP_PX = 38.0
CHARACTER_PX = 6.3  # width of a letter of a lane's label, to know whether it fits
FAR_M = 6.0  # distances beyond it are of no interest


class Timeline:
    """Draws the time line of `columns`, `width_px` wide, between two times of the run.

    Args:
        columns: the run.
        width_px: of the drawing; a phone gets a narrow one.
        window_s: first and last time that is shown; all of the run by default.
        truth_person_m: distance to the nearest person between surfaces, if truth is at hand.
    """

    def __init__(
        self,
        columns: Columns,
        *,
        width_px: float,
        window_s: tuple[float, float] | None = None,
        truth_person_m: Series | None = None,
    ) -> None:
        self._columns, self._person_m = columns, truth_person_m
        self._from_s, self._to_s = window_s or (0.0, max(columns.duration_s, 1.0))
        self._narrow = width_px < 600.0
        self._chart_px = 120.0 if self._narrow else 130.0
        left = 30.0 if self._narrow else 112.0
        lanes = 2.0 if self._narrow else 0.0  # a narrow drawing writes the names of lanes above them
        self._lane_step = LANE_PX + LANE_GAP_PX + lanes * 6.0
        height = 20.0 + 3 * self._lane_step + 2 * (CHART_GAP_PX + self._chart_px) + 30.0
        self._canvas = Canvas(width_px, height, label="Time line of modes, skills, speeds and distances")
        self._x = Scale(low=self._from_s, high=self._to_s, start=left, end=width_px - 8.0)

    def svg(self, css: str = "") -> str:
        """The finished drawing."""
        top = 20.0
        self._lane("Mode", top, self._columns.modes, mode_class)
        self._lane("Skill", top + self._lane_step, self._columns.skills, skill_class)
        self._interventions(top + 2 * self._lane_step)
        speeds_top = top + 3 * self._lane_step + CHART_GAP_PX - 14.0
        self._speeds(speeds_top)
        self._distances(speeds_top + self._chart_px + CHART_GAP_PX)
        self._axis(speeds_top + 2 * self._chart_px + CHART_GAP_PX)
        return self._canvas.svg(css)

    def _name(self, words: str, top: float) -> float:
        """Write the name of a lane; return where its bars begin."""
        if self._narrow:
            self._canvas.text((self._x.start, top - 3.0), words, "lane")
            return top + 1.0
        self._canvas.text((0.0, top + LANE_PX * 0.7), words, "lane")
        return top

    def _lane(self, name: str, top: float, spans: Sequence[Span], css: ClassOf) -> None:
        y = self._name(name, top)
        for span in spans:
            if span.end_s < self._from_s or span.start_s > self._to_s:
                continue
            x, end = self._x(span.start_s), self._x(span.end_s)
            words = _label(span)
            title = f"{words} {span.detail} {span.start_s:.1f} to {span.end_s:.1f} s {span.state}".strip()
            self._canvas.rect(
                x, y, max(end - x - 1.0, 1.5), LANE_PX, f"span {css(span)}", title=title, round_px=3
            )
            longer = f"{words} {span.detail.replace('_', ' ')}" if css is skill_class else words
            fitting = next((w for w in (longer, words) if len(w) * CHARACTER_PX + 8 < end - x), "")
            if fitting:
                self._canvas.text((x + 5.0, y + LANE_PX * 0.7), fitting, f"on {css(span)}")

    def _interventions(self, top: float) -> None:
        y = self._name("Gate stepped in", top)
        self._canvas.rect(self._x.start, y + LANE_PX / 2 - 0.5, self._x.end - self._x.start, 1.0, "rail")
        for one in self._columns.interventions:
            if one.end_s < self._from_s or one.start_s > self._to_s:
                continue
            x, end = self._x(one.start_s), self._x(one.end_s)
            is_fallback = one.outcome is Outcome.FALLBACK
            inset = 0.0 if is_fallback else 5.0  # shape tells them apart as well as colour does
            title = f"{one.outcome.name.lower()} {one.start_s:.1f} s: {one.reason}"
            css = "fallback" if is_fallback else "corrected"
            self._canvas.rect(x, y + inset, max(end - x, 2.0), LANE_PX - 2 * inset, css, title=title)

    def _frame(self, top: float, name: str, scale: Scale, unit: str) -> None:
        self._canvas.text((0.0 if self._narrow else self._x.start, top - 8.0), f"{name}, {unit}", "name")
        for value in scale.ticks(4):
            y = scale(value)
            self._canvas.line((self._x.start, y), (self._x.end, y), "grid")
            self._canvas.text((self._x.start - 6.0, y + 4.0), f"{value:g}", "tick", anchor="end")

    def _speeds(self, top: float) -> None:
        columns = self._columns
        shown = (columns.proposed_mps, columns.certified_mps, columns.measured_mps)
        values = [v for series in shown for v in series.within(self._from_s, self._to_s).tolist()]
        low, high = min([0.0, *values]), max([0.5, *values])
        low, high = math.floor(low * 5) / 5, math.ceil(high * 5) / 5
        scale = Scale(low=low, high=high, start=top + self._chart_px, end=top)
        self._frame(top, "Speed", scale, "m/s")
        for series, css in zip(shown, ("proposed", "certified", "measured"), strict=True):
            points = self._points(series, scale)
            self._canvas.polyline(steps(points) if css == "proposed" else points, f"curve {css}")

    def _distances(self, top: float) -> None:
        scale = Scale(low=0.0, high=FAR_M, start=top + self._chart_px, end=top)
        self._frame(top, "Nearest person", scale, "m")
        if self._person_m is not None:
            self._canvas.polyline(self._points(self._person_m, scale, beyond_m=FAR_M), "curve person-true")
        self._canvas.polyline(self._points(self._columns.assumed_m, scale, beyond_m=FAR_M), "curve assumed")
        self._canvas.polyline(self._points(self._columns.person_m, scale, beyond_m=FAR_M), "curve person")

    def _points(self, series: Series, scale: Scale, beyond_m: float = math.inf) -> list[Point]:
        chosen = (series.time_s >= self._from_s) & (series.time_s <= self._to_s)
        thinned = thin(series.time_s[chosen], series.value[chosen], int(self._x.end - self._x.start))
        return [
            (self._x(t), scale(v) if v <= beyond_m and math.isfinite(v) else math.nan) for t, v in thinned
        ]

    def _axis(self, bottom: float) -> None:
        self._canvas.line((self._x.start, bottom), (self._x.end, bottom), "axis")
        for value in self._x.ticks(5 if self._narrow else 10):
            x = self._x(value)
            self._canvas.line((x, bottom), (x, bottom + 4.0), "axis")
            self._canvas.text((x, bottom + 17.0), f"{value:g} s", "tick", anchor="middle")


def mode_class(span: Span) -> str:
    """The CSS class of a mode."""
    return "mrm" if span.label.startswith("MRM") else span.label.lower()


def skill_class(span: Span) -> str:
    """The CSS class of a skill's execution."""
    return "failed" if span.state == "FAILED" else f"skill-{span.label}"


def _label(span: Span) -> str:
    return span.label.replace("_", " ").lower() if span.label.isupper() else span.label

"""Finds the moments of a run that are worth a picture, in its numbers alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gatehouse.record import Columns, Series
from shield.contract import Floats, frozen_floats
from sim.truth_log import TruthRow

NEAR_M = 3.0  # a person nearer than this is a meeting
BEFORE_S, AFTER_S = 5.0, 12.0  # how far around the closest point of a meeting speeds are compared
STANDING_MPS = 0.03
RESUMED_SHARE = 0.6  # of the speed before, to count as carrying on
CRUISE_MPS = 0.3  # slower than this before, there is nothing to slow down from
DETOUR_M = 0.35  # sideways from the straight line, to count as going around


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A person steps into the way; the robot answers, and carries on."""

    before_s: float
    slowest_s: float
    after_s: float
    before_mps: float
    slowest_mps: float
    after_mps: float
    nearest_m: float
    detour_m: float

    @property
    def answer(self) -> str:
        """What the robot did, in a word or two."""
        if self.slowest_mps <= STANDING_MPS:
            return "stops"
        return "goes around" if self.detour_m >= DETOUR_M and self.cut < 0.5 else "slows down"

    @property
    def cut(self) -> float:
        """The share of its speed that the robot gave up."""
        return 1.0 - self.slowest_mps / self.before_mps


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A time with its caption."""

    time_s: float
    caption: str


def person_distance(columns: Columns, truth: Sequence[TruthRow]) -> Series:
    """Distance to the nearest person: true where truth is at hand, by the tracks otherwise."""
    if not truth:
        return columns.person_m
    return Series(
        time_s=frozen_floats([(row.stamp_ns - columns.start_ns) / 1e9 for row in truth]),
        value=frozen_floats([row.truth.person_distance_m for row in truth]),
    )


def find_scene(columns: Columns, truth: Sequence[TruthRow] = ()) -> Scene | None:
    """The meeting with a person in which the robot, on its way, gave up most speed and took it up again."""
    scenes = []
    distance = person_distance(columns, truth)
    for span in columns.skills:
        if span.label == "navigate":
            scenes += [
                scene
                for closest in _closest_points(distance, span.start_s, span.end_s)
                if (scene := _scene(columns, distance, closest, span.start_s, span.end_s))
            ]
    return max(
        scenes, key=lambda scene: (scene.cut + min(scene.detour_m, 0.4), -scene.nearest_m), default=None
    )


def key_moments(columns: Columns, scene: Scene | None) -> list[Moment]:
    """Times worth a picture, in order: the scene with the person, and the end of each kind of work."""
    moments = []
    if scene is not None:
        moments += [
            Moment(time_s=scene.before_s, caption=f"On its way at {scene.before_mps:.2f} m/s"),
            Moment(
                time_s=scene.slowest_s,
                caption=f"A person is {scene.nearest_m:.1f} m away: the robot "
                f"{scene.answer} ({scene.slowest_mps:.2f} m/s)",
            ),
            Moment(time_s=scene.after_s, caption=f"The way is free: on at {scene.after_mps:.2f} m/s"),
        ]
    for label, words in (("pick", "The crate is in the gripper"), ("place", "The crate is in its place")):
        done = [span for span in columns.skills if span.label == label and span.state == "SUCCEEDED"]
        moments += [Moment(time_s=done[0].end_s, caption=words)] if done else []
    return sorted(moments, key=lambda moment: moment.time_s)


def _closest_points(distance: Series, start_s: float, end_s: float) -> list[float]:
    """Times of the local minima of the distance below `NEAR_M`, at least a second apart."""
    inside = (distance.time_s >= start_s) & (distance.time_s <= end_s)
    times, values = distance.time_s[inside], distance.value[inside]
    found: list[float] = []
    for k in np.argsort(values, kind="stable"):
        if values[k] > NEAR_M:
            break
        if all(abs(times[k] - other) > 1.0 for other in found):
            found.append(float(times[k]))
        if len(found) >= 40:  # a bound on the search
            break
    return found


def _scene(
    columns: Columns, distance: Series, closest_s: float, start_s: float, end_s: float
) -> Scene | None:
    speed = columns.measured_mps
    first, last = max(start_s, closest_s - BEFORE_S), min(end_s, closest_s + AFTER_S)
    before_s, before = _largest(speed, first, closest_s)
    slowest_s, slowest = _least(speed, before_s, min(last, closest_s + AFTER_S / 2))
    after_s, after = _first_above(speed, slowest_s, last, RESUMED_SHARE * before)
    if before < CRUISE_MPS or not math.isfinite(after):
        return None
    nearest = distance.within(before_s, after_s)
    return Scene(
        before_s=before_s,
        slowest_s=slowest_s,
        after_s=after_s,
        before_mps=before,
        slowest_mps=max(slowest, 0.0),
        after_mps=after,
        nearest_m=float(nearest.min()) if len(nearest) else distance.at(closest_s),
        detour_m=_detour_m(columns, before_s, after_s),
    )


def _window(series: Series, start_s: float, end_s: float) -> tuple[Floats, Floats]:
    inside = (series.time_s >= start_s) & (series.time_s <= end_s)
    return series.time_s[inside], series.value[inside]


def _largest(series: Series, start_s: float, end_s: float) -> tuple[float, float]:
    times, values = _window(series, start_s, end_s)
    if not len(times):
        return start_s, 0.0
    k = len(values) - 1 - int(np.argmax(values[::-1]))  # the last of the largest
    return float(times[k]), float(values[k])


def _least(series: Series, start_s: float, end_s: float) -> tuple[float, float]:
    times, values = _window(series, start_s, end_s)
    if not len(times):
        return start_s, 0.0
    k = int(np.argmin(values))
    return float(times[k]), float(values[k])


def _first_above(series: Series, start_s: float, end_s: float, level: float) -> tuple[float, float]:
    times, values = _window(series, start_s, end_s)
    above = np.flatnonzero(values >= level)
    return (float(times[above[0]]), float(values[above[0]])) if len(above) else (end_s, math.nan)


def _detour_m(columns: Columns, start_s: float, end_s: float) -> float:
    """How far the path between two times leaves the straight line between its ends."""
    x, y = columns.x_m.within(start_s, end_s), columns.y_m.within(start_s, end_s)
    if len(x) < 3:
        return 0.0
    along = np.array([x[-1] - x[0], y[-1] - y[0]])
    length = float(np.hypot(*along))
    if length < 0.2:
        return 0.0
    return float(np.abs((x - x[0]) * along[1] - (y - y[0]) * along[0]).max() / length)

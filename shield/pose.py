"""The pose in W as intervals: fixes and dead reckoning must agree, and what they agree on is the estimate."""

from __future__ import annotations

import math
from dataclasses import dataclass

from shield.contract import PoseFix
from shield.odometry import Odometry, Step, relative
from shield.profile import RobotProfile

JUMPS_N = 5  # fixes in a row that contradict dead reckoning before the pose counts as lost: half a second
BOUND_MAX = 10.0  # a fix whose bounds are this many times the profile's is of no use


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseBounds:
    """Middle and half widths of the pose X_WB, and the odometry step that it belongs to."""

    step: Step
    x_m: float
    y_m: float
    heading_rad: float
    half_x_m: float
    half_y_m: float
    half_heading_rad: float

    @property
    def position_bound_m(self) -> float:
        """Radius around the middle that holds the true position."""
        return math.hypot(self.half_x_m, self.half_y_m)


class PoseFilter:
    """Set-membership filter: no probabilities, every bound is kept, an empty intersection is a finding."""

    def __init__(self, profile: RobotProfile) -> None:
        self._bounds = profile.odometry
        self._turn_scale = profile.odometry.drift_per_m
        self._jumps_n = 0
        self.pose: PoseBounds | None = None

    def advance(self, step: Step) -> None:
        """Carry the pose on to a newer odometry step."""
        if self.pose is not None:
            self.pose = self._carried(self.pose, step) if step.stamp_ns >= self.pose.step.stamp_ns else None

    def fix(self, fix: PoseFix, odometry: Odometry) -> str:
        """Take a (delayed) fix; returns what is wrong with it, empty when it was used."""
        limits = (self._bounds.fix_position_m, self._bounds.fix_heading_rad)
        bounds = (max(fix.position_bound_m, limits[0]), max(fix.heading_bound_rad, limits[1]))
        if bounds[0] > BOUND_MAX * limits[0] or bounds[1] > BOUND_MAX * limits[1]:
            return f"fix_weak bounds {bounds[0]:.2f} m and {bounds[1]:.2f} rad"
        start, latest = odometry.at(fix.stamp_ns), odometry.latest
        if start is None or latest is None:
            return ""
        seen = PoseBounds(
            step=start,
            x_m=fix.x_m,
            y_m=fix.y_m,
            heading_rad=fix.heading_rad,
            half_x_m=bounds[0],
            half_y_m=bounds[0],
            half_heading_rad=bounds[1],
        )
        seen = self._carried(seen, latest)
        met = _intersection(self.pose, seen) if self.pose is not None else seen
        if met is not None:
            self.pose, self._jumps_n = met, 0
            return ""
        self._jumps_n += 1
        before = self.pose
        off = math.hypot(seen.x_m - before.x_m, seen.y_m - before.y_m) if before is not None else 0.0
        if self._jumps_n >= JUMPS_N:
            self.pose, self._jumps_n = seen, 0
            return f"pose_lost {JUMPS_N} fixes in a row contradict dead reckoning, the last by {off:.2f} m"
        return f"fix_jump {off:.2f} m from dead reckoning"

    def _carried(self, pose: PoseBounds, step: Step) -> PoseBounds:
        dx, dy, turn = relative(pose.step, step)
        way, turned = step.way_m - pose.step.way_m, step.turned_rad - pose.step.turned_rad
        grow = (self._bounds.drift_per_m + pose.half_heading_rad) * abs(way)
        cos, sin = math.cos(pose.heading_rad), math.sin(pose.heading_rad)
        return PoseBounds(
            step=step,
            x_m=pose.x_m + cos * dx - sin * dy,
            y_m=pose.y_m + sin * dx + cos * dy,
            heading_rad=_wrapped(pose.heading_rad + turn),
            half_x_m=pose.half_x_m + grow,
            half_y_m=pose.half_y_m + grow,
            half_heading_rad=pose.half_heading_rad + self._turn_scale * (abs(way) + abs(turned)),
        )


def _wrapped(angle: float) -> float:
    return math.atan2(math.sin(angle), math.cos(angle))


def _meet(a: float, half_a: float, b: float, half_b: float) -> tuple[float, float] | None:
    low, high = max(a - half_a, b - half_b), min(a + half_a, b + half_b)
    return ((low + high) / 2.0, (high - low) / 2.0) if low <= high else None


def _intersection(a: PoseBounds, b: PoseBounds) -> PoseBounds | None:
    """Both at the same step; None where they have nothing in common."""
    x = _meet(a.x_m, a.half_x_m, b.x_m, b.half_x_m)
    y = _meet(a.y_m, a.half_y_m, b.y_m, b.half_y_m)
    turn = _wrapped(b.heading_rad - a.heading_rad)
    heading = _meet(0.0, a.half_heading_rad, turn, b.half_heading_rad)
    if x is None or y is None or heading is None:
        return None
    return PoseBounds(
        step=b.step,
        x_m=x[0],
        y_m=y[0],
        heading_rad=_wrapped(a.heading_rad + heading[0]),
        half_x_m=x[1],
        half_y_m=y[1],
        half_heading_rad=heading[1],
    )

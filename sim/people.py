"""People who walk about: along way-points, at a walking pace, and never through a robot in front of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from shield.site import Area, Pose

REPEATS = ("once", "loop", "back_and_forth")
KEEP_M = 0.50  # from the person's middle to the robot's body: closer than that nobody walks on towards it
PATIENCE_S = 2.0  # so long a person waits for the robot, then goes back to the last way-point


@dataclass(frozen=True, slots=True, kw_only=True)
class WayPoint:
    """A point in W and how long the person stands there."""

    x_m: float
    y_m: float
    pause_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """The plan of one person."""

    name: str
    speed_mps: float
    repeat: str  # one of REPEATS
    starts_when_robot_in: tuple[
        Area, ...
    ]  # the robot in one of them starts the walk; none: it starts at once
    path: tuple[WayPoint, ...]


class Person:
    """One walking person.

    Args:
        walk: the plan.
        body_m: length and width of the robot's body, for keeping clear of it.
    """

    def __init__(self, walk: Walk, body_m: tuple[float, float]) -> None:
        self.walk, self._body_m = walk, body_m
        self.x_m, self.y_m = walk.path[0].x_m, walk.path[0].y_m
        self.before = (self.x_m, self.y_m)  # where the last step began
        self.heading_rad, self.speed_mps = 0.0, 0.0
        self._at, self._way = 0, 1  # the way-point left last, and the direction along the path
        self._pause_s = walk.path[0].pause_s
        self._blocked_s = 0.0
        self._started = not walk.starts_when_robot_in
        target = self._target()
        if target is not None:
            self._face(target)

    def step(self, robot: Pose, dt_s: float) -> None:
        """Walk on for `dt_s`, the robot being at `robot`."""
        self.speed_mps = 0.0
        self.before = (self.x_m, self.y_m)
        self._started = self._started or any(_inside(area, robot) for area in self.walk.starts_when_robot_in)
        target = self._target()
        if not self._started or target is None:
            return
        if self._pause_s > 0.0:
            self._pause_s -= dt_s
            return
        self._face(target)
        stride = min(self.walk.speed_mps * dt_s, math.hypot(target.x_m - self.x_m, target.y_m - self.y_m))
        x = self.x_m + stride * math.cos(self.heading_rad)
        y = self.y_m + stride * math.sin(self.heading_rad)
        if self._robot_in_front(robot, x, y):
            self._wait(dt_s)
            return
        self._blocked_s = 0.0
        self.x_m, self.y_m, self.speed_mps = x, y, stride / dt_s
        if math.hypot(target.x_m - x, target.y_m - y) < 1e-9:
            self._arrive(target)

    def _target(self) -> WayPoint | None:
        path, after = self.walk.path, self._at + self._way
        if self.walk.repeat == "loop":
            return path[after % len(path)] if len(path) > 1 else None
        return path[after] if 0 <= after < len(path) else None

    def _arrive(self, target: WayPoint) -> None:
        self._pause_s = target.pause_s
        self._at = (self._at + self._way) % len(self.walk.path)
        if self.walk.repeat != "back_and_forth" or self._at == 0:
            self._way = 1
        elif self._at == len(self.walk.path) - 1:
            self._way = -1

    def _wait(self, dt_s: float) -> None:
        self._blocked_s += dt_s
        if self._blocked_s > PATIENCE_S:
            self._blocked_s = 0.0
            self._at, self._way = (self._at + self._way) % len(self.walk.path), -self._way

    def _face(self, target: WayPoint) -> None:
        if math.hypot(target.x_m - self.x_m, target.y_m - self.y_m) > 1e-6:
            self.heading_rad = math.atan2(target.y_m - self.y_m, target.x_m - self.x_m)

    def _robot_in_front(self, robot: Pose, x: float, y: float) -> bool:
        ahead = body_distance(robot, self._body_m, x, y)
        return ahead < KEEP_M and ahead < body_distance(robot, self._body_m, self.x_m, self.y_m)


def body_distance(robot: Pose, body_m: tuple[float, float], x: float, y: float) -> float:
    """Distance in the plane from a point to the robot's rectangular body; zero inside."""
    cos, sin = math.cos(robot.heading_rad), math.sin(robot.heading_rad)
    dx, dy = x - robot.x_m, y - robot.y_m
    ahead, beside = abs(cos * dx + sin * dy) - body_m[0] / 2.0, abs(cos * dy - sin * dx) - body_m[1] / 2.0
    return math.hypot(max(ahead, 0.0), max(beside, 0.0))


def _inside(area: Area, robot: Pose) -> bool:
    return area.x_min_m <= robot.x_m <= area.x_max_m and area.y_min_m <= robot.y_m <= area.y_max_m

"""Dead reckoning: where the base was, in a frame O that drifts, at every stamp of the last seconds."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from shield.contract import Imu, JointReading
from shield.profile import RobotProfile

KEEP_N = 150  # readings that are kept: 3 s at 50 Hz, far above any sensor's delay
AGREE_N = 5  # disagreeing readings in a row before it counts: a slip of a tenth of a second
JUMP = 1.5  # share above the largest possible wheel speed from which on a reading is impossible
GAP_S = 0.5  # without readings for so long the frame starts anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Pose X_OB at a stamp, with the way and the turn made since the frame was opened."""

    stamp_ns: int
    x_m: float
    y_m: float
    heading_rad: float
    way_m: float
    turned_rad: float
    speed_mps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class YawRate:
    """Fused rotation: middle and half width of the intersection of gyro and wheels."""

    value_radps: float
    bound_radps: float
    agrees: bool


class Odometry:
    """Wheels give way and turn, the gyro checks and narrows the yaw rate."""

    def __init__(self, profile: RobotProfile) -> None:
        self._base, self._bounds = profile.base, profile.odometry
        self._steps: deque[Step] = deque(maxlen=KEEP_N)
        self._wheels: tuple[float, float] | None = None
        self._imu: Imu | None = None
        self._disagree_n = 0
        self.yaw = YawRate(value_radps=0.0, bound_radps=profile.odometry.yaw_rate_bound_radps, agrees=True)

    @property
    def latest(self) -> Step | None:
        """The newest step."""
        return self._steps[-1] if self._steps else None

    def imu(self, imu: Imu) -> None:
        """Take a gyro reading."""
        self._imu = imu

    def joints(self, reading: JointReading) -> str:
        """Take an encoder reading; returns what is wrong with it, empty when it was used."""
        places = dict(zip(reading.name, reading.position_rad, strict=False))
        if "left_wheel" not in places or "right_wheel" not in places:
            return "names no wheels"
        wheels = (places["left_wheel"], places["right_wheel"])
        last = self.latest
        if last is not None and reading.stamp_ns - last.stamp_ns > GAP_S * 1e9:
            self._steps.clear()
            last = None
        if last is None or self._wheels is None:
            self._open(reading.stamp_ns, wheels)
            return ""
        dt_s = (reading.stamp_ns - last.stamp_ns) * 1e-9
        left, right = wheels[0] - self._wheels[0], wheels[1] - self._wheels[1]
        fastest = self._base.speed_max_mps + self._base.yaw_rate_max_radps * self._base.track_m / 2.0
        if max(abs(left), abs(right)) * self._base.wheel_radius_m > JUMP * fastest * dt_s:
            self._wheels = wheels
            return f"jumps by {max(abs(left), abs(right)):.2f} rad in {dt_s * 1e3:.0f} ms"
        self._wheels = wheels
        self._advance(last, reading.stamp_ns, dt_s, left, right)
        return ""

    def at(self, stamp_ns: int) -> Step | None:
        """The step at `stamp_ns`, between readings or a moment after the newest; None before the oldest."""
        if not self._steps or stamp_ns < self._steps[0].stamp_ns:
            return None
        after = self._steps[-1]
        if stamp_ns >= after.stamp_ns:
            return self._onward(after, (stamp_ns - after.stamp_ns) * 1e-9)
        for before in reversed(self._steps):
            if before.stamp_ns <= stamp_ns:
                return _between(before, after, stamp_ns)
            after = before
        return None

    def _open(self, stamp_ns: int, wheels: tuple[float, float]) -> None:
        self._wheels = wheels
        self._steps.append(
            Step(
                stamp_ns=stamp_ns, x_m=0.0, y_m=0.0, heading_rad=0.0, way_m=0.0, turned_rad=0.0, speed_mps=0.0
            )
        )

    def _advance(self, last: Step, stamp_ns: int, dt_s: float, left: float, right: float) -> None:
        radius = self._base.wheel_radius_m
        way = (left + right) * radius / 2.0
        wheel_yaw = (right - left) * radius / self._base.track_m / dt_s
        self.yaw = self._fuse(wheel_yaw, stamp_ns)
        turn = (wheel_yaw if self.yaw.agrees else self.yaw.value_radps) * dt_s
        middle = last.heading_rad + turn / 2.0
        self._steps.append(
            Step(
                stamp_ns=stamp_ns,
                x_m=last.x_m + way * math.cos(middle),
                y_m=last.y_m + way * math.sin(middle),
                heading_rad=last.heading_rad + turn,
                way_m=last.way_m + abs(way),
                turned_rad=last.turned_rad + abs(turn),
                speed_mps=way / dt_s,
            )
        )

    def _fuse(self, wheel_yaw: float, stamp_ns: int) -> YawRate:
        """Intersect gyro and wheels; without a fresh gyro the wheels alone, with their wider bound."""
        wheel_bound = 2.0 * self._bounds.speed_bound_mps / self._base.track_m
        imu = self._imu
        if imu is None or abs(stamp_ns - imu.stamp_ns) > GAP_S * 1e9:
            return YawRate(value_radps=wheel_yaw, bound_radps=wheel_bound, agrees=True)
        age_s = abs(stamp_ns - imu.stamp_ns) * 1e-9
        gyro_bound = self._bounds.yaw_rate_bound_radps + self._base.turn_accel_max_radps2 * age_s
        low = max(wheel_yaw - wheel_bound, imu.yaw_rate_radps - gyro_bound)
        high = min(wheel_yaw + wheel_bound, imu.yaw_rate_radps + gyro_bound)
        self._disagree_n = self._disagree_n + 1 if low > high else 0
        if low <= high:
            return YawRate(value_radps=(low + high) / 2.0, bound_radps=(high - low) / 2.0, agrees=True)
        agrees = self._disagree_n < AGREE_N
        spread = abs(wheel_yaw - imu.yaw_rate_radps)
        return YawRate(value_radps=imu.yaw_rate_radps, bound_radps=gyro_bound + spread, agrees=agrees)

    def _onward(self, step: Step, dt_s: float) -> Step:
        way, turn = step.speed_mps * dt_s, self.yaw.value_radps * dt_s
        return Step(
            stamp_ns=step.stamp_ns + round(dt_s * 1e9),
            x_m=step.x_m + way * math.cos(step.heading_rad),
            y_m=step.y_m + way * math.sin(step.heading_rad),
            heading_rad=step.heading_rad + turn,
            way_m=step.way_m + abs(way),
            turned_rad=step.turned_rad + abs(turn),
            speed_mps=step.speed_mps,
        )


def _between(before: Step, after: Step, stamp_ns: int) -> Step:
    span = after.stamp_ns - before.stamp_ns
    part = (stamp_ns - before.stamp_ns) / span if span > 0 else 0.0

    def mix(a: float, b: float) -> float:
        return a + part * (b - a)

    return Step(
        stamp_ns=stamp_ns,
        x_m=mix(before.x_m, after.x_m),
        y_m=mix(before.y_m, after.y_m),
        heading_rad=mix(before.heading_rad, after.heading_rad),
        way_m=mix(before.way_m, after.way_m),
        turned_rad=mix(before.turned_rad, after.turned_rad),
        speed_mps=mix(before.speed_mps, after.speed_mps),
    )


def relative(start: Step, end: Step) -> tuple[float, float, float]:
    """Pose of B at `end` in B at `start`: x, y, heading."""
    dx, dy = end.x_m - start.x_m, end.y_m - start.y_m
    cos, sin = math.cos(start.heading_rad), math.sin(start.heading_rad)
    return cos * dx + sin * dy, cos * dy - sin * dx, end.heading_rad - start.heading_rad

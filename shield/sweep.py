"""The swept manoeuvre: where a body may be that reacts and then brakes, as intervals of time.

The vectors that describe a robot's bounds and its state are laid out here, for all compiled kernels.
"""

from __future__ import annotations

import math

import numpy as np

from shield.compiled import kernel
from shield.contract import Floats
from shield.formulas import deviation, farthest, least, most, nearest, stopping_time
from shield.profile import RobotProfile

# Indices into the bounds.
(
    REACT,
    PERIOD,
    ACCEL,
    BRAKE_MIN,
    BRAKE_MAX,
    TURN_ACCEL,
    TURN_BRAKE,
    TRACKING,
    MARGIN,
    SPEED_MAX,
    REVERSE_MAX,
    TURN_MAX,
    YAW_MAX,
    LATERAL_MAX,
) = range(14)

STEP_S = 0.04  # length of a time interval of the prediction; shorter is less conservative and slower
INTERVALS_MAX_N = 48


def pack(profile: RobotProfile) -> Floats:
    """The profile's bounds as the vector that the kernels read.

    The reaction time is period + latency (up to the expiry of a command, counted from the stamp of the
    snapshot that it was certified on) and one more period, until the drive's own clock notices the expiry.
    """
    base, timing = profile.base, profile.timing
    return np.array(
        [
            2 * timing.period_s + timing.latency_s,
            timing.period_s,
            base.accel_max_mps2,
            base.brake_min_mps2,
            base.brake_max_mps2,
            base.turn_accel_max_radps2,
            base.turn_brake_min_radps2,
            base.tracking_m,
            base.contact_margin_m,
            base.speed_max_mps,
            base.reverse_max_mps,
            base.turn_max_radps,
            base.yaw_rate_max_radps,
            base.lateral_accel_max_mps2,
        ]
    )


def footprint_array(profile: RobotProfile) -> Floats:
    """The profile's footprint as the array (m, 3) that the kernels read."""
    return np.array([[disc.x_m, disc.y_m, disc.radius_m] for disc in profile.footprint])


def ego_vector(
    speed: float,
    yaw_rate: float,
    speed_bound: float,
    yaw_rate_bound: float,
    flight_speed: tuple[float, float],
    flight_yaw: tuple[float, float],
) -> Floats:
    """The ego state as the vector that the kernels read; `flight_*`: (least, largest) of what was sent."""
    return np.array([speed, yaw_rate, speed_bound, yaw_rate_bound, *flight_speed, *flight_yaw])


@kernel
def _extent(
    low: float,
    high: float,
    start: float,
    bound: float,
    accel: float,
    react: float,
    settled: float,
    brake: float,
    brake_max: float,
    period: float,
    t: float,
) -> tuple[float, float]:
    """Least and largest signed way at `t` of whoever moves, at speeds within [low, high] from start +- bound.

    Until `settled` the other coordinate may be what still moves.
    """
    if high > 0.0:
        far = farthest(most(0.0, least(start + bound, high)), accel, high, react, brake, period, t)
    else:
        far = -nearest(-high, settled, brake, brake_max, period, t)
    if low < 0.0:
        near = -farthest(most(0.0, least(bound - start, -low)), accel, -low, react, brake, period, t)
    else:
        near = nearest(low, settled, brake, brake_max, period, t)
    return near, far


@kernel
def _horizon(
    low: float,
    high: float,
    start: float,
    bound: float,
    accel: float,
    react: float,
    brake: float,
    period: float,
) -> float:
    """Latest time of standstill."""
    end = react + period
    if high > 0.0:
        ahead = most(0.0, least(start + bound, high))
        end = most(end, stopping_time(ahead, accel, high, react, brake, period))
    if low < 0.0:
        back = most(0.0, least(bound - start, -low))
        end = most(end, stopping_time(back, accel, -low, react, brake, period))
    return end


@kernel
def _hull(
    measured: float, bound: float, flight_low: float, flight_high: float, target: float, change: float
) -> tuple[float, float]:
    """Least and largest value that may occur: between measured, sent and asked, within reach of `change`."""
    low = least(measured, least(flight_low, target))
    high = most(measured, most(flight_high, target))
    return most(low, measured - change) - bound, least(high, measured + change) + bound


@kernel
def _stray(low: float, high: float, yaw_low: float, yaw_high: float, curvature: float) -> float:
    """Largest difference between the yaw rate and the one that belongs to the speed on this curvature."""
    a, b = low * curvature, high * curvature
    return most(most(abs(yaw_high - a), abs(yaw_low - a)), most(abs(yaw_high - b), abs(yaw_low - b)))


@kernel
def arc_brake(bounds: Floats, curvature: float) -> float:
    """Guaranteed deceleration along an arc: on a tight one the rotation's deceleration is what counts."""
    brake: float = bounds[BRAKE_MIN]
    turn_brake: float = bounds[TURN_BRAKE]
    bend = abs(curvature)
    return brake if bend * brake <= turn_brake else turn_brake / bend


@kernel
def sweep(bounds: Floats, ego: Floats, speed: float, curvature: float, turn: float) -> Floats:
    """The manoeuvre as intervals, shape (k, 8), each true for all times in it and all behaviours.

    Columns: x, y, cosine and sine of the middle pose in B at the stamp; half the spread (metres of arc, or
    radians of rotation); drift common to all points of the body; drift per metre of distance from B's origin
    (radians); end time.
    """
    react, period = bounds[REACT], bounds[PERIOD]
    low, high = _hull(ego[0], ego[2], ego[4], ego[5], speed, bounds[BRAKE_MAX] * react)
    yaw_low, yaw_high = _hull(
        ego[1], ego[3], ego[6], ego[7], speed * curvature + turn, bounds[TURN_ACCEL] * react
    )
    rotates = turn != 0.0
    if rotates:
        first, last, start, slack = yaw_low, yaw_high, ego[1], ego[3]
        accel, brake, brake_max = bounds[TURN_ACCEL], bounds[TURN_BRAKE], bounds[TURN_ACCEL]
        stray, stray_brake = most(abs(low), abs(high)), bounds[BRAKE_MIN]
    else:
        first, last, start, slack = low, high, ego[0], ego[2]
        accel, brake, brake_max = bounds[ACCEL], arc_brake(bounds, curvature), bounds[BRAKE_MAX]
        stray, stray_brake = _stray(low, high, yaw_low, yaw_high, curvature), bounds[TURN_BRAKE]
    settled = react + stray / stray_brake
    end = most(_horizon(first, last, start, slack, accel, react, brake, period), settled + period)
    count = min(INTERVALS_MAX_N, max(3, int(math.ceil(end / STEP_S))))
    out = np.empty((count, 8))
    near0, far0 = 0.0, 0.0
    for k in range(count):
        time = end * (k + 1) / count
        near1, far1 = _extent(
            first, last, start, slack, accel, react, settled, brake, brake_max, period, time
        )
        lower, upper = least(near0, near1), most(far0, far1)
        near0, far0 = near1, far1
        middle, half = (lower + upper) / 2, (upper - lower) / 2
        way = most(abs(lower), abs(upper))
        drift = deviation(stray, react, stray_brake, time)
        if rotates:
            out[k, 0], out[k, 1] = 0.0, 0.0
            angle, common, turned = middle, drift, 0.0
        else:
            angle, turned = middle * curvature, drift + 2 * bounds[TRACKING] * way
            common = (drift + bounds[TRACKING]) * way
            if abs(angle) > 1e-9:
                out[k, 0] = math.sin(angle) / curvature
                out[k, 1] = (1.0 - math.cos(angle)) / curvature
            else:
                out[k, 0], out[k, 1] = middle, 0.0
        out[k, 2], out[k, 3] = math.cos(angle), math.sin(angle)
        out[k, 4], out[k, 5], out[k, 6], out[k, 7] = half, common, turned, time
    return out

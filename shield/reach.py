"""Reachability on a plane (SAFETY.md): may a motion be begun, if every later message may be lost?

All functions are compiled and may be called from other compiled code, in parallel. Arrays are float64:

- `bounds`, shape (14,): `pack(profile)`.
- `ego`, shape (8,): `ego_vector(...)`: measured speed, measured yaw rate, their bounds, then the least and the
  largest speed and the least and the largest yaw rate among the commands that may still be acting.
- `discs`, shape (n, 5): columns x, y, radius, speed, age, in the base frame B at the stamp of the ego state.
  A disc of speed zero is static; any other spreads at that speed from `age` before the stamp on.
- `footprint`, shape (m, 3): columns x, y, radius in B.

A motion is an arc (speed, curvature) or a rotation in place (turn). Clearance is the least distance, in metres,
that the swept body keeps beyond what it must keep, over all times up to standstill and all behaviours within
the bounds; a motion is safe when its clearance is positive.
"""

from __future__ import annotations

import math

import numpy as np

from shield.compiled import kernel
from shield.contract import Floats
from shield.formulas import (
    braking_time,
    deviation,
    farthest,
    grown_radius,
    least,
    most,
    nearest,
    speed_after,
    stopping_time,
)
from shield.profile import RobotProfile

# Indices into the bounds.
(REACT, PERIOD, ACCEL, BRAKE_MIN, BRAKE_MAX, TURN_ACCEL, TURN_BRAKE, TRACKING, MARGIN,
 SPEED_MAX, REVERSE_MAX, TURN_MAX, YAW_MAX, LATERAL_MAX) = range(14)

STEP_S = 0.04  # length of a time interval of the prediction; shorter is less conservative and slower
INTERVALS_MAX_N = 48
OPENING_M = 0.005  # how much nearer an opening motion may come, over all behaviours, than standing still could
BISECTIONS_N = 9
FREE_M = 0.05  # clearance from which on the search for the fastest safe speed looks no closer


def pack(profile: RobotProfile) -> Floats:
    """The profile's bounds as the vector that the kernels read.

    The reaction time is period + latency (up to the expiry of a command, counted from the stamp of the snapshot
    that it was certified on) and one more period, until the drive's own clock notices the expiry.
    """
    base, timing = profile.base, profile.timing
    return np.array([
        2 * timing.period_s + timing.latency_s, timing.period_s, base.accel_max_mps2, base.brake_min_mps2,
        base.brake_max_mps2, base.turn_accel_max_radps2, base.turn_brake_min_radps2, base.tracking_m,
        base.contact_margin_m, base.speed_max_mps, base.reverse_max_mps, base.turn_max_radps,
        base.yaw_rate_max_radps, base.lateral_accel_max_mps2])


def footprint_array(profile: RobotProfile) -> Floats:
    """The profile's footprint as the array (m, 3) that the kernels read."""
    return np.array([[disc.x_m, disc.y_m, disc.radius_m] for disc in profile.footprint])


def ego_vector(speed: float, yaw_rate: float, speed_bound: float, yaw_rate_bound: float,
               flight_speed: tuple[float, float], flight_yaw: tuple[float, float]) -> Floats:
    """The ego state as the vector that the kernels read; `flight_*` are (least, largest) of the commands sent."""
    return np.array([speed, yaw_rate, speed_bound, yaw_rate_bound, *flight_speed, *flight_yaw])


@kernel
def _extent(low: float, high: float, start: float, bound: float, accel: float, react: float, brake: float,
            brake_max: float, period: float, t: float) -> tuple[float, float]:
    """Least and largest signed way at time `t`, for speeds within [low, high] that start at start +- bound."""
    if high > 0.0:
        far = farthest(most(0.0, least(start + bound, high)), accel, high, react, brake, period, t)
    else:
        far = -nearest(-high, react, brake, brake_max, period, t)
    if low < 0.0:
        near = -farthest(most(0.0, least(bound - start, -low)), accel, -low, react, brake, period, t)
    else:
        near = nearest(low, react, brake, brake_max, period, t)
    return near, far


@kernel
def _horizon(low: float, high: float, start: float, bound: float, accel: float, react: float, brake: float,
             period: float) -> float:
    """Latest time of standstill."""
    end = react + period
    if high > 0.0:
        end = most(end, stopping_time(most(0.0, least(start + bound, high)), accel, high, react, brake, period))
    if low < 0.0:
        end = most(end, stopping_time(most(0.0, least(bound - start, -low)), accel, -low, react, brake, period))
    return end


@kernel
def _hull(measured: float, bound: float, flight_low: float, flight_high: float, target: float,
          change: float) -> tuple[float, float]:
    """Least and largest value that may occur: between measured, sent and asked, as far as `change` reaches."""
    low = least(measured, least(flight_low, target))
    high = most(measured, most(flight_high, target))
    return most(low, measured - change) - bound, least(high, measured + change) + bound


@kernel
def _stray(low: float, high: float, yaw_low: float, yaw_high: float, curvature: float) -> float:
    """Largest difference between the yaw rate and the one that belongs to the speed on this curvature."""
    a, b = low * curvature, high * curvature
    return most(most(abs(yaw_high - a), abs(yaw_low - a)), most(abs(yaw_high - b), abs(yaw_low - b)))


@kernel
def sweep(bounds: Floats, ego: Floats, speed: float, curvature: float, turn: float) -> Floats:
    """The manoeuvre as intervals, shape (k, 8), each true for all times in it and all behaviours.

    Columns: x, y, cosine and sine of the middle pose in B at the stamp; half the spread (metres of arc, or
    radians of rotation); drift common to all points of the body; drift per metre of distance from B's origin
    (radians); end time.
    """
    react, period = bounds[REACT], bounds[PERIOD]
    low, high = _hull(ego[0], ego[2], ego[4], ego[5], speed, bounds[BRAKE_MAX] * react)
    yaw_low, yaw_high = _hull(ego[1], ego[3], ego[6], ego[7], speed * curvature + turn,
                              bounds[TURN_ACCEL] * react)
    rotates = turn != 0.0
    if rotates:
        first, last, start, slack = yaw_low, yaw_high, ego[1], ego[3]
        accel, brake, brake_max = bounds[TURN_ACCEL], bounds[TURN_BRAKE], bounds[TURN_ACCEL]
        stray, stray_brake = most(abs(low), abs(high)), bounds[BRAKE_MIN]
    else:
        first, last, start, slack = low, high, ego[0], ego[2]
        accel, brake, brake_max = bounds[ACCEL], bounds[BRAKE_MIN], bounds[BRAKE_MAX]
        stray, stray_brake = _stray(low, high, yaw_low, yaw_high, curvature), bounds[TURN_BRAKE]
    end = _horizon(first, last, start, slack, accel, react, brake, period)
    end = most(end, react + braking_time(stray, stray_brake, period))
    count = min(INTERVALS_MAX_N, max(3, int(math.ceil(end / STEP_S))))
    out = np.empty((count, 8))
    near0, far0 = 0.0, 0.0
    for k in range(count):
        time = end * (k + 1) / count
        near1, far1 = _extent(first, last, start, slack, accel, react, brake, brake_max, period, time)
        lower, upper = least(near0, near1), most(far0, far1)
        near0, far0 = near1, far1
        middle, half = (lower + upper) / 2, (upper - lower) / 2
        way = most(abs(lower), abs(upper))
        drift = deviation(stray, react, stray_brake, time)
        if rotates:
            out[k, 0], out[k, 1] = 0.0, 0.0
            angle, common, turned = middle, drift, 0.0
        else:
            angle, common, turned = middle * curvature, (drift + bounds[TRACKING]) * way, drift
            if abs(angle) > 1e-9:
                out[k, 0] = math.sin(angle) / curvature
                out[k, 1] = (1.0 - math.cos(angle)) / curvature
            else:
                out[k, 0], out[k, 1] = middle, 0.0
        out[k, 2], out[k, 3] = math.cos(angle), math.sin(angle)
        out[k, 4], out[k, 5], out[k, 6], out[k, 7] = half, common, turned, time
    return out


@kernel
def _travel(x: float, y: float, curvature: float, rotates: bool) -> float:
    """Way of the body's point (x, y) for each metre of arc (or radian of rotation) of the base."""
    if rotates:
        return math.hypot(x, y)
    return math.hypot(1.0 - curvature * y, curvature * x)


@kernel
def _rest_drift(bounds: Floats, ego: Floats, offset: float) -> float:
    """How far a point of a body that is told to stand may still drift, given the bounds of its estimate."""
    react, brake = bounds[REACT], bounds[BRAKE_MIN]
    end = react + braking_time(ego[2], brake, bounds[PERIOD])
    way = farthest(ego[2], bounds[ACCEL], ego[2], react, brake, bounds[PERIOD], end)
    turned = deviation(ego[3], react, bounds[TURN_BRAKE], end + 1.0)
    return way * (1.0 + bounds[TRACKING] + turned) + turned * offset


@kernel
def _standing_gap(bounds: Floats, ego: Floats, disc: Floats, footprint: Floats) -> float:
    """Least gap to a disc that standing still can promise."""
    gap = math.inf
    for i in range(footprint.shape[0]):
        x, y = footprint[i, 0], footprint[i, 1]
        reach = math.hypot(disc[0] - x, disc[1] - y) - footprint[i, 2] - disc[2]
        gap = least(gap, reach - _rest_drift(bounds, ego, math.hypot(x, y)))
    return gap


@kernel
def _closes(disc: Floats, footprint: Floats, near: float, speed: float, curvature: float, turn: float) -> bool:
    """Whether the motion moves any part of the body that is nearer than `near` towards the disc."""
    for i in range(footprint.shape[0]):
        x, y = footprint[i, 0], footprint[i, 1]
        dx, dy = disc[0] - x, disc[1] - y
        if math.hypot(dx, dy) - footprint[i, 2] - disc[2] < near:
            yaw = speed * curvature + turn
            if (speed - yaw * y) * dx + yaw * x * dy > 0.0:
                return True
    return False


@kernel
def _required(bounds: Floats, ego: Floats, speed: float, curvature: float, turn: float, disc: Floats,
              footprint: Floats, tightest: float) -> float:
    """Gap that the motion must keep to this disc.

    It is the contact margin. Where something static is nearer than that already, the robot must be able to
    leave: it may come as near to anything static as it is to the nearest (never to zero), and a motion that
    does not close on a static disc need only come no nearer to it than standing still might (plus OPENING_M).
    """
    margin = bounds[MARGIN]
    if disc[3] != 0.0 or tightest >= margin:
        return margin
    keep = least(margin, most(0.0, tightest - OPENING_M))
    own = _standing_gap(bounds, ego, disc, footprint)
    if own < keep + OPENING_M and not _closes(disc, footprint, margin, speed, curvature, turn):
        return least(keep, own - OPENING_M)
    return keep


@kernel
def _tightest(bounds: Floats, ego: Floats, discs: Floats, footprint: Floats, around: float) -> float:
    """Least gap to anything static that standing still can promise; looked for below twice the margin only."""
    margin = bounds[MARGIN]
    drift = _rest_drift(bounds, ego, around)
    gap = 2 * margin
    for j in range(discs.shape[0]):
        if discs[j, 3] == 0.0 and math.hypot(discs[j, 0], discs[j, 1]) - discs[j, 2] - around - drift < gap:
            gap = least(gap, _standing_gap(bounds, ego, discs[j], footprint))
    return gap


@kernel
def _around(footprint: Floats) -> float:
    radius = 0.0
    for i in range(footprint.shape[0]):
        radius = most(radius, math.hypot(footprint[i, 0], footprint[i, 1]) + footprint[i, 2])
    return radius


@kernel
def _gap(path: Floats, disc: Floats, footprint: Floats, travel: Floats, around: float, furthest: float,
         best: float) -> float:
    """Least gap between the swept body and one disc, or `best` where it is not below."""
    for k in range(path.shape[0]):
        dx, dy = disc[0] - path[k, 0], disc[1] - path[k, 1]
        size = grown_radius(disc[2], disc[3], disc[4], path[k, 7])
        half, common, turned = path[k, 4], path[k, 5], path[k, 6]
        reach = best + around + size + half * furthest + common + turned * around
        square = dx * dx + dy * dy
        if reach <= 0.0 or square >= reach * reach:
            continue
        x, y = path[k, 2] * dx + path[k, 3] * dy, path[k, 2] * dy - path[k, 3] * dx
        for i in range(footprint.shape[0]):
            ox, oy = footprint[i, 0], footprint[i, 1]
            gap = (math.hypot(x - ox, y - oy) - footprint[i, 2] - size - half * travel[i] - common
                   - turned * math.hypot(ox, oy))
            if gap < best:
                best = gap
    return best


@kernel
def _clearance(bounds: Floats, ego: Floats, speed: float, curvature: float, turn: float, discs: Floats,
               footprint: Floats, tightest: float, enough: float) -> float:
    """Clearance, or `enough` where it is not below; stops as soon as it is not positive and `enough` is finite."""
    path = sweep(bounds, ego, speed, curvature, turn)
    around = _around(footprint)
    travel = np.empty(footprint.shape[0])
    furthest = 0.0
    for i in range(footprint.shape[0]):
        travel[i] = _travel(footprint[i, 0], footprint[i, 1], curvature, turn != 0.0)
        furthest = most(furthest, travel[i])
    sweep_reach, end = 0.0, path[-1, 7]
    for k in range(path.shape[0]):
        wide = path[k, 4] * furthest + path[k, 5] + path[k, 6] * around
        sweep_reach = most(sweep_reach, math.hypot(path[k, 0], path[k, 1]) + wide)
    best = enough
    for j in range(discs.shape[0]):
        disc = discs[j]
        size = grown_radius(disc[2], disc[3], disc[4], end)
        reach = best + bounds[MARGIN] + around + sweep_reach + size
        if disc[0] * disc[0] + disc[1] * disc[1] >= reach * reach:
            continue
        needed = _required(bounds, ego, speed, curvature, turn, disc, footprint, tightest)
        best = _gap(path, disc, footprint, travel, around, furthest, best + needed) - needed
        if best <= 0.0 and enough < math.inf:
            break
    return best


@kernel
def clearance(bounds: Floats, ego: Floats, speed: float, curvature: float, turn: float, discs: Floats,
              footprint: Floats) -> float:
    """Clearance of a motion and of the fail-safe that would end it, metres; infinite without discs."""
    tightest = _tightest(bounds, ego, discs, footprint, _around(footprint))
    return _clearance(bounds, ego, speed, curvature, turn, discs, footprint, tightest, math.inf)


@kernel
def is_safe(bounds: Floats, ego: Floats, speed: float, curvature: float, turn: float, discs: Floats,
            footprint: Floats) -> bool:
    """Whether the clearance is positive; faster than asking for its value."""
    tightest = _tightest(bounds, ego, discs, footprint, _around(footprint))
    return _clearance(bounds, ego, speed, curvature, turn, discs, footprint, tightest, FREE_M) > 0.0


@kernel
def speed_cap(bounds: Floats, curvature: float, reverse: bool) -> float:
    """Largest speed that the robot's own limits allow on a curvature: set-point, yaw rate, lateral acceleration."""
    cap = bounds[REVERSE_MAX] if reverse else bounds[SPEED_MAX]
    bend = abs(curvature)
    if bend > 0.0:
        cap = least(cap, least(bounds[YAW_MAX] / bend, math.sqrt(bounds[LATERAL_MAX] / bend)))
    return cap


@kernel
def _fastest(bounds: Floats, ego: Floats, cap: float, curvature: float, sign: float, rotates: bool,
             discs: Floats, footprint: Floats) -> float:
    tightest = _tightest(bounds, ego, discs, footprint, _around(footprint))
    safe, unsafe, trial = 0.0, cap, cap
    for _ in range(BISECTIONS_N):
        speed, turn = (0.0, sign * trial) if rotates else (sign * trial, 0.0)
        if _clearance(bounds, ego, speed, curvature, turn, discs, footprint, tightest, FREE_M) > 0.0:
            safe = trial
            if safe == cap:
                break
        else:
            unsafe = trial
        trial = (safe + unsafe) / 2
    return safe


@kernel
def admissible_speed(bounds: Floats, ego: Floats, curvature: float, discs: Floats, footprint: Floats) -> float:
    """Fastest safe forward speed found on a curvature, metres a second; zero where none is."""
    return _fastest(bounds, ego, speed_cap(bounds, curvature, False), curvature, 1.0, False, discs, footprint)


@kernel
def admissible_reverse(bounds: Floats, ego: Floats, curvature: float, discs: Floats, footprint: Floats) -> float:
    """Fastest safe speed backwards on a curvature, as a magnitude; zero where none is."""
    return _fastest(bounds, ego, speed_cap(bounds, curvature, True), curvature, -1.0, False, discs, footprint)


@kernel
def admissible_turn(bounds: Floats, ego: Floats, sign: float, discs: Floats, footprint: Floats) -> float:
    """Fastest safe rotation in place towards `sign`, as a magnitude; zero where none is."""
    return _fastest(bounds, ego, bounds[TURN_MAX], 0.0, sign, True, discs, footprint)

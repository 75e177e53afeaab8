"""Timing of a joint path: as fast as the limits allow, at rest at both ends, without steps in acceleration.

A forward and a backward pass over the squared path speed (Bobrow, Dubowsky, Gibson, IJRR 4, 1985), with the
acceleration limit shared half and half between the path's speed-up and its curvature.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shield.contract import Floats

SMOOTHING_PERIODS_N = 5  # moving average of the path parameter: a step of acceleration takes 0.1 s
STALL_RATE = 1e-3  # smallest path speed, in paths a second: bounds the duration of any trajectory


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a trajectory keeps, one entry a joint; `tool_mps` bounds the tool's speed along its path."""

    velocity_radps: Floats
    accel_radps2: Floats
    tool_mps: float


def sample(path: Floats, length_m: float, limits: Limits, period_s: float) -> Floats:
    """Time a path.

    Args:
        path: joint positions at even steps of the path parameter, shape (n, 7), n at least 3.
        length_m: length of the tool's way along it; zero for a motion of the joints alone.
        limits: bounds on velocities and accelerations.
        period_s: time between the samples returned.

    Returns:
        Joint positions at multiples of `period_s`, shape (m, 7); the last row is the end of the path.
    """
    step = 1.0 / (len(path) - 1)
    first = np.gradient(path, step, axis=0)
    second = np.gradient(first, step, axis=0)
    speed = _path_speed(first, second, step, length_m, limits)
    times = np.concatenate(([0.0], np.cumsum(2.0 * step / (speed[1:] + speed[:-1]))))
    clock = np.arange(int(np.ceil(times[-1] / period_s)) + 1) * period_s
    share = _smooth(np.interp(clock, times, np.linspace(0.0, 1.0, len(path))))
    knots = np.linspace(0.0, 1.0, len(path))
    return np.stack([np.interp(share, knots, column) for column in path.T], axis=1)


def _path_speed(first: Floats, second: Floats, step: float, length_m: float, limits: Limits) -> Floats:
    tiny = 1e-9
    squared = np.min((limits.velocity_radps / (np.abs(first) + tiny)) ** 2, axis=1)
    squared = np.minimum(squared, np.min(0.5 * limits.accel_radps2 / (np.abs(second) + tiny), axis=1))
    squared = np.minimum(squared, (limits.tool_mps / (length_m + tiny)) ** 2)
    gain = 2.0 * step * np.min(0.5 * limits.accel_radps2 / (np.abs(first) + tiny), axis=1)
    squared[0] = squared[-1] = 0.0
    for k in range(1, len(squared)):
        squared[k] = min(squared[k], squared[k - 1] + gain[k - 1])
    for k in range(len(squared) - 2, -1, -1):
        squared[k] = min(squared[k], squared[k + 1] + gain[k + 1])
    speed: Floats = np.sqrt(squared)
    speed[1:-1] = np.maximum(speed[1:-1], STALL_RATE)
    return speed


def _smooth(share: Floats) -> Floats:
    """Moving average with the ends held: starts at the first value, ends at the last, never turns back."""
    pad = SMOOTHING_PERIODS_N - 1
    held = np.concatenate((np.full(pad, share[0]), share, np.full(pad, 1.0)))
    kernel = np.full(SMOOTHING_PERIODS_N, 1.0 / SMOOTHING_PERIODS_N)
    return np.convolve(held, kernel, mode="valid")

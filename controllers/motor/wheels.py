"""Wheels of a differential drive: twist to wheel rates and back, and the velocity loop of the motor board."""

from __future__ import annotations

import math
from dataclasses import dataclass

from shield.profile import Base


def wheel_rates(base: Base, speed_mps: float, yaw_rate_radps: float) -> tuple[float, float]:
    """Rates of the left and the right wheel, rad/s, that make the given twist of B."""
    half = yaw_rate_radps * base.track_m / 2.0
    return (speed_mps - half) / base.wheel_radius_m, (speed_mps + half) / base.wheel_radius_m


def body_twist(base: Base, left_radps: float, right_radps: float) -> tuple[float, float]:
    """Speed, m/s, and yaw rate, rad/s, of B that the two wheel rates amount to without slip."""
    speed_mps = (left_radps + right_radps) * base.wheel_radius_m / 2.0
    return speed_mps, (right_radps - left_radps) * base.wheel_radius_m / base.track_m


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelMotor:
    """What the loop of one wheel is designed with.

    A motor gives at most `drive_nm` when it speeds the wheel up and at most `brake_nm` (motor and brake
    together) when it slows it down.
    """

    inertia_kgm2: float  # reflected to the wheel: share of the robot's mass times radius squared
    drive_nm: float
    brake_nm: float
    bandwidth_radps: float = 40.0


class WheelLoop:
    """PI velocity loop of one wheel with torque limit and conditional integration against wind-up."""

    def __init__(self, motor: WheelMotor) -> None:
        self._motor = motor
        self._gain = motor.inertia_kgm2 * motor.bandwidth_radps
        self._integral_gain = self._gain * motor.bandwidth_radps / 4.0  # critically damped
        self._integral_nm = 0.0

    def reset(self) -> None:
        """Forget the integral, as the board does when its power is cut."""
        self._integral_nm = 0.0

    def step(self, target_radps: float, measured_radps: float, dt_s: float) -> float:
        """Torque, N m, for one step of `dt_s`; zero when an input is not finite."""
        error = target_radps - measured_radps
        if not math.isfinite(error) or not math.isfinite(dt_s):
            self._integral_nm = 0.0
            return 0.0
        wanted = self._gain * error + self._integral_nm
        torque = self._limited(wanted, measured_radps)
        if torque == wanted or error * wanted < 0.0:
            self._integral_nm += self._integral_gain * error * dt_s
        return torque

    def _limited(self, torque_nm: float, measured_radps: float) -> float:
        braking = torque_nm * measured_radps < 0.0
        bound = self._motor.brake_nm if braking else self._motor.drive_nm
        return max(-bound, min(bound, torque_nm))

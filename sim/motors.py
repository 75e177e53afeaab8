"""The robot's motor boards as the simulation runs them: delay, velocity loops, friction and ripple."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numba import njit

from controllers.motor.arm import ArmLoop
from controllers.motor.wheels import WheelLoop, WheelMotor, wheel_rates
from shield.contract import ActuatorJoints, ActuatorTwist, Floats
from shield.errors import BadInput
from shield.profile import RobotProfile
from sim.panda import PANDA_INERTIALS

BACKLOG_MAX = 50  # set-points that may wait for their delay to pass: one second's worth at 50 Hz
FINGER_STIFFNESS_NPM = 2600.0  # with FINGER_DAMPING: well damped at the finger's reflected mass of 0.1 kg
FINGER_DAMPING_NSPM = 20.0
ARM_DAMPING_NMSPRAD = (
    80.0,
    100.0,
    60.0,
    60.0,
    20.0,
    20.0,
    18.0,
)  # over each inertia some 50 rad/s of bandwidth
ARM_ANCHOR_PS = 12.0  # stiffness over damping: a quarter of the bandwidth, so that nothing rings
WATCHDOG_NS = 100_000_000  # without a set-point for so long a board brakes, as real ones do
STRIBECK_RADPS = 0.05  # width of the smooth transition of Coulomb friction through zero


class Motors:
    """Turns set-points into torques, once per physics step.

    Args:
        profile: of the robot.
        rng: stream of the torque ripple.
    """

    def __init__(self, profile: RobotProfile, rng: np.random.Generator) -> None:
        self._profile, self._rng = profile, rng
        self._noise = profile.simulation.torque_noise
        self._delay_ns = round(profile.simulation.actuation_delay_s * 1e9)
        motor = wheel_motor(profile)
        self._wheels = (WheelLoop(motor), WheelLoop(motor))
        self._arm = ArmLoop(profile.arm, *arm_gains(profile))
        self._target = np.zeros(2 + len(profile.arm.joints))
        self._waiting: deque[tuple[int, ActuatorTwist | ActuatorJoints]] = deque(maxlen=BACKLOG_MAX)
        self._friction = np.concatenate(
            (
                np.full(2, profile.simulation.wheel_friction_nm),
                np.full(len(profile.arm.joints), profile.simulation.arm_friction_nm),
                np.zeros(2),
            )
        )
        self._opening = profile.arm.gripper_max_m
        self._opening_target = self._opening
        self._heard_ns = 0  # when the last set-point was taken

    def reset(self, gripper_m: float) -> None:
        """Stand still with the gripper at the given opening."""
        for wheel in self._wheels:
            wheel.reset()
        self._arm.reset()
        self._target[:] = 0.0
        self._waiting.clear()
        self._opening = self._opening_target = gripper_m

    def command(self, set_point: ActuatorTwist | ActuatorJoints, at_ns: int) -> None:
        """Take a set-point that arrives at `at_ns`; it acts after the actuation delay."""
        self._waiting.append((at_ns + self._delay_ns, set_point))

    def torque(
        self, now_ns: int, position: Floats, velocity: Floats, bias_nm: Floats, step_s: float
    ) -> Floats:
        """Torques for the step that begins at `now_ns`, in the plant's order of joints."""
        while self._waiting and self._waiting[0][0] <= now_ns:
            self._heard_ns = now_ns
            self._take(self._waiting.popleft()[1])
        if now_ns - self._heard_ns > WATCHDOG_NS:
            self._brake(step_s)
        out = np.zeros(len(position))
        for k, wheel in enumerate(self._wheels):
            out[k] = wheel.step(float(self._target[k]), float(velocity[k]), step_s)
        out[2:-2] = self._arm.step(self._target[2:], position[2:-2], velocity[2:-2], bias_nm, step_s)
        gripper = self._opening_at(step_s)
        _spoil(out, self._rng.standard_normal(len(out)), velocity, self._friction, self._noise)
        _grip(out, position, velocity, gripper, self._profile.simulation.gripper_force_n)
        return out

    def _take(self, set_point: ActuatorTwist | ActuatorJoints) -> None:
        if isinstance(set_point, ActuatorTwist):
            self._target[:2] = wheel_rates(self._profile.base, set_point.speed_mps, set_point.yaw_rate_radps)
            return
        if len(set_point.joint_velocity_radps) == len(self._target) - 2:
            self._target[2:] = set_point.joint_velocity_radps
        if np.isfinite(set_point.gripper_m):
            self._opening_target = min(max(set_point.gripper_m, 0.0), self._profile.arm.gripper_max_m)

    def _brake(self, step_s: float) -> None:
        """Let the set-points sink to zero: the wheels together (the curvature stays), each joint alone."""
        base = self._profile.base
        fastest = float(np.abs(self._target[:2]).max())
        if fastest > 0.0:
            self._target[:2] *= max(
                0.0, 1.0 - base.brake_command_mps2 / base.wheel_radius_m * step_s / fastest
            )
        fall = np.array(self._profile.arm.brake_radps2) * step_s
        self._target[2:] -= np.clip(self._target[2:], -fall, fall)

    def _opening_at(self, step_s: float) -> float:
        travel = self._profile.simulation.gripper_speed_mps * step_s
        self._opening += min(max(self._opening_target - self._opening, -travel), travel)
        return self._opening


@njit(cache=True, error_model="numpy")
def _spoil(
    torque: Floats, ripple: Floats, velocity: Floats, friction: Floats, noise: float
) -> None:  # pragma: no cover # compiled
    """Add ripple to what the motors give, and take the gears' friction from it."""
    for k in range(len(torque)):
        torque[k] *= 1.0 + noise * ripple[k]
        torque[k] -= friction[k] * math.tanh(velocity[k] / STRIBECK_RADPS)


@njit(cache=True, error_model="numpy")
def _grip(
    torque: Floats, position: Floats, velocity: Floats, opening: float, limit: float
) -> None:  # pragma: no cover # compiled
    """Force of each finger towards half the opening, N."""
    for k in range(len(torque) - 2, len(torque)):
        force = FINGER_STIFFNESS_NPM * (opening / 2.0 - position[k]) - FINGER_DAMPING_NSPM * velocity[k]
        torque[k] = min(max(force, -limit), limit)


def arm_gains(profile: RobotProfile) -> tuple[Floats, Floats]:
    """Stiffness and damping of the arm's loops: damped for the link inertias, N m per rad and per rad/s."""
    if len(profile.arm.joints) != len(ARM_DAMPING_NMSPRAD):
        raise BadInput(
            f"{profile.robot}: arm.joints has {len(profile.arm.joints)} entries; the simulated motor "
            f"boards drive arms of {len(ARM_DAMPING_NMSPRAD)} joints"
        )
    damping = np.array(ARM_DAMPING_NMSPRAD)
    return ARM_ANCHOR_PS * damping, damping


def wheel_motor(profile: RobotProfile) -> WheelMotor:
    """What the wheels' loops are designed with: half the robot's mass at each wheel."""
    mass_kg = profile.simulation.base_mass_kg + sum(link[0] for link in PANDA_INERTIALS)
    return WheelMotor(
        inertia_kgm2=mass_kg / 2.0 * profile.base.wheel_radius_m**2,
        drive_nm=profile.simulation.wheel_drive_torque_nm,
        brake_nm=profile.simulation.wheel_brake_torque_nm,
    )

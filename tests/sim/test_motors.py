"""The motor boards stop by themselves when nobody tells them what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from shield.contract import ActuatorJoints, ActuatorTwist
from shield.profile import load_profile
from sim.motors import WATCHDOG_NS, Motors

PROFILE = load_profile(Path(__file__).resolve().parents[2] / "launch" / "profiles" / "amr_panda.yaml")
STEP_NS = 2_000_000
STILL = np.zeros(2 + len(PROFILE.arm.joints) + 2)


def run(motors: Motors, start_ns: int, duration_ns: int) -> None:
    for now_ns in range(start_ns, start_ns + duration_ns, STEP_NS):
        motors.torque(now_ns, STILL, STILL, np.zeros(len(PROFILE.arm.joints)), STEP_NS * 1e-9)


def test_set_points_that_stop_coming_end_in_standstill_on_the_same_curvature() -> None:
    motors = Motors(PROFILE, np.random.default_rng(1))
    arm_radps = (0.5,) * len(PROFILE.arm.joints)
    motors.command(ActuatorTwist(stamp_ns=0, speed_mps=1.0, yaw_rate_radps=0.5), 0)
    motors.command(ActuatorJoints(stamp_ns=0, joint_velocity_radps=arm_radps, gripper_m=0.04), 0)
    run(motors, 0, WATCHDOG_NS)
    left, right = motors._target[:2]
    assert np.all(motors._target[2:] == 0.5)
    run(motors, WATCHDOG_NS, 300_000_000)
    assert 0.0 < motors._target[0] < left
    assert np.isclose(motors._target[0] / motors._target[1], left / right)
    run(motors, WATCHDOG_NS + 300_000_000, 700_000_000)
    assert np.all(motors._target == 0.0)


def test_set_points_that_keep_coming_are_followed() -> None:
    motors = Motors(PROFILE, np.random.default_rng(1))
    for k in range(50):
        motors.command(ActuatorTwist(stamp_ns=0, speed_mps=1.0, yaw_rate_radps=0.0), k * 20_000_000)
        run(motors, k * 20_000_000, 20_000_000)
    assert np.all(motors._target[:2] == 1.0 / PROFILE.base.wheel_radius_m)

"""Both engines: what the profile promises of the motion holds on the simulated floor."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import pytest

from shield.contract import ActuatorTwist, Floats
from shield.site import Pose
from sim.simulator import ENGINES, Simulator
from tests.sim.scripted import PERIOD_S, Puppet, load

SCENARIO, PROFILE, SITE = load()
ALONE = dataclasses.replace(SCENARIO, people=())
OUTSTRETCHED = (0.0, 1.2, 0.0, -0.5, 0.0, 1.6, 0.785)
START = Pose(x_m=1.0, y_m=1.3, heading_rad=0.0)


def puppet(engine: str, arm: tuple[float, ...] | None = None) -> Puppet:
    sim = Simulator(ALONE, PROFILE, SITE, 1, engine)
    sim.place_robot(START, arm)
    out = Puppet(sim)
    out.wait(0.6)
    return out


def speeds(driver: Puppet, seconds: float, speed_mps: float = 0.0, turn_radps: float = 0.0) -> Floats:
    """Speed, yaw rate, x, y and tilt after each period."""
    rows = []
    for _ in range(round(seconds / PERIOD_S)):
        driver.step(speed_mps=speed_mps, turn_radps=turn_radps)
        t = driver.sim.truth
        rows.append((t.speed_mps, t.yaw_rate_radps, t.x_m, t.y_m, t.tilt_rad))
    return np.array(rows)


def step_to(driver: Puppet, seconds: float, speed_mps: float = 0.0, turn_radps: float = 0.0) -> Floats:
    """As `speeds`, with the set-point given at once, without the drive's ramps."""
    rows = []
    for _ in range(round(seconds / PERIOD_S)):
        twist = ActuatorTwist(stamp_ns=driver.now_ns, speed_mps=speed_mps, yaw_rate_radps=turn_radps)
        driver.sim.handle("cmd_vel", twist, driver.now_ns)
        driver.now_ns += round(PERIOD_S * 1e9)
        driver.sim.tick(driver.now_ns)
        t = driver.sim.truth
        rows.append((t.speed_mps, t.yaw_rate_radps, t.x_m, t.y_m, t.tilt_rad))
    return np.array(rows)


@pytest.mark.parametrize(
    ("engine", "arm"),
    [("mujoco", PROFILE.arm.stowed_rad), ("mujoco", OUTSTRETCHED), ("pybullet", PROFILE.arm.stowed_rad)],
    ids=["mujoco-stowed", "mujoco-outstretched", "pybullet"],
)
def test_acceleration_stays_below_its_bound_whatever_is_asked(engine: str, arm: tuple[float, ...]) -> None:
    rows = step_to(puppet(engine, arm), 2.5, speed_mps=PROFILE.base.speed_max_mps)
    accel = np.diff(rows[:, 0]) / PERIOD_S
    assert accel.max() <= PROFILE.base.accel_max_mps2
    assert rows[-1, 0] == pytest.approx(PROFILE.base.speed_max_mps, abs=0.02)
    assert (rows[70, 0] - rows[10, 0]) / (60 * PERIOD_S) >= PROFILE.base.command_accel_mps2  # the ramp is met


@pytest.mark.parametrize(
    ("engine", "arm"),
    [("mujoco", PROFILE.arm.stowed_rad), ("mujoco", OUTSTRETCHED), ("pybullet", PROFILE.arm.stowed_rad)],
    ids=["mujoco-stowed", "mujoco-outstretched", "pybullet"],
)
def test_braking_lies_within_its_bounds(engine: str, arm: tuple[float, ...]) -> None:
    driver = puppet(engine, arm)
    speeds(driver, 3.0, speed_mps=PROFILE.base.speed_max_mps)
    for brake in (speeds, step_to):  # the drive's ramp, and the hardest that the motors give
        before = driver.sim.truth
        rows = brake(driver, 1.6)
        decel = -np.diff(np.concatenate(([before.speed_mps], rows[:, 0]))) / PERIOD_S
        assert decel.max() <= PROFILE.base.brake_max_mps2
        bound = PROFILE.timing.latency_s * before.speed_mps + before.speed_mps**2 / (
            2 * PROFILE.base.brake_min_mps2
        )
        assert rows[-1, 2] - before.x_m <= bound
        assert np.abs(rows[-10:, 0]).max() < PROFILE.base.standstill_mps
        assert rows[:, 4].max() < math.radians(1.5)  # neither arm nor braking tips the base
        driver = puppet(engine, arm)
        step_to(driver, 2.8, speed_mps=PROFILE.base.speed_max_mps)


@pytest.mark.parametrize("engine", ENGINES)
def test_rotation_in_place_keeps_its_bounds(engine: str) -> None:
    driver = puppet(engine)
    rows = step_to(driver, 1.5, turn_radps=PROFILE.base.turn_max_radps)
    assert (np.diff(rows[:, 1]) / PERIOD_S).max() <= PROFILE.base.turn_accel_max_radps2
    assert rows[-1, 1] == pytest.approx(PROFILE.base.turn_max_radps, abs=0.02)
    assert np.abs(rows[:, 0]).max() < 0.02
    stop = speeds(driver, 1.5)
    stop = step_to(driver, 1.0) if abs(stop[-1, 1]) > PROFILE.base.standstill_radps else stop
    assert np.abs(stop[-10:, 1]).max() < PROFILE.base.standstill_radps


@pytest.mark.parametrize("engine", ENGINES)
def test_rotation_stops_as_fast_as_promised(engine: str) -> None:
    driver = puppet(engine)
    speeds(driver, 1.5, turn_radps=PROFILE.base.turn_max_radps)
    heading, rate = driver.sim.truth.heading_rad, driver.sim.truth.yaw_rate_radps
    speeds(driver, 1.5)
    turned = driver.sim.truth.heading_rad - heading
    bound = rate * PROFILE.timing.latency_s + rate**2 / (2 * PROFILE.base.turn_brake_min_radps2)
    assert 0.0 < turned <= bound


def test_both_engines_agree_on_a_driven_arc() -> None:
    ends = []
    for engine in ENGINES:
        driver = puppet(engine)
        speeds(driver, 1.5, speed_mps=0.6)
        speeds(driver, 3.0, speed_mps=0.6, turn_radps=0.4)
        speeds(driver, 1.0)
        t = driver.sim.truth
        ends.append((t.x_m, t.y_m, t.heading_rad))
    (x0, y0, h0), (x1, y1, h1) = ends
    assert math.hypot(x1 - x0, y1 - y0) < 0.02
    assert abs(h1 - h0) < 0.01
    assert math.hypot(x0 - START.x_m, y0 - START.y_m) > 1.5


@pytest.mark.parametrize("engine", ENGINES)
def test_an_arc_is_tracked_without_slip(engine: str) -> None:
    driver = puppet(engine)
    speeds(driver, 2.0, speed_mps=0.8, turn_radps=0.8)
    lateral = []
    for _ in range(100):
        driver.step(speed_mps=0.8, turn_radps=0.8)
        t = driver.sim.truth
        lateral.append(abs(t.lateral_mps))
        assert t.speed_mps == pytest.approx(0.8, abs=0.02)
        assert t.yaw_rate_radps == pytest.approx(0.8, abs=0.03)
    assert max(lateral) < PROFILE.base.tracking_m * 0.8


@pytest.mark.parametrize("engine", ENGINES)
def test_the_robot_stands_still_while_the_arm_works(engine: str) -> None:
    driver = puppet(engine)
    before = driver.sim.truth
    command, ramp = np.zeros(7), np.array(PROFILE.arm.brake_radps2) * PERIOD_S
    for sign in (1.0, -1.0):
        wanted = sign * np.array(PROFILE.arm.work_velocity_radps) * 0.7
        for _ in range(40):
            command = command + np.clip(wanted - command, -ramp, ramp)
            driver.step(joints_radps=command)
            assert abs(driver.sim.truth.speed_mps) < PROFILE.base.standstill_mps
    after = driver.sim.truth
    assert math.hypot(after.x_m - before.x_m, after.y_m - before.y_m) < 0.003
    assert after.tilt_rad < 0.01


@pytest.mark.parametrize(("engine", "joints"), [("mujoco", range(7)), ("pybullet", (1, 5))])
def test_joint_velocities_are_tracked_and_stop_in_time(engine: str, joints: Sequence[int]) -> None:
    driver = puppet(engine)
    work, brake = np.array(PROFILE.arm.work_velocity_radps), np.array(PROFILE.arm.brake_radps2)
    for joint in joints:
        wanted, command = np.zeros(7), np.zeros(7)
        wanted[joint] = 0.8 * work[joint]
        for k in range(35):
            command += np.clip(wanted - command, -brake * PERIOD_S, brake * PERIOD_S)
            driver.step(joints_radps=command)
            if k > 20:
                velocity = driver.sim.plant.joint_velocity()[2:9]
                assert velocity == pytest.approx(wanted, abs=0.06)
        start, speed = driver.joints()[joint], velocity[joint]
        for _ in range(40):
            driver.step()
        reach = speed * PROFILE.timing.latency_s + speed**2 / (2 * brake[joint])
        assert 0.0 < driver.joints()[joint] - start <= reach
        assert np.abs(driver.sim.plant.joint_velocity()[2:9]).max() < PROFILE.base.standstill_radps
        driver.move_joints(np.array(PROFILE.arm.stowed_rad))


@pytest.mark.parametrize("engine", ENGINES)
def test_the_gripper_opens_and_closes_at_its_speed(engine: str) -> None:
    driver = puppet(engine)
    driver.gripper_m = PROFILE.arm.gripper_max_m
    driver.wait(0.5)
    half = driver.sim.plant.joint_position()[-2:].sum()
    assert half < PROFILE.simulation.gripper_speed_mps * 0.5 + 0.005
    driver.wait(0.6)
    assert driver.sim.plant.joint_position()[-2:] == pytest.approx(0.04, abs=1e-3)
    driver.gripper_m = 0.0
    driver.wait(1.2)
    assert driver.sim.plant.joint_position()[-2:] == pytest.approx(0.0, abs=1e-3)

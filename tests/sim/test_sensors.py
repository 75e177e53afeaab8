from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from shield.contract import Imu, JointReading, PoseFix, Scan
from sim.rays import cast
from sim.scenario import Scenario
from sim.sensors import leg_circles, truncated, wall_rectangles
from sim.simulator import Simulator
from tests.sim.scripted import Puppet, load

PERIOD_NS = 20_000_000
SCENARIO, PROFILE, SITE = load()
ALONE: Scenario = dataclasses.replace(SCENARIO, people=())


def run(sim: Simulator, periods: int) -> list[tuple[int, str, object]]:
    out = []
    for k in range(1, periods + 1):
        out += [(k * PERIOD_NS, topic, message) for topic, message in sim.tick(k * PERIOD_NS)]
    return out


def test_rates_delays_and_order() -> None:
    messages = run(Simulator(SCENARIO, PROFILE, SITE, 1), 100)
    times: dict[str, list[tuple[int, int]]] = {}
    for now_ns, topic, message in messages:
        assert isinstance(message, (Scan, Imu, JointReading, PoseFix))
        times.setdefault(topic, []).append((now_ns, message.stamp_ns))
    counts = {topic: len(entries) for topic, entries in times.items()}
    assert counts == {"scan_front": 50, "scan_rear": 50, "imu": 100, "joint_states": 100, "localisation": 20}
    delays = {topic: {now - stamp for now, stamp in entries} for topic, entries in times.items()}
    assert delays["joint_states"] == delays["imu"] == {0}
    assert delays["scan_front"] == delays["scan_rear"] == {round(PROFILE.simulation.lidar_delay_s * 1e9)}
    assert delays["localisation"] == {round(PROFILE.simulation.fix_delay_s * 1e9)}
    assert not {now for now, _ in times["scan_front"]} & {now for now, _ in times["scan_rear"]}  # staggered
    by_tick = [topic for now, topic, _ in messages if now == 40 * PERIOD_NS]
    assert by_tick[-1] == "joint_states"  # it starts the cycle of control


def test_ranges_keep_within_the_error_bound() -> None:
    sim = Simulator(SCENARIO, PROFILE, SITE, 2)
    lidar = PROFILE.lidars[0]
    worst = 0.0
    for k in range(1, 50):
        scans = [m for topic, m in sim.tick(k * PERIOD_NS) if topic == lidar.name]
        if not scans:
            continue
        assert isinstance(scans[0], Scan)
        base, scan = sim.plant.base(), scans[0]
        cos, sin = math.cos(base.heading_rad), math.sin(base.heading_rad)
        origin = np.array(
            (base.x_m + cos * lidar.x_m - sin * lidar.y_m, base.y_m + sin * lidar.x_m + cos * lidar.y_m)
        )
        angles = base.heading_rad + lidar.heading_rad + scan.angle_min_rad
        beams = angles + scan.angle_step_rad * np.arange(lidar.beams, dtype=np.float64)
        walls = wall_rectangles(sim.world, lidar.height_m)
        people = sim.people.copy()
        people[:, :2] -= 0.0
        true = cast(origin, beams, walls, leg_circles(people), lidar.range_max_m)
        near_people = cast(origin, beams, np.zeros((0, 5)), leg_circles(people), 12.0) < 12.0
        still = np.isfinite(true) & np.isfinite(scan.range_m) & ~near_people
        worst = max(worst, float(np.abs(scan.range_m - true)[still].max()))
    assert 0.01 < worst <= lidar.error_m + 1e-3  # the base creeps by less than a millimetre in the delay


def test_noise_is_cut_at_three_sigmas_or_at_the_bound() -> None:
    rng = np.random.default_rng(0)
    assert np.abs(truncated(rng, 1.0, math.inf, 100_000)).max() == 3.0
    assert np.abs(truncated(rng, 1.0, 0.5, 1000)).max() == 0.5


def test_what_is_too_near_is_unknown_and_what_is_too_far_is_free() -> None:
    profile = dataclasses.replace(
        PROFILE,
        lidars=tuple(
            dataclasses.replace(lidar, range_min_m=2.0, range_max_m=4.0) for lidar in PROFILE.lidars
        ),
    )
    scans = [m for _, _, m in run(Simulator(ALONE, profile, SITE, 1), 4) if isinstance(m, Scan)]
    for scan in scans:
        assert np.isnan(scan.range_m).any()
        assert np.isposinf(scan.range_m).any()
        seen = scan.range_m[np.isfinite(scan.range_m)]
        assert len(seen)
        assert seen.min() >= 2.0
        assert seen.max() <= 4.0


def test_the_robot_does_not_see_itself() -> None:
    sim = Simulator(ALONE, PROFILE, SITE, 1)
    sim.place_robot(SITE.home)
    for _, _, message in run(sim, 4):
        if isinstance(message, Scan):
            assert np.nanmin(message.range_m) > 0.3


def test_fixes_keep_their_promise_while_driving() -> None:
    sim = Simulator(ALONE, PROFILE, SITE, 4)
    sim.place_robot(SITE.home)
    puppet = Puppet(sim)
    poses, errors = {}, []
    sent = sim.tick

    def tick(now_ns: int) -> list[tuple[str, object]]:
        out = sent(now_ns)
        base = sim.plant.base()
        poses[now_ns] = base
        for _, message in out:
            if isinstance(message, PoseFix) and message.stamp_ns in poses:
                truth = poses[message.stamp_ns]
                errors.append(
                    (
                        math.hypot(message.x_m - truth.x_m, message.y_m - truth.y_m),
                        abs(message.heading_rad - truth.heading_rad),
                        abs(message.speed_mps - truth.speed_mps),
                        abs(message.yaw_rate_radps - truth.yaw_rate_radps),
                    )
                )
        return out

    sim.tick = tick  # type: ignore[method-assign] # the test listens in
    puppet.wait(6.0, speed_mps=0.8)
    puppet.wait(3.0, turn_radps=0.5)
    worst = np.array(errors).max(axis=0)
    odometry = PROFILE.odometry
    assert len(errors) > 80
    assert 0.2 * odometry.fix_position_m < worst[0] <= odometry.fix_position_m
    assert 0.2 * odometry.fix_heading_rad < worst[1] <= odometry.fix_heading_rad
    assert worst[2] <= odometry.speed_bound_mps
    assert worst[3] <= odometry.yaw_rate_bound_radps


def test_odometry_of_ticks_and_gyro_keeps_its_bounds() -> None:
    sim = Simulator(ALONE, PROFILE, SITE, 5)
    sim.place_robot(SITE.home)
    puppet = Puppet(sim)
    base = PROFILE.base
    worst_speed = worst_yaw = 0.0
    last: dict[str, object] = {}
    sent = sim.tick

    def tick(now_ns: int) -> list[tuple[str, object]]:
        out = sent(now_ns)
        last.update(dict(out))
        return out

    sim.tick = tick  # type: ignore[method-assign] # the test listens in
    for k in range(400):
        puppet.step(speed_mps=1.0 if k < 150 else 0.2, turn_radps=0.4 if k > 200 else 0.0)
        truth = sim.truth
        reading, imu = last["joint_states"], last["imu"]
        assert isinstance(reading, JointReading)
        assert isinstance(imu, Imu)
        if k > 2:
            speed = (reading.velocity_radps[0] + reading.velocity_radps[1]) / 2 * base.wheel_radius_m
            worst_speed = max(worst_speed, abs(speed - truth.speed_mps))
            worst_yaw = max(worst_yaw, abs(imu.yaw_rate_radps - truth.yaw_rate_radps))
    assert worst_speed <= PROFILE.odometry.speed_bound_mps
    assert worst_yaw <= PROFILE.odometry.yaw_rate_bound_radps


def test_wheel_positions_are_whole_ticks() -> None:
    sim = Simulator(ALONE, PROFILE, SITE, 6)
    puppet = Puppet(sim)
    puppet.wait(0.6, speed_mps=-0.2)
    reading = next(m for topic, m in sim.tick(puppet.now_ns + PERIOD_NS) if topic == "joint_states")
    assert isinstance(reading, JointReading)
    assert reading.name[:2] == ("left_wheel", "right_wheel")
    assert reading.name[2:] == (*PROFILE.arm.joints, *PROFILE.arm.fingers)
    ticks = np.array(reading.position_rad[:2]) / (2 * math.pi / PROFILE.base.ticks_per_turn)
    assert ticks == pytest.approx(np.round(ticks), abs=1e-6)
    assert ticks[0] < 0


def test_every_sensor_has_a_stream_of_its_own() -> None:
    def fixes(lidars: tuple[object, ...]) -> list[float]:
        profile = dataclasses.replace(PROFILE, lidars=lidars)  # type: ignore[arg-type] # a tuple of lidars
        return [m.x_m for _, _, m in run(Simulator(ALONE, profile, SITE, 9), 50) if isinstance(m, PoseFix)]

    assert fixes(PROFILE.lidars) == fixes(PROFILE.lidars[:1])

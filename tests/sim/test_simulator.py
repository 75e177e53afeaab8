from __future__ import annotations

import dataclasses
import math
import pickle

import pytest

from shield.contract import ActuatorJoints, ActuatorTwist, Scan
from shield.errors import BadInput
from sim.people import WayPoint
from sim.simulator import ENGINES, Simulator
from tests.sim.scripted import Puppet, load

SCENARIO, PROFILE, SITE = load()
PERIOD_NS = 20_000_000


def drive(seed: int, engine: str, periods: int = 60) -> list[bytes]:
    sim = Simulator(SCENARIO, PROFILE, SITE, seed, engine)
    out = []
    for k in range(1, periods + 1):
        now_ns = k * PERIOD_NS
        out += [pickle.dumps(message) for _, message in sim.tick(now_ns)]
        twist = ActuatorTwist(stamp_ns=now_ns, speed_mps=0.3, yaw_rate_radps=0.2)
        assert sim.handle("cmd_vel", twist, now_ns) == []
        joints = ActuatorJoints(stamp_ns=now_ns, joint_velocity_radps=(0.1,) * 7, gripper_m=0.05)
        sim.handle("joint_command", joints, now_ns)
    return [*out, pickle.dumps(sim.truth)]


@pytest.mark.parametrize("engine", ENGINES)
def test_same_seed_same_run_bit_for_bit(engine: str) -> None:
    assert drive(4, engine) == drive(4, engine)


def test_another_seed_is_another_run() -> None:
    assert drive(4, "mujoco", 5) != drive(5, "mujoco", 5)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_set_point_acts_after_the_actuation_delay(engine: str) -> None:
    delay_s = 0.1
    profile = dataclasses.replace(
        PROFILE, simulation=dataclasses.replace(PROFILE.simulation, actuation_delay_s=delay_s)
    )
    sim = Simulator(dataclasses.replace(SCENARIO, people=()), profile, SITE, 1, engine)
    now_ns = 0
    for _ in range(30):
        now_ns += PERIOD_NS
        sim.tick(now_ns)
    sim.handle("cmd_vel", ActuatorTwist(stamp_ns=now_ns, speed_mps=0.5, yaw_rate_radps=0.0), now_ns)
    for _ in range(5):
        now_ns += PERIOD_NS
        sim.tick(now_ns)
    assert abs(sim.truth.speed_mps) < 0.002
    sim.tick(now_ns + PERIOD_NS)
    assert sim.truth.speed_mps > 0.005


def test_what_is_no_set_point_is_ignored() -> None:
    sim = Simulator(SCENARIO, PROFILE, SITE, 1)
    sim.tick(PERIOD_NS)
    twist = ActuatorTwist(stamp_ns=0, speed_mps=1.0, yaw_rate_radps=0.0)
    for topic, value in (("cmd_vel", "go"), ("scan_front", twist), ("cmd_vel", None), ("order", twist)):
        assert sim.handle(topic, value, PERIOD_NS) == []
    short = ActuatorJoints(stamp_ns=0, joint_velocity_radps=(1.0,), gripper_m=math.nan)
    sim.handle("joint_command", short, PERIOD_NS)
    for k in range(2, 20):
        sim.tick(k * PERIOD_NS)
    assert abs(sim.truth.speed_mps) < PROFILE.base.standstill_mps
    assert sim.truth.joint_position_rad[2:9] == pytest.approx(PROFILE.arm.stowed_rad, abs=0.01)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_set_point_that_is_no_number_moves_nothing(bad: float) -> None:
    sim = Simulator(dataclasses.replace(SCENARIO, people=()), PROFILE, SITE, 1)
    for k in range(1, 50):
        sim.tick(k * PERIOD_NS)
        sim.handle("cmd_vel", ActuatorTwist(stamp_ns=0, speed_mps=bad, yaw_rate_radps=bad), k * PERIOD_NS)
        joints = ActuatorJoints(stamp_ns=0, joint_velocity_radps=(bad,) * 7, gripper_m=bad)
        sim.handle("joint_command", joints, k * PERIOD_NS)
    truth = sim.truth
    assert abs(truth.speed_mps) < 0.02
    assert max(abs(v) for v in truth.joint_velocity_radps[2:9]) < 0.02


def test_stamps_follow_the_clock_of_the_caller() -> None:
    sim = Simulator(SCENARIO, PROFILE, SITE, 1)
    start_ns = 1_700_000_000_000_000_000
    for k, jitter_ns in enumerate((0, 3_000_000, -2_000_000, 40_000_000)):
        now_ns = start_ns + k * PERIOD_NS + jitter_ns
        for topic, message in sim.tick(now_ns):
            delay_ns = 8_000_000 if topic.startswith("scan") else 40_000_000 if topic == "localisation" else 0
            if topic != "localisation":
                assert message.stamp_ns == now_ns - delay_ns  # type: ignore[attr-defined] # all are stamped
    assert sim.elapsed_ns == 4 * PERIOD_NS


def test_people_are_seen_and_told_in_truth() -> None:
    walk = dataclasses.replace(
        SCENARIO.people[0],
        path=(WayPoint(x_m=3.5, y_m=1.3, pause_s=0.0), WayPoint(x_m=7.5, y_m=1.3, pause_s=0.0)),
    )
    scenario = dataclasses.replace(SCENARIO, people=(walk,), start=SITE.home)
    sim = Simulator(scenario, PROFILE, SITE, 1)
    nearest = []
    for k in range(1, 101):
        for _, message in sim.tick(k * PERIOD_NS):
            if isinstance(message, Scan) and message.sensor == "scan_front":
                nearest.append(float(message.range_m[170:190].min()))
    person = sim.truth.people[0]
    assert person.name == walk.name
    assert person.x_m == pytest.approx(3.5 + 2.0 * walk.speed_mps, abs=0.01)
    assert person.speed_mps == pytest.approx(walk.speed_mps)
    assert len(nearest) == 50


def test_crates_stand_where_the_site_says_and_are_not_delivered_yet() -> None:
    sim = Simulator(SCENARIO, PROFILE, SITE, 1)
    for k in range(1, 50):
        sim.tick(k * PERIOD_NS)
    for crate in sim.truth.crates:
        place = SITE.place(SITE.item(crate.name).place)
        assert (crate.x_m, crate.y_m, crate.z_m) == pytest.approx((place.x_m, place.y_m, place.z_m), abs=2e-3)
        assert crate.tilt_rad < 0.01
    assert not sim.delivered("crate_19", "packing")
    assert sim.delivered("crate_19", "slot_a1")
    with pytest.raises(BadInput, match="'nowhere' is no place"):
        sim.delivered("crate_19", "nowhere")


def test_unknown_engine_and_impossible_period() -> None:
    with pytest.raises(BadInput, match="'bullet' is no engine; allowed are mujoco, pybullet"):
        Simulator(SCENARIO, PROFILE, SITE, 1, "bullet")
    odd = dataclasses.replace(PROFILE, timing=dataclasses.replace(PROFILE.timing, period_s=0.0213))
    with pytest.raises(BadInput, match=r"timing.period_s is 0.0213; a multiple of .* 0.004"):
        Simulator(SCENARIO, odd, SITE, 1)


def test_placing_the_robot_starts_from_standstill() -> None:
    sim = Simulator(SCENARIO, PROFILE, SITE, 1)
    driver = Puppet(sim)
    driver.wait(1.0, speed_mps=0.5)
    sim.place_robot(SITE.home)
    driver.speed_mps = 0.0
    driver.wait(0.2)
    truth = sim.truth
    assert (truth.x_m, truth.y_m) == pytest.approx((SITE.home.x_m, SITE.home.y_m), abs=0.01)
    assert abs(truth.speed_mps) < PROFILE.base.standstill_mps

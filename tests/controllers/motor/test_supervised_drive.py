"""Supervisor and drive against physics, behind a gate that has failed: it certifies whatever it is told."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from controllers.motor.drive import Drive
from shield import contract as c
from shield.contract import SafetyMode as M
from shield.profile import load_profile
from shield.seal import seal
from shield.site import Pose, load_site
from shield.supervisor import Supervisor
from shield.topics import Core, Output
from sim.loop import Loop
from sim.scenario import load_scenario
from sim.simulator import Simulator

ROOT = Path(__file__).parents[3]
PROFILE = load_profile(ROOT / "launch/profiles/amr_panda.yaml")
SITE = load_site(ROOT / "launch/sites/warehouse.yaml")
SCENARIO = dataclasses.replace(load_scenario(ROOT / "sim/scenarios/fetch_crate.yaml"), people=(), orders=())
KEY = bytes(range(32))
START_NS = 1_000_000_000
PERIOD_NS = 20_000_000
BASE = PROFILE.base


class Silent:
    """A process of which nothing is heard but its heartbeat."""

    def __init__(self, name: str) -> None:
        self.name, self.count = name, 0

    def handle(self, topic: str, value: object, now_ns: int) -> list[Output]:
        return []

    def tick(self, now_ns: int) -> list[Output]:
        self.count += 1
        return [("heartbeat", c.Heartbeat(source=self.name, stamp_ns=now_ns, sequence=self.count))]


class Reckless(Silent):
    """A safety process without safety: seals `command` every period."""

    def __init__(self) -> None:
        super().__init__("safety")
        self.command: c.BaseCommand = c.HOLD

    def tick(self, now_ns: int) -> list[Output]:
        beat = super().tick(now_ns)
        tail = c.Manoeuvre(
            speed_mps=self.command.speed_mps,
            curvature_radpm=self.command.curvature_radpm,
            turn_radps=self.command.turn_radps,
            decel_mps2=BASE.brake_command_mps2,
            turn_decel_radps2=BASE.turn_brake_min_radps2,
            joint_velocity_radps=(0.0,) * 7,
            joint_decel_radps2=PROFILE.arm.brake_radps2,
            gripper_m=0.0,
            duration_s=1.0,
        )
        sealed = c.SealedCommand(
            robot=PROFILE.robot,
            sequence=self.count,
            issued_ns=now_ns,
            expires_ns=now_ns + 80_000_000,
            command=self.command,
            fail_safe=tail,
            mac=b"",
        )
        return [*beat, ("certified_command", seal(sealed, KEY).sealed)]


class Rig:
    """The robot at a place of the hall."""

    def __init__(self, pose: Pose) -> None:
        self.sim = Simulator(dataclasses.replace(SCENARIO, start=pose), PROFILE, SITE, 1)
        self.gate, self.supervisor, self.drive = Reckless(), Supervisor(PROFILE), Drive(PROFILE, KEY)
        cores: dict[str, Core] = {
            "sim": self.sim,
            "supervisor": self.supervisor,
            "safety": self.gate,
            "autonomy": Silent("autonomy"),
            "drive": self.drive,
        }
        self.loop = Loop(cores, period_ns=PERIOD_NS, start_ns=START_NS)
        self.modes: list[c.ModeStatus] = []
        self.faults: list[c.Fault] = []
        self.set_point = 0.0
        self.run(1.2)
        assert self.mode() is M.NOMINAL

    def record(self, topic: str, value: object, _now_ns: int) -> None:
        if isinstance(value, c.ModeStatus):
            self.modes.append(value)
        elif isinstance(value, c.Fault):
            self.faults.append(value)
        elif isinstance(value, c.ActuatorTwist) and topic == "cmd_vel":
            self.set_point = value.speed_mps

    def run(self, seconds: float, until: Callable[[], bool] | None = None) -> None:
        self.loop.run(seconds, record=self.record, until=until)

    def command(self, speed: float, curvature: float = 0.0, turn: float = 0.0) -> None:
        self.gate.command = c.BaseCommand(speed_mps=speed, curvature_radpm=curvature, turn_radps=turn)

    def mode(self) -> M:
        return self.supervisor.mode

    def stands(self) -> bool:
        truth = self.sim.truth
        return abs(truth.speed_mps) < BASE.standstill_mps and abs(truth.yaw_rate_radps) < 0.02

    def touched(self) -> bool:
        return bool(self.sim.truth.contacts)


@pytest.mark.parametrize("speed", [0.3, 0.6, 0.9, 1.2])
def test_with_a_failed_gate_the_supervisor_stops_before_the_shelf(speed: float) -> None:
    rig = Rig(Pose(x_m=5.2, y_m=5.6, heading_rad=-math.pi / 2))
    rig.command(speed)
    rig.run(8.0, until=lambda: rig.mode() is M.SAFE_STOP)
    assert rig.mode() is M.SAFE_STOP
    assert any("protective field" in cause for cause in rig.modes[-1].cause)
    assert rig.stands()
    assert not rig.touched()
    assert rig.sim.truth.y_m - BASE.length_m / 2 > 3.4


def test_with_a_failed_gate_it_stops_in_reverse_and_on_arcs_too() -> None:
    for speed, curvature in ((-0.3, 0.0), (0.8, 0.5), (0.8, -0.4)):
        rig = Rig(Pose(x_m=10.5, y_m=5.0, heading_rad=math.pi / 2 if speed < 0 else 0.0))
        rig.command(speed, curvature)
        rig.run(12.0, until=lambda rig=rig: rig.mode() is M.SAFE_STOP)  # type: ignore[misc] # bound now
        assert rig.mode() is M.SAFE_STOP
        assert not rig.touched()


def test_driving_along_the_shelves_trips_nothing() -> None:
    rig = Rig(Pose(x_m=3.6, y_m=3.4 + 0.3 + 0.25, heading_rad=0.0))
    rig.command(1.0)
    rig.run(3.5)
    assert rig.mode() is M.NOMINAL
    assert rig.sim.truth.speed_mps == pytest.approx(1.0, abs=0.05)


def test_docking_and_reversing_out_trips_nothing() -> None:
    place = SITE.place("slot_a1")
    rig = Rig(Pose(x_m=place.dock_x_m, y_m=place.dock_y_m + 0.7, heading_rad=place.dock_heading_rad))
    rig.command(0.1)
    rig.run(9.0, until=lambda: rig.sim.truth.y_m < place.dock_y_m + 0.01)
    rig.command(0.0)
    rig.run(1.0)
    assert rig.sim.truth.y_m == pytest.approx(place.dock_y_m, abs=0.02)
    assert rig.mode() is M.NOMINAL
    rig.command(-0.2)
    rig.run(3.0)
    assert rig.mode().may_drive
    assert all(status.mode.may_drive for status in rig.modes[60:])
    assert not rig.touched()


def test_turning_in_place_trips_nothing() -> None:
    rig = Rig(Pose(x_m=5.2, y_m=4.6, heading_rad=0.0))
    rig.command(0.0, turn=1.0)
    rig.run(4.0)
    assert rig.mode() is M.NOMINAL
    assert rig.sim.truth.yaw_rate_radps == pytest.approx(1.0, abs=0.1)


def moving(speed: float = 1.0) -> Rig:
    rig = Rig(Pose(x_m=3.0, y_m=5.0, heading_rad=0.0))
    rig.command(speed)
    rig.run(2.5)
    assert rig.set_point == speed
    return rig


def time_to_braking(rig: Rig, limit_s: float = 1.0) -> float:
    start_ns, speed = rig.loop.now_ns, rig.set_point
    rig.run(limit_s, until=lambda: rig.set_point < speed)
    assert rig.set_point < speed
    return (rig.loop.now_ns - start_ns) * 1e-9


@pytest.mark.parametrize(
    ("victim", "limit_s"), [("safety", 0.10), ("supervisor", 0.10), ("autonomy", 0.70), ("sim", 0.16)]
)
def test_the_loss_of_each_process_ends_in_standstill(victim: str, limit_s: float) -> None:
    rig = moving()
    rig.loop.dead.add(victim)
    assert time_to_braking(rig) <= limit_s + 1e-9
    if victim != "sim":
        rig.run(3.0)
        assert rig.stands()
        assert not rig.touched()


def test_an_emergency_stop_brakes_in_the_same_period_and_stays_until_the_reset() -> None:
    rig = moving()
    stop = c.EmergencyStop(stamp_ns=rig.loop.now_ns, source="button", reason="test")
    rig.loop.publish("emergency_stop", stop)
    assert time_to_braking(rig) <= 0.02 + 1e-9
    rig.run(2.0)
    assert rig.stands()
    assert rig.mode() is M.SAFE_STOP
    reset = c.ResetRequest(stamp_ns=rig.loop.now_ns, operator="ada", reason="button released")
    rig.loop.publish("reset", reset)
    rig.run(0.5)
    assert rig.mode() is M.RESET_PENDING
    assert rig.stands()
    rig.run(1.5)
    assert rig.mode() is M.NOMINAL
    assert rig.set_point > 0.0


def test_braking_keeps_what_the_profile_guarantees() -> None:
    rig = moving(1.2)
    start_x = rig.sim.truth.x_m
    rig.loop.dead.add("safety")
    rig.run(3.0)
    reach = rig.sim.truth.x_m - start_x
    reaction = PROFILE.timing.period_s * 2 + PROFILE.timing.latency_s
    assert rig.stands()
    assert reach <= 1.2 * reaction + 1.2**2 / (2 * BASE.brake_min_mps2)
    assert not [fault for fault in rig.faults if fault.code == "brake_weak"]

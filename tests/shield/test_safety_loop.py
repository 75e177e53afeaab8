"""Safety, supervisor and drive around the simulated robot; the autonomy only knows how to drive ahead."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from controllers.motor.drive import Drive
from shield import contract as c
from shield.contract import SafetyMode as M
from shield.profile import load_profile
from shield.safety import Safety
from shield.site import Pose, load_site
from shield.supervisor import Supervisor
from shield.topics import Core, Output
from sim.loop import Loop
from sim.people import Walk, WayPoint
from sim.scenario import load_scenario
from sim.simulator import Simulator

ROOT = Path(__file__).parents[2]
PROFILE = load_profile(ROOT / "launch/profiles/amr_panda.yaml")
SITE = load_site(ROOT / "launch/sites/warehouse.yaml")
SCENARIO = dataclasses.replace(load_scenario(ROOT / "sim/scenarios/fetch_crate.yaml"), people=(), orders=())
NORTH = Pose(x_m=1.0, y_m=9.2, heading_rad=0.0)  # far from every corner that could hide somebody
SOUTH = Pose(x_m=2.0, y_m=1.5, heading_rad=0.0)
KEY = bytes(range(32))
CRUISE_MPS = 0.6


class Ahead:
    """An autonomy that always wants to drive straight on."""

    def __init__(self) -> None:
        self.count, self.speed = 0, 0.0

    def handle(self, topic: str, value: object, now_ns: int) -> list[Output]:
        if not isinstance(value, c.Snapshot):
            return []
        self.count += 1
        up = PROFILE.base.command_accel_mps2 * PROFILE.timing.period_s * 0.6
        self.speed = min(CRUISE_MPS, max(0.0, value.ego.speed_mps) + 0.15, self.speed + up)
        if not value.mode.may_drive:
            self.speed = 0.0
        action = c.ProposedAction(
            robot=PROFILE.robot,
            sequence=self.count,
            stamp_ns=now_ns,
            snapshot_sequence=value.sequence,
            skill="ahead",
            version="1",
            command=c.BaseCommand(speed_mps=self.speed),
        )
        return [("proposed_action", action)]

    def tick(self, now_ns: int) -> list[Output]:
        return [("heartbeat", c.Heartbeat(source="autonomy", stamp_ns=now_ns, sequence=now_ns))]


class Lossy:
    """A core of which some topics do not get through."""

    def __init__(self, core: Core) -> None:
        self.core, self.lost = core, set[str]()

    def handle(self, topic: str, value: object, now_ns: int) -> list[Output]:
        return self.core.handle(topic, value, now_ns)

    def tick(self, now_ns: int) -> list[Output]:
        return [output for output in self.core.tick(now_ns) if output[0] not in self.lost]


class Rig:
    """The robot at the start of a lane."""

    def __init__(self, start: Pose, people: tuple[Walk, ...] = ()) -> None:
        self.sim = Simulator(dataclasses.replace(SCENARIO, start=start, people=people), PROFILE, SITE, 5)
        self.wire = Lossy(self.sim)
        self.supervisor = Supervisor(PROFILE)
        cores: dict[str, Core] = {
            "sim": self.wire,
            "supervisor": self.supervisor,
            "safety": Safety(PROFILE, SITE, KEY),
            "autonomy": Ahead(),
            "drive": Drive(PROFILE, KEY),
        }
        self.loop = Loop(cores, period_ns=20_000_000)
        self.modes: list[M] = []
        self.cause: tuple[str, ...] = ()
        self.speeds: list[float] = []
        self.faults: list[str] = []

    def record(self, topic: str, value: object, _now_ns: int) -> None:
        if isinstance(value, c.ModeStatus):
            self.cause = value.cause
            if not self.modes or self.modes[-1] is not value.mode:
                self.modes.append(value.mode)
        elif isinstance(value, c.Fault):
            self.faults.append(value.code)
        elif isinstance(value, c.Snapshot) and topic == "snapshot":
            self.speeds.append(value.ego.speed_mps)

    def run(self, seconds: float, until: Callable[[], bool] | None = None) -> Rig:
        self.loop.run(seconds, record=self.record, until=until)
        return self

    def mode(self) -> M:
        return self.supervisor.mode

    def stands(self) -> bool:
        return abs(self.sim.truth.speed_mps) < PROFILE.base.standstill_mps


def cruising() -> Rig:
    rig = Rig(NORTH).run(4.0)
    assert rig.speeds[-1] == pytest.approx(CRUISE_MPS, abs=0.05)
    assert rig.mode() is M.NOMINAL
    assert not rig.faults
    rig.speeds.clear()
    return rig


def hardest(rig: Rig) -> float:
    """Largest deceleration over five periods."""
    return max((a - b) / 0.1 for a, b in zip(rig.speeds, rig.speeds[5:], strict=False))


def test_a_lost_autonomy_is_braked_by_the_gate_at_once_and_then_latched() -> None:
    rig = cruising()
    rig.loop.dead.add("autonomy")
    rig.run(0.2)
    assert rig.speeds[-1] < CRUISE_MPS - 0.1
    assert rig.mode() is M.NOMINAL
    rig.run(2.0)
    assert rig.modes[-2:] == [M.MRM_COMFORT, M.SAFE_STOP]
    assert rig.stands()
    assert rig.cause[0] == "heartbeat of autonomy lost -> MRM_COMFORT"
    rig.loop.dead.clear()
    assert rig.run(1.0).mode() is M.SAFE_STOP


@pytest.mark.parametrize("lost", ["scan_front", "scan_rear", "localisation"])
def test_a_lost_sensor_ends_in_standstill(lost: str) -> None:
    rig = cruising()
    rig.wire.lost.add(lost)
    rig.run(3.5)
    assert rig.modes[1:] == [M.NOMINAL, M.DEGRADED, M.MRM_COMFORT, M.SAFE_STOP]
    assert rig.stands()
    assert f"{lost}_stale" in rig.faults


def test_a_fault_that_asks_for_a_stop_ends_in_a_gentle_one() -> None:
    rig = cruising()
    fault = c.Fault(
        stamp_ns=rig.loop.now_ns, source="operator", code="odd", severity=c.Severity.STOP, detail="odd noise"
    )
    rig.loop.publish("fault", fault)
    rig.run(0.5)
    assert rig.mode() is M.MRM_COMFORT
    assert not rig.stands()
    rig.run(1.5)
    assert rig.mode() is M.SAFE_STOP
    assert hardest(rig) < PROFILE.base.brake_min_mps2


def test_without_encoders_it_stops_at_once() -> None:
    rig = cruising()
    rig.wire.lost.add("joint_states")
    rig.run(2.0)
    assert rig.stands()
    assert M.MRM_EMERGENCY in rig.modes


def test_without_a_gyro_it_drives_on_slowly() -> None:
    rig = cruising()
    rig.wire.lost.add("imu")
    rig.run(2.0)
    assert rig.mode() is M.DEGRADED
    assert 0.0 < rig.speeds[-1] <= PROFILE.supervisor.degraded_speed_mps + 0.03
    rig.wire.lost.clear()
    assert rig.run(1.5).mode() is M.NOMINAL


def test_an_emergency_stop_brakes_hardest_and_a_reset_drives_on() -> None:
    rig = cruising()
    rig.loop.publish("emergency_stop", c.EmergencyStop(stamp_ns=rig.loop.now_ns, source="b", reason="r"))
    rig.run(1.5)
    assert rig.stands()
    assert rig.mode() is M.SAFE_STOP
    assert hardest(rig) > PROFILE.base.brake_min_mps2
    rig.loop.publish("reset", c.ResetRequest(stamp_ns=rig.loop.now_ns, operator="ada", reason="clear"))
    rig.run(3.0)
    assert rig.mode() is M.NOMINAL
    assert rig.speeds[-1] > 0.3
    assert "brake_weak" not in rig.faults


@pytest.mark.parametrize("pace_mps", [0.7, 1.6])
def test_a_person_who_steps_into_the_way_is_let_pass(pace_mps: float) -> None:
    path = (
        WayPoint(x_m=8.1, y_m=4.0, pause_s=3.0),
        WayPoint(x_m=8.1, y_m=1.5, pause_s=3.0),
        WayPoint(x_m=8.1, y_m=5.0, pause_s=60.0),
    )
    walk = Walk(name="ann", speed_mps=pace_mps, repeat="once", starts_when_robot_in=(), path=path)
    rig = Rig(SOUTH, (walk,)).run(26.0)
    truth = rig.sim.truth
    assert not truth.contacts
    assert truth.least_moving_person_distance_m > 0.2
    assert not {M.MRM_COMFORT, M.MRM_EMERGENCY, M.SAFE_STOP} & set(rig.modes)
    assert min(rig.speeds[250:]) < CRUISE_MPS / 2
    assert truth.x_m > 8.1

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from shield import contract as c
from shield.contract import Floats, Severity
from shield.contract import SafetyMode as M
from shield.profile import Lidar, load_profile
from shield.supervisor import PEERS, Supervisor
from shield.topics import Output

PROFILE = load_profile(Path(__file__).parents[2] / "launch/profiles/amr_panda.yaml")
PERIOD_NS = 20_000_000
START_NS = 5_000_000_000
NOTHING = np.empty((0, 2))


def scan(lidar: Lidar, stamp_ns: int, points: Floats) -> c.Scan:
    """What the lidar sees of points in B: nearest return in each beam."""
    step = lidar.fov_rad / (lidar.beams - 1)
    ranges = np.full(lidar.beams, np.inf)
    for x, y in points:
        dx, dy = x - lidar.x_m, y - lidar.y_m
        angle = math.remainder(math.atan2(dy, dx) - lidar.heading_rad, 2 * math.pi)
        beam = round((angle + lidar.fov_rad / 2) / step)
        if 0 <= beam < lidar.beams:
            ranges[beam] = min(ranges[beam], math.hypot(dx, dy))
    return c.Scan(
        sensor=lidar.name,
        stamp_ns=stamp_ns,
        angle_min_rad=-lidar.fov_rad / 2,
        angle_step_rad=step,
        range_min_m=lidar.range_min_m,
        range_max_m=lidar.range_max_m,
        range_m=ranges,
    )


class Bench:
    """A supervisor in a world that is well unless the test says otherwise."""

    def __init__(self) -> None:
        self.supervisor = Supervisor(PROFILE)
        self.now_ns, self.count = START_NS, 0
        self.speed, self.yaw, self.left, self.right = 0.0, 0.0, 0.0, 0.0
        self.drive_speed: float | None = None
        self.points: Floats = NOTHING
        self.silent: set[str] = set()
        self.frozen: set[str] = set()
        self.faults: list[c.Fault] = []
        self.status = c.ModeStatus(stamp_ns=0, sequence=0, mode=M.INIT)

    def take(self, outputs: list[Output]) -> None:
        for topic, value in outputs:
            if isinstance(value, c.Fault):
                self.faults.append(value)
            elif isinstance(value, c.ModeStatus):
                assert topic == "safety_mode"
                assert value.sequence > self.status.sequence
                self.status = value

    def send(self, topic: str, value: object) -> None:
        self.take(self.supervisor.handle(topic, value, self.now_ns))

    def reading(self) -> c.JointReading:
        base = PROFILE.base
        self.left += (self.speed - self.yaw * base.track_m / 2) / base.wheel_radius_m * 0.02
        self.right += (self.speed + self.yaw * base.track_m / 2) / base.wheel_radius_m * 0.02
        return c.JointReading(
            stamp_ns=self.now_ns,
            name=("left_wheel", "right_wheel"),
            position_rad=(self.left, self.right),
            velocity_radps=(0.0, 0.0),
            effort_nm=(0.0, 0.0),
        )

    def step(self, count: int = 1) -> Bench:
        for _ in range(count):
            self.count += 1
            self.now_ns += PERIOD_NS
            for k, lidar in enumerate(PROFILE.lidars):
                if lidar.name not in self.silent and self.count % 2 == k:
                    self.send(lidar.name, scan(lidar, self.now_ns - 8_000_000, self.points))
            if "joint_states" not in self.silent:
                self.send("joint_states", self.reading())
            if "localisation" not in self.silent and self.count % 5 == 0:
                self.send("localisation", FIX)
            for peer in PEERS:
                if peer not in self.silent:
                    beat = 7 if peer in self.frozen else self.count
                    self.send("heartbeat", c.Heartbeat(source=peer, stamp_ns=self.now_ns, sequence=beat))
            if not self.silent & {"drive", "drive_status"}:
                speed = self.speed if self.drive_speed is None else self.drive_speed
                self.send("drive_status", dataclasses.replace(DRIVE, sequence=self.count, speed_mps=speed))
            self.take(self.supervisor.tick(self.now_ns))
        return self

    @property
    def mode(self) -> M:
        return self.status.mode

    def codes(self) -> list[str]:
        return [fault.code for fault in self.faults]


FIX = c.PoseFix(
    stamp_ns=1,
    x_m=0.0,
    y_m=0.0,
    heading_rad=0.0,
    position_bound_m=0.02,
    heading_bound_rad=0.01,
    speed_mps=0.0,
    yaw_rate_radps=0.0,
)
DRIVE = c.DriveStatus(stamp_ns=1, sequence=0, in_fail_safe=False, speed_mps=0.0, yaw_rate_radps=0.0)
STOP = c.EmergencyStop(stamp_ns=START_NS, source="button", reason="test")


def fault(severity: Severity, now_ns: int) -> c.Fault:
    return c.Fault(stamp_ns=now_ns, source="safety", code="odd", severity=severity, detail="odd")


def nominal(speed: float = 0.0) -> Bench:
    bench = Bench().step(50)
    assert bench.mode is M.NOMINAL
    bench.speed = speed
    return bench.step(5)


def wall(gap: float) -> Floats:
    half = PROFILE.base.length_m / 2
    return np.column_stack((np.full(200, half + gap), np.linspace(-1, 1, 200)))


def reset(bench: Bench, operator: str = "ada", reason: str = "checked") -> None:
    bench.send("reset", c.ResetRequest(stamp_ns=bench.now_ns, operator=operator, reason=reason))


def test_it_starts_when_everything_has_been_well_for_half_a_second() -> None:
    bench = Bench()
    bench.step(29)
    assert bench.mode is M.INIT
    assert bench.status.speed_limit_mps == 0.0
    assert bench.step(15).mode is M.NOMINAL
    assert bench.status.speed_limit_mps == PROFILE.base.speed_max_mps
    assert not bench.faults


@pytest.mark.parametrize(
    "missing", [*PEERS, "drive_status", "scan_front", "scan_rear", "joint_states", "localisation"]
)
def test_it_does_not_start_while_anything_is_missing(missing: str) -> None:
    bench = Bench()
    bench.silent.add(missing)
    assert bench.step(100).mode is M.INIT
    bench.silent.clear()
    assert bench.step(60).mode is M.NOMINAL


@pytest.mark.parametrize(
    ("lost", "mode"),
    [
        ("safety", M.MRM_EMERGENCY),
        ("drive", M.MRM_EMERGENCY),
        ("autonomy", M.MRM_COMFORT),
        ("scan_front", M.MRM_COMFORT),
        ("scan_rear", M.MRM_COMFORT),
        ("joint_states", M.MRM_EMERGENCY),
    ],
)
def test_a_loss_ends_in_the_right_stop_in_time(lost: str, mode: M) -> None:
    bench = nominal(0.8)
    bench.silent.add(lost)
    seen, steps = [], 0
    while bench.mode.may_drive and steps < 50:
        steps += 1
        bench.step(1)
        seen.append(bench.mode)
    assert bench.mode is mode
    silence_s = PROFILE.supervisor.heartbeat_timeout_s
    limit_s = PEERS[lost] * silence_s if lost in PEERS else PROFILE.timing.sensor_timeout_s
    assert steps * 0.02 <= limit_s + 0.04
    assert lost in bench.status.cause[-1]
    assert (M.DEGRADED in seen) == lost.startswith("scan")


def test_a_process_that_repeats_itself_counts_as_lost() -> None:
    bench = nominal(0.5)
    bench.frozen.add("safety")
    assert bench.step(6).mode is M.MRM_EMERGENCY


def test_both_lidars_lost_is_an_emergency() -> None:
    bench = nominal(0.8)
    bench.silent |= {"scan_front", "scan_rear"}
    assert bench.step(8).mode is M.MRM_EMERGENCY


def test_running_into_something_is_an_emergency_within_three_scans() -> None:
    bench = nominal(1.0)
    bench.points = wall(0.5)
    for _ in range(7):
        bench.step(1)
        bench.points = bench.points - np.array((0.02, 0.0))
    assert bench.mode is M.MRM_EMERGENCY
    assert "protective field at 1.00 m/s" in bench.status.cause[-1]
    assert bench.status.revoked_sequence >= 50


def test_one_sweep_of_dust_is_nothing() -> None:
    bench = nominal(1.0)
    bench.points = wall(0.3)
    bench.step(1)
    bench.points = NOTHING
    assert bench.step(10).mode.may_drive


@pytest.mark.parametrize("gap", [0.0, 0.05, 0.12])
def test_a_standing_robot_is_not_violated(gap: float) -> None:
    bench = nominal(0.0)
    bench.points = wall(gap)
    assert bench.step(50).mode is M.NOMINAL
    assert bench.status.field_clear_m == pytest.approx(gap, abs=0.01)


def test_docking_and_reversing_out_do_not_trip_it() -> None:
    bench = nominal(0.1)
    gap = 0.8
    while gap > 0.12:
        bench.points = wall(gap)
        bench.step(1)
        assert bench.mode.may_drive
        gap -= 0.002
    bench.speed = 0.0
    assert bench.step(60).mode is M.NOMINAL
    bench.speed = -0.2
    while gap < 0.6:
        bench.points = wall(gap)
        assert bench.step(1).mode is M.NOMINAL
        gap += 0.004


def test_the_warning_field_slows_down_and_clears_by_itself() -> None:
    bench = nominal(0.8)
    bench.points = wall(1.2)
    bench.step(3)
    assert bench.mode is M.DEGRADED
    assert bench.status.speed_limit_mps == PROFILE.supervisor.degraded_speed_mps
    assert "warning field" in bench.status.cause[-1]
    bench.points = NOTHING
    assert bench.step(20).mode is M.DEGRADED
    assert bench.step(10).mode is M.NOMINAL
    assert bench.status.cause == ()


@pytest.mark.parametrize(
    ("severity", "mode"),
    [
        (Severity.INFO, M.NOMINAL),
        (Severity.DEGRADE, M.DEGRADED),
        (Severity.STOP, M.MRM_COMFORT),
        (Severity.EMERGENCY, M.MRM_EMERGENCY),
    ],
)
def test_faults_are_answered_by_their_severity(severity: Severity, mode: M) -> None:
    bench = nominal(0.5)
    bench.send("fault", fault(severity, bench.now_ns))
    assert bench.step(1).mode is mode


def test_restarted_in_operation_it_waits_for_a_reset() -> None:
    bench = Bench()
    bench.send("drive_status", dataclasses.replace(DRIVE, released=True))
    assert bench.status.cause[-1] == "supervisor restarted in operation -> MRM_EMERGENCY"
    assert bench.step(100).mode is M.SAFE_STOP
    bench.send("reset", c.ResetRequest(stamp_ns=bench.now_ns, operator="op", reason="looked around"))
    assert bench.step(150).mode is M.NOMINAL


def test_the_emergency_stop_needs_no_tick() -> None:
    bench = nominal(1.0)
    bench.send("emergency_stop", STOP)
    assert bench.mode is M.MRM_EMERGENCY
    bench.speed = 0.0
    assert bench.step(12).mode is M.SAFE_STOP
    assert bench.status.cause[0].startswith("emergency stop by button")


def test_a_comfort_stop_that_does_not_stop_escalates() -> None:
    bench = nominal(0.5)
    bench.send("fault", fault(Severity.STOP, bench.now_ns))
    bench.step(round(PROFILE.supervisor.mrm_timeout_s * 50) - 1)
    assert bench.mode is M.MRM_COMFORT
    assert bench.step(3).mode is M.MRM_EMERGENCY
    assert bench.step(round(PROFILE.supervisor.mrm_timeout_s * 50) + 2).mode is M.SAFE_STOP
    assert bench.step(20).mode is M.SAFE_STOP
    assert "moves_in_safe_stop" in bench.codes()


def stopped() -> Bench:
    bench = nominal(0.5)
    bench.send("fault", fault(Severity.STOP, bench.now_ns))
    bench.step(1)
    bench.speed = 0.0
    assert bench.step(40).mode is M.SAFE_STOP
    return bench


def test_a_safe_stop_is_left_by_a_reset_after_a_countdown_only() -> None:
    bench = stopped()
    assert bench.step(200).mode is M.SAFE_STOP
    reset(bench)
    assert bench.mode is M.RESET_PENDING
    bench.step(round(PROFILE.supervisor.reset_countdown_s * 50) - 1)
    assert bench.mode is M.RESET_PENDING
    assert bench.step(2).mode is M.NOMINAL


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda b: b.silent.add("autonomy"), "autonomy"),
        (lambda b: b.silent.add("scan_rear"), "scan_rear"),
        (lambda b: b.send("emergency_stop", STOP), "still pressed"),
        (lambda b: b.send("fault", fault(Severity.DEGRADE, b.now_ns)), "open fault"),
        (lambda b: setattr(b, "speed", 0.3), "stand"),
    ],
)
def test_a_reset_of_an_unhealthy_robot_is_refused_with_the_reason(spoil: object, word: str) -> None:
    bench = stopped()
    assert callable(spoil)
    spoil(bench)
    bench.step(10)
    bench.faults.clear()
    reset(bench)
    assert bench.mode is M.SAFE_STOP
    assert bench.codes() == ["reset_refused"]
    assert word in bench.faults[0].detail


def test_a_reset_needs_a_name_a_reason_and_the_right_moment() -> None:
    bench = stopped()
    for operator, reason in (("", "x"), ("ada", " ")):
        bench.step(15)
        reset(bench, operator, reason)
        assert bench.mode is M.SAFE_STOP
    old = c.ResetRequest(stamp_ns=bench.now_ns - 2 * 10**9, operator="ada", reason="x")
    bench.step(15)
    bench.send("reset", old)
    assert bench.mode is M.SAFE_STOP
    assert bench.codes()[-3:] == ["reset_refused"] * 3
    driving = nominal()
    reset(driving)
    assert "not SAFE_STOP" in driving.faults[-1].detail


def test_trouble_during_the_countdown_goes_back_to_the_safe_stop() -> None:
    bench = stopped()
    reset(bench)
    bench.step(10)
    bench.silent.add("drive")
    assert bench.step(6).mode is M.SAFE_STOP


def test_motion_against_the_drives_word_is_an_emergency() -> None:
    bench = nominal(0.6)
    bench.drive_speed = 0.0
    bench.step(20)
    assert bench.mode is M.MRM_EMERGENCY
    assert "motion_residual" in bench.codes()


def test_stamps_out_of_order_and_odd_scans_are_told_and_ignored() -> None:
    bench = nominal()
    lidar = PROFILE.lidars[0]
    for stamp_ns in (bench.now_ns - 10**9, bench.now_ns + 10**9):
        bench.send(lidar.name, scan(lidar, stamp_ns, NOTHING))
    bench.send("scan_rear", scan(lidar, bench.now_ns, NOTHING))
    assert set(bench.codes()) == {"scan_order", "scan_malformed"}
    future = dataclasses.replace(bench.reading(), stamp_ns=bench.now_ns + 10**9)
    bench.send("joint_states", future)
    bench.send("joint_states", dataclasses.replace(future, stamp_ns=1))
    assert bench.codes()[-2:] == ["encoder_order", "encoder"]
    assert bench.step(5).mode is M.NOMINAL


@pytest.mark.parametrize("value", [None, "x", 1.0, object()])
def test_what_is_no_message_is_told(value: object) -> None:
    bench = nominal()
    bench.send("scan_front", value)
    assert bench.codes() == ["malformed"]
    assert bench.step(3).mode is M.NOMINAL

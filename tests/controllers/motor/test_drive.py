from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from controllers.motor.drive import AUTHORITY, Authority, Drive
from shield import contract as c
from shield.contract import SafetyMode
from shield.profile import load_profile
from shield.seal import seal
from shield.topics import Output

PROFILE = load_profile(Path(__file__).parents[3] / "launch/profiles/amr_panda.yaml")
KEY = bytes(range(32))
PERIOD_NS = 20_000_000
VALID_NS = 80_000_000
START_NS = 1_000_000_000
FAST = c.BaseCommand(speed_mps=1.0, curvature_radpm=0.5)


def sealed(sequence: int, now_ns: int, command: c.Command = FAST, **changes: Any) -> c.SealedCommand:
    curvature = command.curvature_radpm if isinstance(command, c.BaseCommand) else 0.0
    tail = c.Manoeuvre(
        speed_mps=1.0,
        curvature_radpm=curvature,
        turn_radps=0.0,
        decel_mps2=min(1.6, 2.5 / max(abs(curvature), 1e-9)),
        turn_decel_radps2=2.0,
        joint_velocity_radps=(0.0,) * 7,
        joint_decel_radps2=PROFILE.arm.brake_radps2,
        gripper_m=0.04,
        duration_s=1.0,
    )
    made = c.SealedCommand(
        robot=PROFILE.robot,
        sequence=sequence,
        issued_ns=now_ns,
        expires_ns=now_ns + VALID_NS,
        command=command,
        fail_safe=tail,
        mac=b"",
    )
    return seal(dataclasses.replace(made, **changes), KEY).sealed


def reading(now_ns: int, speed_mps: float, effort: float = 0.0) -> c.JointReading:
    rate = speed_mps / PROFILE.base.wheel_radius_m
    names = ("left_wheel", "right_wheel", *PROFILE.arm.joints, *PROFILE.arm.fingers)
    return c.JointReading(
        stamp_ns=now_ns,
        name=names,
        position_rad=(0.0,) * 9 + (0.015, 0.015),
        velocity_radps=(rate, rate) + (0.0,) * 9,
        effort_nm=(0.0,) * 9 + (effort, effort),
    )


class Bench:
    """A drive with a supervisor and a gate that say what the test wants, and ideal wheels."""

    def __init__(self, mode: SafetyMode = SafetyMode.NOMINAL) -> None:
        self.drive = Drive(PROFILE, KEY)
        self.now_ns, self.sequence = START_NS, 0
        self.mode, self.mode_sequence, self.revoked = mode, 0, -1
        self.supervised, self.commanded = True, True
        self.command: c.Command = FAST
        self.weak = 0.0  # what the wheels do not brake, metres per second
        self.speed, self.yaw, self.fail_safe, self.reason = 0.0, 0.0, True, ""
        self.released = False
        self.joints: c.ActuatorJoints | None = None
        self.faults: list[c.Fault] = []
        self.take(self.drive.handle("joint_states", reading(START_NS, 0.0), START_NS))

    def take(self, outputs: list[Output]) -> None:
        for topic, value in outputs:
            if isinstance(value, c.ActuatorTwist):
                assert topic == "cmd_vel"
                self.speed, self.yaw = value.speed_mps, value.yaw_rate_radps
            elif isinstance(value, c.ActuatorJoints):
                self.joints = value
            elif isinstance(value, c.Fault):
                self.faults.append(value)
            elif isinstance(value, c.DriveStatus):
                self.fail_safe, self.reason = value.in_fail_safe, value.reason
                self.released = value.released

    def send(self, topic: str, value: object) -> None:
        self.take(self.drive.handle(topic, value, self.now_ns))

    def step(self, count: int = 1) -> None:
        for _ in range(count):
            self.now_ns += PERIOD_NS
            if self.supervised:
                self.mode_sequence += 1
                status = c.ModeStatus(
                    stamp_ns=self.now_ns,
                    sequence=self.mode_sequence,
                    mode=self.mode,
                    revoked_sequence=self.revoked,
                )
                self.send("safety_mode", status)
            self.send("joint_states", reading(self.now_ns, max(self.speed, self.weak)))
            if self.commanded:
                self.sequence += 1
                self.send("certified_command", sealed(self.sequence, self.now_ns, self.command))
            self.take(self.drive.tick(self.now_ns))

    def codes(self) -> list[str]:
        return [fault.code for fault in self.faults]


def driving() -> Bench:
    bench = Bench()
    bench.step(150)
    assert bench.speed == 1.0
    assert bench.yaw == pytest.approx(0.5)
    assert not bench.fail_safe
    assert not bench.faults
    return bench


def test_it_follows_certified_commands() -> None:
    driving()


def test_every_mode_has_an_authority() -> None:
    assert set(AUTHORITY) == set(SafetyMode)
    assert {m for m in SafetyMode if AUTHORITY[m] is Authority.FOLLOW} == {
        m for m in SafetyMode if m.may_drive
    }


def test_without_a_newer_command_it_plays_the_fail_safe_it_holds() -> None:
    bench = driving()
    bench.commanded = False
    bench.step(3)
    assert bench.speed == 1.0
    bench.step(1)
    assert bench.fail_safe
    assert "expired" in bench.reason
    assert bench.speed == pytest.approx(1.0 - 1.6 * 0.02)
    assert bench.yaw == pytest.approx(0.5 * bench.speed)
    bench.step(40)
    assert (bench.speed, bench.yaw) == (0.0, 0.0)
    assert not bench.faults


def test_without_the_supervisor_it_plays_the_fail_safe() -> None:
    bench = driving()
    bench.supervised = False
    bench.step(4)
    assert bench.speed == 1.0
    bench.step(1)
    assert bench.fail_safe
    assert bench.speed < 1.0
    bench.step(40)
    assert bench.speed == 0.0


@pytest.mark.parametrize("mode", [m for m in SafetyMode if not m.may_drive])
def test_no_other_mode_lets_a_driving_command_through(mode: SafetyMode) -> None:
    bench = driving()
    bench.mode = mode
    bench.step(12)
    assert bench.fail_safe
    assert bench.speed < 1.0
    bench.step(45)
    assert bench.speed == 0.0
    bench.step(10)
    assert bench.speed == 0.0


def test_a_comfort_stop_follows_braking_commands() -> None:
    bench = driving()
    bench.mode = SafetyMode.MRM_COMFORT
    for k in range(1, 60):
        bench.command = c.BaseCommand(speed_mps=1.0 - 0.012 * k, curvature_radpm=0.5)
        bench.step(1)
        assert not bench.fail_safe
    assert bench.speed == pytest.approx(1.0 - 0.012 * 59, abs=0.04)


def test_revoked_commands_are_not_followed_but_later_ones_are() -> None:
    bench = driving()
    bench.revoked = bench.sequence + 3
    bench.step(2)
    assert bench.fail_safe
    assert "revoked" in bench.reason
    bench.step(2)
    assert not bench.fail_safe


def test_an_emergency_stop_acts_at_once_and_is_latched_until_a_reset() -> None:
    bench = driving()
    bench.now_ns += 5_000_000
    bench.send("emergency_stop", c.EmergencyStop(stamp_ns=bench.now_ns, source="button", reason="test"))
    assert bench.speed < 1.0
    before = bench.speed
    bench.step(1)
    assert before - bench.speed == pytest.approx(PROFILE.base.brake_max_mps2 * 0.02)
    bench.step(100)
    assert bench.speed == 0.0
    assert bench.reason == "emergency stop by button"
    bench.mode = SafetyMode.RESET_PENDING
    bench.step(1)
    assert bench.speed == 0.0
    bench.mode = SafetyMode.NOMINAL
    bench.step(10)
    assert bench.speed > 0.0


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("wrong_robot", {"robot": "other"}),
        ("replayed", {"sequence": 3}),
        ("stale", {"expires_ns": START_NS}),
        ("future", {"issued_ns": 10**12, "expires_ns": 10**12 + VALID_NS}),
        ("long", {"expires_ns": 10**12}),
    ],
)
def test_what_is_genuine_but_wrong_is_ignored(code: str, change: dict[str, object]) -> None:
    bench = driving()
    bench.command = c.HOLD
    changes: dict[str, Any] = {"sequence": bench.sequence + 50, **change}
    sequence = changes.pop("sequence")
    assert isinstance(sequence, int)
    held = bench.drive._held
    bench.send("certified_command", sealed(sequence, bench.now_ns, c.HOLD, **changes))
    assert bench.codes() == [code]
    assert bench.drive._held is held
    bench.commanded = False
    bench.step(1)
    assert bench.speed == 1.0


def test_a_forged_command_moves_nothing_and_its_faults_are_bounded() -> None:
    bench = Bench()
    bench.commanded = False
    for k in range(100):
        forged = dataclasses.replace(sealed(k, bench.now_ns), mac=bytes(32))
        bench.send("certified_command", forged)
        bench.step(1)
        assert bench.speed == 0.0
    assert 5 <= len(bench.faults) <= 12
    assert set(bench.codes()) == {"forged"}
    bench.commanded = True
    bench.step(20)
    assert bench.speed > 0.0


def test_a_changed_command_is_forged() -> None:
    bench = Bench()
    bench.step(1)
    changed = dataclasses.replace(sealed(9, bench.now_ns), command=c.BaseCommand(speed_mps=1.2))
    bench.send("certified_command", changed)
    assert bench.codes() == ["forged"]


@pytest.mark.parametrize("value", [None, 3, "go", c.HOLD, object(), float("nan"), [], {}])
@pytest.mark.parametrize(
    "topic", ["certified_command", "safety_mode", "joint_states", "emergency_stop", "x", ""]
)
def test_what_is_no_message_is_a_fault_and_nothing_else(topic: str, value: object) -> None:
    bench = driving()
    bench.send(topic, value)
    assert bench.codes() == ["malformed"]
    bench.step(3)
    assert bench.speed == 1.0


def test_it_says_that_it_was_released_from_the_first_driving_mode_on() -> None:
    bench = Bench(SafetyMode.INIT)
    bench.step()
    assert not bench.released
    bench.mode = SafetyMode.NOMINAL
    bench.step()
    bench.mode = SafetyMode.INIT
    bench.step()
    assert bench.released


def test_a_mode_from_the_past_does_not_count() -> None:
    bench = driving()
    bench.mode = SafetyMode.SAFE_STOP
    bench.step(60)
    old = c.ModeStatus(stamp_ns=bench.now_ns, sequence=bench.mode_sequence - 1, mode=SafetyMode.NOMINAL)
    bench.send("safety_mode", old)
    late = c.ModeStatus(
        stamp_ns=bench.now_ns - 10**9, sequence=bench.mode_sequence + 5, mode=SafetyMode.NOMINAL
    )
    bench.send("safety_mode", late)
    assert bench.codes() == ["mode_replayed", "mode_stale"]
    bench.step(1)
    assert bench.speed == 0.0


def test_weak_brakes_are_noticed() -> None:
    bench = driving()
    bench.commanded, bench.weak = False, 0.9
    bench.step(12)
    assert not bench.faults
    bench.step(10)
    assert bench.codes()[0] == "brake_weak"
    assert bench.faults[0].severity is c.Severity.STOP


def test_the_arm_follows_and_stops_and_the_gripper_keeps_its_load() -> None:
    bench = Bench()
    assert bench.drive._gripper_m == pytest.approx(0.03)
    bench.command = c.ArmCommand(joint_velocity_radps=(0.5,) * 7, gripper_m=0.0)
    bench.step(10)
    assert bench.joints is not None
    assert bench.joints.joint_velocity_radps == pytest.approx((0.5,) * 7)
    assert bench.joints.gripper_m == 0.0
    assert bench.speed == 0.0
    bench.commanded = False
    bench.step(15)
    assert bench.joints.joint_velocity_radps == (0.0,) * 7
    assert bench.joints.gripper_m == 0.0


def test_a_load_that_is_found_in_the_gripper_is_kept() -> None:
    drive = Drive(PROFILE, KEY)
    drive.handle("joint_states", reading(START_NS, 0.0, effort=20.0), START_NS)
    outputs = dict(drive.tick(START_NS))
    joints = outputs["joint_command"]
    assert isinstance(joints, c.ActuatorJoints)
    assert joints.gripper_m == 0.0


def test_a_clock_that_goes_back_ends_in_the_fail_safe() -> None:
    bench = driving()
    bench.commanded = bench.supervised = False
    bench.now_ns -= 500_000_000
    bench.step(40)
    assert bench.speed == 0.0


def test_time_that_stands_still_accelerates_nothing() -> None:
    bench = Bench()
    bench.step(1)
    before = bench.speed
    for _ in range(50):
        bench.take(bench.drive.tick(bench.now_ns))
    assert bench.speed == before


@pytest.mark.parametrize("emergency", [False, True])
def test_a_stop_on_a_tight_arc_keeps_the_arc_and_is_not_taken_for_weak_brakes(emergency: bool) -> None:
    bench = Bench()
    bench.command = c.BaseCommand(speed_mps=0.35, curvature_radpm=4.0)
    bench.step(100)
    assert bench.yaw == pytest.approx(1.4)
    bench.commanded = False
    if emergency:
        bench.mode = SafetyMode.MRM_EMERGENCY
    bench.step(15)
    assert 0.0 < bench.speed < 0.35
    assert bench.yaw == pytest.approx(4.0 * bench.speed)
    bench.step(40)
    assert (bench.speed, bench.yaw) == (0.0, 0.0)
    assert not bench.faults


def test_a_certified_stop_is_played_like_the_fail_safe() -> None:
    bench = driving()
    bench.command = c.BaseCommand(speed_mps=0.0, curvature_radpm=0.5)
    bench.step(1)
    assert not bench.fail_safe
    assert bench.speed == pytest.approx(1.0 - 1.6 * 0.02)
    assert bench.yaw == pytest.approx(0.5 * bench.speed)


def test_a_reading_without_wheels_is_told() -> None:
    bench = Bench()
    nameless = c.JointReading(
        stamp_ns=bench.now_ns + 1, name=(), position_rad=(), velocity_radps=(), effort_nm=()
    )
    bench.send("joint_states", nameless)
    assert bench.codes() == ["encoder"]

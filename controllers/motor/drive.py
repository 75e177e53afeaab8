"""The drive: the only writer to the actuators. It executes certified commands and nothing else.

It always holds the fail-safe that came with the last certified command, and plays it from what it is doing
when the command expires or is revoked, or the supervisor falls silent. An emergency stop needs nobody else.
"""

from __future__ import annotations

from enum import IntEnum

from controllers.motor.brake_watch import BrakeWatch
from controllers.motor.ramp import BaseRamp, JointRamp
from controllers.motor.wheels import body_twist
from shield import contract as c
from shield.check import malformed
from shield.contract import SafetyMode, Severity
from shield.faults import FaultOut
from shield.profile import RobotProfile
from shield.seal import CertifiedCommand, unseal
from shield.topics import Output

NAME = "drive"
AHEAD_NS = 20_000_000  # a stamp further in the future than this is a broken or forged clock
STEP_MAX_N = 3  # periods that one step may cover after a hiccup
NOT_FASTER = 1e-6
GRACE_S = 0.12  # a comfort stop must be under way by then: the safety process hears the mode and brakes
GRIP_N = 3.0  # a finger force that means that something is held


class Authority(IntEnum):
    """What the drive may do; the lowest that any source asks for counts."""

    HARDEST = 0  # brake as hard as the robot can
    FAIL_SAFE = 1  # the stored manoeuvre
    BRAKE_ONLY = 2  # certified commands that are not faster than the present set-point
    FOLLOW = 3  # certified commands


AUTHORITY = {
    SafetyMode.INIT: Authority.FAIL_SAFE,
    SafetyMode.NOMINAL: Authority.FOLLOW,
    SafetyMode.DEGRADED: Authority.FOLLOW,
    SafetyMode.MRM_COMFORT: Authority.BRAKE_ONLY,
    SafetyMode.MRM_PULL_OVER: Authority.BRAKE_ONLY,
    SafetyMode.MRM_EMERGENCY: Authority.HARDEST,
    SafetyMode.SAFE_STOP: Authority.HARDEST,
    SafetyMode.RESET_PENDING: Authority.FAIL_SAFE,
}


class Drive:
    """A `Core`: hears certified commands, the mode and emergency stops; publishes set-points and its status.

    Args:
        profile: of this robot.
        key: the launch's key, shared with the gate alone.
    """

    def __init__(self, profile: RobotProfile, key: bytes) -> None:
        self._profile, self._key = profile, key
        self._period_ns = round(profile.timing.period_s * 1e9)
        self._longest_ns = round(2 * (profile.timing.period_s + profile.timing.latency_s) * 1e9)
        self._silence_ns = round(profile.supervisor.heartbeat_timeout_s * 1e9)
        self._base = BaseRamp(profile.base)
        self._arm = JointRamp(len(profile.arm.joints))
        self._watch = BrakeWatch(profile)
        self._faults = FaultOut(NAME)
        self._held: CertifiedCommand | None = None
        self._held_since_ns = 0
        self._mode: c.ModeStatus | None = None
        self._mode_heard_ns = 0
        self._braking_since_ns = -1  # when a mode that allows braking only began, and from which speed
        self._braking_from_mps = 0.0
        self._stop_ns: int | None = None  # stamp of the emergency stop that is latched
        self._stop_reason = ""
        self._gripper_m: float | None = None
        self._measured_mps = 0.0
        self._stepped_ns = -1
        self._released = False
        self._beat = 0
        self._authority, self._reason = Authority.FAIL_SAFE, "nothing certified yet"

    def handle(self, topic: str, value: object, now_ns: int) -> list[Output]:
        """Take one message; never raises. A certified command and an emergency stop act at once."""
        reason = malformed(topic, value)
        if reason:
            return self._faults.tell("malformed", Severity.INFO, reason, now_ns)
        if isinstance(value, c.SealedCommand):
            refused = self._take(value, now_ns)
            if refused:
                return self._faults.tell(refused.split(" ", 1)[0], Severity.INFO, refused, now_ns)
            return self._step(now_ns)
        if isinstance(value, c.ModeStatus):
            return self._on_mode(value, now_ns)
        if isinstance(value, c.EmergencyStop):
            self._stop_ns = max(now_ns, value.stamp_ns) if value.stamp_ns <= now_ns + AHEAD_NS else now_ns
            self._stop_reason = f"emergency stop by {value.source:.40}"
            return self._step(now_ns)
        if isinstance(value, c.JointReading):
            return self._on_joints(value, now_ns)
        return []

    def tick(self, now_ns: int) -> list[Output]:
        """One control period: set-points (unless a command has just made them), status, heartbeat."""
        outputs: list[Output] = []
        if not 0 <= now_ns - self._stepped_ns < self._period_ns // 2 or self._stepped_ns < 0:
            outputs = self._step(now_ns)
        self._beat += 1
        status = c.DriveStatus(
            stamp_ns=now_ns,
            sequence=-1 if self._held is None else self._held.sealed.sequence,
            in_fail_safe=self._authority <= Authority.FAIL_SAFE,
            speed_mps=self._base.speed_mps,
            yaw_rate_radps=self._base.yaw_rate_radps,
            reason=self._reason,
            released=self._released,
        )
        outputs.append(("drive_status", status))
        outputs.append(("heartbeat", c.Heartbeat(source=NAME, stamp_ns=now_ns, sequence=self._beat)))
        return outputs

    def _take(self, sealed: c.SealedCommand, now_ns: int) -> str:
        """Accept a sealed command or say why not; the first word is the fault's code."""
        if sealed.robot != self._profile.robot:
            return f"wrong_robot command for {sealed.robot!r:.40}"
        certified = unseal(sealed, self._key)
        if certified is None:
            return f"forged command {sealed.sequence}: its MAC is wrong"
        if self._held is not None and sealed.sequence <= self._held.sealed.sequence:
            return f"replayed command {sealed.sequence}, {self._held.sealed.sequence} is in force"
        if now_ns >= sealed.expires_ns:
            late_ms = (now_ns - sealed.expires_ns) * 1e-6
            return f"stale command {sealed.sequence}: expired {late_ms:.1f} ms ago"
        if sealed.issued_ns > now_ns + AHEAD_NS:
            return (
                f"future command {sealed.sequence}: issued {(sealed.issued_ns - now_ns) * 1e-6:.1f} ms ahead"
            )
        if sealed.expires_ns - sealed.issued_ns > self._longest_ns:
            valid_ms = (sealed.expires_ns - sealed.issued_ns) * 1e-6
            return f"long command {sealed.sequence}: valid for {valid_ms:.0f} ms"
        self._held, self._held_since_ns = certified, now_ns
        return ""

    def _on_mode(self, status: c.ModeStatus, now_ns: int) -> list[Output]:
        known = self._mode if self._mode_fresh(now_ns) else None
        if abs(now_ns - status.stamp_ns) > self._silence_ns:
            detail = f"mode {status.sequence} is {(now_ns - status.stamp_ns) * 1e-6:.0f} ms old"
            return self._faults.tell("mode_stale", Severity.INFO, detail, now_ns)
        if known is not None and status.sequence <= known.sequence:
            detail = f"mode {status.sequence} after {known.sequence}"
            return self._faults.tell("mode_replayed", Severity.INFO, detail, now_ns)
        stricter = AUTHORITY[status.mode] < (AUTHORITY[known.mode] if known is not None else Authority.FOLLOW)
        self._mode, self._mode_heard_ns = status, now_ns
        self._released = self._released or status.mode.may_drive
        if AUTHORITY[status.mode] is not Authority.BRAKE_ONLY:
            self._braking_since_ns = -1
        elif self._braking_since_ns < 0:
            self._braking_since_ns, self._braking_from_mps = now_ns, abs(self._base.speed_mps)
        cleared = status.mode is SafetyMode.RESET_PENDING and status.stamp_ns > (self._stop_ns or 0)
        if self._stop_ns is not None and cleared:
            self._stop_ns, self._stop_reason = None, ""
        return self._step(now_ns) if stricter else []

    def _mode_fresh(self, now_ns: int) -> bool:
        return self._mode is not None and 0 <= now_ns - self._mode_heard_ns <= self._silence_ns

    def _on_joints(self, reading: c.JointReading, now_ns: int) -> list[Output]:
        rates = dict(zip(reading.name, reading.velocity_radps, strict=False))
        if "left_wheel" not in rates or "right_wheel" not in rates:
            return self._faults.tell("encoder", Severity.INFO, "joint reading names no wheels", now_ns)
        self._measured_mps, _ = body_twist(self._profile.base, rates["left_wheel"], rates["right_wheel"])
        if self._gripper_m is None:
            self._gripper_m = self._found_gripper(reading)
        reason = self._watch.measured(reading.stamp_ns, self._measured_mps)
        return self._faults.tell("brake_weak", Severity.STOP, reason, now_ns) if reason else []

    def _found_gripper(self, reading: c.JointReading) -> float | None:
        """Set-point that keeps the gripper as it was found: closed on what it holds, else where it stands."""
        places = dict(zip(reading.name, reading.position_rad, strict=False))
        forces = dict(zip(reading.name, reading.effort_nm, strict=False))
        fingers = self._profile.arm.fingers
        if any(name not in places for name in fingers):
            return None
        if any(abs(forces.get(name, 0.0)) > GRIP_N for name in fingers):
            return 0.0
        return max(0.0, min(self._profile.arm.gripper_max_m, sum(places[name] for name in fingers)))

    def _judge(self, now_ns: int) -> tuple[Authority, str]:
        """What may be done right now, and why not more."""
        if self._stop_ns is not None:
            return Authority.HARDEST, self._stop_reason
        mode = self._mode if self._mode_fresh(now_ns) else None
        if mode is None:
            return Authority.FAIL_SAFE, "supervisor not heard"
        if AUTHORITY[mode.mode] <= Authority.FAIL_SAFE:
            return AUTHORITY[mode.mode], mode.mode.name
        held = self._held
        if held is None:
            return Authority.FAIL_SAFE, "nothing certified yet"
        if not self._held_since_ns <= now_ns < held.sealed.expires_ns:
            return Authority.FAIL_SAFE, f"command {held.sealed.sequence} expired"
        if held.sealed.sequence <= mode.revoked_sequence:
            return Authority.FAIL_SAFE, f"command {held.sealed.sequence} revoked"
        if AUTHORITY[mode.mode] is Authority.BRAKE_ONLY:
            if not self._brakes(held.command, now_ns):
                return Authority.FAIL_SAFE, f"{mode.mode.name}: command {held.sealed.sequence} does not brake"
            return Authority.BRAKE_ONLY, mode.mode.name
        return Authority.FOLLOW, ""

    def _brakes(self, command: c.Command, now_ns: int) -> bool:
        """Whether a command belongs to a comfort stop: never faster than now, and slower as time goes on."""
        if isinstance(command, c.ArmCommand):
            return not any(command.joint_velocity_radps)
        braking_s = (now_ns - self._braking_since_ns) * 1e-9 - GRACE_S
        cap = self._braking_from_mps - self._profile.supervisor.comfort_brake_mps2 * max(0.0, braking_s)
        slack = self._profile.odometry.speed_bound_mps  # the safety process brakes from the measured speed
        not_faster = abs(command.speed_mps) <= min(abs(self._base.speed_mps) + slack, max(0.0, cap + slack))
        same_way = command.speed_mps * self._base.speed_mps >= 0.0
        return (
            not_faster and same_way and abs(command.turn_radps) <= abs(self._base.yaw_rate_radps) + NOT_FASTER
        )

    def _step(self, now_ns: int) -> list[Output]:
        """Advance the set-points to now and publish them."""
        elapsed_ns = now_ns - self._stepped_ns if self._stepped_ns >= 0 else 0
        dt_s = max(0, min(elapsed_ns, STEP_MAX_N * self._period_ns)) * 1e-9
        self._stepped_ns = now_ns
        self._authority, self._reason = self._judge(now_ns)
        if self._authority >= Authority.BRAKE_ONLY and self._held is not None:
            self._follow(self._held.command, dt_s)
            self._watch.over()
        else:
            self._stop(now_ns, dt_s)
        return self._set_points(now_ns)

    def _follow(self, command: c.Command, dt_s: float) -> None:
        if isinstance(command, c.ArmCommand):
            self._stop_base(dt_s)
            if len(command.joint_velocity_radps) == len(self._arm.velocity_radps):
                self._arm.follow(command.joint_velocity_radps, self._profile.arm.brake_radps2, dt_s)
            self._gripper_m = command.gripper_m
            return
        if command.speed_mps == 0.0 and command.turn_radps == 0.0:
            self._stop_base(dt_s)  # a certified stop is the fail-safe, begun now
        else:
            self._base.follow(command, dt_s)
        self._stop_arm(dt_s)

    def _stop(self, now_ns: int, dt_s: float) -> None:
        decel = self._stop_base(dt_s)
        self._watch.stopping(now_ns, self._measured_mps, decel)
        self._stop_arm(dt_s)

    def _stop_base(self, dt_s: float) -> float:
        """Brake along the curvature of the tail that is held; returns the deceleration that is asked for."""
        base = self._profile.base
        curvature, decel, turn_decel = 0.0, base.brake_command_mps2, base.turn_brake_min_radps2
        if self._held is not None:
            tail = self._held.fail_safe
            curvature, decel, turn_decel = tail.curvature_radpm, tail.decel_mps2, tail.turn_decel_radps2
        if self._authority is Authority.HARDEST:  # in proportion: on tight arcs the rotation must keep up
            decel, turn_decel = (
                decel * base.brake_max_mps2 / base.brake_command_mps2,
                base.turn_accel_max_radps2,
            )
        self._base.stop(curvature, decel, turn_decel, dt_s)
        return decel

    def _stop_arm(self, dt_s: float) -> None:
        still = (0.0,) * len(self._arm.velocity_radps)
        self._arm.follow(still, self._profile.arm.brake_radps2, dt_s)

    def _set_points(self, now_ns: int) -> list[Output]:
        twist = c.ActuatorTwist(
            stamp_ns=now_ns, speed_mps=self._base.speed_mps, yaw_rate_radps=self._base.yaw_rate_radps
        )
        outputs: list[Output] = [("cmd_vel", twist)]
        if self._gripper_m is not None:
            joints = c.ActuatorJoints(
                stamp_ns=now_ns, joint_velocity_radps=self._arm.velocity_radps, gripper_m=self._gripper_m
            )
            outputs.append(("joint_command", joints))
        return outputs

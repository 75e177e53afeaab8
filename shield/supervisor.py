"""The supervisor: own sources, own formulas, own process. It sets the mode and never proposes a motion.

Sources: raw lidar ranges, raw encoders, heartbeats, faults, emergency stop and reset. What it concludes goes
through the table in `shield.modes`; every mode message carries the chain of causes that led to it.
"""

from __future__ import annotations

from collections.abc import Mapping

from shield import contract as c
from shield.check import malformed
from shield.contract import SafetyMode, Severity
from shield.encoders import Encoders
from shield.faults import FaultOut
from shield.field import HITS_MIN_N, blocked, hits, stopping_way
from shield.modes import Event, ModeState, advance
from shield.profile import Lidar, RobotProfile
from shield.topics import Output

NAME = "supervisor"
# How many heartbeat time-outs a process may be silent. Without the autonomy's proposals the gate begins the
# fail-safe after two periods by itself: only whether the stop latches can wait.
PEERS = {"safety": 1, "drive": 1, "autonomy": 6}
SETTLE_NS = 500_000_000  # everything must have been well for so long to start, and to leave DEGRADED
SCANS_IN_A_ROW_N = 2  # scans of one lidar that must see a violation: one sweep alone may be dust
FIX_TIMEOUT_NS = 500_000_000  # a localiser this silent is no basis for a start
STAMP_AHEAD_NS = 20_000_000  # a stamp further in the future than this is a broken clock
FAULTS_MAX = 64
RESIDUAL_MPS = 0.25  # the drive's set-point and the encoders may differ by so much: lag of a hard brake
RESIDUAL_NS = 300_000_000
CREEP_NS = 300_000_000  # motion in SAFE_STOP that lasts so long is a fault: below it the robot rocks to rest
RESET_AGE_NS = 1_000_000_000


class Supervisor:
    """A `Core`: hears raw sensors and signs of life, publishes `safety_mode`, `heartbeat` and `fault`."""

    def __init__(self, profile: RobotProfile) -> None:
        self._profile = profile
        self._lidars = {lidar.name: lidar for lidar in profile.lidars}
        self._encoders = Encoders(profile)
        self._faults = FaultOut(NAME)
        self._state = ModeState(mode=SafetyMode.INIT, since_ns=0, cause=("start",))
        self._scan_ns: dict[str, int] = {}
        self._violations_n = dict.fromkeys(self._lidars, 0)
        self._clear_m = {lidar.name: lidar.range_max_m for lidar in profile.lidars}
        self._beat_ns: dict[str, int] = {}
        self._beat_count: dict[str, int] = {}
        self._fix_ns = -1
        self._open_faults: dict[str, tuple[int, Severity]] = {}
        self._warned_ns: dict[str, int] = {}
        self._unwell_ns = 0  # when something last spoke against a start
        self._drive: c.DriveStatus | None = None
        self._residual_since_ns = -1
        self._creep_since_ns = -1
        self._stop_asked_ns = -1
        self._reset_ns = -1
        self._sequence = 0
        self._revoked = -1
        self._now_ns = 0

    @property
    def mode(self) -> SafetyMode:
        """The mode in force."""
        return self._state.mode

    def handle(self, topic: str, value: object, now_ns: int) -> list[Output]:
        """Take one message; never raises. A change of the mode is told at once, not at the next tick."""
        reason = malformed(topic, value)
        if reason:
            return self._faults.tell("malformed", Severity.INFO, reason, now_ns)
        if isinstance(value, c.Scan):
            return self._on_scan(topic, value, now_ns)
        if isinstance(value, c.JointReading):
            return self._on_joints(value, now_ns)
        if isinstance(value, c.Heartbeat):
            self._on_heartbeat(value, now_ns)
        elif isinstance(value, c.DriveStatus):
            return self._on_drive(value, now_ns)
        elif isinstance(value, c.PoseFix):
            self._fix_ns = now_ns
        elif isinstance(value, c.Fault):
            return self._on_fault(value, now_ns)
        elif isinstance(value, c.EmergencyStop):
            self._stop_asked_ns = now_ns
            return self._apply(
                Event.EMERGENCY, f"emergency stop by {value.source:.40}: {value.reason:.80}", now_ns
            )
        elif isinstance(value, c.ResetRequest):
            return self._on_reset(value, now_ns)
        return []

    def tick(self, now_ns: int) -> list[Output]:
        """One control period: watch the clocks, step the machine, say the mode."""
        self._now_ns = now_ns
        outputs: list[Output] = []
        for event, reason in self._events(now_ns):
            outputs += self._apply(event, reason, now_ns)
        outputs += self._motion_faults(now_ns)
        outputs.append(("safety_mode", self._status(now_ns)))
        outputs.append(("heartbeat", c.Heartbeat(source=NAME, stamp_ns=now_ns, sequence=self._sequence)))
        return outputs

    def _apply(self, event: Event, reason: str, now_ns: int) -> list[Output]:
        before = self._state.mode
        self._state = advance(self._state, event, reason, now_ns)
        if self._state.mode is before:
            return []
        if not self._state.mode.may_drive and self._drive is not None:
            self._revoked = max(self._revoked, self._drive.sequence)
        return [("safety_mode", self._status(now_ns))]

    def _status(self, now_ns: int) -> c.ModeStatus:
        self._sequence += 1
        limits = {
            SafetyMode.NOMINAL: self._profile.base.speed_max_mps,
            SafetyMode.DEGRADED: self._profile.supervisor.degraded_speed_mps,
        }
        return c.ModeStatus(
            stamp_ns=now_ns,
            sequence=self._sequence,
            mode=self._state.mode,
            cause=self._state.cause,
            speed_limit_mps=limits.get(self._state.mode, 0.0),
            revoked_sequence=self._revoked,
            field_clear_m=max(0.0, min(self._clear_m.values())),
        )

    def _on_scan(self, topic: str, scan: c.Scan, now_ns: int) -> list[Output]:
        lidar = self._lidars.get(scan.sensor)
        if lidar is None or scan.sensor != topic or scan.range_m.shape[0] != lidar.beams:
            detail = (
                f"{topic}: {scan.range_m.shape[0]} beams of {scan.sensor:.40} are not what the profile says"
            )
            return self._faults.tell("scan_malformed", Severity.INFO, detail, now_ns)
        last_ns = self._scan_ns.get(topic, -1)
        if scan.stamp_ns <= last_ns or scan.stamp_ns > now_ns + STAMP_AHEAD_NS:
            detail = f"{topic}: stamp {(scan.stamp_ns - now_ns) * 1e-9:+.3f} s from now is out of order"
            return self._faults.tell("scan_order", Severity.INFO, detail, now_ns)
        self._scan_ns[topic] = scan.stamp_ns
        return self._watch_fields(lidar, scan, now_ns)

    def _watch_fields(self, lidar: Lidar, scan: c.Scan, now_ns: int) -> list[Output]:
        base, timing, bounds = self._profile.base, self._profile.timing, self._profile.supervisor
        speed, yaw = self._encoders.speed_mps, self._encoders.yaw_rate_radps
        points = hits(scan, lidar, base)
        body = (base.length_m / 2.0, base.width_m / 2.0)
        reaction_s = timing.period_s + timing.latency_s
        way, turn = stopping_way(base, speed, yaw, reaction_s, base.brake_min_mps2)
        count, nearest = blocked(points, *body, bounds.protective_margin_m, way, turn)
        self._clear_m[lidar.name] = min(nearest, lidar.range_max_m)
        moving = abs(speed) > base.standstill_mps or abs(yaw) > base.standstill_radps
        if not moving:
            self._violations_n[lidar.name] = 0
            return []
        self._violations_n[lidar.name] = self._violations_n[lidar.name] + 1 if count >= HITS_MIN_N else 0
        if self._violations_n[lidar.name] >= SCANS_IN_A_ROW_N:
            reason = f"{lidar.name} sees {count} returns in the protective field at {speed:.2f} m/s"
            return self._apply(Event.EMERGENCY, reason, now_ns)
        if self._warning(points, speed, yaw):
            self._warned_ns[f"{lidar.name} sees something in the warning field"] = now_ns
        return []

    def _warning(self, points: c.Floats, speed: float, yaw: float) -> bool:
        base, bounds = self._profile.base, self._profile.supervisor
        if abs(speed) <= base.standstill_mps:
            return False
        fast = max(abs(speed), bounds.degraded_speed_mps)  # so that slowing down does not clear it at once
        stretch = fast / abs(speed)
        reaction_s = self._profile.timing.period_s + self._profile.timing.latency_s
        way, turn = stopping_way(base, speed * stretch, yaw * stretch, reaction_s, bounds.comfort_brake_mps2)
        longer = 1.0 + bounds.warning_margin_m / abs(way)
        count, _ = blocked(
            points,
            base.length_m / 2.0,
            base.width_m / 2.0,
            bounds.protective_margin_m,
            way * longer,
            turn * longer,
        )
        return count >= HITS_MIN_N

    def _on_joints(self, reading: c.JointReading, now_ns: int) -> list[Output]:
        if reading.stamp_ns > now_ns + STAMP_AHEAD_NS:
            return self._faults.tell("encoder_order", Severity.INFO, "encoders: stamp in the future", now_ns)
        reason = self._encoders.update(reading)
        if reason:
            return self._faults.tell("encoder", Severity.INFO, f"encoder reading {reason}", now_ns)
        return []

    def _on_heartbeat(self, beat: c.Heartbeat, now_ns: int) -> None:
        if beat.source in PEERS and self._beat_count.get(beat.source) != beat.sequence:
            self._beat_count[beat.source] = beat.sequence
            self._beat_ns[beat.source] = now_ns

    def _on_drive(self, status: c.DriveStatus, now_ns: int) -> list[Output]:
        """A drive that was released before this supervisor began: what was latched then is not known, so it is latched."""
        self._drive = status
        if self._state.mode is SafetyMode.INIT and status.released:
            return self._apply(Event.EMERGENCY, "supervisor restarted in operation", now_ns)
        return []

    def _on_fault(self, fault: c.Fault, now_ns: int) -> list[Output]:
        if fault.source == NAME or fault.severity is Severity.INFO:
            return []
        self._open_faults[f"{fault.source:.20}: {fault.code:.40}"] = (now_ns, fault.severity)
        if len(self._open_faults) > FAULTS_MAX:
            del self._open_faults[next(iter(self._open_faults))]
        reason = f"{fault.source:.20}: {fault.code:.40} ({fault.detail:.120})"
        events = {Severity.STOP: Event.STOP, Severity.EMERGENCY: Event.EMERGENCY}
        event = events.get(fault.severity)
        if event is None or self._state.mode is SafetyMode.INIT:
            return []
        return self._apply(event, reason, now_ns)

    def _on_reset(self, request: c.ResetRequest, now_ns: int) -> list[Output]:
        reason = self._refusal(request, now_ns)
        if reason:
            detail = f"reset by {request.operator[:40]!r} refused: {reason}"
            return self._faults.tell("reset_refused", Severity.INFO, detail, now_ns)
        self._reset_ns = request.stamp_ns
        text = f"reset by {request.operator:.40}: {request.reason:.80}"
        told = self._faults.tell("reset_accepted", Severity.INFO, text, now_ns)
        return told + self._apply(Event.RESET, text, now_ns)

    def _refusal(self, request: c.ResetRequest, now_ns: int) -> str:
        if self._state.mode is not SafetyMode.SAFE_STOP:
            return f"the mode is {self._state.mode.name}, not SAFE_STOP"
        if not request.operator.strip() or not request.reason.strip():
            return "operator and reason are needed"
        if request.stamp_ns <= self._reset_ns or abs(now_ns - request.stamp_ns) > RESET_AGE_NS:
            return "the request is old"
        problems = self._problems(now_ns)
        return problems[0] if problems else ""

    def _lost_sensors(self, now_ns: int) -> list[tuple[str, float]]:
        timeout_ns = round(self._profile.timing.sensor_timeout_s * 1e9)
        ages = {name: self._scan_ns.get(name, -1) for name in self._lidars}
        ages["joint_states"] = self._encoders.stamp_ns
        return [
            (name, (now_ns - at) * 1e-9) for name, at in ages.items() if at < 0 or now_ns - at > timeout_ns
        ]

    def _lost_peers(self, now_ns: int, patience: Mapping[str, int]) -> list[str]:
        timeout_ns = round(self._profile.supervisor.heartbeat_timeout_s * 1e9)
        return [
            name
            for name in PEERS
            if name not in self._beat_ns or now_ns - self._beat_ns[name] > patience.get(name, 1) * timeout_ns
        ]

    def _problems(self, now_ns: int) -> list[str]:
        """What speaks against moving, for start and reset."""
        problems = [f"{name} is missing" for name, _ in self._lost_sensors(now_ns)]
        problems += [f"no heartbeat of {name}" for name in self._lost_peers(now_ns, {})]
        if self._drive is None:
            problems.append("no status of the drive")
        if self._fix_ns < 0 or now_ns - self._fix_ns > FIX_TIMEOUT_NS:
            problems.append("localisation is missing")
        problems += [
            f"open fault {key}" for key, (at, _) in self._open_faults.items() if now_ns - at <= SETTLE_NS
        ]
        if self._stop_asked_ns >= 0 and now_ns - self._stop_asked_ns <= SETTLE_NS:
            problems.append("the emergency stop is still pressed")
        if not self._encoders.standing:
            problems.append("the robot does not stand still")
        return problems

    def _events(self, now_ns: int) -> list[tuple[Event, str]]:
        mode, age_ns = self._state.mode, now_ns - self._state.since_ns
        if mode is SafetyMode.SAFE_STOP:
            return []
        if mode in (SafetyMode.INIT, SafetyMode.RESET_PENDING):
            return self._start_events(now_ns)
        events = self._loss_events(now_ns)
        if mode.may_drive:
            return events + self._degrade_events(now_ns)
        if self._encoders.standing and "joint_states" not in dict(self._lost_sensors(now_ns)):
            events.append((Event.STANDSTILL, "standing"))
        elif age_ns > self._profile.supervisor.mrm_timeout_s * 1e9:
            events.append((Event.TIMEOUT, f"{mode.name} not standing after {age_ns * 1e-9:.1f} s"))
        return events

    def _start_events(self, now_ns: int) -> list[tuple[Event, str]]:
        problems = self._problems(now_ns)
        if problems:
            self._unwell_ns = now_ns
            return [(Event.UNREADY, problems[0])]
        if self._state.mode is SafetyMode.INIT:
            return [(Event.READY, "all well")] if now_ns - self._unwell_ns >= SETTLE_NS else []
        countdown_ns = round(self._profile.supervisor.reset_countdown_s * 1e9)
        return [(Event.COUNTDOWN, "countdown over")] if now_ns - self._state.since_ns >= countdown_ns else []

    def _loss_events(self, now_ns: int) -> list[tuple[Event, str]]:
        events: list[tuple[Event, str]] = []
        lost = self._lost_sensors(now_ns)
        blind = len([name for name, _ in lost if name in self._lidars]) == len(self._lidars)
        for name, age_s in lost:
            hard = blind or name == "joint_states"
            events.append((Event.EMERGENCY if hard else Event.STOP, f"{name} stale {age_s * 1e3:.0f} ms"))
        events += [
            (Event.STOP if name == "autonomy" else Event.EMERGENCY, f"heartbeat of {name} lost")
            for name in self._lost_peers(now_ns, PEERS)
        ]
        return events

    def _degrade_events(self, now_ns: int) -> list[tuple[Event, str]]:
        recent = [reason for reason, at in self._warned_ns.items() if 0 <= now_ns - at <= SETTLE_NS]
        recent += [
            key
            for key, (at, severity) in self._open_faults.items()
            if severity is Severity.DEGRADE and 0 <= now_ns - at <= SETTLE_NS
        ]
        late_ns = round(self._profile.timing.sensor_timeout_s * 1e9) * 2 // 3
        recent += [
            f"{n} late {(now_ns - at) * 1e-6:.0f} ms"
            for n, at in self._scan_ns.items()
            if now_ns - at > late_ns
        ]
        if recent:
            return [(Event.DEGRADE, recent[0])]
        return [(Event.CLEAR, "clear")]

    def _motion_faults(self, now_ns: int) -> list[Output]:
        """Motion that nobody asked for: against the drive's word, or in SAFE_STOP."""
        outputs: list[Output] = []
        speed = self._encoders.speed_mps
        off = self._drive is not None and abs(self._drive.speed_mps - speed) > RESIDUAL_MPS
        self._residual_since_ns = (
            (self._residual_since_ns if self._residual_since_ns >= 0 else now_ns) if off else -1
        )
        if off and now_ns - self._residual_since_ns > RESIDUAL_NS:
            detail = f"encoders say {speed:.2f} m/s against the drive's set-point"
            outputs += self._faults.tell("motion_residual", Severity.EMERGENCY, detail, now_ns)
            outputs += self._apply(Event.EMERGENCY, detail, now_ns)
        creeps = self._state.mode is SafetyMode.SAFE_STOP and not self._encoders.standing
        self._creep_since_ns = (
            (self._creep_since_ns if self._creep_since_ns >= 0 else now_ns) if creeps else -1
        )
        if creeps and now_ns - self._creep_since_ns > CREEP_NS:
            detail = f"moves at {speed:.2f} m/s in SAFE_STOP"
            outputs += self._faults.tell("moves_in_safe_stop", Severity.EMERGENCY, detail, now_ns)
        return outputs

"""The safety process: fusion, gate and minimal risk, one certified command a control cycle.

The cycle starts with an encoder reading. In a driving mode the snapshot goes out and the autonomy's proposal
comes back to be certified; in every other mode, or without trust in the snapshot, the command is made here.
"""

from __future__ import annotations

from shield import contract as c
from shield.check import malformed
from shield.contract import SafetyMode, Severity
from shield.faults import FaultOut
from shield.gate import Gate
from shield.minimal_risk import SKILL, VERSION, MinimalRisk
from shield.profile import RobotProfile
from shield.sensors import Fusion
from shield.site import Site
from shield.source_watch import Finding
from shield.topics import Output
from shield.tracking import Tracker

NAME = "safety"
MISSES_N = 2  # snapshots without an answer until the gate is asked for a fail-safe instead
SILENT_N = 25  # snapshots without an answer until it is a fault: 0.5 s
AHEAD_NS = 20_000_000


class Safety:
    """A `Core`: hears sensors, mode and proposals; publishes snapshots, decisions and certified commands.

    Args:
        profile: of the robot.
        site: of the hall.
        key: of the launch, shared with the drive alone; None in shadow mode: nothing is ever certified.
    """

    def __init__(self, profile: RobotProfile, site: Site, key: bytes | None) -> None:
        self._profile = profile
        self._gate = Gate(profile, site, key)
        self._fusion = Fusion(profile, site)
        self._tracker = Tracker(profile)
        self._minimal_risk = MinimalRisk(profile)
        self._faults = FaultOut(NAME)
        self._mode: c.ModeStatus | None = None
        self._mode_heard_ns = 0
        self._snapshot: c.Snapshot | None = None
        self._agents: tuple[c.TrackedAgent, ...] = ()
        self._waiting_n = 0  # snapshots since the last proposal that was decided on
        self._answered = True  # whether the newest snapshot has had its decision
        self._proposals = 0
        self._beat = 0
        self._stop_asked = False

    def handle(self, topic: str, value: object, now_ns: int) -> list[Output]:
        """Take one message; never raises."""
        reason = malformed(topic, value)
        if reason:
            return self._faults.tell("malformed", Severity.INFO, reason, now_ns)
        if isinstance(value, c.JointReading):
            return self._tell(self._fusion.joints(value, now_ns), now_ns) + self._cycle(now_ns)
        if isinstance(value, c.ProposedAction):
            return self._on_proposal(value, now_ns)
        if isinstance(value, c.ModeStatus):
            return self._on_mode(value, now_ns)
        if isinstance(value, c.EmergencyStop):
            self._stop_asked = True
            return []
        findings: list[Finding] = []
        if isinstance(value, c.Scan):
            findings = self._fusion.scan(value, now_ns)
        elif isinstance(value, c.Imu):
            findings = self._fusion.imu(value, now_ns)
        elif isinstance(value, c.PoseFix):
            findings = self._fusion.fix(value, now_ns)
        return self._tell(findings, now_ns)

    def tick(self, now_ns: int) -> list[Output]:
        """One control period: sign of life, and what the sensors' silence says."""
        self._beat += 1
        outputs: list[Output] = [
            ("heartbeat", c.Heartbeat(source=NAME, stamp_ns=now_ns, sequence=self._beat))
        ]
        return outputs + self._tell(self._fusion.watch(now_ns), now_ns)

    def _tell(self, findings: list[Finding], now_ns: int) -> list[Output]:
        outputs: list[Output] = []
        for code, severity, detail in findings:
            outputs += self._faults.tell(code, severity, detail, now_ns)
        return outputs

    def _on_mode(self, status: c.ModeStatus, now_ns: int) -> list[Output]:
        if self._mode_fresh(now_ns) and self._mode is not None and status.sequence <= self._mode.sequence:
            detail = f"mode {status.sequence} after {self._mode.sequence}"
            return self._faults.tell("mode_replayed", Severity.INFO, detail, now_ns)
        self._mode, self._mode_heard_ns = status, now_ns
        if status.mode is SafetyMode.RESET_PENDING:
            self._stop_asked = False
        return []

    def _mode_fresh(self, now_ns: int) -> bool:
        silence_ns = round(self._profile.supervisor.heartbeat_timeout_s * 1e9)
        return self._mode is not None and 0 <= now_ns - self._mode_heard_ns <= silence_ns

    def _mode_now(self, now_ns: int) -> tuple[SafetyMode, float]:
        """Mode and speed limit that hold: without word of the supervisor nothing may drive."""
        if self._stop_asked:
            return SafetyMode.MRM_EMERGENCY, 0.0
        if self._mode is None or not self._mode_fresh(now_ns):
            return SafetyMode.SAFE_STOP, 0.0
        return self._mode.mode, max(0.0, self._mode.speed_limit_mps)

    def _cycle(self, now_ns: int) -> list[Output]:
        mode, limit = self._mode_now(now_ns)
        snapshot = self._fusion.snapshot(now_ns, mode, limit, self._agents, self._gate.set_point(now_ns))
        if snapshot is None:
            return []
        self._agents = self._tracker.update(snapshot.discs, snapshot.ego)
        self._snapshot, self._answered = snapshot, False
        self._waiting_n += 1
        outputs: list[Output] = [("snapshot", snapshot)]
        if not self._fusion.trusted(now_ns):
            self._waiting_n = 0
            return outputs + self._certify(None, snapshot, now_ns)
        if not mode.may_drive:
            self._waiting_n = 0
            return outputs + self._certify(self._braking(mode, snapshot, now_ns), snapshot, now_ns)
        if self._waiting_n > SILENT_N:
            detail = f"no proposal for {self._waiting_n - 1} snapshots"
            outputs += self._faults.tell("proposal_missing", Severity.STOP, detail, now_ns)
        if self._waiting_n > MISSES_N:
            outputs += self._certify(None, snapshot, now_ns)
            self._answered = False  # the autonomy may come back with an answer to this very snapshot
        return outputs

    def _on_proposal(self, proposal: c.ProposedAction, now_ns: int) -> list[Output]:
        snapshot = self._snapshot
        if snapshot is None or not snapshot.mode.may_drive:
            return []
        if self._answered:
            detail = f"proposal {proposal.sequence} of {proposal.skill:.40}: nothing is left to decide"
            return self._faults.tell("proposal_surplus", Severity.INFO, detail, now_ns)
        self._waiting_n = 0
        return self._certify(proposal, snapshot, now_ns)

    def _braking(self, mode: SafetyMode, snapshot: c.Snapshot, now_ns: int) -> c.ProposedAction:
        self._proposals += 1
        return c.ProposedAction(
            robot=self._profile.robot,
            sequence=self._proposals,
            stamp_ns=now_ns,
            snapshot_sequence=snapshot.sequence,
            skill=SKILL,
            version=VERSION,
            command=self._minimal_risk.command(mode, snapshot.ego),
        )

    def _certify(self, proposal: c.ProposedAction | None, snapshot: c.Snapshot, now_ns: int) -> list[Output]:
        self._answered = True
        certified, decision = self._gate.certify(proposal, snapshot, now_ns)
        if proposal is None or proposal.skill != SKILL:
            self._minimal_risk.follow(decision.command)
        outputs: list[Output] = [] if certified is None else [("certified_command", certified.sealed)]
        return [*outputs, ("gate_decision", decision)]

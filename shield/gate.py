"""The gate: admit, reach, rules, decide. Nothing moves unless it was certified here.

`Gate.certify` answers every input with one of three verdicts and never raises. It is a deterministic function
of its inputs and of the inputs before: no clock is read but for the timings, which decide nothing, and the
solver is bounded in steps, not in seconds. A stop is always admissible, for it is the fail-safe itself.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from time import perf_counter

from shield import contract as c
from shield.admit import pack_discs, packed_fault, proposal_fault, snapshot_fault
from shield.contract import ArmCommand, BaseCommand, Floats, ProposedAction, Snapshot
from shield.decide import Decided, Decider, refused
from shield.fail_safe import SetPoint, braked, fail_safe
from shield.profile import RobotProfile
from shield.seal import CertifiedCommand, seal
from shield.site import Site

MINIMAL_RISK = "minimal_risk"  # the only skill that is heard outside the driving modes
FLIGHTS_MAX_N = 16  # commands that may be on their way: those of 0.1 s, and some
TIME_MAX_NS = 2**62
NO_PROPOSAL = ProposedAction(
    robot="", sequence=-1, stamp_ns=0, snapshot_sequence=-1, skill="", version="", command=c.HOLD
)


class Gate:
    """The gate of one robot; it keeps its last set-points, the commands in flight and the sequence.

    Args:
        profile: of the robot.
        site: of the hall.
        key: of the launch; None in shadow mode and in replay, where nothing is ever certified.
    """

    def __init__(self, profile: RobotProfile, site: Site, key: bytes | None) -> None:
        self._profile, self._key = profile, key
        self._decider = Decider(profile, site)
        self._cover_ns = round((profile.timing.period_s + profile.timing.latency_s) * 1e9)
        self._flight_ns = self._cover_ns + round(profile.timing.period_s * 1e9)
        self._last = SetPoint(joint_velocity_radps=(0.0,) * len(profile.arm.joints))
        self._gripper_known = False
        self._flights: deque[tuple[int, float, float]] = deque(maxlen=FLIGHTS_MAX_N)
        self._sequence = 0
        self._now_ns, self._expires_ns, self._stamp_ns = 0, 0, 0
        self._heard: dict[bool, tuple[int, int]] = {}  # stamp and sequence, of minimal risk and of the others

    def certify(
        self, proposal: ProposedAction | None, snapshot: Snapshot | None, now_ns: int
    ) -> tuple[CertifiedCommand | None, c.GateDecision]:
        """Decide on one proposal: accept it, correct it, or begin the fail-safe that is held.

        The command is certified for period + latency from the snapshot's stamp on; one that says "stand
        still" asks the drive to begin the fail-safe now.

        Args:
            proposal: what a skill asks for; None begins the fail-safe.
            snapshot: what the decision rests on; None begins the fail-safe.
            now_ns: the clock of the cycle.

        Returns:
            The certified command (None without a key) and the decision for the record.
        """
        begun = perf_counter()
        admitted = begun
        try:
            refusal, discs = self._admit(proposal, snapshot, now_ns)
            admitted = perf_counter()
            decided = refusal or self._decide(proposal, snapshot, discs)
        except Exception as error:  # noqa: BLE001 # fail closed: even a defect ends in the fail-safe
            decided = refused("defect", f"the gate failed on this input: {type(error).__name__}: {error}")
        timings = c.Timings(
            admit_s=admitted - begun,
            reach_s=decided.reach_s,
            rules_s=decided.rules_s,
            total_s=perf_counter() - begun,
        )
        return self._issue(proposal, snapshot, decided, timings)

    def set_point(self, now_ns: int) -> c.BaseSetPoint:
        """What is asked of the base at `now_ns`, when the drive may have begun the fail-safe by itself."""
        now, alone_ns = self._last, now_ns - max(self._expires_ns, self._now_ns)
        if self._sequence and alone_ns > 0:
            now = braked(self._profile, now, alone_ns * 1e-9)
        return c.BaseSetPoint(
            speed_mps=now.speed_mps, yaw_rate_radps=now.yaw_rate_radps, speed_step_mps=now.speed_step_mps
        )

    def _admit(
        self, proposal: object, snapshot: object, now_ns: object
    ) -> tuple[Decided | None, Floats | None]:
        """The refusal of an input that nothing can be decided on, or the packed discs."""
        fault = self._clock_fault(now_ns)
        if fault:
            return refused("clock", fault), None
        fault = snapshot_fault(self._profile, snapshot, self._now_ns, self._stamp_ns)
        if fault or not isinstance(snapshot, Snapshot):
            return refused("snapshot", fault), None
        discs = pack_discs(snapshot.discs)
        fault = packed_fault(discs)
        if fault:
            return refused("snapshot", fault), None
        self._stamp_ns = snapshot.stamp_ns
        if not self._gripper_known:
            gripper = 0.0 if snapshot.ego.carrying else snapshot.ego.gripper_m
            self._last, self._gripper_known = replace(self._last, gripper_m=gripper), True
        if proposal is None:
            return refused("no_proposal", "nothing was proposed"), None
        fault = proposal_fault(self._profile, proposal, self._now_ns)
        if fault or not isinstance(proposal, ProposedAction):
            return refused("proposal", fault), None
        fault = self._order_fault(proposal)
        if fault:
            return refused("order", fault), None
        if not snapshot.mode.may_drive and proposal.skill != MINIMAL_RISK:
            return refused("mode", f"in {snapshot.mode.name} nothing but minimal risk is heard"), None
        return None, discs

    def _clock_fault(self, now_ns: object) -> str:
        """Take the time, and let the set-points follow what the drive has done by itself since the expiry."""
        if type(now_ns) is not int or not 0 <= now_ns < TIME_MAX_NS:
            return f"{now_ns!r:.40} is no time"
        if now_ns < self._now_ns:
            return f"the clock ran backwards by {(self._now_ns - now_ns) * 1e-6:.1f} ms"
        alone_ns = now_ns - max(self._expires_ns, self._now_ns)
        if self._sequence and alone_ns > 0:
            self._last = braked(self._profile, self._last, alone_ns * 1e-9)
        self._now_ns = now_ns
        return ""

    def _order_fault(self, proposal: ProposedAction) -> str:
        """Refuse a proposal that was decided on before, or is older than one that was."""
        minimal = proposal.skill == MINIMAL_RISK
        known = self._heard.get(minimal)
        this = (proposal.stamp_ns, proposal.sequence)
        if known is not None and this <= known:
            return f"proposal {proposal.sequence} is not newer than {known[1]}, which was decided on"
        self._heard[minimal] = this
        return ""

    def _decide(
        self, proposal: ProposedAction | None, snapshot: Snapshot | None, discs: Floats | None
    ) -> Decided:
        if proposal is None or snapshot is None or discs is None:
            return refused("no_proposal", "nothing was proposed")
        oldest = snapshot.stamp_ns - self._flight_ns
        flights = [(speed, rate) for issued, speed, rate in self._flights if issued >= oldest]
        return self._decider.decide(proposal.command, snapshot, discs, self._last, flights)

    def _issue(
        self, proposal: object, snapshot: object, decided: Decided, timings: c.Timings
    ) -> tuple[CertifiedCommand | None, c.GateDecision]:
        """Advance the set-points, and seal."""
        self._sequence += 1
        self._last = self._next(decided.command)
        self._flights.append((self._now_ns, self._last.speed_mps, self._last.yaw_rate_radps))
        start_ns, command = self._stamp_ns, decided.command
        if command is None:
            command = BaseCommand(speed_mps=0.0, curvature_radpm=self._last.curvature_radpm)
            start_ns = self._now_ns
        self._expires_ns = start_ns + self._cover_ns
        tail = fail_safe(self._profile, self._last)
        unsealed = c.SealedCommand(
            robot=self._profile.robot,
            sequence=self._sequence,
            issued_ns=self._now_ns,
            expires_ns=self._expires_ns,
            command=command,
            fail_safe=tail,
            mac=b"",
        )
        certified = None if self._key is None else seal(unsealed, self._key)
        decision = c.GateDecision(
            sequence=self._sequence,
            now_ns=self._now_ns,
            snapshot_sequence=snapshot.sequence if isinstance(snapshot, Snapshot) else -1,
            has_proposal=isinstance(proposal, ProposedAction),
            proposal=proposal if isinstance(proposal, ProposedAction) else NO_PROPOSAL,
            verdict=c.Verdict(
                outcome=decided.outcome,
                reasons=decided.reasons,
                rules=decided.rules,
                margins=decided.margins,
                timings=timings,
            ),
            command=command,
            fail_safe=tail,
            expires_ns=self._expires_ns,
        )
        return certified, decision

    def _next(self, command: c.Command | None) -> SetPoint:
        """The set-points after this decision: a stop plays the fail-safe for one period."""
        last = self._last
        still = braked(self._profile, last, self._profile.timing.period_s)
        if isinstance(command, ArmCommand):
            return replace(
                still, joint_velocity_radps=command.joint_velocity_radps, gripper_m=command.gripper_m
            )
        if command is None or (command.speed_mps == 0.0 and command.turn_radps == 0.0):
            return still
        return SetPoint(
            speed_mps=command.speed_mps,
            curvature_radpm=command.curvature_radpm,
            turn_radps=command.turn_radps,
            speed_step_mps=command.speed_mps - last.speed_mps,
            joint_velocity_radps=still.joint_velocity_radps,
            gripper_m=last.gripper_m,
        )

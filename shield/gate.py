"""The gate: admit, reach, rules, decide. Nothing moves unless it was certified here.

`Gate.certify` answers every input with one of three verdicts and never raises. It is a deterministic function
of its inputs and of the inputs before: no clock is read but for the timings, which decide nothing, and the
solver is bounded in steps, not in seconds. A stop is always admissible, for it is the fail-safe itself.
"""

from __future__ import annotations

import dataclasses
import math
from collections import deque
from time import perf_counter

from shield import contract as c
from shield.admit import pack_discs, packed_fault, proposal_fault, snapshot_fault
from shield.areas import hall_array, keep_out_array, pose_vector, zone_array
from shield.arm_rules import ArmScene, joint_margin
from shield.arm_rules import broken as arm_broken
from shield.arm_rules import nearest as arm_nearest
from shield.contract import ArmCommand, BaseCommand, Command, Floats, Outcome, ProposedAction, Snapshot
from shield.explain import why_not, why_stuck
from shield.fail_safe import SetPoint, braked, fail_safe
from shield.profile import RobotProfile
from shield.prove import Proof, Prover
from shield.reach import ego_vector, footprint_array, pack
from shield.rules import Limit, Situation, broken, broken_exactly, limits, measure, tell
from shield.seal import CertifiedCommand, seal
from shield.search import ENOUGH_M, SAFE, Scene, fastest, judge, nearest_person, top_speed
from shield.site import Site
from shield.solve import Answer, build_problem, solve
from shield.sweep import REACT

MINIMAL_RISK = "minimal_risk"  # the only skill that is heard outside the driving modes
FLIGHTS_MAX_N = 16
NOTHING = c.Margins(clearance_m=math.inf, nearest_person_m=math.inf, speed_mps=0.0, joint_rad=math.inf)
NO_PROPOSAL = ProposedAction(
    robot="", sequence=-1, stamp_ns=0, snapshot_sequence=-1, skill="", version="", command=c.HOLD
)


@dataclasses.dataclass(frozen=True, slots=True)
class _Decided:
    """What became of a proposal; `command` is None for the fail-safe."""

    outcome: Outcome
    command: Command | None
    reasons: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    margins: c.Margins = NOTHING
    reach_s: float = 0.0
    rules_s: float = 0.0


class Gate:
    """The gate of one robot; it keeps its last set-points, the commands in flight and the sequence.

    Args:
        profile: of the robot.
        site: of the hall.
        key: of the launch; None in shadow mode and in replay, where nothing is ever certified.
    """

    def __init__(self, profile: RobotProfile, site: Site, key: bytes | None) -> None:
        self._profile, self._site, self._key = profile, site, key
        self._bounds, self._footprint = pack(profile), footprint_array(profile)
        self._hall, self._keep_out, self._zones = hall_array(site), keep_out_array(site), zone_array(site)
        self._prover = Prover()
        self._period_ns = round(profile.timing.period_s * 1e9)
        self._cover_ns = round((profile.timing.period_s + profile.timing.latency_s) * 1e9)
        still = (0.0,) * len(profile.arm.joints)
        self._last = SetPoint(joint_velocity_radps=still)
        self._gripper_known = False
        self._flights: deque[tuple[int, float, float]] = deque(maxlen=FLIGHTS_MAX_N)
        self._sequence = 0
        self._now_ns, self._expires_ns, self._stamp_ns = 0, 0, 0
        self._heard: dict[bool, tuple[int, int]] = {}  # stamp and sequence, of minimal risk and of the others

    def certify(
        self, proposal: ProposedAction | None, snapshot: Snapshot | None, now_ns: int
    ) -> tuple[CertifiedCommand | None, c.GateDecision]:
        """Decide on one proposal: accept it, correct it, or begin the fail-safe that is held.

        Args:
            proposal: what a skill asks for; None begins the fail-safe.
            snapshot: what the decision rests on; None begins the fail-safe.
            now_ns: the clock of the cycle.

        Returns:
            The certified command (None without a key) and the decision for the record.
        """
        begun = perf_counter()
        clock_fault = self._set_clock(now_ns)
        admitted, decided = begun, None
        if clock_fault:
            decided = _refused("clock", clock_fault)
        else:
            try:
                refusal, packed = self._admit(proposal, snapshot)
                admitted = perf_counter()
                decided = refusal or self._decide(proposal, snapshot, packed)
            except Exception as error:  # noqa: BLE001 # fail closed: even a defect ends in the fail-safe
                decided = _refused(
                    "defect", f"the gate failed on this input: {type(error).__name__}: {error}"
                )
        timings = c.Timings(
            admit_s=admitted - begun,
            reach_s=decided.reach_s,
            rules_s=decided.rules_s,
            total_s=perf_counter() - begun,
        )
        return self._issue(proposal, snapshot, decided, timings)

    def _set_clock(self, now_ns: object) -> str:
        """Let the set-points follow what the drive has done since the last call."""
        if type(now_ns) is not int or not 0 <= now_ns < 2**62:
            return f"{now_ns!r:.40} is no time"
        if now_ns < self._now_ns:
            return f"the clock ran backwards by {(self._now_ns - now_ns) * 1e-6:.1f} ms"
        alone_ns = now_ns - max(self._expires_ns, self._now_ns)
        if self._sequence and alone_ns > 0:
            self._last = braked(self._profile, self._last, alone_ns * 1e-9)
        self._now_ns = now_ns
        return ""

    def _admit(self, proposal: object, snapshot: object) -> tuple[_Decided | None, Floats]:
        fault = snapshot_fault(self._profile, snapshot, self._now_ns, self._stamp_ns)
        if fault or not isinstance(snapshot, Snapshot):
            return _refused("snapshot", fault), self._bounds
        packed = pack_discs(snapshot.discs)
        fault = packed_fault(packed)
        if fault:
            return _refused("snapshot", fault), packed
        self._stamp_ns = snapshot.stamp_ns
        if not self._gripper_known:
            gripper = 0.0 if snapshot.ego.carrying else snapshot.ego.gripper_m
            self._last, self._gripper_known = dataclasses.replace(self._last, gripper_m=gripper), True
        if proposal is None:
            return _refused("no_proposal", "nothing was proposed"), packed
        fault = proposal_fault(self._profile, proposal, self._now_ns)
        if fault or not isinstance(proposal, ProposedAction):
            return _refused("proposal", fault), packed
        fault = self._order_fault(proposal)
        if fault:
            return _refused("order", fault), packed
        if not snapshot.mode.may_drive and proposal.skill != MINIMAL_RISK:
            return _refused("mode", f"in {snapshot.mode.name} nothing but minimal risk is heard"), packed
        return None, packed

    def _order_fault(self, proposal: ProposedAction) -> str:
        """Refuse a proposal that was decided on before or is older than one that was."""
        minimal = proposal.skill == MINIMAL_RISK
        known = self._heard.get(minimal)
        this = (proposal.stamp_ns, proposal.sequence)
        if known is not None and this <= known:
            return f"proposal {proposal.sequence} is not newer than {known[1]}, which was decided on"
        self._heard[minimal] = this
        return ""

    def _decide(self, proposal: ProposedAction | None, snapshot: Snapshot | None, discs: Floats) -> _Decided:
        if proposal is None or snapshot is None:
            return _refused("no_proposal", "nothing was proposed")
        scene = self._scene(snapshot, discs)
        command = proposal.command
        if isinstance(command, ArmCommand):
            return self._arm(command, scene, snapshot)
        if command.speed_mps == 0.0 and command.turn_radps == 0.0:
            margins = self._margins(scene, snapshot, ENOUGH_M, 0.0)
            return _Decided(Outcome.ACCEPTED, command, margins=margins)
        return self._base(command, scene, snapshot)

    def _scene(self, snapshot: Snapshot, discs: Floats) -> Scene:
        ego, oldest = snapshot.ego, snapshot.stamp_ns - self._cover_ns - self._period_ns
        speeds = [self._last.speed_mps] + [speed for issued, speed, _ in self._flights if issued >= oldest]
        rates = [self._last.yaw_rate_radps] + [rate for issued, _, rate in self._flights if issued >= oldest]
        state = ego_vector(
            ego.speed_mps,
            ego.yaw_rate_radps,
            ego.speed_bound_mps,
            ego.yaw_rate_bound_radps,
            (min(speeds), max(speeds)),
            (min(rates), max(rates)),
        )
        return Scene(
            self._bounds,
            state,
            discs,
            self._footprint,
            pose_vector(ego),
            self._hall,
            self._keep_out,
            self._zones,
        )

    def _situation(self, snapshot: Snapshot) -> Situation:
        arm, ego = self._profile.arm, snapshot.ego
        away = max(abs(q - rest) for q, rest in zip(ego.joint_position_rad, arm.stowed_rad, strict=True))
        return Situation(
            speed_mps=self._last.speed_mps,
            yaw_rate_radps=self._last.yaw_rate_radps,
            speed_step_mps=self._last.speed_step_mps,
            driving=snapshot.mode.may_drive,
            speed_limit_mps=snapshot.speed_limit_mps,
            arm_stowed=away <= arm.stowed_tolerance_rad,
            arm_moves=self._last.arm_moves,
        )

    def _base(self, command: BaseCommand, scene: Scene, snapshot: Snapshot) -> _Decided:
        begun = perf_counter()
        spans = limits(self._profile, self._situation(snapshot))
        values = measure(command.speed_mps, command.curvature_radpm, command.turn_radps)
        against = broken(spans, values)
        ruled = perf_counter()
        code, amount, clear, who = SAFE, 0.0, ENOUGH_M, -1
        if not against:
            code, amount, clear, who = judge(
                scene, command.speed_mps, command.curvature_radpm, command.turn_radps
            )
        if against or code != SAFE:
            reasons = [tell(limit, values) for limit in against]
            names = [limit.rule for limit in against]
            if code != SAFE:
                said, name = why_not(code, amount, who, scene, snapshot.discs)
                reasons, names = [*reasons, said], [*names, name]
            return self._correct(command, scene, snapshot, spans, reasons, names)
        margins = self._margins(scene, snapshot, clear, self._spare(command, scene))
        return _Decided(
            Outcome.ACCEPTED, command, margins=margins, rules_s=ruled - begun, reach_s=perf_counter() - ruled
        )

    def _correct(
        self,
        command: BaseCommand,
        scene: Scene,
        snapshot: Snapshot,
        spans: tuple[Limit, ...],
        reasons: list[str],
        names: list[str],
    ) -> _Decided:
        """The nearest admissible action, certified once more by reachability and exact arithmetic."""
        begun = perf_counter()
        problem = build_problem(self._profile, scene, command, spans, self._last.curvature_radpm)
        searched = perf_counter()
        answer = solve(problem)
        if answer is None:
            said, name = why_stuck(spans, command, scene, snapshot.discs, self._prover)
            return _Decided(
                Outcome.FALLBACK,
                None,
                (*reasons, *said),
                (*names, *name),
                self._margins(scene, snapshot, 0.0, 0.0),
                searched - begun,
                perf_counter() - searched,
            )
        fault, clear = self._doubt(answer, scene, spans)
        if fault:
            return _refused("disagreement", fault)
        proof = self._prover.nearest(problem, answer)
        if proof is not Proof.HOLDS:
            reasons.append("that nothing nearer is admissible is not proved")
            names.append("disagreement" if proof is Proof.REFUTED else "unproved")
        margins = self._margins(scene, snapshot, clear, self._spare(answer.command, scene))
        return _Decided(
            Outcome.CORRECTED,
            answer.command,
            tuple(reasons),
            tuple(names),
            margins,
            searched - begun,
            perf_counter() - searched,
        )

    @staticmethod
    def _doubt(answer: Answer, scene: Scene, spans: tuple[Limit, ...]) -> tuple[str, float]:
        """Check a correction as if somebody else had made it; returns what is wrong, and its clearance."""
        command = answer.command
        code, amount, clear, _ = judge(scene, command.speed_mps, command.curvature_radpm, command.turn_radps)
        if code != SAFE:
            return f"reachability refutes a correction that it had found safe, by {amount:.4f}", clear
        against = broken_exactly(spans, command)
        if against:
            return f"exact arithmetic refutes a correction: {against[0].rule}", clear
        return "", clear

    def _arm(self, command: ArmCommand, scene: Scene, snapshot: Snapshot) -> _Decided:
        begun = perf_counter()
        if not snapshot.mode.may_drive:
            return _refused("mode", f"in {snapshot.mode.name} the arm does not move")
        arm = ArmScene(
            self._profile, self._site, snapshot.ego, scene.discs, self._last, float(self._bounds[REACT])
        )
        against = arm_broken(arm, command)
        margins = dataclasses.replace(
            self._margins(scene, snapshot, ENOUGH_M, 0.0), joint_rad=joint_margin(arm)
        )
        if not against:
            return _Decided(Outcome.ACCEPTED, command, margins=margins, rules_s=perf_counter() - begun)
        reasons = tuple(entry.sentence for entry in against)
        names = tuple(dict.fromkeys(entry.rule for entry in against))
        corrected = arm_nearest(arm, command)
        if arm_broken(arm, corrected):
            return _Decided(Outcome.FALLBACK, None, reasons, names, margins, rules_s=perf_counter() - begun)
        return _Decided(Outcome.CORRECTED, corrected, reasons, names, margins, rules_s=perf_counter() - begun)

    def _spare(self, command: BaseCommand, scene: Scene) -> float:
        """Admissible speed (or rate) on the command's curvature less its own."""
        rotates = command.turn_radps != 0.0
        own = abs(command.turn_radps) if rotates else abs(command.speed_mps)
        sign = math.copysign(1.0, command.turn_radps if rotates else command.speed_mps)
        top = top_speed(self._bounds, command.curvature_radpm, sign, rotates)
        found, _ = fastest(scene, own, max(own, top), command.curvature_radpm, sign, rotates)
        return max(0.0, found - own)

    def _margins(self, scene: Scene, snapshot: Snapshot, clear: float, spare: float) -> c.Margins:
        arm, ego = self._profile.arm, snapshot.ego
        joints = zip(ego.joint_position_rad, arm.position_min_rad, arm.position_max_rad, strict=True)
        return c.Margins(
            clearance_m=clear if clear < ENOUGH_M else math.inf,
            nearest_person_m=nearest_person(scene.discs, self._footprint),
            speed_mps=spare,
            joint_rad=min(min(high - q, q - low) for q, low, high in joints),
        )

    def _issue(
        self, proposal: object, snapshot: object, decided: _Decided, timings: c.Timings
    ) -> tuple[CertifiedCommand | None, c.GateDecision]:
        """Advance the set-points, and seal."""
        self._sequence += 1
        self._last = self._next(decided)
        self._flights.append((self._now_ns, self._last.speed_mps, self._last.yaw_rate_radps))
        command = decided.command
        if command is None:
            command = BaseCommand(speed_mps=0.0, curvature_radpm=self._last.curvature_radpm)
        trusted = decided.command is not None
        self._expires_ns = (self._stamp_ns if trusted else self._now_ns) + self._cover_ns
        tail = fail_safe(self._profile, self._last)
        certified = None
        if self._key is not None:
            certified = seal(
                c.SealedCommand(
                    robot=self._profile.robot,
                    sequence=self._sequence,
                    issued_ns=self._now_ns,
                    expires_ns=self._expires_ns,
                    command=command,
                    fail_safe=tail,
                    mac=b"",
                ),
                self._key,
            )
        known = isinstance(proposal, ProposedAction)
        decision = c.GateDecision(
            sequence=self._sequence,
            now_ns=self._now_ns,
            snapshot_sequence=snapshot.sequence if isinstance(snapshot, Snapshot) else -1,
            has_proposal=known,
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

    def _next(self, decided: _Decided) -> SetPoint:
        """The set-points after this decision: a stop plays the fail-safe for one period."""
        last, command = self._last, decided.command
        still = braked(self._profile, last, self._profile.timing.period_s)
        if command is None or (isinstance(command, BaseCommand) and command == c.HOLD):
            return still
        if isinstance(command, ArmCommand):
            return dataclasses.replace(
                still, joint_velocity_radps=command.joint_velocity_radps, gripper_m=command.gripper_m
            )
        if command.speed_mps == 0.0 and command.turn_radps == 0.0:
            return still
        return SetPoint(
            speed_mps=command.speed_mps,
            curvature_radpm=command.curvature_radpm,
            turn_radps=command.turn_radps,
            speed_step_mps=command.speed_mps - last.speed_mps,
            joint_velocity_radps=still.joint_velocity_radps,
            gripper_m=last.gripper_m,
        )


def _refused(rule: str, reason: str) -> _Decided:
    return _Decided(Outcome.FALLBACK, None, (reason,), (rule,))

"""Reach and rules: what is to become of one admitted command, as a pure function of what is passed in."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from shield.admit import pack_discs, packed_fault
from shield.areas import hall_array, keep_out_array, pose_vector, zone_array
from shield.arm_rules import ArmScene, joint_margin
from shield.arm_rules import broken as arm_broken
from shield.arm_rules import nearest as arm_nearest
from shield.contract import (
    NO_DISCS,
    ArmCommand,
    BaseCommand,
    Command,
    EgoState,
    Floats,
    Margins,
    Outcome,
    SafetyMode,
    Snapshot,
)
from shield.explain import why_not, why_stuck
from shield.fail_safe import SetPoint
from shield.profile import RobotProfile
from shield.prove import Proof, Prover
from shield.rules import (
    Limit,
    Situation,
    broken,
    broken_exactly,
    fixed_limits,
    measure,
    tell,
    tick_limits,
)
from shield.search import ENOUGH_M, SAFE, Judgement, Scene, judge, nearest_person
from shield.site import Site
from shield.solve import Answer, build_problem, solve
from shield.sweep import REACT, ego_vector, footprint_array, pack

NOTHING = Margins(clearance_m=math.inf, nearest_person_m=math.inf, speed_mps=0.0, joint_rad=math.inf)
Flights = Iterable[tuple[float, float]]  # speed and yaw rate of commands that may still act


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a command; `command` is None for the fail-safe."""

    outcome: Outcome
    command: Command | None
    reasons: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    margins: Margins = NOTHING
    reach_s: float = 0.0
    rules_s: float = 0.0


def refused(rule: str, reason: str) -> Decided:
    """The fail-safe, for one reason."""
    return Decided(Outcome.FALLBACK, None, (reason,), (rule,))


class Decider:
    """Decides on admitted commands for one robot in one hall; it remembers nothing.

    Args:
        profile: of the robot.
        site: of the hall.
    """

    def __init__(self, profile: RobotProfile, site: Site) -> None:
        self._profile, self._site = profile, site
        self._bounds, self._footprint = pack(profile), footprint_array(profile)
        self._areas = hall_array(site), keep_out_array(site), zone_array(site)
        self._fixed = fixed_limits(profile)
        self._prover = Prover()
        self._warm_up()

    def _warm_up(self) -> None:
        """Compile or load every kernel and ask the solver once, so that no tick has to."""
        arm = self._profile.arm
        still = (0.0,) * len(arm.joints)
        ego = EgoState(
            stamp_ns=0,
            x_m=0.0,
            y_m=0.0,
            heading_rad=0.0,
            speed_mps=0.0,
            yaw_rate_radps=0.0,
            position_bound_m=0.0,
            heading_bound_rad=0.0,
            speed_bound_mps=0.0,
            yaw_rate_bound_radps=0.0,
            joint_position_rad=arm.stowed_rad,
            joint_velocity_radps=still,
        )
        snapshot = Snapshot(
            robot=self._profile.robot,
            sequence=0,
            stamp_ns=0,
            ego=ego,
            discs=NO_DISCS,
            mode=SafetyMode.NOMINAL,
            speed_limit_mps=self._profile.base.speed_max_mps,
        )
        last, far = SetPoint(joint_velocity_radps=still), np.array([[9.0, 9.0, 0.1, 1.0, 0.0]])
        packed_fault(pack_discs(NO_DISCS))
        moving = ArmCommand(joint_velocity_radps=(0.01, *still[1:]), gripper_m=arm.gripper_max_m)
        for command in (BaseCommand(speed_mps=1.0), BaseCommand(speed_mps=0.001), moving):
            self.decide(command, snapshot, far, last, ())

    def decide(
        self, command: Command, snapshot: Snapshot, discs: Floats, last: SetPoint, flights: Flights
    ) -> Decided:
        """Accept, correct or refuse; a stop is the fail-safe itself and always accepted."""
        scene = self._scene(snapshot, discs, last, flights)
        if isinstance(command, ArmCommand):
            return self._arm(command, scene, snapshot, last)
        if command.speed_mps == 0.0 and command.turn_radps == 0.0:
            return Decided(Outcome.ACCEPTED, command, margins=self._margins(scene, snapshot, ENOUGH_M, 0.0))
        return self._base(command, scene, snapshot, last)

    def _scene(self, snapshot: Snapshot, discs: Floats, last: SetPoint, flights: Flights) -> Scene:
        ego = snapshot.ego
        speeds, rates = [last.speed_mps], [last.yaw_rate_radps]
        for speed, rate in flights:
            speeds.append(speed)
            rates.append(rate)
        state = ego_vector(
            ego.speed_mps,
            ego.yaw_rate_radps,
            ego.speed_bound_mps,
            ego.yaw_rate_bound_radps,
            (min(speeds), max(speeds)),
            (min(rates), max(rates)),
        )
        return Scene(self._bounds, state, discs, self._footprint, pose_vector(ego), *self._areas)

    def _situation(self, snapshot: Snapshot, last: SetPoint) -> Situation:
        arm, ego = self._profile.arm, snapshot.ego
        away = max(abs(q - rest) for q, rest in zip(ego.joint_position_rad, arm.stowed_rad, strict=True))
        return Situation(
            speed_mps=last.speed_mps,
            yaw_rate_radps=last.yaw_rate_radps,
            speed_step_mps=last.speed_step_mps,
            stopping=last.stopping,
            driving=snapshot.mode.may_drive,
            speed_limit_mps=snapshot.speed_limit_mps,
            arm_stowed=away <= arm.stowed_tolerance_rad,
            arm_moves=last.arm_moves,
        )

    def _base(self, command: BaseCommand, scene: Scene, snapshot: Snapshot, last: SetPoint) -> Decided:
        begun = perf_counter()
        spans = self._fixed + tick_limits(self._profile, self._situation(snapshot, last))
        values = measure(command.speed_mps, command.curvature_radpm, command.turn_radps)
        against = broken(spans, values)
        ruled = perf_counter()
        reasons = [tell(limit, values) for limit in against]
        names = [limit.rule for limit in against]
        if not against:
            found = Judgement(*judge(scene, *_motion(command)))
            if found.forbidden_by == SAFE:
                margins = self._margins(scene, snapshot, found.clearance_m, found.spare)
                reach_s = perf_counter() - ruled
                return Decided(Outcome.ACCEPTED, command, (), (), margins, reach_s, ruled - begun)
            said, name = why_not(found, snapshot.discs)
            reasons, names = [said], [name]
        return self._correct(command, scene, snapshot, spans, last, (reasons, names))

    def _correct(
        self,
        command: BaseCommand,
        scene: Scene,
        snapshot: Snapshot,
        spans: tuple[Limit, ...],
        last: SetPoint,
        why: tuple[list[str], list[str]],
    ) -> Decided:
        """The nearest admissible action, certified once more by reachability and exact arithmetic."""
        reasons, names = why
        begun = perf_counter()
        problem = build_problem(self._profile, scene, command, spans, last.curvature_radpm)
        answer = solve(problem)
        searched = perf_counter()
        reach_s = searched - begun
        if answer is None:
            said, name = why_stuck(spans, command, scene, self._prover)
            margins = self._margins(scene, snapshot, 0.0, 0.0)
            all_said, all_names = (*reasons, *said), tuple(dict.fromkeys((*names, *name)))
            rules_s = perf_counter() - searched
            return Decided(Outcome.FALLBACK, None, all_said, all_names, margins, reach_s, rules_s)
        found = Judgement(*judge(scene, *_motion(answer.command)))
        doubt = _doubt(answer, found, spans)
        if doubt:
            return refused("disagreement", doubt)
        proof = self._prover.nearest(problem, answer)
        if proof is not Proof.HOLDS:
            reasons.append("that nothing nearer is admissible is not proved")
            names.append("disagreement" if proof is Proof.REFUTED else "unproved")
        margins = self._margins(scene, snapshot, found.clearance_m, found.spare)
        rules_s = perf_counter() - searched
        return Decided(
            Outcome.CORRECTED, answer.command, tuple(reasons), tuple(names), margins, reach_s, rules_s
        )

    def _arm(self, command: ArmCommand, scene: Scene, snapshot: Snapshot, last: SetPoint) -> Decided:
        begun = perf_counter()
        if not snapshot.mode.may_drive:
            return refused("mode", f"in {snapshot.mode.name} the arm does not move")
        arm = ArmScene(self._profile, self._site, snapshot.ego, scene.discs, last, float(self._bounds[REACT]))
        against = arm_broken(arm, command)
        margins = replace(self._margins(scene, snapshot, ENOUGH_M, 0.0), joint_rad=joint_margin(arm))
        if not against:
            return Decided(Outcome.ACCEPTED, command, margins=margins, rules_s=perf_counter() - begun)
        reasons = tuple(entry.sentence for entry in against)
        names = tuple(dict.fromkeys(entry.rule for entry in against))
        corrected = arm_nearest(arm, command)
        if arm_broken(arm, corrected):
            return Decided(Outcome.FALLBACK, None, reasons, names, margins, rules_s=perf_counter() - begun)
        return Decided(Outcome.CORRECTED, corrected, reasons, names, margins, rules_s=perf_counter() - begun)

    def _margins(self, scene: Scene, snapshot: Snapshot, clear: float, spare: float) -> Margins:
        arm, ego = self._profile.arm, snapshot.ego
        joints = zip(ego.joint_position_rad, arm.position_min_rad, arm.position_max_rad, strict=True)
        return Margins(
            clearance_m=clear if clear < ENOUGH_M else math.inf,
            nearest_person_m=nearest_person(scene.discs, self._footprint),
            speed_mps=spare,
            joint_rad=min(min(high - q, q - low) for q, low, high in joints),
        )


def _motion(command: BaseCommand) -> tuple[float, float, float]:
    return float(command.speed_mps), float(command.curvature_radpm), float(command.turn_radps)


def _doubt(answer: Answer, found: Judgement, spans: tuple[Limit, ...]) -> str:
    """What is wrong with a correction, looked at as if somebody else had made it; empty when nothing is."""
    if found.forbidden_by != SAFE:
        return f"reachability refutes a correction that it had found safe, by {found.excess:.4f}"
    against = broken_exactly(spans, answer.command)
    return f"exact arithmetic refutes a correction: {against[0].rule}" if against else ""

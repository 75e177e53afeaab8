"""A short run made up by arithmetic: down the aisle, a person steps in, wait, on to the packing table."""

from __future__ import annotations

import math

from gatehouse.record import Message
from shield import contract as c
from sim.truth import CrateTruth, PersonTruth, Truth
from sim.truth_log import TruthRow

START_NS = 5_000_000_000
PERIOD_NS = 20_000_000
STEP_IN_S, STEP_OUT_S, END_S = 6.0, 12.0, 30.0


def speed_mps(time_s: float) -> float:
    """Starts at 1 s, waits while the person is in the way, ends 2 s before the end."""
    if time_s < 1.0 or time_s > END_S - 2.0:
        return 0.0
    if time_s < STEP_IN_S:
        return min(0.8, 0.6 * (time_s - 1.0))
    if time_s < STEP_OUT_S:
        return max(0.0, 0.8 - 1.2 * (time_s - STEP_IN_S))
    return max(0.0, min(0.8, 0.6 * (time_s - STEP_OUT_S), 0.6 * (END_S - 2.0 - time_s)))


def person_y(time_s: float) -> float:
    """North through the gap between the shelves, with a rest in the aisle."""
    if time_s < STEP_OUT_S - 2.0:
        return min(5.0, 2.0 + max(0.0, time_s - 4.0) * 1.2)
    return 5.0 + (time_s - STEP_OUT_S + 2.0) * 1.2


class Story:
    """The messages of the run and the truth beside them."""

    def __init__(self, *, gate_s: float = 0.0004, delay_s: float = 0.004) -> None:
        self.messages: list[Message] = []
        self.truth: list[TruthRow] = []
        self._gate_s, self._delay_s = gate_s, delay_s
        self._x = 3.0
        self._order(c.OrderState.ACTIVE, START_NS)
        for k in range(round(END_S / 0.02)):
            self._period(k)
        self._order(c.OrderState.DONE, START_NS + round(END_S * 1e9))

    def say(self, topic: str, value: object, stamp_ns: int) -> None:
        self.messages.append((topic, value, stamp_ns))

    def _order(self, state: c.OrderState, stamp_ns: int) -> None:
        self.say(
            "order_status",
            c.Order(order="order_1", item="crate_17", station="packing", state=state),
            stamp_ns,
        )

    def _period(self, k: int) -> None:
        time_s, now_ns = k * 0.02, START_NS + k * PERIOD_NS
        speed, person = speed_mps(time_s), person_y(time_s)
        self._x += 0.02 * speed
        far = math.hypot(self._x - 8.1, 5.0 - person) - 0.6
        mode = c.SafetyMode.INIT if time_s < 0.5 else c.SafetyMode.NOMINAL
        if STEP_IN_S < time_s < STEP_OUT_S:
            mode = c.SafetyMode.DEGRADED
        self.say(
            "safety_mode",
            c.ModeStatus(stamp_ns=now_ns, sequence=k, mode=mode, cause=("warning field",)),
            now_ns,
        )
        self.say("snapshot", self._snapshot(k, now_ns, speed, mode, person), now_ns)
        self.say(
            "gate_decision",
            self._decision(k, now_ns, time_s, speed, far),
            now_ns + round(self._delay_s * 1e9),
        )
        self.say(
            "cmd_vel",
            c.ActuatorTwist(stamp_ns=now_ns + 9_000_000, speed_mps=speed, yaw_rate_radps=0.0),
            now_ns + 9_000_000,
        )
        self._status(time_s, now_ns)
        if k % 5 == 0:
            self.truth.append(TruthRow(stamp_ns=now_ns, truth=self._truth(time_s, speed, person, far)))

    def _truth(self, time_s: float, speed: float, person: float, far: float) -> Truth:
        crate = CrateTruth(name="crate_17", x_m=11.0, y_m=3.26, z_m=0.55, heading_rad=0.0, tilt_rad=0.0)
        walker = PersonTruth(name="walker", x_m=8.1, y_m=person, heading_rad=math.pi / 2, speed_mps=1.2)
        return Truth(
            time_s=time_s,
            x_m=self._x,
            y_m=5.0,
            heading_rad=0.0,
            speed_mps=speed,
            lateral_mps=0.0,
            yaw_rate_radps=0.0,
            tilt_rad=0.0,
            joint_position_rad=(0.0,) * 11,
            joint_velocity_radps=(0.0,) * 11,
            people=(walker,),
            crates=(crate,),
            contacts=(),
            person_distance_m=far,
            least_person_distance_m=far,
            least_moving_person_distance_m=far,
            path_m=self._x - 3.0,
        )

    def _snapshot(self, k: int, now_ns: int, speed: float, mode: c.SafetyMode, person: float) -> c.Snapshot:
        ego = c.EgoState(
            stamp_ns=now_ns,
            x_m=self._x,
            y_m=5.0,
            heading_rad=0.0,
            speed_mps=speed,
            yaw_rate_radps=0.0,
            position_bound_m=0.02,
            heading_bound_rad=0.01,
            speed_bound_mps=0.03,
            yaw_rate_bound_radps=0.04,
        )
        walker = c.TrackedAgent(
            track=1,
            kind=c.Kind.PERSON,
            x_m=8.1,
            y_m=person,
            radius_m=0.25,
            velocity_x_mps=0.0,
            velocity_y_mps=1.2,
            speed_bound_mps=1.6,
            seen_ns=now_ns,
        )
        return c.Snapshot(
            robot="amr_panda",
            sequence=k,
            stamp_ns=now_ns,
            ego=ego,
            discs=c.NO_DISCS,
            agents=(walker,),
            mode=mode,
        )

    def _decision(self, k: int, now_ns: int, time_s: float, speed: float, far: float) -> c.GateDecision:
        wanted = 0.0 if time_s < 1.0 or time_s > END_S - 2.0 else 0.8
        outcome = c.Outcome.ACCEPTED
        reasons: tuple[str, ...] = ()
        rules: tuple[str, ...] = ()
        if STEP_IN_S < time_s < STEP_OUT_S:
            outcome = c.Outcome.CORRECTED if speed > 0.0 else c.Outcome.FALLBACK
            reasons = (f"speed {wanted:.2f} m/s exceeds {speed:.2f} m/s, from which the robot stops in time",)
            rules = ("clearance",)
        proposal = c.ProposedAction(
            robot="amr_panda",
            sequence=k,
            stamp_ns=now_ns + 2_000_000,
            snapshot_sequence=k,
            skill="navigate",
            version="1",
            command=c.BaseCommand(speed_mps=wanted),
        )
        margins = c.Margins(clearance_m=far / 2, nearest_person_m=far, speed_mps=0.1, joint_rad=math.inf)
        verdict = c.Verdict(
            outcome=outcome,
            reasons=reasons,
            rules=rules,
            margins=margins,
            timings=c.Timings(total_s=self._gate_s),
        )
        fail_safe = c.Manoeuvre(
            speed_mps=speed,
            curvature_radpm=0.0,
            turn_radps=0.0,
            decel_mps2=1.6,
            turn_decel_radps2=2.0,
            joint_velocity_radps=(),
            joint_decel_radps2=(),
            gripper_m=0.08,
            duration_s=1.0,
        )
        return c.GateDecision(
            sequence=k,
            now_ns=now_ns + round(self._delay_s * 1e9),
            snapshot_sequence=k,
            has_proposal=True,
            proposal=proposal,
            verdict=verdict,
            command=c.BaseCommand(speed_mps=speed),
            fail_safe=fail_safe,
            expires_ns=now_ns + 80_000_000,
        )

    def _status(self, time_s: float, now_ns: int) -> None:
        skill, target = ("navigate", "slot_a2") if time_s < 20.0 else ("dock", "packing")
        state = c.SkillState.SUCCEEDED if time_s >= END_S - 0.03 else c.SkillState.RUNNING
        self.say(
            "skill_status",
            c.SkillStatus(
                stamp_ns=now_ns, skill=skill, version="1", target=target, state=state, progress=time_s / END_S
            ),
            now_ns,
        )

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from shield import contract as c
from shield.contract import HOLD, Outcome, SafetyMode
from shield.gate import Gate
from shield.seal import unseal
from tests.shield.scenes import (
    KEY,
    PERIOD_NS,
    PROFILE,
    SITE,
    Body,
    Row,
    Run,
    arc,
    base,
    line,
    person,
    proposal,
    snapshot,
    turn,
)

TABLE_M = 10.0
TABLE = line(TABLE_M, 4.4, TABLE_M, 5.6, 0.02)
DOCKED_M = TABLE_M - 0.12 - PROFILE.base.length_m / 2


def test_it_drives_at_full_speed_through_an_aisle() -> None:
    walls = line(0.0, 3.4, 16.0, 3.4) + line(0.0, 6.6, 16.0, 6.6)
    run = Run(Body(x=3.0), lambda _t: walls)
    run.drive(arc(1.2), 250)
    assert run.outcomes() == {"ACCEPTED"}
    assert run.body.speed == pytest.approx(1.2)


def test_it_stops_short_of_a_wall_that_it_is_driven_into() -> None:
    run = Run(Body(x=5.0), lambda _t: TABLE)
    run.drive(arc(1.2), 500)
    assert run.body.speed == 0.0
    assert 0.02 < TABLE_M - run.body.x - PROFILE.base.length_m / 2 < 0.15
    assert "clearance" in run.rules()
    last = run.decisions[-1].verdict
    assert last.outcome is Outcome.FALLBACK
    assert "a fixed obstacle" in last.reasons[0]


def test_it_creeps_to_the_docking_gap_and_backs_out_again() -> None:
    run = Run(Body(x=8.8), lambda _t: TABLE)
    while run.body.x < DOCKED_M - 0.001 and run.k < 1500:
        run.tick(arc(min(0.1, 0.8 * (DOCKED_M - run.body.x) + 0.01)))
    assert run.body.x == pytest.approx(DOCKED_M, abs=0.005)
    run.drive(HOLD, 20)
    run.drive(arc(-0.2), 100)
    assert run.outcomes() == {"ACCEPTED"}
    assert run.body.x < DOCKED_M - 0.2


def test_it_leaves_from_where_it_stands_too_near() -> None:
    for gap in (0.08, 0.05, 0.02):
        run = Run(Body(x=TABLE_M - gap - PROFILE.base.length_m / 2), lambda _t: TABLE)
        assert run.tick(arc(0.05)).verdict.outcome is Outcome.FALLBACK
        run.drive(arc(-0.2), 100)
        assert run.body.x < TABLE_M - gap - PROFILE.base.length_m / 2 - 0.2, gap


def test_it_does_not_swing_its_corner_into_the_table() -> None:
    docked = Run(Body(x=DOCKED_M), lambda _t: TABLE)
    docked.drive(turn(1.0), 60)
    assert "clearance" in docked.rules()
    assert docked.body.heading < 0.35
    free = Run(Body(x=9.0), lambda _t: TABLE)
    free.drive(turn(1.0), 60)
    assert free.outcomes() == {"ACCEPTED"}
    assert free.body.heading > 0.7


@pytest.mark.parametrize("gap", [0.7, 0.8, 1.0])
def test_it_passes_a_person_beside_the_way_and_carries_on(gap: float) -> None:
    half = PROFILE.base.width_m / 2
    run = Run(Body(x=6.0), lambda _t: [person(9.0, 5.0 + half + gap + 0.28)])
    run.drive(arc(1.2), 700)
    assert run.body.x > 9.8
    assert "clearance" in run.rules()


def test_a_person_who_steps_into_the_way_is_given_way_to() -> None:
    def crossing(time: float) -> list[Row]:
        return [person(9.0, 8.0 - 1.2 * min(time, 2.5) - (1.2 * (time - 6.0) if time > 6.0 else 0.0))]

    run = Run(Body(x=6.0), crossing)
    run.drive(arc(1.2), 250)
    assert run.body.speed < 0.1
    assert run.body.x < 8.2
    assert any("a person" in reason for d in run.decisions for reason in d.verdict.reasons)
    run.drive(arc(1.2), 350)
    assert run.body.x > 10.0


def test_zones_keep_out_and_hall_hold_for_the_whole_manoeuvre() -> None:
    zone = Run(Body(x=6.0, heading=math.pi))
    inside = []
    for _ in range(400):
        zone.tick(arc(1.2))
        if zone.body.x - 0.44 < 2.4 and zone.body.x > 1.0:
            inside.append(zone.body.speed)
    assert max(inside) <= 0.5 + 1e-6
    assert zone.body.speed == pytest.approx(0.5) or zone.body.x < 1.0
    office = Run(Body(x=10.0, y=0.9))
    office.drive(arc(1.2), 500)
    assert office.body.x + 0.44 < 13.6
    assert "keep_out" in office.rules()
    hall = Run(Body(x=12.0))
    hall.drive(arc(1.2), 500)
    assert hall.body.x + 0.44 < 16.0
    assert "hall" in hall.rules()
    hall.drive(arc(-0.2), 60)
    assert hall.body.x < 15.4


def test_limits_of_set_points_are_kept_exactly() -> None:
    run = Run(Body(x=3.0), shape=False)
    previous = run.gate._last
    generator = np.random.default_rng(5)
    for _ in range(400):
        run.tick(arc(float(generator.uniform(-0.5, 1.6)), float(generator.uniform(-5.0, 5.0))))
        now = run.gate._last
        own = PROFILE.base
        assert -own.reverse_max_mps - 1e-9 <= now.speed_mps <= own.speed_max_mps + 1e-9
        assert abs(now.yaw_rate_radps) <= own.yaw_rate_max_radps + 1e-9
        assert abs(now.speed_mps * now.yaw_rate_radps) <= own.lateral_accel_max_mps2 + 1e-9
        assert abs(now.speed_mps) <= abs(previous.speed_mps) + own.command_accel_mps2 * 0.02 + 2e-6
        assert abs(now.speed_mps) >= abs(previous.speed_mps) - own.brake_command_mps2 * 0.02 - 2e-6
        assert abs(now.yaw_rate_radps - previous.yaw_rate_radps) <= own.turn_accel_max_radps2 * 0.02 + 2e-6
        previous = now
    assert {"accel", "jerk", "curvature"} <= run.rules()
    assert "disagreement" not in run.rules()
    assert "unproved" not in run.rules()


def test_corrections_are_nearest_and_say_why() -> None:
    run = Run(Body(x=3.0))
    run.drive(arc(0.6), 80)
    run.shape = False
    decision = run.tick(arc(0.9))
    assert decision.verdict.outcome is Outcome.CORRECTED
    assert base(decision).speed_mps == pytest.approx(0.6 + 0.008, abs=1e-5)  # what the jerk limit leaves
    assert set(decision.verdict.rules) == {"accel", "jerk"}
    assert "0.900 m/s is not within" in decision.verdict.reasons[0]


def test_a_lower_limit_of_the_supervisor_is_approached_gently() -> None:
    run = Run(Body(x=3.0))
    run.drive(arc(1.2), 150)
    run.limit = 0.4
    speeds = []
    for _ in range(200):
        run.tick(arc(1.2))
        speeds.append(run.body.speed)
    assert "FALLBACK" not in {d.verdict.outcome.name for d in run.decisions[150:]}
    assert speeds[-1] == pytest.approx(0.4)
    assert min(np.diff([1.2, *speeds])) > -PROFILE.base.brake_command_mps2 * 0.02


def test_base_and_arm_are_interlocked() -> None:
    moved = (PROFILE.arm.stowed_rad[0] + 0.3, *PROFILE.arm.stowed_rad[1:])
    run = Run(Body(joints=moved))
    for command in (arc(0.1), turn(0.1)):
        decision = run.tick(command)
        assert decision.verdict.outcome is Outcome.FALLBACK
        assert any(rule.startswith("arm_stowed") for rule in decision.verdict.rules)
    assert run.tick(HOLD).verdict.outcome is Outcome.ACCEPTED


def test_outside_the_driving_modes_only_braking_of_minimal_risk_is_heard() -> None:
    run = Run(Body(x=3.0))
    run.drive(arc(1.0), 120)
    run.mode, run.shape = SafetyMode.MRM_COMFORT, False
    assert run.tick(arc(0.99)).verdict.rules == ("mode",)
    before = run.body.speed
    slower = run.tick(arc(before - 0.01), skill="minimal_risk")
    assert slower.verdict.outcome is Outcome.ACCEPTED
    faster = run.tick(arc(before + 0.05), skill="minimal_risk")
    assert faster.verdict.outcome is Outcome.CORRECTED
    assert base(faster).speed_mps <= base(slower).speed_mps
    assert run.tick(HOLD, skill="minimal_risk").verdict.outcome is Outcome.ACCEPTED
    assert (
        run.tick(c.ArmCommand(joint_velocity_radps=(0.0,) * 7, gripper_m=0.0)).verdict.outcome
        is Outcome.FALLBACK
    )


def test_holding_still_is_admissible_everywhere() -> None:
    crowd = [person(6.0 + 0.3 * math.cos(a), 5.0 + 0.3 * math.sin(a)) for a in np.linspace(0.0, 6.0, 12)]
    for body in (Body(), Body(x=14.0, y=0.5), Body(x=-3.0), Body(joints=(0.0,) * 7), Body(speed=1.0)):
        run = Run(body, lambda _t: crowd)
        assert run.tick(HOLD).verdict.outcome is Outcome.ACCEPTED


def test_a_stop_brakes_as_the_fail_safe_does() -> None:
    run = Run(Body(x=3.0))
    run.drive(arc(1.0, 0.3), 120)
    before = run.body.speed
    decision = run.tick(HOLD)
    step = PROFILE.base.brake_command_mps2 * PROFILE.timing.period_s
    assert decision.fail_safe.speed_mps == pytest.approx(before - step)
    assert decision.fail_safe.curvature_radpm == 0.3
    assert decision.fail_safe.duration_s >= (before - step) / PROFILE.base.brake_min_mps2


def test_the_fail_safe_of_a_tight_arc_lets_the_rotation_keep_up() -> None:
    run = Run(Body(x=6.0))
    run.drive(arc(0.3, 3.5), 80)
    tail = run.decisions[-1].fail_safe
    assert tail.decel_mps2 * 3.5 <= PROFILE.base.turn_accel_max_radps2 + 1e-9


def test_without_proposal_or_snapshot_the_fail_safe_begins() -> None:
    gate = Gate(PROFILE, SITE, KEY)
    seen = snapshot(1, Body())
    for asked, known in ((None, seen), (proposal(1, arc(0.01)), None), (None, None)):
        certified, decision = gate.certify(asked, known, PERIOD_NS)
        assert decision.verdict.outcome is Outcome.FALLBACK
        assert decision.command == HOLD
        assert certified is not None


@pytest.mark.parametrize(
    ("late_ns", "rule"),
    [(61_000_000, "snapshot"), (-25_000_000, "snapshot"), (10_000_000, ""), (59_000_000, "")],
)
def test_only_a_fresh_snapshot_counts(late_ns: int, rule: str) -> None:
    gate = Gate(PROFILE, SITE, KEY)
    now_ns = 50 * PERIOD_NS
    asked = dataclasses.replace(proposal(50, arc(0.005)), stamp_ns=now_ns)
    seen = dataclasses.replace(snapshot(50, Body()), stamp_ns=now_ns - late_ns)
    certified, decision = gate.certify(asked, seen, now_ns)
    assert decision.verdict.rules == ((rule,) if rule else ())
    if not rule:
        cover_ns = round((PROFILE.timing.period_s + PROFILE.timing.latency_s) * 1e9)
        assert certified is not None
        assert certified.expires_ns == seen.stamp_ns + cover_ns


def test_old_and_doubled_inputs_are_refused() -> None:
    gate = Gate(PROFILE, SITE, KEY)
    first, second = proposal(1, arc(0.004)), proposal(2, arc(0.008))
    assert gate.certify(second, snapshot(2, Body()), 2 * PERIOD_NS)[1].verdict.outcome is Outcome.ACCEPTED
    for again, seen, rule in (
        (second, 2, "order"),
        (first, 2, "order"),
        (proposal(3, arc(0.01)), 1, "snapshot"),
    ):
        decision = gate.certify(again, snapshot(seen, Body()), 2 * PERIOD_NS)[1]
        assert decision.verdict.rules == (rule,)
    back = gate.certify(proposal(3, arc(0.01)), snapshot(2, Body()), PERIOD_NS)[1]
    assert back.verdict.rules == ("clock",)
    other = dataclasses.replace(proposal(4, arc(0.01)), robot="somebody_else")
    assert gate.certify(other, snapshot(4, Body()), 4 * PERIOD_NS)[1].verdict.rules == ("proposal",)


def test_after_a_silence_the_set_points_are_those_of_the_fail_safe() -> None:
    run = Run(Body(x=3.0))
    run.drive(arc(1.0), 120)
    before = run.gate._last.speed_mps
    run.k += 50  # a second in which nobody called
    run.tick(HOLD)
    assert run.gate._last.speed_mps == 0.0 < before


def test_what_is_issued_is_sealed_and_grows_in_sequence() -> None:
    run = Run(Body(x=3.0))
    seen = snapshot(1, run.body)
    certified, decision = run.gate.certify(proposal(1, arc(0.004)), seen, PERIOD_NS)
    assert certified is not None
    assert unseal(certified.sealed, KEY) is not None
    again, _ = run.gate.certify(proposal(2, arc(0.004)), snapshot(2, run.body), 2 * PERIOD_NS)
    assert again is not None
    assert again.sequence == certified.sequence + 1 == decision.sequence + 1


def test_shadow_and_replay_give_the_same_verdicts_and_no_command() -> None:
    def crossing(time: float) -> list[Row]:
        return [person(9.0, 8.0 - 1.2 * time)]

    live = Run(Body(x=6.0), crossing, shape=False)
    generator = np.random.default_rng(3)
    for _ in range(150):
        live.tick(arc(float(generator.uniform(0.0, 1.2)), float(generator.normal(0.0, 0.3))))
    shadow = Gate(PROFILE, SITE, None)
    replayed = Run(Body(x=6.0), crossing, shape=False, gate=Gate(PROFILE, SITE, KEY))
    for decision in live.decisions:
        k = replayed.k = replayed.k + 1
        seen = snapshot(k, replayed.body, crossing(k * 0.02))
        certified, judged = shadow.certify(decision.proposal, seen, decision.now_ns)
        assert certified is None
        assert judged == decision
        tail = decision.fail_safe
        replayed.body.speed, replayed.body.rates = tail.speed_mps, tail.joint_velocity_radps
        replayed.body.yaw_rate = tail.speed_mps * tail.curvature_radpm + tail.turn_radps
        replayed.body.move(0.02)
    assert {d.verdict.outcome for d in live.decisions} == set(Outcome)


def test_margins_are_on_every_verdict() -> None:
    run = Run(Body(x=6.0), lambda _t: [person(8.5, 5.0)])
    margins = run.tick(arc(0.008)).verdict.margins
    assert margins.nearest_person_m == pytest.approx(2.5 - 0.28 - 0.443, abs=0.01)
    assert margins.clearance_m > 0.0
    assert 0.0 < margins.speed_mps < 1.2
    assert margins.joint_rad > 0.5
    alone = Run(Body(x=6.0)).tick(arc(0.008)).verdict.margins
    assert alone.clearance_m == alone.nearest_person_m == math.inf


def test_it_tells_what_it_issued_and_what_the_drive_has_made_of_it_since() -> None:
    run = Run(Body(x=5.0), lambda _t: [])
    assert run.gate.set_point(0) == c.AT_REST
    last = run.drive(arc(0.6), 80)[-1]
    told = run.gate.set_point(last.now_ns)
    assert (told.speed_mps, told.yaw_rate_radps) == (base(last).speed_mps, 0.0)
    assert told.speed_mps == pytest.approx(0.6)
    assert run.gate.set_point(last.expires_ns) == told
    late = run.gate.set_point(last.expires_ns + 100_000_000)
    assert late.speed_mps == pytest.approx(told.speed_mps - 0.1 * PROFILE.base.brake_command_mps2)
    assert run.gate.set_point(last.expires_ns + 10_000_000_000).stands

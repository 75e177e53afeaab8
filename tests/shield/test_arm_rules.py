from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shield import arm_rules
from shield.arm_rules import ArmScene
from shield.contract import ArmCommand, Outcome
from shield.fail_safe import SetPoint
from shield.formulas import joint_reach
from shield.kinematics import tool_pose
from tests.shield.scenes import PROFILE, SITE, Body, Row, Run, arc, arm, person, snapshot, static

ARM = PROFILE.arm
REACT_S = 0.1
STILL = (0.0,) * 7


def rates(joint: int, rate: float) -> tuple[float, ...]:
    return tuple(rate if i == joint else 0.0 for i in range(7))


def move(joint: int, rate: float, gripper: float = 0.0) -> ArmCommand:
    return ArmCommand(joint_velocity_radps=rates(joint, rate), gripper_m=gripper)


def ramp(run: Run, joint: int, rate: float, count: int) -> None:
    for i in range(count):
        step = ARM.accel_max_radps2[joint] * 0.02
        run.tick(move(joint, math.copysign(min(abs(rate), step * (i + 1)), rate), run.gate._last.gripper_m))


def scene(body: Body, discs: list[Row] | None = None, **last: Any) -> ArmScene:
    seen = snapshot(1, body)
    packed = np.array([row[:5] for row in discs or []]).reshape(-1, 5)
    return ArmScene(PROFILE, SITE, seen.ego, packed, SetPoint(joint_velocity_radps=STILL, **last), REACT_S)


@pytest.mark.parametrize("joint", range(7))
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_no_joint_is_driven_beyond_its_limit(joint: int, sign: float) -> None:
    """Position limits hold although the arm reacts late and brakes no harder than it must."""
    run = Run(Body())
    command = move(joint, sign * 3.0)
    for _ in range(400):
        run.tick(command)
        position, rate = run.body.joints[joint], run.body.rates[joint]
        rest = joint_reach(position, rate, REACT_S - 0.02, ARM.brake_radps2[joint])  # one period has passed
        assert ARM.position_min_rad[joint] - 1e-6 <= rest <= ARM.position_max_rad[joint] + 1e-6
        assert abs(rate) <= ARM.work_velocity_radps[joint] + 1e-9
    end = ARM.position_max_rad[joint] if sign > 0 else ARM.position_min_rad[joint]
    assert run.body.joints[joint] == pytest.approx(end, abs=0.05)
    ramp(run, joint, -sign * 0.3, 40)  # and it leaves again
    assert abs(run.body.joints[joint] - end) > 0.1


@given(st.integers(0, 6), st.floats(-1.2, 1.2), st.floats(0.0, 1.0))
def test_spans_are_what_the_limits_leave(joint: int, was: float, share: float) -> None:
    low, high = ARM.position_min_rad[joint], ARM.position_max_rad[joint]
    joints = tuple(low + share * (high - low) if i == joint else q for i, q in enumerate(ARM.stowed_rad))
    found = scene(Body(joints=joints))
    last = dataclasses.replace(found.last, joint_velocity_radps=rates(joint, was))
    least, most = arm_rules.joint_spans(found._replace(last=last))[joint]
    change = ARM.accel_max_radps2[joint] * 0.02 + 1e-5
    assert most <= min(ARM.work_velocity_radps[joint], was + change)
    assert least >= max(-ARM.work_velocity_radps[joint], was - change)
    if most > 0.0:
        assert joint_reach(joints[joint], most, REACT_S, ARM.brake_radps2[joint]) <= high
    if least < 0.0:
        assert joint_reach(joints[joint], least, REACT_S, ARM.brake_radps2[joint]) >= low


def test_the_arm_moves_while_the_base_stands_only() -> None:
    run = Run(Body())
    assert run.tick(move(0, 0.1)).verdict.outcome is Outcome.ACCEPTED
    assert "arm_still" in run.tick(arc(0.005)).verdict.rules
    driving = Run(Body(x=3.0))
    driving.drive(arc(0.5), 60)
    decision = driving.tick(move(0, 0.1))
    assert decision.verdict.outcome is Outcome.CORRECTED
    assert decision.verdict.rules == ("base_stands",)
    assert arm(decision).joint_velocity_radps == STILL
    assert decision.fail_safe.speed_mps < 0.5  # and the base brakes


@pytest.mark.parametrize(("far", "free"), [(0.8, False), (2.5, True)])
def test_the_arm_slows_down_and_stops_for_people(far: float, free: bool) -> None:
    run = Run(Body(), lambda _t: [person(6.0 + far, 5.0)])
    ramp(run, 0, 1.0, 30)
    assert (abs(run.body.rates[0]) > 0.9) == free
    if not free:
        assert "separation" in run.rules()
        assert run.body.rates[0] == 0.0


def test_fixed_things_and_a_still_arm_need_no_separation() -> None:
    near = [static(0.4, 0.0)]
    assert arm_rules.separation_gap(scene(Body(), near), rates(0, 1.0)) == math.inf
    assert arm_rules.separation_gap(scene(Body(), [person(0.5, 0.0)]), STILL) == math.inf
    assert arm_rules.separation_gap(scene(Body(), [person(0.5, 0.0)]), rates(0, 0.1)) < 0.0


def test_separation_grows_with_speed() -> None:
    crowd = [person(1.6, 0.0), person(0.0, 2.5)]
    gaps = [arm_rules.separation_gap(scene(Body(), crowd), rates(0, rate)) for rate in (0.1, 0.4, 0.8)]
    assert gaps == sorted(gaps, reverse=True)


def test_part_of_the_speed_is_kept_when_that_is_enough() -> None:
    found = scene(Body(), [person(1.25, 0.0)])
    fast = dataclasses.replace(found.last, joint_velocity_radps=rates(0, 0.9))
    asked = move(0, 1.0)
    corrected = arm_rules.nearest(found._replace(last=fast), asked)
    assert 0.0 < corrected.joint_velocity_radps[0] < 1.0
    assert arm_rules.separation_gap(found, corrected.joint_velocity_radps) > 0.0


def hand_over(place: str, above: float) -> Body:
    """A body whose hand is over the middle of a place (as seen from above) with the arm stowed."""
    spot = SITE.place(place)
    tool = tool_pose(np.array(ARM.stowed_rad))[:3, 3]
    return Body(x=spot.x_m - float(tool[0]), y=spot.y_m - float(tool[1]) + above)


def test_the_gripper_opens_over_a_place_only_while_it_carries() -> None:
    away = Run(Body(carrying=True, gripper=0.03))
    decision = away.tick(ArmCommand(joint_velocity_radps=STILL, gripper_m=0.08))
    assert decision.verdict.outcome is Outcome.CORRECTED
    assert decision.verdict.rules == ("gripper_release",)
    assert arm(decision).gripper_m == 0.0
    assert (
        away.tick(ArmCommand(joint_velocity_radps=STILL, gripper_m=0.0)).verdict.outcome is Outcome.ACCEPTED
    )
    empty = Run(Body(gripper=0.02))
    opened = empty.tick(ArmCommand(joint_velocity_radps=STILL, gripper_m=0.08))
    assert opened.verdict.outcome is Outcome.ACCEPTED


@pytest.mark.parametrize(
    ("side", "z", "allowed"),
    [(0.0, 0.15, True), (0.11, 0.15, True), (0.13, 0.15, False), (0.0, 0.25, False), (0.0, -0.01, False)],
)
def test_over_a_place_means_close_above_it(side: float, z: float, allowed: bool) -> None:
    place = SITE.place("packing")
    assert arm_rules._over(place, place.x_m, place.y_m + side, place.z_m + z) == allowed


def test_high_up_the_gripper_stays_as_it_is() -> None:
    upright = (0.0, 0.0, 0.0, -0.1, 0.0, 1.8, 0.0)
    found = scene(Body(joints=upright))
    broken = arm_rules.broken(found, ArmCommand(joint_velocity_radps=STILL, gripper_m=0.05))
    assert [entry.rule for entry in broken] == ["gripper_release"]
    assert "1.30 m is the most" in broken[0].sentence


def test_the_gripper_has_a_range() -> None:
    for width in (-0.01, 0.09):
        run = Run(Body(gripper=0.08))
        decision = run.tick(ArmCommand(joint_velocity_radps=STILL, gripper_m=width))
        assert "gripper_range" in decision.verdict.rules
        assert 0.0 <= arm(decision).gripper_m <= ARM.gripper_max_m


def test_a_joint_beyond_its_limit_may_only_come_back() -> None:
    beyond = (ARM.position_max_rad[0] + 0.02, *ARM.stowed_rad[1:])
    run = Run(Body(joints=beyond))
    assert arm(run.tick(move(0, 0.1))).joint_velocity_radps[0] == 0.0
    assert run.tick(move(0, -0.1)).verdict.outcome is Outcome.ACCEPTED
    assert arm_rules.joint_margin(scene(Body(joints=beyond))) < 0.0

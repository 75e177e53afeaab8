"""Snapshots, proposals and a gate for the tests of the gate: one robot in the warehouse of the demo."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from shield import contract as c
from shield.contract import BaseCommand, Command, Kind, SafetyMode
from shield.gate import Gate
from shield.profile import load_profile
from shield.site import load_site

ROOT = Path(__file__).parents[2]
PROFILE = load_profile(ROOT / "launch/profiles/amr_panda.yaml")
SITE = load_site(ROOT / "launch/sites/warehouse.yaml")
KEY = bytes(range(32))
PERIOD_NS = round(PROFILE.timing.period_s * 1e9)
PERIOD_S = PROFILE.timing.period_s
Row = tuple[float, float, float, float, float, int]  # x, y in W; radius, speed, age, kind


def static(x: float, y: float, radius: float = 0.035) -> Row:
    return x, y, radius, 0.0, 0.02, Kind.STATIC


def person(x: float, y: float, radius: float = 0.28) -> Row:
    return x, y, radius, 1.6, 0.04, Kind.PERSON


def line(x0: float, y0: float, x1: float, y1: float, spacing: float = 0.04) -> list[Row]:
    count = max(2, round(math.hypot(x1 - x0, y1 - y0) / spacing))
    return [static(x0 + (x1 - x0) * s, y0 + (y1 - y0) * s) for s in np.linspace(0.0, 1.0, count)]


def discs_in_body(rows: Iterable[Row], x: float, y: float, heading: float) -> c.Discs:
    cos, sin = math.cos(heading), math.sin(heading)
    moved = [(cos * (r[0] - x) + sin * (r[1] - y), cos * (r[1] - y) - sin * (r[0] - x), *r[2:]) for r in rows]
    table = np.array(moved, dtype=np.float64).reshape(-1, 6)
    return c.Discs(
        x_m=table[:, 0],
        y_m=table[:, 1],
        radius_m=table[:, 2],
        speed_mps=table[:, 3],
        age_s=table[:, 4],
        kind=table[:, 5],
    )


@dataclass
class Body:
    """Where the robot is; it follows set-points exactly."""

    x: float = 6.0
    y: float = 5.0
    heading: float = 0.0
    speed: float = 0.0
    yaw_rate: float = 0.0
    joints: tuple[float, ...] = PROFILE.arm.stowed_rad
    rates: tuple[float, ...] = (0.0,) * 7
    gripper: float = 0.0
    carrying: bool = False

    def move(self, time_s: float) -> None:
        middle = self.heading + self.yaw_rate * time_s / 2
        self.x += self.speed * time_s * math.cos(middle)
        self.y += self.speed * time_s * math.sin(middle)
        self.heading += self.yaw_rate * time_s
        self.joints = tuple(q + rate * time_s for q, rate in zip(self.joints, self.rates, strict=True))


def snapshot(
    k: int, body: Body, rows: Iterable[Row] = (), *, mode: SafetyMode = SafetyMode.NOMINAL, limit: float = 1.2
) -> c.Snapshot:
    ego = c.EgoState(
        stamp_ns=k * PERIOD_NS,
        x_m=body.x,
        y_m=body.y,
        heading_rad=body.heading,
        speed_mps=body.speed,
        yaw_rate_radps=body.yaw_rate,
        position_bound_m=0.03,
        heading_bound_rad=0.015,
        speed_bound_mps=0.03,
        yaw_rate_bound_radps=0.04,
        joint_position_rad=body.joints,
        joint_velocity_radps=body.rates,
        gripper_m=body.gripper,
        carrying=body.carrying,
    )
    return c.Snapshot(
        robot=PROFILE.robot,
        sequence=k,
        stamp_ns=k * PERIOD_NS,
        ego=ego,
        discs=discs_in_body(rows, body.x, body.y, body.heading),
        mode=mode,
        speed_limit_mps=limit,
    )


def proposal(k: int, command: Command, skill: str = "navigate") -> c.ProposedAction:
    return c.ProposedAction(
        robot=PROFILE.robot,
        sequence=k,
        stamp_ns=k * PERIOD_NS,
        snapshot_sequence=k,
        skill=skill,
        version="1",
        command=command,
    )


def arc(speed: float, curvature: float = 0.0) -> BaseCommand:
    return BaseCommand(speed_mps=speed, curvature_radpm=curvature)


def turn(rate: float) -> BaseCommand:
    return BaseCommand(speed_mps=0.0, turn_radps=rate)


def base(decision: c.GateDecision) -> BaseCommand:
    assert isinstance(decision.command, BaseCommand)
    return decision.command


def arm(decision: c.GateDecision) -> c.ArmCommand:
    assert isinstance(decision.command, c.ArmCommand)
    return decision.command


@dataclass
class Run:
    """A gate and the robot that follows it, tick by tick."""

    body: Body = field(default_factory=Body)
    rows: Callable[[float], list[Row]] = lambda _time: []
    limit: float = 1.2
    mode: SafetyMode = SafetyMode.NOMINAL
    shape: bool = True  # the proposals keep the limits of set-points, as skills do
    gate: Gate = field(default_factory=lambda: Gate(PROFILE, SITE, KEY))
    k: int = 0
    decisions: list[c.GateDecision] = field(default_factory=list)

    def tick(self, command: Command, skill: str = "navigate") -> c.GateDecision:
        self.k += 1
        if self.shape and isinstance(command, BaseCommand):
            command = self.shaped(command)
        seen = snapshot(self.k, self.body, self.rows(self.k * PERIOD_S), mode=self.mode, limit=self.limit)
        certified, decision = self.gate.certify(proposal(self.k, command, skill), seen, self.k * PERIOD_NS)
        assert certified is not None
        assert certified.command == decision.command
        self.decisions.append(decision)
        tail = decision.fail_safe
        self.body.speed = tail.speed_mps
        self.body.yaw_rate = tail.speed_mps * tail.curvature_radpm + tail.turn_radps
        self.body.rates = tail.joint_velocity_radps
        self.body.move(PERIOD_S)
        return decision

    def drive(self, command: Command, count: int) -> list[c.GateDecision]:
        return [self.tick(command) for _ in range(count)]

    def shaped(self, command: BaseCommand) -> BaseCommand:
        last = self.gate._last
        if command.turn_radps != 0.0:
            step = PROFILE.base.turn_accel_max_radps2 * PERIOD_S
            return turn(min(max(command.turn_radps, last.turn_radps - step), last.turn_radps + step))
        if command.speed_mps == 0.0:
            return command
        jerk = PROFILE.base.jerk_max_mps3 * PERIOD_S**2
        step = last.speed_step_mps
        up, down = PROFILE.base.command_accel_mps2 * PERIOD_S, 0.8 * PERIOD_S
        if last.speed_mps < 0.0 or (last.speed_mps == 0.0 and command.speed_mps < 0.0):
            up, down = down, up
        wish = min(max(command.speed_mps - last.speed_mps, -down), up)
        wish = min(max(wish, step - jerk), step + jerk)
        return arc(last.speed_mps + wish, command.curvature_radpm)

    def outcomes(self) -> set[str]:
        return {decision.verdict.outcome.name for decision in self.decisions}

    def rules(self) -> set[str]:
        return {rule for decision in self.decisions for rule in decision.verdict.rules}

"""Docking, picking and placing in physics, through fusion, gate, supervisor and drive."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest

from controllers.motor.drive import Drive
from shield.contract import (
    HOLD,
    Heartbeat,
    Outcome,
    ProposedAction,
    SkillGoal,
    SkillState,
    SkillStep,
    Snapshot,
)
from shield.keys import new_key
from shield.profile import load_profile
from shield.safety import Safety
from shield.site import Pose, load_site
from shield.supervisor import Supervisor
from shield.topics import Core, Output
from sim.loop import Loop
from sim.scenario import load_scenario
from sim.simulator import Simulator
from skills.dock import Dock, Undock
from skills.docking_line import APPROACH_M
from skills.interface import Skill
from skills.pick import Pick
from skills.place import PlaceCrate

SITE = load_site(Path("launch/sites/warehouse.yaml"))
PROFILE = load_profile(Path("launch/profiles/amr_panda.yaml"))
ITEM, SLOT = "crate_19", "slot_a1"


class Sequence:
    """Stands where the autonomy stands, and runs skills at one place, one after the other."""

    def __init__(self, skills: list[Skill]) -> None:
        self.waiting = skills
        self.running: Skill | None = None
        self.ended: list[tuple[str, SkillState, str]] = []
        self.count = 0

    def handle(self, topic: str, value: object, now_ns: int) -> list[Output]:
        if not isinstance(value, Snapshot):
            return []
        step = self.step(value, now_ns) if value.mode.may_drive else None
        self.count += 1
        proposal = ProposedAction(
            robot=value.robot, sequence=self.count, stamp_ns=value.stamp_ns, snapshot_sequence=value.sequence,
            skill="idle" if self.running is None else self.running.name, version="1.0.0",
            command=HOLD if step is None else step.command,
        )  # fmt: skip
        if step is not None and self.running is not None and step.state is not SkillState.RUNNING:
            self.ended.append((self.running.name, step.state, step.reason))
            self.running = None
            if step.state is not SkillState.SUCCEEDED:
                self.waiting.clear()
        return [("proposed_action", proposal)]

    def step(self, snapshot: Snapshot, now_ns: int) -> SkillStep | None:
        if self.running is None and self.waiting:
            skill = self.waiting.pop(0)
            goal = SkillGoal(skill=skill.name, target=SLOT, item=ITEM)
            refused = skill.refuse(goal, snapshot)
            if refused:
                self.ended.append((skill.name, SkillState.FAILED, refused))
                self.waiting.clear()
                return None
            skill.start(goal, snapshot, now_ns)
            self.running = skill
        return None if self.running is None else self.running.step(snapshot, now_ns)

    def tick(self, now_ns: int) -> list[Output]:
        return [("heartbeat", Heartbeat(source="autonomy", stamp_ns=now_ns, sequence=now_ns))]


def approach(along_m: float, across_m: float, heading_rad: float) -> Pose:
    place = SITE.place(SLOT)
    cos, sin = math.cos(place.dock_heading_rad), math.sin(place.dock_heading_rad)
    along = along_m - APPROACH_M
    return Pose(
        x_m=place.dock_x_m + cos * along - sin * across_m,
        y_m=place.dock_y_m + sin * along + cos * across_m,
        heading_rad=place.dock_heading_rad + heading_rad,
    )


@pytest.mark.slow
def test_a_crate_is_taken_and_put_back_where_it_was() -> None:
    scenario = load_scenario(Path("sim/scenarios/short.yaml"))
    scenario = dataclasses.replace(scenario, people=(), start=approach(0.1, 0.12, -0.2))
    simulator = Simulator(scenario, PROFILE, SITE, seed=1)
    key = new_key()
    skills = (Dock, Pick, Undock, Dock, PlaceCrate, Undock)
    sequence = Sequence([kind(PROFILE, SITE) for kind in skills])
    cores: dict[str, Core] = {
        "sim": simulator,
        "supervisor": Supervisor(PROFILE),
        "safety": Safety(PROFILE, SITE, key),
        "autonomy": sequence,
        "drive": Drive(PROFILE, key),
    }
    loop = Loop(cores, period_ns=round(PROFILE.timing.period_s * 1e9))
    verdicts: list[tuple[str, Outcome]] = []

    def record(topic: str, value: object, stamp_ns: int) -> None:
        if topic == "gate_decision":
            verdicts.append((value.proposal.skill, value.verdict.outcome))  # type: ignore[attr-defined] # a decision

    loop.run(90.0, record=record, until=lambda: not sequence.waiting and sequence.running is None)
    assert [state for _, state, _ in sequence.ended] == [SkillState.SUCCEEDED] * len(skills), sequence.ended
    assert simulator.truth.contacts == ()
    crate = next(crate for crate in simulator.truth.crates if crate.name == ITEM)
    place = SITE.place(SLOT)
    assert math.hypot(crate.x_m - place.x_m, crate.y_m - place.y_m) < 0.03
    assert abs(crate.z_m - place.z_m) < 0.005
    arm = [outcome for skill, outcome in verdicts if skill in ("pick", "place")]
    assert arm.count(Outcome.ACCEPTED) > 0.98 * len(arm)

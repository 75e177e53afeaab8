"""A little world of places and skills that end as a script says: what the meta-level is tried against."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from controllers.meta.autonomy import Autonomy
from controllers.meta.queue import OrderQueue
from shield.contract import (
    NO_DISCS,
    BaseCommand,
    EgoState,
    ModeStatus,
    Order,
    ProposedAction,
    SafetyMode,
    SkillGoal,
    SkillState,
    SkillStatus,
    SkillStep,
    Snapshot,
    Task,
)
from shield.profile import load_profile
from shield.site import load_site
from shield.topics import Output

PROFILE = load_profile(Path("launch/profiles/amr_panda.yaml"))
SITE = load_site(Path("launch/sites/warehouse.yaml"))
STEPS_N = 3  # that every skill takes


class World:
    """Where the robot is ("floor", "approach" or "dock", and of which place), and what its arm does."""

    def __init__(self) -> None:
        self.at = ("floor", "")
        self.carrying = False
        self.stowed = True
        self.failures: defaultdict[str, list[str]] = defaultdict(list)  # skill -> reasons to come
        self.calls: list[str] = []


class Scripted:
    """One skill: moves the world when it ends well."""

    version = "1.2.3"

    def __init__(self, name: str, world: World) -> None:
        self.name = name
        self.world = world
        self.goal: SkillGoal | None = None
        self.left = 0

    def refuse(self, goal: SkillGoal, snapshot: Snapshot) -> str:
        where, place = self.world.at
        if self.name == "stow":
            return ""
        if not self.world.stowed:
            return "arm not stowed"
        wanted = {"navigate": "", "dock": "approach"}.get(self.name, "dock")
        if wanted and (where, place) != (wanted, goal.target):
            return f"at {where} {place}"
        if self.name in ("pick", "place") and self.world.carrying is not (self.name == "place"):
            return "wrong load"
        return ""

    def start(self, goal: SkillGoal, snapshot: Snapshot, now_ns: int) -> None:
        assert self.refuse(goal, snapshot) == ""
        self.goal, self.left = goal, STEPS_N
        self.world.calls.append(f"{self.name} {goal.target}")

    def step(self, snapshot: Snapshot, now_ns: int) -> SkillStep:
        assert self.goal is not None
        self.left -= 1
        state, reason = SkillState.RUNNING, ""
        if self.left == 0:
            reasons = self.world.failures[self.name]
            reason = reasons.pop(0) if reasons else ""
            state = SkillState.FAILED if reason else SkillState.SUCCEEDED
            if not reason:
                self._done(self.goal.target)
        return SkillStep(
            command=BaseCommand(speed_mps=0.1), confidence=0.9, state=state, progress=0.5, reason=reason
        )

    def stop(self, now_ns: int) -> None:
        self.goal = None
        self.world.calls.append(f"stop {self.name}")

    def _done(self, target: str) -> None:
        after = {"navigate": "approach", "undock": "approach", "dock": "dock"}
        if self.name in after:
            self.world.at = (after[self.name], target)
        elif self.name == "stow":
            self.world.stowed = True
        else:
            self.world.carrying = self.name == "pick"


class Rig:
    """An autonomy with scripted skills, fed snapshot by snapshot."""

    def __init__(self, path: str | Path = ":memory:", world: World | None = None) -> None:
        self.world = world or World()
        names = ("navigate", "dock", "undock", "pick", "place", "stow")
        self.queue = OrderQueue(path)
        skills = {name: Scripted(name, self.world) for name in names}
        self.autonomy = Autonomy(PROFILE, SITE, skills, self.queue)
        self.mode = SafetyMode.NOMINAL
        self.sequence = 0
        self.orders: list[Order] = []
        self.tasks: list[Task] = []
        self.statuses: list[SkillStatus] = []
        self.proposals: list[ProposedAction] = []

    def submit(self, name: str = "o1", item: str = "crate_17", station: str = "packing") -> Order:
        out = self.autonomy.handle("order", Order(order=name, item=item, station=station), 0)
        ((topic, value),) = out
        assert topic == "order_status"
        assert isinstance(value, Order)
        return value

    def snapshot(self) -> Snapshot:
        stowed = PROFILE.arm.stowed_rad if self.world.stowed else (0.5,) * 7
        ego = EgoState(
            stamp_ns=self.sequence, x_m=1.0, y_m=2.0, heading_rad=0.0, speed_mps=0.0, yaw_rate_radps=0.0,
            position_bound_m=0.0, heading_bound_rad=0.0, speed_bound_mps=0.0, yaw_rate_bound_radps=0.0,
            joint_position_rad=stowed, joint_velocity_radps=(0.0,) * 7, carrying=self.world.carrying,
        )  # fmt: skip
        return Snapshot(robot="r", sequence=self.sequence, stamp_ns=self.sequence, ego=ego, discs=NO_DISCS,
                        mode=self.mode)  # fmt: skip

    def step(self) -> list[Output]:
        self.sequence += 1
        out = self.autonomy.handle("snapshot", self.snapshot(), self.sequence)
        proposals = [value for topic, value in out if topic == "proposed_action"]
        assert len(proposals) == 1
        for topic, value in out:
            if isinstance(value, Order):
                assert topic == "order_status"
                self.orders.append(value)
            elif isinstance(value, Task):
                assert topic == "task_status"
                self.tasks.append(value)
            elif isinstance(value, SkillStatus):
                assert topic == "skill_status"
                self.statuses.append(value)
            else:
                assert isinstance(value, ProposedAction)
                self.proposals.append(value)
        return out

    def run(self, count: int = 200) -> None:
        for _ in range(count):
            self.step()

    def set_mode(self, mode: SafetyMode, *cause: str) -> None:
        self.mode = mode
        status = ModeStatus(stamp_ns=self.sequence, sequence=self.sequence, mode=mode, cause=cause)
        assert self.autonomy.handle("safety_mode", status, self.sequence) == []

"""The autonomy core: on every snapshot exactly one proposed action, from the skill that the executive chose.

It proposes and binds nobody. While the supervisor's mode does not let the robot drive, it proposes to hold; a
minimal-risk manoeuvre preempts the running skill, and after the operator's reset the task is planned anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from controllers.meta.executive import Decision, Executive
from controllers.meta.orders import check_order
from controllers.meta.queue import OrderQueue
from shield.contract import (
    HOLD,
    Heartbeat,
    ModeStatus,
    Order,
    OrderState,
    ProposedAction,
    SafetyMode,
    SkillGoal,
    SkillState,
    SkillStatus,
    SkillStep,
    Snapshot,
    Task,
)
from shield.errors import BadInput
from shield.profile import RobotProfile
from shield.site import Site
from shield.topics import Output

IDLE = "idle"  # the skill's name in proposals while nothing runs
STATUS_EVERY_N = 10  # snapshots between two reports of a running skill: five a second
PREEMPTING = (
    SafetyMode.MRM_COMFORT,
    SafetyMode.MRM_PULL_OVER,
    SafetyMode.MRM_EMERGENCY,
    SafetyMode.SAFE_STOP,
)


class Skill(Protocol):
    """What the autonomy needs of a skill (an option: initiation set, policy, termination)."""

    name: str
    version: str

    def refuse(self, goal: SkillGoal, snapshot: Snapshot) -> str:
        """Say why `goal` cannot be started from `snapshot`; an empty text means that it can."""

    def start(self, goal: SkillGoal, snapshot: Snapshot, now_ns: int) -> None:
        """Begin an execution that `refuse` had nothing against."""

    def step(self, snapshot: Snapshot, now_ns: int) -> SkillStep:
        """Propose one command for this control period and say how the execution goes."""

    def stop(self, now_ns: int) -> None:
        """End the execution, whatever its state."""


class Autonomy:
    """Orders in, one proposed action per snapshot out.

    Args:
        profile: the robot.
        site: where it works.
        skills: by name; `navigate`, `dock`, `undock`, `pick`, `place` and `stow` are asked for.
        queue: where the orders are kept.
    """

    def __init__(
        self, profile: RobotProfile, site: Site, skills: Mapping[str, Skill], queue: OrderQueue
    ) -> None:
        self._site = site
        self._skills = skills
        self._queue = queue
        queue.stock(site.items)
        self._executive = Executive(profile, site, queue, self._refuse)
        self._task: Task | None = None
        self._asked: SkillGoal | None = None  # a single skill that somebody wants, outside of any order
        self._mode: ModeStatus | None = None
        self._sequence = 0
        self._beat = 0
        self._steps_n = 0

    def handle(self, topic: str, value: object, now_ns: int) -> list[Output]:
        """Take an order, the supervisor's mode or a snapshot."""
        if isinstance(value, Snapshot):
            return self._on_snapshot(value, now_ns)
        if topic == "order" and isinstance(value, Order):
            return [("order_status", self._submit(value, now_ns))]
        if isinstance(value, ModeStatus):
            self._mode = value
        return []

    def tick(self, now_ns: int) -> list[Output]:
        """Say that this process is alive."""
        self._beat += 1
        return [("heartbeat", Heartbeat(source="autonomy", stamp_ns=now_ns, sequence=self._beat))]

    def execute(self, goal: SkillGoal) -> str:
        """Run one skill outside of any order, as soon as the robot may drive; return why not, empty when it will."""
        if self._task is not None or self._asked is not None or self._executive.order is not None:
            busy = self._task or self._asked
            return f"busy with {busy.skill} {busy.target}" if busy is not None else "busy with an order"
        if goal.skill not in self._skills:
            return f"there is no skill {goal.skill!r}; known are {', '.join(sorted(self._skills))}"
        self._asked = goal
        return ""

    def abandon(self, reason: str, now_ns: int) -> list[Output]:
        """End the single skill that `execute` was asked for, if it has not ended yet."""
        if self._asked is not None:
            goal, self._asked = self._asked, None
            return [self._status(_alone(goal), SkillState.PREEMPTED, 0.0, reason, now_ns)]
        if self._task is None or self._task.order:
            return []
        self._skills[self._task.skill].stop(now_ns)
        return self._end(self._task, SkillState.PREEMPTED, reason, now_ns)

    def _submit(self, order: Order, now_ns: int) -> Order:
        try:
            check_order(order, self._site)
            return self._queue.submit(order, now_ns)
        except BadInput as error:
            return replace(order, state=OrderState.FAILED, reason=str(error))

    def _on_snapshot(self, snapshot: Snapshot, now_ns: int) -> list[Output]:
        out: list[Output] = []
        if snapshot.mode in PREEMPTING and self._task is not None:
            out += self._preempt(self._task, snapshot, now_ns)
        step = None
        if snapshot.mode.may_drive:
            if not self._hands_on() and self._executive.lost(snapshot):
                out += self._drop(snapshot, now_ns)
            step = self._work(snapshot, now_ns, out)
        out.append(("proposed_action", self._proposal(snapshot, step)))
        if step is not None and self._task is not None and step.state is not SkillState.RUNNING:
            out += self._end(self._task, step.state, step.reason, now_ns)
        return out

    def _work(self, snapshot: Snapshot, now_ns: int, out: list[Output]) -> SkillStep | None:
        """Start what is to be done, if nothing runs; then one step of what runs."""
        if self._task is None:
            decision = self._asked_for() or self._executive.decide(snapshot, now_ns)
            out += [_report(value) for value in decision.changed]
            if decision.task is None or decision.goal is None:
                return None
            refused = self._start(decision, snapshot, now_ns)
            if refused:
                out += self._end(decision.task, SkillState.FAILED, refused, now_ns)
                return None
        if self._task is None:
            return None
        step = self._skills[self._task.skill].step(snapshot, now_ns)
        self._steps_n += 1
        if self._steps_n % STATUS_EVERY_N == 1 and step.state is SkillState.RUNNING:
            out.append(self._status(self._task, step.state, step.progress, step.reason, now_ns))
        return step

    def _asked_for(self) -> Decision | None:
        """The single skill that is asked for, if any."""
        if self._asked is None:
            return None
        goal, self._asked = self._asked, None
        return Decision(task=_alone(goal), goal=goal, changed=())

    def _start(self, decision: Decision, snapshot: Snapshot, now_ns: int) -> str:
        """Start the decision's skill; returns why that is not possible, empty when it runs."""
        task, goal = decision.task, decision.goal
        if task is None or goal is None:
            return "nothing to start"
        refused = self._refuse(goal, snapshot)
        if not refused:
            self._skills[goal.skill].start(goal, snapshot, now_ns)
            self._task, self._steps_n = task, 0
        return refused

    def _end(self, task: Task, state: SkillState, reason: str, now_ns: int) -> list[Output]:
        self._task = None
        progress = 1.0 if state is SkillState.SUCCEEDED else 0.0
        changed = self._executive.ended(task, state, reason, now_ns)
        status = self._status(task, state, progress, reason, now_ns)
        return [status, *(_report(value) for value in changed)]

    def _preempt(self, task: Task, snapshot: Snapshot, now_ns: int) -> list[Output]:
        self._skills[task.skill].stop(now_ns)
        cause = self._mode.cause[-1] if self._mode is not None and self._mode.cause else "no cause given"
        reason = f"{snapshot.mode.name}: {cause}"
        return self._end(task, SkillState.PREEMPTED, reason, now_ns)

    def _hands_on(self) -> bool:
        """Whether the running skill itself takes or lets go of the load."""
        return self._task is not None and self._task.skill in ("pick", "place")

    def _drop(self, snapshot: Snapshot, now_ns: int) -> list[Output]:
        """The load is gone: nothing sensible can be done with the order."""
        out: list[Output] = []
        where = f"near ({snapshot.ego.x_m:.1f}, {snapshot.ego.y_m:.1f}) m"
        order = self._executive.order
        item = "the load" if order is None else order.item
        reason = f"{item} was lost {where}: the gripper feels no load"
        if self._task is not None:
            self._skills[self._task.skill].stop(now_ns)
            out += self._end(self._task, SkillState.PREEMPTED, reason, now_ns)
        return out + [_report(value) for value in self._executive.give_up(reason, now_ns)]

    def _refuse(self, goal: SkillGoal, snapshot: Snapshot) -> str:
        skill = self._skills.get(goal.skill)
        if skill is None:
            return f"there is no skill {goal.skill!r}; known are {', '.join(sorted(self._skills))}"
        return skill.refuse(goal, snapshot)

    def _proposal(self, snapshot: Snapshot, step: SkillStep | None) -> ProposedAction:
        self._sequence += 1
        skill = self._skills[self._task.skill] if self._task is not None else None
        return ProposedAction(
            robot=snapshot.robot,
            sequence=self._sequence,
            stamp_ns=snapshot.stamp_ns,
            snapshot_sequence=snapshot.sequence,
            skill=IDLE if skill is None else skill.name,
            version="" if skill is None else skill.version,
            command=HOLD if step is None else step.command,
            confidence=1.0 if step is None else step.confidence,
        )

    def _status(self, task: Task, state: SkillState, progress: float, reason: str, now_ns: int) -> Output:
        status = SkillStatus(
            stamp_ns=now_ns,
            skill=task.skill,
            version=self._skills[task.skill].version if task.skill in self._skills else "",
            target=task.target,
            state=state,
            progress=progress,
            reason=reason,
        )
        return ("skill_status", status)


def _report(value: Order | Task) -> Output:
    return ("order_status" if isinstance(value, Order) else "task_status", value)


def _alone(goal: SkillGoal) -> Task:
    """The task of a single skill: it belongs to no order."""
    return Task(task=f"alone/{goal.skill}", order="", skill=goal.skill, target=goal.target)

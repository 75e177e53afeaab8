"""The executive: one order at a time, the next goal, and what to do when a skill fails.

It holds no state that a restart would need: the queue knows the order and where its item is, the snapshot and
the skills' initiation sets tell the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from controllers.meta.orders import ON_ROBOT, Situation, next_goal, tasks_of
from controllers.meta.queue import OrderQueue
from shield.contract import Order, OrderState, SkillGoal, SkillState, Snapshot, Task
from shield.profile import RobotProfile
from shield.site import Site

Refuse = Callable[[SkillGoal, Snapshot], str]  # why a skill cannot start; empty when it can

ATTEMPTS_N = 3  # of one skill on one target, within one order
FAILURES_N = 8  # of all skills together, within one order
STARTS_N = 8  # of one skill on one target, within one order: a plan that goes in circles ends
REDOCK_AFTER_N = 1  # failures of a pick or place after which the robot docks again before the next try
LOST_AFTER_S = 0.5  # a load that is not felt for this long is lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the executive wants: a task to run, or none; and orders and tasks whose state has changed."""

    task: Task | None
    goal: SkillGoal | None
    changed: tuple[Order | Task, ...]


class Executive:
    """Turns the queue's orders into tasks, one after the other."""

    def __init__(self, profile: RobotProfile, site: Site, queue: OrderQueue, refuse: Refuse) -> None:
        self._profile = profile
        self._site = site
        self._queue = queue
        self._refuse = refuse
        self._order: Order | None = None
        self._tasks: tuple[Task, ...] = ()
        self._failures: Counter[tuple[str, str]] = Counter()
        self._starts: Counter[tuple[str, str]] = Counter()
        self._extra_n = 0
        self._redock = False
        self._unfelt_n = 0
        self._may_hold = False  # a pick of this order was begun, perhaps by a process that has died

    @property
    def order(self) -> Order | None:
        """The order being worked on."""
        return self._order

    def decide(self, snapshot: Snapshot, now_ns: int) -> Decision:
        """Choose the task to run now; called whenever no skill is running."""
        changed: list[Order | Task] = []
        if self._order is None:
            changed += self._begin(snapshot, now_ns)
        order = self._order
        if order is None:
            return Decision(task=None, goal=None, changed=tuple(changed))
        self._reconcile(order, snapshot, now_ns)
        trouble = self._trouble(order, snapshot)
        if trouble:
            return Decision(task=None, goal=None, changed=(*changed, *self._fail(trouble, now_ns)))
        goal = self._next(order, snapshot)
        if goal is None:
            changed.append(self._queue.mark(order.order, OrderState.DONE, "", now_ns))
            self._order = None
            return Decision(task=None, goal=None, changed=tuple(changed))
        self._starts[goal.skill, goal.target] += 1
        if self._starts[goal.skill, goal.target] > STARTS_N:
            circling = f"{goal.skill} at {goal.target} was started {STARTS_N} times and led nowhere"
            return Decision(task=None, goal=None, changed=(*changed, *self._fail(circling, now_ns)))
        self._may_hold = self._may_hold or goal.skill == "pick"
        task = self._task(order, goal)
        return Decision(task=task, goal=goal, changed=(*changed, task))

    def ended(self, task: Task, state: SkillState, reason: str, now_ns: int) -> tuple[Order | Task, ...]:
        """Take note of how a task's skill ended; returns what has changed."""
        order = self._order
        if order is None:
            return ()
        if state is SkillState.SUCCEEDED:
            self._keep_books(order, task, now_ns)
            return (self._store(replace(task, state=OrderState.DONE)),)
        if state is SkillState.PREEMPTED:
            return (self._store(replace(task, state=OrderState.QUEUED, reason=reason)),)
        self._failures[task.skill, task.target] += 1
        failed = self._store(replace(task, state=OrderState.FAILED, reason=reason))
        count = self._failures[task.skill, task.target]
        if task.skill in ("pick", "place") and count > REDOCK_AFTER_N:
            self._redock = True
        if count >= ATTEMPTS_N or self._failures.total() >= FAILURES_N:
            times = f"{count} times" if count > 1 else "once"
            return (failed, *self._fail(f"{task.skill} at {task.target} failed {times}: {reason}", now_ns))
        return (failed,)

    def lost(self, snapshot: Snapshot) -> bool:
        """Whether the item that the robot should carry has not been felt for `LOST_AFTER_S`."""
        carried = self._order is not None and self._queue.place_of(self._order.item) == ON_ROBOT
        self._unfelt_n = self._unfelt_n + 1 if carried and not snapshot.ego.carrying else 0
        return self._unfelt_n * self._profile.timing.period_s > LOST_AFTER_S

    def give_up(self, reason: str, now_ns: int) -> tuple[Order | Task, ...]:
        """End the order as failed."""
        return self._fail(reason, now_ns)

    def _begin(self, snapshot: Snapshot, now_ns: int) -> list[Order | Task]:
        resumed = self._queue.active() is not None
        order = self._queue.take(now_ns)
        if order is None:
            return []
        self._order = order
        self._failures.clear()
        self._starts.clear()
        self._extra_n, self._redock, self._unfelt_n = 0, False, 0
        self._may_hold = resumed
        self._tasks = tasks_of(order, self._queue.place_of(order.item))
        return [order, *self._tasks]

    def _reconcile(self, order: Order, snapshot: Snapshot, now_ns: int) -> None:
        """Enter a grasp that was stopped before it was in the books."""
        if self._may_hold and snapshot.ego.carrying and not self._queue.items_at(ON_ROBOT):
            self._queue.picked(order.item, now_ns)

    def _trouble(self, order: Order, snapshot: Snapshot) -> str:
        """Say why the order cannot be fulfilled at all; empty when it can."""
        place = self._queue.place_of(order.item)
        carrying = snapshot.ego.carrying
        if place == ON_ROBOT and not carrying:
            return f"{order.item} was on the robot, and no load is felt"
        if place != ON_ROBOT and carrying:
            others = ", ".join(self._queue.items_at(ON_ROBOT)) or "a load that no order explains"
            return f"the robot still carries {others}"
        taken = [name for name in self._queue.items_at(order.station) if name != order.item]
        return f"{order.station} is occupied by {', '.join(taken)}" if taken else ""

    def _next(self, order: Order, snapshot: Snapshot) -> SkillGoal | None:
        arm = self._profile.arm
        off = (abs(q - s) for q, s in zip(snapshot.ego.joint_position_rad, arm.stowed_rad, strict=True))
        stowed = max(off) <= arm.stowed_tolerance_rad
        situation = Situation(item_at=self._queue.place_of(order.item), arm_stowed=stowed)

        def fits(goal: SkillGoal) -> bool:
            if self._redock and goal.skill in ("pick", "place", "dock"):
                return False
            return self._refuse(goal, snapshot) == ""

        goal = next_goal(order, situation, self._site, fits)
        if self._redock and (goal is None or goal.skill == "navigate"):
            self._redock = False  # clear of the place: from here the way in is tried anew
            goal = next_goal(order, situation, self._site, fits)
        return goal

    def _task(self, order: Order, goal: SkillGoal) -> Task:
        attempt = self._failures[goal.skill, goal.target]
        for task in self._tasks:
            if (task.skill, task.target) == (goal.skill, goal.target):
                return self._store(replace(task, state=OrderState.ACTIVE, attempt=attempt, reason=""))
        self._extra_n += 1
        return Task(task=f"{order.order}/extra{self._extra_n}", order=order.order, skill=goal.skill,
                    target=goal.target, attempt=attempt, state=OrderState.ACTIVE)  # fmt: skip

    def _store(self, task: Task) -> Task:
        self._tasks = tuple(task if task.task == known.task else known for known in self._tasks)
        return task

    def _keep_books(self, order: Order, task: Task, now_ns: int) -> None:
        if task.skill == "pick":
            self._queue.picked(order.item, now_ns)
        elif task.skill == "place":
            self._queue.delivered(order, now_ns)

    def _fail(self, reason: str, now_ns: int) -> tuple[Order | Task, ...]:
        if self._order is None:
            return ()
        failed = self._queue.mark(self._order.order, OrderState.FAILED, reason, now_ns)
        self._order = None
        return (failed,)

"""Runs the stack as it runs on a robot: its processes over DDS, in real time; this process only listens."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from gatehouse.bringup import Bringup
from gatehouse.collect import read_columns
from gatehouse.machine import family, memory_mb
from gatehouse.paths import launch_folder
from gatehouse.progress import Progress
from gatehouse.run_folder import FIGURES, LOGS, RECORD, TRUTH, Choice, Finished
from shield import contract as c
from shield.errors import BadInput
from shield.profile import load_profile
from sim.scenario import Scenario, TimedOrder

LAUNCH_FILE = "warehouse_sim.launch.yaml"
TOPICS = (
    "safety_mode",
    "snapshot",
    "gate_decision",
    "order_status",
    "task_status",
    "skill_status",
    "fault",
)
SLICE_S = 0.1
MEMORY_EVERY_S = 5.0
READY_S = 240.0  # from start to a mode that may drive: loading, compiling, the first scans
STOPPED_S = 5.0  # so long a latched stop is shown before the run is given up
SETTLE_S = 1.0  # the run goes on so long after its orders ended
ENDED = (c.OrderState.DONE, c.OrderState.FAILED, c.OrderState.CANCELLED)


class Shift:
    """One run of a scenario: submits its orders when they are due, and knows when they have ended.

    Args:
        orders: of the scenario.
        submit: says why an order was refused, or nothing.
    """

    def __init__(self, orders: tuple[TimedOrder, ...], submit: Callable[[c.Order], str]) -> None:
        self._waiting = sorted(orders, key=lambda order: order.at_s)
        self._submit = submit
        self._states: dict[str, c.OrderState] = {}
        self._ready_s: float | None = None
        self._stopped_s: float | None = None

    @property
    def is_ready(self) -> bool:
        """Whether the robot has been allowed to drive."""
        return self._ready_s is not None

    @property
    def is_over(self) -> bool:
        """Whether all orders have ended."""
        return not self._waiting and all(state in ENDED for state in self._states.values())

    def is_stopped(self, now_s: float) -> bool:
        """Whether the robot has been in SAFE_STOP for long: a demo has no operator who might reset it."""
        return self._stopped_s is not None and now_s - self._stopped_s > STOPPED_S

    def hear(self, value: object, now_s: float) -> None:
        """Take a message."""
        if isinstance(value, c.ModeStatus):
            if value.mode.may_drive and self._ready_s is None:
                self._ready_s = now_s
            is_stopped = value.mode is c.SafetyMode.SAFE_STOP
            self._stopped_s = (self._stopped_s or now_s) if is_stopped else None
        if isinstance(value, c.Order) and value.order in self._states:
            self._states[value.order] = value.state

    def step(self, now_s: float) -> None:
        """Submit what is due.

        Raises:
            BadInput: an order was refused.
        """
        while self._ready_s is not None and self._waiting and now_s - self._ready_s >= self._waiting[0].at_s:
            due = self._waiting.pop(0)
            order = c.Order(order=f"order_{len(self._states) + 1}", item=due.item, station=due.station)
            self._states[order.order] = c.OrderState.QUEUED
            refused = self._submit(order)
            if refused:
                raise BadInput(f"order of {due.item} to {due.station}: {refused}")


class MemoryWatch:
    """Looks now and then how much memory this process and all that it started take together."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._due_s = 0.0

    def look(self, now_s: float) -> None:
        """Look, if it is time."""
        if now_s >= self._due_s:
            self._due_s = now_s + MEMORY_EVERY_S
            self.peak_mb = max(self.peak_mb, memory_mb(family(os.getpid())))


def run_live(path: Path, scenario: Scenario, folder: Path, *, choice: Choice, progress: Progress) -> Finished:
    """Run the scenario in the file `path` until its orders ended or its time is over.

    Raises:
        BadInput: something is wrong or missing, a process ended by itself, or an order was refused.
    """
    arguments = {
        "scenario": str(path.resolve()),
        "profile": scenario.profile,
        "site": scenario.site,
        "engine": choice.engine,
        "navigator": choice.navigator,
    }
    if choice.seed is not None:
        arguments["seed"] = str(choice.seed)
    watch = MemoryWatch()
    begun_s = time.monotonic()
    with Bringup(launch_folder() / LAUNCH_FILE, arguments, folder) as bringup:
        progress.say(
            f"{len(bringup.processes)} processes in ROS 2 domain {bringup.domain}; logs: {folder / LOGS}"
        )
        ready_s = _serve(bringup, scenario, progress, watch)
    figures = {
        "memory_peak_mb": watch.peak_mb,
        "ready_s": ready_s - begun_s,
        "run_s": time.monotonic() - begun_s,
    }
    (folder / FIGURES).write_text(json.dumps(figures, indent=2) + "\n")
    notes = {"Memory": f"{watch.peak_mb:.0f} MB, all processes together, at most (proportional set size)"}
    for name in (RECORD, TRUTH):
        if not (folder / name).is_file():
            raise BadInput(f"{folder / name}: the run left none; see {folder / LOGS}")
    return Finished(columns=read_columns(folder / RECORD), notes=notes)


def _serve(bringup: Bringup, scenario: Scenario, progress: Progress, watch: MemoryWatch) -> float:
    """Listen, submit and wait until the shift is over; return when the robot was ready."""
    from gatehouse_nodes.operator import Operator  # rclpy must not be there before the processes are started

    with Operator(
        bringup.domain, bringup.namespace, load_profile(scenario.profile), bringup.discovery
    ) as operator:
        shift = Shift(scenario.orders, operator.submit)

        def hear(topic: str, value: object, stamp_ns: int) -> None:
            progress.take(topic, value, stamp_ns)
            shift.hear(value, time.monotonic())

        operator.listen(TOPICS, hear)
        operator.spin(READY_S, until=lambda: shift.is_ready or _fails(bringup))
        if not shift.is_ready:
            told = f"last fault: {progress.state.fault}; logs: {bringup.folder / LOGS}"
            raise BadInput(f"the robot was not ready to drive within {READY_S:.0f} s; {told}")
        ready_s = now_s = time.monotonic()
        while not shift.is_over and now_s - ready_s < scenario.duration_s:
            shift.step(now_s)
            operator.spin(SLICE_S, until=lambda: shift.is_over or _fails(bringup))
            now_s = time.monotonic()
            watch.look(now_s)
            if shift.is_stopped(now_s):
                progress.say(
                    "the robot is in SAFE_STOP, which only an operator's reset ends: the run is over"
                )
                break
        operator.spin(SETTLE_S)
    return ready_s


def _fails(bringup: Bringup) -> bool:
    """False while all processes run.

    Raises:
        BadInput: one ended by itself.
    """
    for ended in bringup.ended():
        raise BadInput(f"{ended}: {ended.last_words}")
    return False

"""A live run for tests: the processes of a launch file, and an operator's place at them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gatehouse.bringup import Bringup
from gatehouse_nodes.operator import Operator
from shield import contract as c
from shield.contract import SafetyMode
from shield.errors import require
from shield.profile import load_profile

ROOT = Path(__file__).resolve().parents[2]
READY_S = 120.0  # processes load, kernels compile where no cache is
TOPICS = ("safety_mode", "joint_states", "snapshot", "drive_status", "order_status", "fault")
RESETS_N, RESET_S = 30, 3.0  # a process that is started again may have to load for long


class Live:
    """Starts `warehouse_sim.launch.yaml`; use it as a context.

    Args:
        folder: of the run.
        arguments: of the launch file.
    """

    def __init__(self, folder: Path, **arguments: str) -> None:
        file = ROOT / "launch" / "warehouse_sim.launch.yaml"
        self.bringup = Bringup(
            file,
            {"folder": str(folder), "queue": str(folder / "orders.db"), **arguments},
            folder,
        )
        self.profile = load_profile(self.bringup.profile)
        self.last: dict[str, Any] = {}
        self.faults: set[str] = set()  # codes
        self.moved_ns = 0  # when a wheel was last seen turning

    def __enter__(self) -> Self:
        self.bringup.start()
        try:
            self.operator = Operator(self.bringup.domain, self.bringup.namespace, self.profile)
            self.operator.listen(TOPICS, self._hear)
        except BaseException:
            self.bringup.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        self.operator.__exit__(kind, error, trace)
        self.bringup.stop()

    @property
    def mode(self) -> SafetyMode:
        """The mode that was heard last."""
        status = self.last.get("safety_mode")
        return status.mode if status else SafetyMode.INIT

    @property
    def speed_mps(self) -> float:
        """Speed by the wheels' encoders."""
        joints = self.last.get("joint_states")
        wheels = (
            [v for n, v in zip(joints.name, joints.velocity_radps, strict=True) if "wheel" in n]
            if joints
            else [0.0]
        )
        return float(max(abs(wheel) for wheel in wheels)) * self.profile.base.wheel_radius_m

    def until(self, condition: Callable[[], bool], limit_s: float, what: str) -> None:
        """Serve messages until `condition()`; a test that waits longer than `limit_s` has failed."""
        if not self.operator.spin(limit_s, until=condition):
            words = [f"{ended} {ended.last_words}" for ended in self.bringup.ended()]
            status = self.last.get("safety_mode")
            raise AssertionError(
                f"no {what} within {limit_s} s; mode {status}; faults {sorted(self.faults)}; {words}"
            )

    def ready(self) -> None:
        """Wait until the robot may drive."""
        self.until(lambda: self.mode.may_drive, READY_S, "mode that may drive")

    def moving(self, speed_mps: float, limit_s: float = 30.0) -> None:
        """Wait until the robot drives at least so fast."""
        self.until(lambda: self.speed_mps >= speed_mps, limit_s, f"speed of {speed_mps} m/s")

    def standing(self, bound_s: float, since_ns: int) -> float:
        """Wait for a standstill that lasts; return how long after `since_ns` the robot still moved, s."""
        hold_ns = 500_000_000
        self.until(
            lambda: time.time_ns() - max(self.moved_ns, since_ns) > hold_ns, bound_s + 20.0, "standstill"
        )
        return max(self.moved_ns - since_ns, 0) * 1e-9

    def recover(self) -> None:
        """Let the robot drive again after a loss is mended: by itself where nothing was latched, else by a reset."""
        self.last.pop("safety_mode", None)  # the last word of a supervisor that may be gone
        self.operator.spin(RESET_S)
        self.until(lambda: self.mode is not SafetyMode.INIT, READY_S, "mode but INIT")
        if not self.mode.may_drive:
            self.reset()

    def reset(self) -> None:
        """Reset as an operator does, again and again until the supervisor finds everything healthy."""
        self.until(lambda: self.mode is SafetyMode.SAFE_STOP, 10.0, "safe stop")
        for _ in range(RESETS_N):
            assert self.operator.reset("tester", "the test goes on") == ""
            if self.operator.spin(RESET_S, until=lambda: self.mode.may_drive):
                return
        raise AssertionError(
            f"{RESETS_N} resets were in vain: {self.last['safety_mode']}, {sorted(self.faults)}"
        )

    def signal(self, name: str, number: signal.Signals) -> int:
        """Send a signal to the process called `name`; return when."""
        process = self.bringup.processes[name]
        require(process.poll() is None, f"{name} is gone already")
        now_ns = time.time_ns()
        os.killpg(process.pid, number)
        return now_ns

    def _hear(self, topic: str, value: object, now_ns: int) -> None:
        self.last[topic] = value
        if isinstance(value, c.Fault):
            self.faults.add(value.code)
        if isinstance(value, c.JointReading) and self.speed_mps > self.profile.base.standstill_mps:
            self.moved_ns = now_ns

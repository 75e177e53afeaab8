"""The life of one process: real-time requests, rclpy, the executor, signals, a clean end."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import rclpy
from rclpy.executors import Executor, ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from gatehouse_nodes.shell import Node
from shield.errors import BadInput

WAKE_S = 0.2  # how long a stop request may wait
BAD_INPUT = 2
CURRENT, FUTURE, ONFAULT = 1, 2, 4  # mlockall(2): lock what is touched, not what is merely reserved
AUTOGROUP = Path("/proc/self/autogroup")
ERRORS_IN_A_ROW_MAX = 100


@dataclass(frozen=True, slots=True)
class Priority:
    """How a process wants to be scheduled.

    Only what is short and bounded asks for a real-time priority: the kernel stalls all of it on a core together
    (for 50 ms) when it takes that core for most of a second, as a policy that is being compiled or learned does.
    """

    realtime: int = 0
    nice: int = -10


def make_executor() -> Executor:
    """Rclpy's events executor where it exists (Kilted on), which costs half of the classic one's time."""
    try:
        from rclpy.experimental import EventsExecutor
    except ImportError:
        return SingleThreadedExecutor()
    return EventsExecutor()


def prefer(priority: Priority) -> str:
    """Ask the kernel to prefer this process to ordinary ones; say what it did not grant."""
    try:
        for thread in _threads():
            os.setpriority(os.PRIO_PROCESS, thread, priority.nice)
        if AUTOGROUP.exists():  # without it niceness counts among the processes of one session only
            AUTOGROUP.write_text(str(priority.nice))
    except OSError as error:
        return f"niceness {priority.nice} ({error.strerror})"
    return ""


def request(priority: Priority) -> str:
    """Ask the kernel for real-time scheduling and locked memory; say what it did not grant."""
    refused = []
    try:
        for thread in _threads():
            os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(priority.realtime))
    except OSError as error:
        refused.append(f"real-time priority {priority.realtime} ({error.strerror})")
    # Without the privilege a lock succeeds up to a small limit, and what is allocated later fails.
    if os.geteuid() != 0 or ctypes.CDLL(None).mlockall(CURRENT | FUTURE | ONFAULT):
        refused.append("locked memory")
    return ", ".join(refused)


def _threads() -> list[int]:
    """All threads of this process, the middleware's too."""
    return [int(task.name) for task in Path("/proc/self/task").iterdir()]


def run(make_node: Callable[[], Node], priority: Priority) -> int:
    """Run a node until SIGINT or SIGTERM; return the exit code: 2 when its parameters are wrong."""
    stop = _Stop()
    rclpy.init(args=sys.argv, signal_handler_options=SignalHandlerOptions.NO)
    node = make_node()
    executor = make_executor()
    executor.add_node(node)
    try:
        wants = node.is_set("realtime")
        refused = [prefer(priority)] if wants else []
        if node.is_set("autostart") and not node.start():
            sys.stderr.write(f"gatehouse: {node.get_name()}: {node.failure or 'could not be started'}\n")
            return BAD_INPUT
        if wants and priority.realtime:  # only now: compiling kernels is no work for a real-time priority
            refused.append(request(priority))
        if any(refused):
            lacking = ", ".join(filter(None, refused))
            node.get_logger().warning(
                f"not granted: {lacking}; deadlines are kept as well as the kernel lets"
            )
        _spin(executor, node, stop)
        return 0
    finally:
        node.close()
        node.destroy_node()
        rclpy.try_shutdown()


class _Stop:
    """Set by the first signal."""

    def __init__(self) -> None:
        self.is_set = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.is_set = True


def _spin(executor: Executor, node: Node, stop: _Stop) -> None:
    """Serve events one by one; an error outside a core's own code must not end the process either."""
    errors = 0
    while not stop.is_set and errors < ERRORS_IN_A_ROW_MAX:
        try:
            executor.spin_once(timeout_sec=WAKE_S)
            errors = 0
        except ExternalShutdownException:
            return
        except Exception:  # noqa: BLE001 # the middleware's errors are told, and the process lives on
            errors += 1
            node.failed("middleware")


def main(make_node: Callable[[], Node], priority: Priority) -> None:
    """Entry point of an executable."""
    try:
        sys.exit(run(make_node, priority))
    except BadInput as error:
        sys.stderr.write(f"gatehouse: {' '.join(str(error).split())}\n")
        sys.exit(BAD_INPUT)

"""The shell around a core: a lifecycle node that turns messages into values, calls the core, publishes what it says.

Whatever arrives, the process lives on: bytes that are no message, and a core that raises, are faults. Time is read
once a call. The garbage collector is kept out of the cycle: what is there at activation is frozen, and young
garbage is collected after a tick, once a second.
"""

from __future__ import annotations

import gc
import importlib
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor
from rclpy.clock import Clock, ClockType
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from gatehouse.cdr import Cdr
from gatehouse.paths import find
from gatehouse_nodes.qos import FRESH, profile_of
from gatehouse_nodes.rehearsal import rehearse
from gatehouse_nodes.setting import Setting
from gatehouse_nodes.table import PUBLICATIONS
from shield import contract as c
from shield.cdr import Malformed
from shield.contract import Severity
from shield.errors import BadInput
from shield.faults import FaultOut
from shield.profile import load_profile
from shield.site import load_site
from shield.topics import SUBSCRIPTIONS, Core, Output
from shield.wire import message_type

COLLECT_PERIODS_N = 50  # ticks between two collections of young garbage
YOUNG = 1  # generations up to this one: what lives longer stays


UNSET = "none"  # a parameter that is a text and has no value: ROS 2 reads an empty text as something else
ANY_TYPE = ParameterDescriptor(dynamic_typing=True)  # ROS 2 reads the text of a number as a number
MakeCore = Callable[["Node", Setting], Core]


class Node(LifecycleNode):
    """A lifecycle node with the parameters that all processes share: `profile`, `site`, `autostart`.

    Args:
        name: of the process.
        texts: further parameters that are texts, with their defaults.
    """

    def __init__(self, name: str, texts: dict[str, str] | None = None) -> None:
        super().__init__(name)
        self.failure = ""
        for text, default in {"profile": "amr_panda", "site": "warehouse", **(texts or {})}.items():
            self.declare_parameter(text, default, ANY_TYPE)
        self.declare_parameter("autostart", value=False)
        self.declare_parameter("realtime", value=False)

    def text(self, name: str) -> str:
        """A parameter that is a text."""
        return str(self.get_parameter(name).value)

    def is_set(self, name: str) -> bool:
        """A parameter that is true or false."""
        return bool(self.get_parameter(name).value)

    def now_ns(self) -> int:
        """The ROS clock."""
        return int(self.get_clock().now().nanoseconds)

    def setting(self) -> Setting:
        """Profile and site that the parameters name.

        Raises:
            BadInput: a file is missing or wrong.
        """
        return Setting(
            load_profile(find("profile", self.text("profile"))), load_site(find("site", self.text("site")))
        )

    def start(self) -> bool:
        """Configure and activate without anybody's asking; False when `failure` says what is wrong."""
        good = TransitionCallbackReturn.SUCCESS
        return self.trigger_configure() == good and self.trigger_activate() == good

    def close(self) -> None:
        """Release what the process holds; called once, at its end."""

    def failed(self, where: str) -> None:
        """Tell of the exception in flight, which does not end the process."""
        self.get_logger().error(f"{where}: {traceback.format_exc()}", throttle_duration_sec=1.0)

    def configure(self, setting: Setting) -> None:
        """Make everything that the process needs; a `BadInput` fails the transition."""

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            self.configure(self.setting())
        except BadInput as error:
            self.failure = " ".join(str(error).split())
            self.get_logger().error(self.failure)
            return TransitionCallbackReturn.FAILURE
        except Exception as error:  # rclpy turns it into a transition and tells nobody
            self.failure = f"{type(error).__name__}: {error}"
            self.failed("configure")
            raise
        return TransitionCallbackReturn.SUCCESS


class Shell(Node):
    """A process of the stack: one core, heard and spoken for.

    Args:
        name: of the process, as in `shield.topics.SUBSCRIPTIONS`.
        make_core: builds the core once the parameters are known; a `BadInput` fails the transition.
        texts: further parameters that are texts, with their defaults.
        make_understudy: builds another core of the kind, for a rehearsal before the real one comes on.
    """

    def __init__(self, name: str, make_core: MakeCore, texts: dict[str, str] | None = None,
                 make_understudy: MakeCore | None = None) -> None:  # fmt: skip
        super().__init__(name, texts)
        self._role, self._make_core, self._make_understudy = name, make_core, make_understudy
        self._faults = FaultOut(name)
        self._core: Core | None = None
        self._out: dict[str, Any] = {}
        self._is_active = False
        self._ticks = 0

    @property
    def core(self) -> Core | None:
        """The core, once configured."""
        return self._core

    def configure(self, setting: Setting) -> None:
        core = self._make_core(self, setting)
        if self._make_understudy is not None:
            rehearse(self._make_understudy(self, setting), self._role, setting)
        self._core, self._cdr, timing = core, Cdr(setting.profile), setting.profile.timing
        for topic in PUBLICATIONS[self._role]:
            kind = message_class(topic)
            self._out[topic] = self.create_lifecycle_publisher(kind, topic, profile_of(topic, timing))
        for topic in SUBSCRIPTIONS[self._role]:
            late = SubscriptionEventCallbacks(deadline=partial(self._late, topic)) if topic in FRESH else None
            self.create_subscription(message_class(topic), topic, partial(self._hear, topic),
                                     profile_of(topic, timing, is_reader=True), raw=True, event_callbacks=late)  # fmt: skip
        clock = Clock(clock_type=ClockType.STEADY_TIME)  # a jump of the wall clock must not stretch a period
        self._timer = self.create_timer(timing.period_s, self._tick, clock=clock, autostart=False)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        gc.collect()
        gc.freeze()
        gc.disable()
        self._is_active = True
        self._timer.reset()
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._is_active = False
        self._timer.cancel()
        gc.enable()
        return super().on_deactivate(state)

    def advance(self, core: Core) -> list[Output]:
        """One tick of the core."""
        return core.tick(self.now_ns())

    def ask(self, topic: str, value: object) -> list[Output]:
        """Give the core a value as if it had been heard; what it says is published and returned."""
        return self._call(topic, value, self.now_ns()) if self._is_active else []

    def say(self, outputs: Sequence[Output]) -> None:
        """Publish."""
        for topic, value in outputs:
            self._out[topic].publish(self._cdr.serialize(topic, value))

    def tell(self, code: str, severity: Severity, detail: str) -> None:
        """Publish a fault, at a bounded rate."""
        if self._is_active and "fault" in self._out:
            self.say(self._faults.tell(code, severity, detail, self.now_ns()))

    def failed(self, where: str) -> None:
        super().failed(where)
        last = traceback.format_exc(limit=0).strip().splitlines()[-1]
        self.tell("process_error", Severity.STOP, f"{where}: {last}"[:200])

    def _hear(self, topic: str, data: bytes) -> None:
        if not self._is_active:
            return
        now_ns = self.now_ns()
        try:
            value = self._cdr.deserialize(topic, data, now_ns)
        except Malformed as error:
            self.tell("malformed", Severity.INFO, f"{topic}: {error}"[:200])
            if topic != "emergency_stop":
                return
            value = c.EmergencyStop(
                stamp_ns=now_ns, source="a malformed stop", reason="better once too often"
            )
        self._call(topic, value, now_ns)

    def _call(self, topic: str, value: object, now_ns: int) -> list[Output]:
        begun = time.perf_counter()
        try:
            outputs = self._core.handle(topic, value, now_ns) if self._core else []
            if topic == "proposed_action":
                outputs = [_timed(output, time.perf_counter() - begun) for output in outputs]
            self.say(outputs)
            return outputs
        except Exception:  # noqa: BLE001 # whatever a core does, its process lives on and the fault is told
            self.failed(topic)
            return []

    def _tick(self) -> None:
        if not self._is_active:
            return
        try:
            self.say(self.advance(self._core) if self._core else [])
        except Exception:  # noqa: BLE001 # as above
            self.failed("tick")
        self._ticks += 1
        if self._ticks % COLLECT_PERIODS_N == 0:
            gc.collect(YOUNG)

    def _late(self, topic: str, _: object) -> None:
        self.tell(f"late_{topic}", Severity.INFO, f"{topic}: nothing came within its deadline")


def message_class(topic: str) -> type:
    """The class of rclpy for what travels on a topic."""
    package, _, name = message_type(topic).split("/")
    return getattr(importlib.import_module(f"{package}.msg"), name)  # type: ignore[no-any-return] # generated code


def _timed(output: Output, total_s: float) -> Output:
    """A decision with the time that it took."""
    topic, value = output
    if not isinstance(value, c.GateDecision):
        return output
    timings = replace(value.verdict.timings, total_s=total_s)
    return topic, replace(value, verdict=replace(value.verdict, timings=timings))

"""An operator's place: hears what a running stack says, submits orders, stops and resets it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from functools import partial
from types import TracebackType
from typing import Any, Self

import rclpy
from gatehouse_msgs.action import ExecuteSkill
from gatehouse_msgs.srv import CancelOrder, Reset, SubmitOrder
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from gatehouse.cdr import Cdr
from gatehouse.domain import DOMAIN_VARIABLE, RANGE_VARIABLE
from gatehouse_nodes.qos import profile_of
from gatehouse_nodes.shell import message_class
from shield.cdr import Malformed
from shield.contract import EmergencyStop, Order, SkillGoal, SkillState
from shield.errors import BadInput
from shield.profile import RobotProfile

TRANSPORT_VARIABLE = "FASTDDS_BUILTIN_TRANSPORTS"  # no shared memory, for the launch file's reason
WAKE_S = 0.05
ANSWER_S = 5.0  # how long a service may take to be found, and to answer
STOP_HEARERS_N = 2  # the supervisor and the drive
Hear = Callable[[str, object, int], None]  # topic, value, time of receipt


class Operator:
    """A node in a run's domain; use it as a context, one at a time in a process.

    Args:
        domain: of the run.
        namespace: of its robot.
        profile: of its robot.
        discovery: how far ROS 2 looks for other nodes.
    """

    def __init__(
        self, domain: int, namespace: str, profile: RobotProfile, discovery: str = "LOCALHOST"
    ) -> None:
        os.environ[DOMAIN_VARIABLE], os.environ[RANGE_VARIABLE] = str(domain), discovery
        os.environ.setdefault(TRANSPORT_VARIABLE, "UDPv4")
        self._profile, self._cdr = profile, Cdr(profile)
        self._domain = domain
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        self._node = rclpy.create_node(f"operator_{os.getpid()}", namespace=namespace)
        self._executor = (
            SingleThreadedExecutor()
        )  # an operator's clients come and go, which the events executor dislikes
        self._executor.add_node(self._node)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        self._node.destroy_node()
        rclpy.try_shutdown()

    def listen(self, topics: Iterable[str], hear: Hear) -> None:
        """Call `hear` with every message on `topics`; what is malformed is left out."""
        for topic in topics:
            qos = profile_of(topic, self._profile.timing, is_reader=True)
            qos.deadline, qos.depth = qos.deadline.__class__(), max(qos.depth, 10)
            self._node.create_subscription(
                message_class(topic), topic, partial(self._hear, topic, hear), qos, raw=True
            )

    def spin(self, duration_s: float, until: Callable[[], bool] | None = None) -> bool:
        """Serve messages for `duration_s`, or until `until()` holds; return whether it does."""
        end_s = time.monotonic() + duration_s
        while until is None or not until():
            left_s = end_s - time.monotonic()
            if left_s <= 0.0:
                return False
            self._executor.spin_once(timeout_sec=min(left_s, WAKE_S))
        return True

    def publisher(self, topic: str) -> Callable[[object], None]:
        """A way to say something on `topic`."""
        say = self.publish_bytes(topic)
        return lambda value: say(self._cdr.serialize(topic, value))

    def publish_bytes(self, topic: str) -> Callable[[bytes], None]:
        """A way to say anything on `topic`, be it a message or not."""
        publisher: Any = self._node.create_publisher(
            message_class(topic), topic, profile_of(topic, self._profile.timing)
        )
        self.spin(ANSWER_S, until=lambda: publisher.get_subscription_count() > 0)
        publish: Callable[[bytes], None] = publisher.publish
        return publish

    def submit(self, order: Order) -> str:
        """Submit an order; return why it was refused, empty when it was taken.

        Raises:
            BadInput: nobody answers.
        """
        request = SubmitOrder.Request()
        for name in ("order", "item", "station", "priority", "deadline_ns"):
            setattr(request.order, name, getattr(order, name))
        return str(self._call(SubmitOrder, "submit_order", request).refusal)

    def cancel(self, order: str) -> str:
        """Cancel an order; return why that was refused, empty when it was taken.

        Raises:
            BadInput: nobody answers.
        """
        return str(self._call(CancelOrder, "cancel_order", CancelOrder.Request(order=order)).refusal)

    def execute(
        self, goal: SkillGoal, limit_s: float, cancel_after_s: float | None = None
    ) -> tuple[SkillState, str]:
        """Run one skill outside of any order, and cancel it after a while if so asked; return how it ended.

        Raises:
            BadInput: nobody answers, or it did not end within `limit_s`.
        """
        client: Any = ActionClient(self._node, ExecuteSkill, "execute_skill")
        try:
            if not self.spin(ANSWER_S, until=client.server_is_ready):
                raise BadInput(f"domain {self._domain}: nobody offers the action execute_skill")
            wanted = ExecuteSkill.Goal(skill=goal.skill, target=goal.target, item=goal.item)
            sent = client.send_goal_async(wanted)
            self.spin(ANSWER_S, until=sent.done)
            ended = sent.result().get_result_async()
            if cancel_after_s is not None and not self.spin(cancel_after_s, until=ended.done):
                sent.result().cancel_goal_async()
            if not self.spin(limit_s, until=ended.done):
                raise BadInput(f"{goal.skill} {goal.target} did not end within {limit_s} s")
            result = ended.result().result
            return SkillState(result.state), str(result.reason)
        finally:
            client.destroy()

    def reset(self, operator: str, reason: str) -> str:
        """Ask to leave a latched mode; return why that was refused, empty when it was taken.

        Raises:
            BadInput: nobody answers.
        """
        return str(self._call(Reset, "reset", Reset.Request(operator_name=operator, reason=reason)).refusal)

    def stop(self, source: str, reason: str) -> int:
        """Send an emergency stop to drive and supervisor at once; return how many processes have it.

        Raises:
            BadInput: nobody is there.
        """
        topic = "emergency_stop"
        publisher: Any = self._node.create_publisher(
            message_class(topic), topic, profile_of(topic, self._profile.timing)
        )
        self.spin(ANSWER_S, until=lambda: publisher.get_subscription_count() >= STOP_HEARERS_N)
        hearers = publisher.get_subscription_count()
        if not hearers:
            raise BadInput(f"domain {self._domain}: nobody hears {topic}")
        stop = EmergencyStop(stamp_ns=time.time_ns(), source=source, reason=reason)
        publisher.publish(self._cdr.serialize(topic, stop))
        publisher.wait_for_all_acked()
        return int(hearers)

    def _hear(self, topic: str, hear: Hear, data: bytes) -> None:
        now_ns = time.time_ns()
        try:
            value = self._cdr.deserialize(topic, data, now_ns)
        except Malformed:
            return
        hear(topic, value, now_ns)

    def _call(self, kind: Any, name: str, request: Any) -> Any:
        client: Any = self._node.create_client(kind, name)
        try:
            if not self.spin(ANSWER_S, until=client.service_is_ready):
                raise BadInput(f"domain {self._domain}: nobody offers the service {client.srv_name}")
            future = client.call_async(request)
            if not self.spin(ANSWER_S, until=future.done):
                raise BadInput(f"domain {self._domain}: {client.srv_name} does not answer")
            return future.result()
        finally:
            self._node.destroy_client(client)

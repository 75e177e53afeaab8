"""The autonomy process: orders, tasks and skills; it proposes, and binds nobody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gatehouse_msgs.srv import CancelOrder, SubmitOrder

from controllers.meta.autonomy import Autonomy
from controllers.meta.queue import OrderQueue
from gatehouse_nodes import process
from gatehouse_nodes.setting import Setting
from gatehouse_nodes.shell import Node, Shell
from gatehouse_nodes.skill_server import SkillServer
from shield.contract import Order, OrderState, SkillStatus
from shield.topics import Core, Output
from skills.library import load_library

TEXTS = {"queue": "memory", "navigator": "learned"}


def make_core(node: Node, setting: Setting) -> Core:
    """The core with the skill library and the queue that the parameters `queue` and `navigator` name."""
    queue = node.text("queue")
    return _autonomy(node, setting, ":memory:" if queue == "memory" else queue)


def make_understudy(node: Node, setting: Setting) -> Core:
    """A core with an empty queue of its own."""
    return _autonomy(node, setting, ":memory:")


def _autonomy(node: Node, setting: Setting, queue: str) -> Core:
    skills = load_library(setting.profile, setting.site, navigator=node.text("navigator"))
    return Autonomy(setting.profile, setting.site, skills, OrderQueue(queue))


class AutonomyShell(Shell):
    """The autonomy with the services of the order desk, and its skills as an action."""

    _skills: SkillServer | None = None

    def configure(self, setting: Setting) -> None:
        super().configure(setting)
        if isinstance(self.core, Autonomy):
            self._skills = SkillServer(self, self.core)
        self.create_service(SubmitOrder, "submit_order", self._submit)
        self.create_service(CancelOrder, "cancel_order", self._cancel)

    def say(self, outputs: Sequence[Output]) -> None:
        super().say(outputs)
        for _, value in outputs:
            if isinstance(value, SkillStatus) and self._skills is not None:
                self._skills.hear(value)

    def _submit(self, request: Any, response: Any) -> Any:
        asked = request.order
        order = Order(order=asked.order, item=asked.item, station=asked.station, priority=asked.priority,
                      deadline_ns=asked.deadline_ns)  # fmt: skip
        return self._answer(order, response)

    def _cancel(self, request: Any, response: Any) -> Any:
        return self._answer(
            Order(order=request.order, item="", station="", state=OrderState.CANCELLED), response
        )

    def _answer(self, order: Order, response: Any) -> Any:
        said = [value for _, value in self.ask("order", order) if isinstance(value, Order)]
        response.refusal = "" if said else "the autonomy is not active"
        response.refusal = next(
            (value.reason for value in said if value.state is OrderState.FAILED), response.refusal
        )
        response.accepted = not response.refusal
        return response


def main() -> None:
    """Entry point of the executable."""
    process.main(lambda: AutonomyShell("autonomy", make_core, TEXTS, make_understudy), process.Priority())


if __name__ == "__main__":
    main()

"""The action `execute_skill`: one skill at a time, outside of any order; what it proposes still meets the gate."""

from __future__ import annotations

from typing import Any

from gatehouse_msgs.action import ExecuteSkill
from gatehouse_msgs.msg import SkillStatus
from rclpy.action import ActionServer, CancelResponse
from rclpy.task import Future

from controllers.meta.autonomy import Autonomy
from gatehouse_nodes.shell import Shell
from shield import contract as c
from shield.contract import SkillState

FIELDS = ("stamp_ns", "skill", "version", "target", "progress", "reason")


class SkillServer:
    """Serves the action for an autonomy core in its shell.

    Args:
        shell: the node, which publishes what the core says.
        core: that runs the skills.
    """

    def __init__(self, shell: Shell, core: Autonomy) -> None:
        self._shell, self._core = shell, core
        self._goal: Any = None
        self._ended: Any = None  # a Future of the last status, while a goal runs
        self._server: Any = ActionServer(
            shell,
            ExecuteSkill,
            "execute_skill",
            self._execute,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )

    def hear(self, status: c.SkillStatus) -> None:
        """Take the status of a skill: feedback while it runs, the end when it has ended."""
        goal, ended = self._goal, self._ended
        if goal is None or ended is None or ended.done() or goal.request.skill != status.skill:
            return
        if status.state is not SkillState.RUNNING:
            ended.set_result(status)
            return
        message = SkillStatus(state=int(status.state), **{name: getattr(status, name) for name in FIELDS})
        goal.publish_feedback(ExecuteSkill.Feedback(status=message))
        if goal.is_cancel_requested:
            self._shell.say(self._core.abandon("cancelled by the action's client", self._shell.now_ns()))

    async def _execute(self, goal: Any) -> Any:
        asked = goal.request
        refused = "busy with another goal" if self._goal is not None else self._core.execute(
            c.SkillGoal(skill=asked.skill, target=asked.target, item=asked.item))  # fmt: skip
        if refused:
            goal.abort()
            return ExecuteSkill.Result(state=int(SkillState.FAILED), reason=refused)
        self._goal, self._ended = goal, Future()
        try:
            status: c.SkillStatus = await self._ended
        finally:
            self._goal = self._ended = None
        if status.state is SkillState.SUCCEEDED:
            goal.succeed()
        elif goal.is_cancel_requested:
            goal.canceled()
        else:
            goal.abort()
        return ExecuteSkill.Result(state=int(status.state), reason=status.reason)

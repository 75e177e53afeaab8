"""The supervisor process: raw sensors, its own fields, the mode machine; takes emergency stops and resets."""

from __future__ import annotations

from typing import Any

from gatehouse_msgs.srv import Reset, TriggerEmergencyStop

from gatehouse_nodes import process
from gatehouse_nodes.setting import Setting
from gatehouse_nodes.shell import Node, Shell
from shield.contract import EmergencyStop, ResetRequest
from shield.supervisor import Supervisor
from shield.topics import Core


def make_core(node: Node, setting: Setting) -> Core:
    """The core."""
    return Supervisor(setting.profile)


class SupervisorShell(Shell):
    """The supervisor with its two services; both say on a topic what they were asked, for drive and record too."""

    def configure(self, setting: Setting) -> None:
        super().configure(setting)
        self.create_service(Reset, "reset", self._reset)
        self.create_service(TriggerEmergencyStop, "emergency_stop", self._stop)

    def _reset(self, request: Any, response: Any) -> Any:
        operator, reason = request.operator_name.strip(), request.reason.strip()
        response.refusal = "" if operator and reason else "a reset needs the operator's name and a reason"
        response.accepted = not response.refusal
        if response.accepted:
            self.say([("reset", ResetRequest(stamp_ns=self.now_ns(), operator=operator, reason=reason))])
        return response

    def _stop(self, request: Any, response: Any) -> Any:
        stop = EmergencyStop(
            stamp_ns=self.now_ns(), source=request.source or "service", reason=request.reason
        )
        self.say([("emergency_stop", stop)])
        response.accepted = True
        return response


def main() -> None:
    """Entry point of the executable."""
    process.main(
        lambda: SupervisorShell("supervisor", make_core, make_understudy=make_core),
        process.Priority(realtime=44),
    )


if __name__ == "__main__":
    main()

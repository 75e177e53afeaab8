"""The topics: one table of who says what, read by the in-process loop, the nodes and the recorder."""

from __future__ import annotations

from typing import Protocol

from shield import contract as c

Output = tuple[str, object]  # topic and value

TOPICS: dict[str, type] = {
    # the robot's drivers (standard messages outside)
    "scan_front": c.Scan,
    "scan_rear": c.Scan,
    "imu": c.Imu,
    "joint_states": c.JointReading,
    "localisation": c.PoseFix,
    "cmd_vel": c.ActuatorTwist,
    "joint_command": c.ActuatorJoints,
    # the stack
    "snapshot": c.Snapshot,
    "proposed_action": c.ProposedAction,
    "gate_decision": c.GateDecision,
    "certified_command": c.SealedCommand,
    "drive_status": c.DriveStatus,
    "safety_mode": c.ModeStatus,
    "fault": c.Fault,
    "heartbeat": c.Heartbeat,
    "emergency_stop": c.EmergencyStop,
    "reset": c.ResetRequest,
    "order": c.Order,  # submitted
    "order_status": c.Order,
    "task_status": c.Task,
    "skill_status": c.SkillStatus,
}


class Core(Protocol):
    """One process of the stack as a pure state machine; the loop and the nodes are two shells around it."""

    def handle(self, topic: str, value: object, now_ns: int) -> list[Output]:
        """Take one message; return what is to be published because of it."""

    def tick(self, now_ns: int) -> list[Output]:
        """Called once a control period; return what is to be published."""


SUBSCRIPTIONS: dict[str, tuple[str, ...]] = {
    "sim": ("cmd_vel", "joint_command"),
    "safety": (
        "scan_front",
        "scan_rear",
        "imu",
        "localisation",
        "joint_states",
        "safety_mode",
        "proposed_action",
        "emergency_stop",
    ),
    "autonomy": ("snapshot", "safety_mode", "order"),
    "supervisor": (
        "scan_front",
        "scan_rear",
        "joint_states",
        "localisation",
        "heartbeat",
        "fault",
        "drive_status",
        "emergency_stop",
        "reset",
    ),
    "drive": ("certified_command", "safety_mode", "heartbeat", "emergency_stop", "reset", "joint_states"),
}  # process -> what it hears; a recorder hears everything

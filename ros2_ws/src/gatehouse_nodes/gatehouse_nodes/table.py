"""What each process publishes; what it hears is in `shield.topics`."""

from __future__ import annotations

PUBLICATIONS: dict[str, tuple[str, ...]] = {
    "sim": ("scan_front", "scan_rear", "imu", "joint_states", "localisation"),
    "safety": ("certified_command", "snapshot", "gate_decision", "heartbeat", "fault"),
    "supervisor": ("safety_mode", "heartbeat", "fault", "emergency_stop", "reset"),
    "drive": ("cmd_vel", "joint_command", "drive_status", "heartbeat", "fault"),
    "autonomy": ("proposed_action", "order_status", "task_status", "skill_status", "heartbeat", "fault"),
}

"""Quality of service of each topic.

Proposals, commands and set-points are worth something only now: one is kept, for a bounded life, and its
absence is noticed. Modes, emergency stops and the states of orders are told to whoever comes late. Decisions
and snapshots are kept for the recorder, from before it came up. Raw sweeps are many and may be lost; what hears
a robot's drivers asks for no reliability, so that it fits whatever a driver offers.
"""

from __future__ import annotations

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from shield.profile import Timing

FRESH = ("proposed_action", "certified_command", "cmd_vel", "joint_command")
LATCHED = {"safety_mode": 1, "emergency_stop": 1, "order_status": 50, "task_status": 50}  # topic -> how many
KEPT = {"snapshot": 250, "gate_decision": 250}  # five seconds of them: the recorder may start later
RECORDED_N = 500  # how far a recorder may fall behind on any topic
DRIVER = ("scan_front", "scan_rear", "imu", "joint_states", "localisation")
QUEUE_N = 20
SILENT_PERIODS_N = 5  # without a message for so long a deadline is missed


def profile_of(topic: str, timing: Timing, *, is_reader: bool = False, keeps_all: bool = False) -> QoSProfile:
    """The quality of service of a topic for a publisher, a reader, or a reader that `keeps_all` (the recorder)."""
    best_effort = topic.startswith("scan_") or (is_reader and topic in DRIVER)
    qos = QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=_depth(topic, is_reader=is_reader, keeps_all=keeps_all),
        reliability=ReliabilityPolicy.BEST_EFFORT if best_effort else ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL
        if _is_latched(topic, is_reader, keeps_all)
        else DurabilityPolicy.VOLATILE,
    )
    if topic in FRESH and not keeps_all:
        qos.deadline = Duration(seconds=SILENT_PERIODS_N * timing.period_s)
        qos.lifespan = Duration(seconds=timing.period_s + timing.latency_s)
    return qos


def _depth(topic: str, *, is_reader: bool, keeps_all: bool) -> int:
    if keeps_all:
        return RECORDED_N
    if topic in FRESH or topic in DRIVER:
        return 1
    if topic in KEPT:
        return 1 if is_reader else KEPT[topic]
    return LATCHED.get(topic, QUEUE_N)


def _is_latched(topic: str, is_reader: bool, keeps_all: bool) -> bool:  # private
    if topic in KEPT:
        return keeps_all or not is_reader
    return topic in LATCHED

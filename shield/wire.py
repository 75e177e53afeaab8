"""What travels on each topic: its ROS 2 type, and the contract's values to and from the bytes of its messages.

The nodes, the in-process record and the replay all use this one codec, so a value is the same to all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from shield import contract as c
from shield import standard as s
from shield.cdr import decode, encode
from shield.errors import require
from shield.topics import TOPICS

_OWN_NAMES: dict[type, str] = {
    c.EgoState: "StateEstimate",
    c.SealedCommand: "CertifiedCommand",
    c.ModeStatus: "SafetyMode",
}  # contract -> message, where the names differ
_STANDARD: dict[type, tuple[str, type]] = {
    c.Scan: ("sensor_msgs/msg/LaserScan", s.LaserScan),
    c.Imu: ("sensor_msgs/msg/Imu", s.Imu),
    c.JointReading: ("sensor_msgs/msg/JointState", s.JointState),
    c.PoseFix: ("nav_msgs/msg/Odometry", s.Odometry),
    c.ActuatorTwist: ("geometry_msgs/msg/Twist", s.Twist),
    c.ActuatorJoints: ("sensor_msgs/msg/JointState", s.JointState),
}  # what drivers speak
_READ: dict[type, Callable[[Any, str, int], object]] = {
    c.Scan: lambda message, topic, _: s.to_scan(message, topic),
    c.Imu: lambda message, _, __: s.to_imu(message),
    c.JointReading: lambda message, _, __: s.to_joints(message),
    c.PoseFix: lambda message, _, __: s.to_fix(message),
    c.ActuatorTwist: lambda message, _, now_ns: s.to_twist(message, now_ns),
    c.ActuatorJoints: lambda message, _, __: s.to_arm(message),
}
_WRITE: dict[type, Callable[[Any], object]] = {
    c.Scan: s.from_scan,
    c.Imu: s.from_imu,
    c.JointReading: s.from_joints,
    c.PoseFix: s.from_fix,
    c.ActuatorTwist: s.from_twist,
}


def message_name(cls: type) -> str:
    """The message of gatehouse_msgs that a type of the contract travels as."""
    return _OWN_NAMES.get(cls, cls.__name__)


def message_type(topic: str) -> str:
    """The ROS 2 type of a topic, such as "sensor_msgs/msg/LaserScan"."""
    cls = TOPICS[topic]
    return _STANDARD[cls][0] if cls in _STANDARD else f"gatehouse_msgs/msg/{message_name(cls)}"


class Wire:
    """The codec of all topics.

    Args:
        joints: names of the arm's joints, for the set-points that go to the arm's driver.
        fingers: names of the gripper's fingers.
    """

    def __init__(self, joints: tuple[str, ...] = (), fingers: tuple[str, ...] = ()) -> None:
        self._joints, self._fingers = joints, fingers

    def pack(self, topic: str, value: object) -> bytes:
        """The bytes that a value travels as on `topic`."""
        cls = TOPICS[topic]
        require(type(value) is cls, f"{topic} carries {cls.__name__}, no {type(value).__name__}")
        if isinstance(value, c.ActuatorJoints):
            require(
                len(value.joint_velocity_radps) == len(self._joints), f"{topic}: the joints' names are needed"
            )
            return encode(s.from_arm(value, self._joints, self._fingers))
        write = _WRITE.get(cls)
        return encode(value if write is None else write(value))

    def unpack(self, topic: str, data: bytes, now_ns: int) -> object:
        """The value of a message that came at `now_ns`.

        Raises:
            Malformed: the bytes are no such message.
        """
        cls = TOPICS[topic]
        if cls not in _STANDARD:
            return decode(cls, data)
        return _READ[cls](decode(_STANDARD[cls][1], data), topic, now_ns)

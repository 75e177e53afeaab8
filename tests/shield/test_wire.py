"""Every topic has one codec, and it agrees with the `.msg` files and with ROS 2's own serialisation."""

from __future__ import annotations

import dataclasses
import importlib
import re
import typing
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatehouse.cdr import FIELD, Cdr, definition
from shield import contract as c
from shield.profile import load_profile
from shield.topics import TOPICS
from shield.wire import Wire, message_name, message_type
from tests.shield.values import of_type, same

ROOT = Path(__file__).resolve().parents[2]
MESSAGES = ROOT / "ros2_ws" / "src" / "gatehouse_msgs" / "msg"
OWN = sorted(topic for topic in TOPICS if message_type(topic).startswith("gatehouse_msgs/"))
RENAMED = {("ResetRequest", "operator"): "operator_name"}
NESTED = (c.EgoState, c.Discs, c.TrackedAgent, c.SensorHealth, c.Manoeuvre, c.Margins, c.Timings, c.Verdict)
LINE = re.compile(r"^([\w/]+(?:\[\])?)\s+(\w+)\s*(?:#.*)?$")


def ros_type(hint: Any) -> str:
    scalars = {
        bool: "bool",
        int: "int64",
        float: "float64",
        str: "string",
        bytes: "uint8[]",
        c.Command: "Command",
    }
    if hint in scalars:
        return scalars[hint]
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return "uint8"
    if dataclasses.is_dataclass(hint):
        return message_name(typing.cast("type", hint))
    if typing.get_origin(hint) is np.ndarray:
        return "float64[]"
    return ros_type(typing.get_args(hint)[0]) + "[]"


@pytest.mark.parametrize("cls", sorted({*(TOPICS[topic] for topic in OWN), *NESTED}, key=repr))
def test_message_files_mirror_the_contract(cls: type) -> None:
    name = message_name(cls)
    lines = (LINE.match(line) for line in (MESSAGES / f"{name}.msg").read_text().splitlines())
    found = [match.groups() for match in lines if match]
    hints = typing.get_type_hints(cls)
    assert found == [
        (ros_type(hints[field.name]), RENAMED.get((name, field.name), field.name))
        for field in dataclasses.fields(cls)
    ]


@pytest.mark.parametrize("enum", ["SafetyMode", "Kind", "Severity", "SkillState", "OrderState", "Outcome"])
def test_constants_mirror_the_enums(enum: str) -> None:
    files = {"Kind": "TrackedAgent", "Severity": "Fault", "SkillState": "SkillStatus", "OrderState": "Order",
             "Outcome": "Verdict"}  # fmt: skip
    text = (MESSAGES / f"{files.get(enum, enum)}.msg").read_text()
    constants = {name: int(value) for name, value in re.findall(r"^uint8 (\w+)=(\d+)", text, re.MULTILINE)}
    assert constants == {member.name: int(member) for member in getattr(c, enum)}


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_ros_reads_what_is_written_and_the_other_way_round(data: st.DataObject) -> None:
    rclpy = pytest.importorskip("rclpy.serialization")
    topic = data.draw(st.sampled_from(OWN))
    value = data.draw(of_type(TOPICS[topic]))
    package, _, name = message_type(topic).split("/")
    message_class = getattr(importlib.import_module(f"{package}.msg"), name)
    message = rclpy.deserialize_message(Wire().pack(topic, value), message_class)
    again = Wire().unpack(topic, bytes(rclpy.serialize_message(message)), 0)
    assert same(again, value)


STANDARD = {
    "scan_front": c.Scan(sensor="scan_front", stamp_ns=1_500_000_001, angle_min_rad=-2.0, angle_step_rad=0.5,
                         range_min_m=0.25, range_max_m=12.0, range_m=np.array([1.0, np.nan, np.inf])),
    "imu": c.Imu(stamp_ns=7, yaw_rate_radps=0.1, accel_x_mps2=0.2, accel_y_mps2=0.3),
    "joint_states": c.JointReading(stamp_ns=7, name=("a",), position_rad=(1.0,), velocity_radps=(2.0,),
                                   effort_nm=(3.0,)),
    "localisation": c.PoseFix(stamp_ns=7, x_m=1.0, y_m=2.0, heading_rad=0.0, position_bound_m=0.75,
                              heading_bound_rad=0.375, speed_mps=0.5, yaw_rate_radps=0.25),
    "cmd_vel": c.ActuatorTwist(stamp_ns=7, speed_mps=0.5, yaw_rate_radps=0.25),
    "joint_command": c.ActuatorJoints(stamp_ns=7, joint_velocity_radps=(0.5,), gripper_m=0.04),
}  # fmt: skip


@pytest.mark.parametrize("topic", STANDARD)
def test_standard_messages_agree_with_ros(topic: str) -> None:
    rclpy = pytest.importorskip("rclpy.serialization")
    wire = Wire(("j1",), ("f1", "f2"))
    package, _, name = message_type(topic).split("/")
    message_class = getattr(importlib.import_module(f"{package}.msg"), name)
    message = rclpy.deserialize_message(wire.pack(topic, STANDARD[topic]), message_class)
    assert same(wire.unpack(topic, bytes(rclpy.serialize_message(message)), 7), STANDARD[topic])


@pytest.mark.parametrize("topic", sorted(TOPICS))
def test_rosbags_reads_every_topic_with_its_schema(topic: str) -> None:
    typesys = pytest.importorskip("rosbags.typesys")
    store = typesys.get_typestore(typesys.Stores.EMPTY)
    name, text = Cdr().schema(topic)
    store.register(typesys.get_types_from_msg(text, name))
    profile = load_profile(ROOT / "launch" / "profiles" / "amr_panda.yaml")
    joints = c.ActuatorJoints(stamp_ns=7, joint_velocity_radps=(0.5,) * 7, gripper_m=0.04)
    value = {**STANDARD, "scan_rear": STANDARD["scan_front"], "joint_command": joints}.get(topic)
    if value is None:
        value = _simple(TOPICS[topic])
    assert store.deserialize_cdr(Cdr(profile).serialize(topic, value), name) is not None


def _simple(cls: type) -> Any:
    """A value whose sequences all hold something."""
    fields = {}
    for field in dataclasses.fields(cls):
        hint = typing.get_type_hints(cls)[field.name]
        fields[field.name] = _simple_of(hint)
    return cls(**fields)


def _simple_of(hint: Any) -> Any:
    plain: dict[Any, Any] = {bool: True, int: 3, float: 0.5, str: "text", bytes: b"12", c.Command: c.HOLD}
    if hint in plain:
        return plain[hint]
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return hint(1)
    if dataclasses.is_dataclass(hint):
        return _simple(typing.cast("type", hint))
    if typing.get_origin(hint) is np.ndarray:
        return np.ones(3)
    return (_simple_of(typing.get_args(hint)[0]),) * 2


def test_a_value_of_another_type_is_a_programmer_error() -> None:
    with pytest.raises(AssertionError, match="heartbeat carries Heartbeat, no Imu"):
        Wire().pack("heartbeat", STANDARD["imu"])


def test_set_points_of_the_arm_need_its_names() -> None:
    with pytest.raises(AssertionError, match="names are needed"):
        Wire().pack("joint_command", STANDARD["joint_command"])


def test_a_definition_holds_what_it_needs() -> None:
    text = definition("gatehouse_msgs/msg/Snapshot")
    assert [line for line in text.splitlines() if line.startswith("MSG:")] == [
        "MSG: gatehouse_msgs/StateEstimate",
        "MSG: gatehouse_msgs/Discs",
        "MSG: gatehouse_msgs/TrackedAgent",
        "MSG: gatehouse_msgs/SensorHealth",
        "MSG: gatehouse_msgs/BaseSetPoint",
    ]
    assert FIELD.findall("uint8 A=1\nfloat64[] b # c\nstring<=5 d") == ["float64", "string"]

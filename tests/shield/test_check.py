import dataclasses

import numpy as np
import pytest

from shield import contract as c
from shield.check import ITEMS_MAX, _check, _fields, malformed
from shield.topics import TOPICS

STOP = c.EmergencyStop(stamp_ns=1, source="button", reason="test")
IMU = c.Imu(stamp_ns=1, yaw_rate_radps=0.0, accel_x_mps2=0.0, accel_y_mps2=0.0)
SCAN = c.Scan(
    sensor="scan_front",
    stamp_ns=1,
    angle_min_rad=-1.0,
    angle_step_rad=0.1,
    range_min_m=0.1,
    range_max_m=10.0,
    range_m=np.array([1.0, np.nan, np.inf]),
)
ACTION = c.ProposedAction(
    robot="r", sequence=1, stamp_ns=1, snapshot_sequence=1, skill="s", version="1", command=c.HOLD
)
FAULT = c.Fault(stamp_ns=1, source="s", code="c", severity=c.Severity.INFO, detail="d")
HEALTH = c.SensorHealth(sensor="s", healthy=True, age_s=0.0, rate_hz=1.0)
EGO = c.EgoState(
    stamp_ns=1,
    x_m=0.0,
    y_m=0.0,
    heading_rad=0.0,
    speed_mps=0.0,
    yaw_rate_radps=0.0,
    position_bound_m=0.0,
    heading_bound_rad=0.0,
    speed_bound_mps=0.0,
    yaw_rate_bound_radps=0.0,
    joint_position_rad=(0.0, 1.0),
)
SNAPSHOT = c.Snapshot(robot="r", sequence=1, stamp_ns=1, ego=EGO, discs=c.NO_DISCS, health=(HEALTH,))


@pytest.mark.parametrize(
    ("topic", "value"),
    [
        ("emergency_stop", STOP),
        ("imu", IMU),
        ("scan_front", SCAN),
        ("proposed_action", ACTION),
        ("fault", FAULT),
        ("snapshot", SNAPSHOT),
    ],
)
def test_honest_messages_pass(topic: str, value: object) -> None:
    assert malformed(topic, value) == ""


def changed(value: object, **changes: object) -> object:
    return dataclasses.replace(value, **changes)  # type: ignore[type-var] # always a dataclass


@pytest.mark.parametrize(
    ("topic", "value", "word"),
    [
        ("nowhere", STOP, "no topic"),
        ("imu", STOP, "Imu is expected"),
        ("imu", None, "NoneType"),
        ("imu", changed(IMU, yaw_rate_radps=float("nan")), "yaw_rate_radps is nan"),
        ("imu", changed(IMU, yaw_rate_radps=float("inf")), "inf"),
        ("imu", changed(IMU, yaw_rate_radps="1"), "a number is expected"),
        ("imu", changed(IMU, yaw_rate_radps=True), "a number is expected"),
        ("imu", changed(IMU, yaw_rate_radps=10**400), "beyond all bounds"),
        ("imu", changed(IMU, stamp_ns=2**63), "int64"),
        ("imu", changed(IMU, stamp_ns=1.0), "int64"),
        ("emergency_stop", changed(STOP, reason=None), "no short text"),
        ("emergency_stop", changed(STOP, reason="x" * (ITEMS_MAX + 1)), "no short text"),
        ("scan_front", changed(SCAN, range_m=np.zeros(ITEMS_MAX + 1)), "entries"),
        ("proposed_action", changed(ACTION, command=None), "no command"),
        (
            "proposed_action",
            changed(ACTION, command=c.BaseCommand(speed_mps=float("nan"))),
            "speed_mps is nan",
        ),
        ("fault", changed(FAULT, severity=3), "Severity is expected"),
        ("snapshot", changed(SNAPSHOT, ego=None), "no EgoState"),
        ("snapshot", changed(SNAPSHOT, health=[HEALTH]), "no tuple"),
        ("snapshot", changed(SNAPSHOT, health=(IMU,)), "entry"),
        ("snapshot", changed(SNAPSHOT, health=(HEALTH,) * (ITEMS_MAX + 1)), "entries"),
        ("snapshot", changed(SNAPSHOT, health=(changed(HEALTH, healthy=1),)), "bool is expected"),
        ("snapshot", changed(SNAPSHOT, ego=changed(EGO, joint_position_rad=(0.0, None))), "entry"),
    ],
)
def test_everything_else_is_named(topic: str, value: object, word: str) -> None:
    assert word in malformed(topic, value)


def test_an_array_of_another_type_is_found() -> None:
    scan = changed(SCAN)
    object.__setattr__(scan, "range_m", [1.0, 2.0])
    assert "flat array" in malformed("scan_front", scan)


def test_every_topic_can_be_checked_and_an_unknown_type_cannot() -> None:
    for cls in TOPICS.values():
        assert len(_fields(cls)) == len(dataclasses.fields(cls))
    with pytest.raises(TypeError):
        _check(complex)

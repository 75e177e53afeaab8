"""The standard messages of a robot's drivers mean what the contract says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shield import contract as c
from shield import standard as s
from shield.cdr import Malformed

ANGLES = st.floats(-math.pi, math.pi)
SMALL = st.floats(-100.0, 100.0)
BOUNDS = st.floats(1e-6, 10.0)


@given(st.integers(0, 2**31 * 10**9 - 1))
def test_stamps(stamp_ns: int) -> None:
    assert s.stamp_ns(s.header(stamp_ns, "map")) == stamp_ns


def test_scan() -> None:
    ranges = [1.5, math.nan, math.inf]
    scan = c.Scan(sensor="scan_rear", stamp_ns=5, angle_min_rad=-2.0, angle_step_rad=0.5, range_min_m=0.25,
                  range_max_m=12.0, range_m=np.array(ranges))  # fmt: skip
    message = s.from_scan(scan)
    assert message.angle_max == -1.0
    back = s.to_scan(message, "scan_rear")
    np.testing.assert_array_equal(back.range_m, scan.range_m)
    assert (back.stamp_ns, back.angle_step_rad, back.sensor) == (5, 0.5, "scan_rear")


def test_imu_and_joints() -> None:
    imu = c.Imu(stamp_ns=5, yaw_rate_radps=0.1, accel_x_mps2=0.2, accel_y_mps2=0.3)
    assert s.to_imu(s.from_imu(imu)) == imu
    joints = c.JointReading(stamp_ns=5, name=("a", "b"), position_rad=(1.0, 2.0), velocity_radps=(3.0, 4.0),
                            effort_nm=(5.0, 6.0))  # fmt: skip
    assert s.to_joints(s.from_joints(joints)) == joints


def test_joints_without_efforts_have_unknown_ones() -> None:
    message = s.JointState(header=s.header(1, ""), name=("a",), position=(1.0,), velocity=(2.0,), effort=())
    assert math.isnan(s.to_joints(message).effort_nm[0])


def test_joints_that_do_not_fit_together_are_malformed() -> None:
    message = s.JointState(
        header=s.header(1, ""), name=("a", "b"), position=(1.0,), velocity=(2.0, 3.0), effort=()
    )
    with pytest.raises(Malformed, match="2 names, 1 positions"):
        s.to_joints(message)
    with pytest.raises(Malformed, match="2 names, 1 positions"):
        s.to_arm(message)


@given(SMALL, SMALL, ANGLES, BOUNDS, BOUNDS)
def test_pose(x_m: float, y_m: float, heading_rad: float, position_m: float, turn_rad: float) -> None:
    fix = c.PoseFix(stamp_ns=5, x_m=x_m, y_m=y_m, heading_rad=heading_rad, position_bound_m=position_m,
                    heading_bound_rad=turn_rad, speed_mps=0.5, yaw_rate_radps=-0.5)  # fmt: skip
    back = s.to_fix(s.from_fix(fix))
    assert (back.x_m, back.y_m, back.speed_mps, back.yaw_rate_radps) == (x_m, y_m, 0.5, -0.5)
    turned = back.heading_rad - heading_rad
    assert math.atan2(math.sin(turned), math.cos(turned)) == pytest.approx(0.0, abs=1e-9)
    assert back.position_bound_m == pytest.approx(position_m)
    assert back.heading_bound_rad == pytest.approx(turn_rad)


@pytest.mark.parametrize("variance", [0.0, -1.0, math.nan])
def test_a_driver_that_promises_nothing_gives_no_bound(variance: float) -> None:
    fix = c.PoseFix(stamp_ns=5, x_m=0.0, y_m=0.0, heading_rad=0.0, position_bound_m=1.0, heading_bound_rad=1.0,
                    speed_mps=0.0, yaw_rate_radps=0.0)  # fmt: skip
    sent = s.from_fix(fix)
    pose = s.Pose(sent.pose.position, sent.pose.orientation, (variance,) * 36)
    back = s.to_fix(s.Odometry(header=sent.header, child_frame_id="", pose=pose, twist=sent.twist))
    assert back.position_bound_m == back.heading_bound_rad == math.inf


def test_set_points() -> None:
    twist = c.ActuatorTwist(stamp_ns=9, speed_mps=0.5, yaw_rate_radps=-0.25)
    assert s.to_twist(s.from_twist(twist), 9) == twist
    arm = c.ActuatorJoints(stamp_ns=9, joint_velocity_radps=(0.5, -0.5), gripper_m=0.04)
    message = s.from_arm(arm, ("j1", "j2"), ("f1", "f2"))
    assert message.name == ("j1", "j2", "f1", "f2")
    assert message.position[2:] == (0.02, 0.02)
    assert math.isnan(message.position[0])
    assert math.isnan(message.velocity[2])
    assert s.to_arm(message) == arm

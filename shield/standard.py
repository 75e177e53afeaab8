"""ROS 2's standard messages, as far as a robot's drivers speak them, and what they mean in the contract.

The dataclasses mirror the `.msg` files of std_msgs, geometry_msgs, sensor_msgs and nav_msgs field by field.

Bounds of a pose travel as the covariance of nav_msgs/Odometry: a bound is taken as three standard deviations.
A driver that leaves the covariance at zero has promised nothing, so its bound reads as infinite.
The set-point of the arm is a sensor_msgs/JointState: a joint has a velocity and no position (NaN), a finger of
the gripper a position, its share of the opening, and no velocity.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated

from shield import contract as c
from shield.cdr import Malformed
from shield.contract import Floats, frozen_floats

SIGMAS = 3.0
NO_COVARIANCE_3 = (0.0,) * 9
NO_COVARIANCE_6 = (0.0,) * 36
X, Y, YAW = 0, 7, 35  # on the diagonal of a 6 x 6 covariance
_S = 1_000_000_000
NAN = math.nan


@dataclass(frozen=True, slots=True)
class Time:
    """builtin_interfaces/Time."""

    sec: Annotated[int, "i"] = 0
    nanosec: Annotated[int, "I"] = 0


@dataclass(frozen=True, slots=True)
class Header:
    """std_msgs/Header."""

    stamp: Time = Time()
    frame_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaserScan:
    """sensor_msgs/LaserScan."""

    header: Header
    angle_min: Annotated[float, "f"]
    angle_max: Annotated[float, "f"]
    angle_increment: Annotated[float, "f"]
    time_increment: Annotated[float, "f"] = 0.0
    scan_time: Annotated[float, "f"] = 0.0
    range_min: Annotated[float, "f"]
    range_max: Annotated[float, "f"]
    ranges: Annotated[Floats, "f"]
    intensities: Annotated[Floats, "f"] = field(default_factory=lambda: frozen_floats(()))


@dataclass(frozen=True, slots=True)
class Quaternion:
    """geometry_msgs/Quaternion."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    w: float = 1.0


@dataclass(frozen=True, slots=True)
class Vector3:
    """geometry_msgs/Vector3 and Point."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Imu:
    """sensor_msgs/Imu."""

    header: Header
    orientation: Quaternion = Quaternion()
    orientation_covariance: Annotated[tuple[float, ...], 9] = (-1.0, *NO_COVARIANCE_3[1:])  # not measured
    angular_velocity: Vector3
    angular_velocity_covariance: Annotated[tuple[float, ...], 9] = NO_COVARIANCE_3
    linear_acceleration: Vector3
    linear_acceleration_covariance: Annotated[tuple[float, ...], 9] = NO_COVARIANCE_3


@dataclass(frozen=True, slots=True, kw_only=True)
class JointState:
    """sensor_msgs/JointState."""

    header: Header
    name: tuple[str, ...]
    position: tuple[float, ...]
    velocity: tuple[float, ...]
    effort: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Pose:
    """geometry_msgs/Pose with its covariance."""

    position: Vector3
    orientation: Quaternion
    covariance: Annotated[tuple[float, ...], 36]


@dataclass(frozen=True, slots=True)
class Twist:
    """geometry_msgs/Twist."""

    linear: Vector3
    angular: Vector3


@dataclass(frozen=True, slots=True)
class TwistWithCovariance:
    """geometry_msgs/TwistWithCovariance."""

    twist: Twist
    covariance: Annotated[tuple[float, ...], 36] = NO_COVARIANCE_6


@dataclass(frozen=True, slots=True, kw_only=True)
class Odometry:
    """nav_msgs/Odometry."""

    header: Header
    child_frame_id: str
    pose: Pose
    twist: TwistWithCovariance


def header(stamp_ns: int, frame: str) -> Header:
    """A header of this time and frame."""
    return Header(Time(stamp_ns // _S, stamp_ns % _S), frame)


def stamp_ns(message: Header) -> int:
    """The time of a header."""
    return message.stamp.sec * _S + message.stamp.nanosec


def from_scan(scan: c.Scan) -> LaserScan:
    """A sweep as LaserScan, in the frame named after the sensor."""
    last_rad = scan.angle_min_rad + scan.angle_step_rad * max(len(scan.range_m) - 1, 0)
    return LaserScan(
        header=header(scan.stamp_ns, scan.sensor), angle_min=scan.angle_min_rad, angle_max=last_rad,
        angle_increment=scan.angle_step_rad, range_min=scan.range_min_m, range_max=scan.range_max_m,
        ranges=scan.range_m)  # fmt: skip


def to_scan(message: LaserScan, sensor: str) -> c.Scan:
    """A LaserScan as the sweep of `sensor`."""
    return c.Scan(
        sensor=sensor, stamp_ns=stamp_ns(message.header), angle_min_rad=message.angle_min,
        angle_step_rad=message.angle_increment, range_min_m=message.range_min, range_max_m=message.range_max,
        range_m=message.ranges)  # fmt: skip


def from_imu(imu: c.Imu) -> Imu:
    """An inertial reading as Imu."""
    return Imu(header=header(imu.stamp_ns, "base_link"), angular_velocity=Vector3(z=imu.yaw_rate_radps),
               linear_acceleration=Vector3(imu.accel_x_mps2, imu.accel_y_mps2))  # fmt: skip


def to_imu(message: Imu) -> c.Imu:
    """An Imu message, in the frame of the base, as an inertial reading."""
    return c.Imu(stamp_ns=stamp_ns(message.header), yaw_rate_radps=message.angular_velocity.z,
                 accel_x_mps2=message.linear_acceleration.x, accel_y_mps2=message.linear_acceleration.y)  # fmt: skip


def from_joints(joints: c.JointReading) -> JointState:
    """Encoder readings as JointState."""
    return JointState(header=header(joints.stamp_ns, "base_link"), name=joints.name, position=joints.position_rad,
                      velocity=joints.velocity_radps, effort=joints.effort_nm)  # fmt: skip


def to_joints(message: JointState) -> c.JointReading:
    """A JointState as encoder readings.

    Raises:
        Malformed: names, positions and velocities differ in number. Efforts may be left out: they read as NaN.
    """
    count = len(message.name)
    effort = message.effort or (NAN,) * count
    if not count == len(message.position) == len(message.velocity) == len(effort):
        raise Malformed(f"JointState: {count} names, {len(message.position)} positions, "
                        f"{len(message.velocity)} velocities, {len(effort)} efforts")  # fmt: skip
    return c.JointReading(stamp_ns=stamp_ns(message.header), name=message.name, position_rad=message.position,
                          velocity_radps=message.velocity, effort_nm=effort)  # fmt: skip


def from_fix(fix: c.PoseFix) -> Odometry:
    """A pose fix as Odometry, its bounds as covariance."""
    covariance = list(NO_COVARIANCE_6)
    covariance[X] = covariance[Y] = (fix.position_bound_m / SIGMAS) ** 2
    covariance[YAW] = (fix.heading_bound_rad / SIGMAS) ** 2
    half = fix.heading_rad / 2.0
    pose = Pose(Vector3(fix.x_m, fix.y_m), Quaternion(z=math.sin(half), w=math.cos(half)), tuple(covariance))
    twist = Twist(Vector3(fix.speed_mps), Vector3(z=fix.yaw_rate_radps))
    return Odometry(header=header(fix.stamp_ns, "map"), child_frame_id="base_link", pose=pose,
                    twist=TwistWithCovariance(twist))  # fmt: skip


def to_fix(message: Odometry) -> c.PoseFix:
    """Odometry in the map frame as a pose fix."""
    place, turn, covariance = message.pose.position, message.pose.orientation, message.pose.covariance
    heading = math.atan2(2.0 * (turn.w * turn.z + turn.x * turn.y), 1.0 - 2.0 * (turn.y**2 + turn.z**2))
    twist = message.twist.twist
    return c.PoseFix(
        stamp_ns=stamp_ns(message.header), x_m=place.x, y_m=place.y, heading_rad=heading,
        position_bound_m=max(_bound(covariance[X]), _bound(covariance[Y])),
        heading_bound_rad=_bound(covariance[YAW]), speed_mps=twist.linear.x, yaw_rate_radps=twist.angular.z)  # fmt: skip


def _bound(variance: float) -> float:
    return SIGMAS * math.sqrt(variance) if variance > 0.0 else math.inf


def from_twist(twist: c.ActuatorTwist) -> Twist:
    """The base's set-point as Twist, which has no stamp."""
    return Twist(Vector3(twist.speed_mps), Vector3(z=twist.yaw_rate_radps))


def to_twist(message: Twist, now_ns: int) -> c.ActuatorTwist:
    """A Twist that came at `now_ns` as the base's set-point."""
    return c.ActuatorTwist(stamp_ns=now_ns, speed_mps=message.linear.x, yaw_rate_radps=message.angular.z)


def from_arm(command: c.ActuatorJoints, joints: tuple[str, ...], fingers: tuple[str, ...]) -> JointState:
    """The arm's set-point as JointState, for joints and fingers of these names."""
    share = command.gripper_m / max(len(fingers), 1)
    return JointState(
        header=header(command.stamp_ns, "base_link"), name=(*joints, *fingers), effort=(),
        position=(*(NAN,) * len(joints), *(share,) * len(fingers)),
        velocity=(*command.joint_velocity_radps, *(NAN,) * len(fingers)))  # fmt: skip


def to_arm(message: JointState) -> c.ActuatorJoints:
    """A JointState that asks for velocities of joints and positions of fingers, as the arm's set-point.

    Raises:
        Malformed: names, positions and velocities differ in number.
    """
    if not len(message.name) == len(message.position) == len(message.velocity):
        raise Malformed(f"JointState: {len(message.name)} names, {len(message.position)} positions, "
                        f"{len(message.velocity)} velocities")  # fmt: skip
    velocity = tuple(v for v, p in zip(message.velocity, message.position, strict=True) if math.isnan(p))
    gripper_m = sum(p for p in message.position if not math.isnan(p))
    return c.ActuatorJoints(
        stamp_ns=stamp_ns(message.header), joint_velocity_radps=velocity, gripper_m=gripper_m
    )

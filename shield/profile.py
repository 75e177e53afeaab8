"""The profile of one robot: every bound that the guarantees rest on, loaded once and checked.

A profile is a YAML file (see `launch/profiles/`) whose sections are the dataclasses below. A missing,
unknown, non-finite or impossible number is a `BadInput` that names the field, the value and the file.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import typing
from dataclasses import dataclass
from pathlib import Path

import yaml

from shield.errors import BadInput

Joints = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Periods and latency bounds (assumption A4)."""

    period_s: float
    latency_s: float
    override_s: float
    sensor_timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The differential-drive base (assumptions A2 and A3)."""

    length_m: float
    width_m: float
    height_m: float
    wheel_radius_m: float
    track_m: float
    ticks_per_turn: int
    speed_max_mps: float
    reverse_max_mps: float
    turn_max_radps: float
    yaw_rate_max_radps: float
    lateral_accel_max_mps2: float
    curvature_max_radpm: float
    accel_max_mps2: float
    command_accel_mps2: float
    brake_min_mps2: float
    brake_max_mps2: float
    brake_command_mps2: float
    turn_accel_max_radps2: float
    turn_brake_min_radps2: float
    jerk_max_mps3: float
    standstill_mps: float
    standstill_radps: float
    tracking_m: float
    contact_margin_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Disc:
    """A disc in B."""

    x_m: float
    y_m: float
    radius_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lidar:
    """A planar safety lidar, its pose in B, and the bound of its range error."""

    name: str
    x_m: float
    y_m: float
    heading_rad: float
    height_m: float
    fov_rad: float
    beams: int
    rate_hz: float
    range_min_m: float
    range_max_m: float
    noise_m: float
    error_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Odometry:
    """Bounds of the estimate (assumption A1)."""

    speed_bound_mps: float
    yaw_rate_bound_radps: float
    drift_per_m: float
    fix_rate_hz: float
    fix_position_m: float
    fix_heading_rad: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """What is assumed of people, robots and the map (assumptions A5 and A7)."""

    human_speed_mps: float
    human_radius_m: float
    robot_radius_m: float
    map_tolerance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """The seven-joint arm and its gripper."""

    joints: tuple[str, ...]
    fingers: tuple[str, ...]
    mount_x_m: float
    mount_y_m: float
    position_min_rad: Joints
    position_max_rad: Joints
    velocity_max_radps: Joints
    accel_max_radps2: Joints
    torque_max_nm: Joints
    brake_radps2: Joints
    work_velocity_radps: Joints
    stowed_rad: Joints
    stowed_tolerance_rad: float
    reach_m: float
    payload_kg: float
    gripper_max_m: float
    gripper_release_height_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorBounds:
    """Fields, time-outs and degraded limits of the supervisor."""

    protective_margin_m: float
    warning_margin_m: float
    degraded_speed_mps: float
    heartbeat_timeout_s: float
    reset_countdown_s: float
    comfort_brake_mps2: float
    mrm_timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What a simulated robot needs beyond the bounds: masses, motors, delays and noise."""

    base_mass_kg: float
    wheel_drive_torque_nm: float
    wheel_brake_torque_nm: float
    wheel_friction_nm: float
    arm_friction_nm: float
    floor_friction: float
    torque_noise: float
    actuation_delay_s: float
    lidar_delay_s: float
    fix_delay_s: float
    gyro_noise_radps: float
    gyro_bias_radps: float
    accel_noise_mps2: float
    accel_bias_mps2: float
    gripper_force_n: float
    gripper_speed_mps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotProfile:
    """All bounds of one robot."""

    robot: str
    description: str
    timing: Timing
    base: Base
    footprint: tuple[Disc, ...]
    lidars: tuple[Lidar, ...]
    odometry: Odometry
    others: Others
    arm: Arm
    supervisor: SupervisorBounds
    simulation: Simulation

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical JSON of all fields."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


# Fields that may be zero or negative; every other number is strictly positive.
_SIGNED = {
    "x_m",
    "y_m",
    "heading_rad",
    "x_min_m",
    "x_max_m",
    "y_min_m",
    "y_max_m",
    "z_m",
    "dock_x_m",
    "dock_y_m",
    "dock_heading_rad",
    "mount_x_m",
    "mount_y_m",
    "position_min_rad",
    "position_max_rad",
    "stowed_rad",
    "pause_s",
    "at_s",
}


def load_profile(path: str | Path) -> RobotProfile:
    """Read and check a profile.

    Raises:
        BadInput: the file is missing or malformed, or a number is missing, unknown or impossible.
    """
    path = Path(path)
    try:
        raw = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{path}: cannot be read as a robot profile: {_one_line(error)}") from None
    profile = build(RobotProfile, raw, str(path), "")
    _check_relations(profile, str(path))
    return profile


T = typing.TypeVar("T")


def build(cls: type[T], raw: object, file: str, where: str) -> T:
    """Build the dataclass `cls` from parsed YAML, checking names, types and finiteness.

    Raises:
        BadInput: naming the field (`where`), its value and the file.
    """
    if not isinstance(raw, dict):
        raise BadInput(f"{file}: {where.rstrip('.') or 'the document'} is {raw!r}, a mapping is expected")
    hints = typing.get_type_hints(cls)
    needed = {f.name for f in dataclasses.fields(cls)}  # type: ignore[arg-type] # always a dataclass here
    for name in sorted(set(raw) - needed, key=str):
        raise BadInput(f"{file}: {where}{name} is not known here; known are {', '.join(sorted(needed))}")
    values = {}
    for name, hint in hints.items():
        if name not in raw:
            raise BadInput(f"{file}: {where}{name} is missing")
        values[name] = _value(hint, raw[name], file, where + name, name)
    return cls(**values)


def _value(hint: typing.Any, raw: object, file: str, where: str, name: str) -> typing.Any:
    if dataclasses.is_dataclass(hint):
        return build(typing.cast("type", hint), raw, file, where + ".")
    if typing.get_origin(hint) is tuple:
        if not isinstance(raw, list):
            raise BadInput(f"{file}: {where} is {raw!r}, a list is expected")
        item = typing.get_args(hint)[0]
        return tuple(_value(item, entry, file, f"{where}[{k}]", name) for k, entry in enumerate(raw))
    if hint is str:
        if not isinstance(raw, str) or not raw:
            raise BadInput(f"{file}: {where} is {raw!r}, a text is expected")
        return raw
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not math.isfinite(raw):
        raise BadInput(f"{file}: {where} is {raw!r}, a finite number is expected")
    if name not in _SIGNED and raw <= 0:
        raise BadInput(f"{file}: {where} is {raw!r}, it must be greater than 0")
    return int(raw) if hint is int else float(raw)


def _check_relations(profile: RobotProfile, file: str) -> None:
    base, timing, arm, bounds = profile.base, profile.timing, profile.arm, profile.supervisor
    ordered = (
        ("base.brake_min_mps2", base.brake_min_mps2, "base.brake_command_mps2", base.brake_command_mps2),
        ("base.brake_command_mps2", base.brake_command_mps2, "base.brake_max_mps2", base.brake_max_mps2),
        ("base.command_accel_mps2", base.command_accel_mps2, "base.accel_max_mps2", base.accel_max_mps2),
        ("base.reverse_max_mps", base.reverse_max_mps, "base.speed_max_mps", base.speed_max_mps),
        ("base.standstill_mps", base.standstill_mps, "base.reverse_max_mps", base.reverse_max_mps),
        ("timing.period_s", timing.period_s, "timing.latency_s", timing.latency_s),
        (
            "supervisor.comfort_brake_mps2",
            bounds.comfort_brake_mps2,
            "base.brake_min_mps2",
            base.brake_min_mps2,
        ),
    )
    for low_name, low, high_name, high in ordered:
        if low > high:
            raise BadInput(f"{file}: {low_name} is {low}, it must not exceed {high_name} = {high}")
    if not profile.footprint or not profile.lidars:
        raise BadInput(f"{file}: footprint and lidars need at least one entry each")
    count = len(arm.joints)
    for name in (
        "position_min_rad",
        "position_max_rad",
        "velocity_max_radps",
        "accel_max_radps2",
        "torque_max_nm",
        "brake_radps2",
        "work_velocity_radps",
        "stowed_rad",
    ):
        if len(getattr(arm, name)) != count:
            raise BadInput(
                f"{file}: arm.{name} has {len(getattr(arm, name))} entries, arm.joints has {count}"
            )
    for k, (low, high) in enumerate(zip(arm.position_min_rad, arm.position_max_rad, strict=True)):
        if low >= high:
            raise BadInput(f"{file}: arm.position_min_rad[{k}] is {low}, arm.position_max_rad[{k}] is {high}")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())

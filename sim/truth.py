"""What really was at one moment of a run: for judging and for pictures, never for the stack."""

from __future__ import annotations

from dataclasses import dataclass

from sim.judge import Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonTruth:
    """Where a person is."""

    name: str
    x_m: float
    y_m: float
    heading_rad: float
    speed_mps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CrateTruth:
    """Where a crate is: the middle of its bottom."""

    name: str
    x_m: float
    y_m: float
    z_m: float
    heading_rad: float
    tilt_rad: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What really is, for judging and for the report; the stack never sees it."""

    time_s: float
    x_m: float
    y_m: float
    heading_rad: float
    speed_mps: float
    lateral_mps: float
    yaw_rate_radps: float
    tilt_rad: float
    joint_position_rad: tuple[float, ...]
    joint_velocity_radps: tuple[float, ...]
    people: tuple[PersonTruth, ...]
    crates: tuple[CrateTruth, ...]
    contacts: tuple[Contact, ...]
    person_distance_m: float
    least_person_distance_m: float
    least_moving_person_distance_m: float
    path_m: float

"""What a physics engine must offer: one robot in one world, driven by torques and read by truth.

Vectors over joints are ordered: left wheel, right wheel, the arm's joints, the two fingers. Only the
simulator's sensors and judge read a plant; the stack never sees its truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shield.contract import Floats
from shield.site import Pose

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseTruth:
    """Pose X_WB and velocities of the base, in B."""

    x_m: float
    y_m: float
    heading_rad: float
    speed_mps: float
    lateral_mps: float
    yaw_rate_radps: float
    tilt_rad: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """One contact in detail."""

    one: str
    other: str
    x_m: float
    y_m: float
    z_m: float
    normal_z: float  # 1 where the surfaces lie flat on each other


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A body as the judge knows it; `role` is floor, box, person, crate, wheel, caster, grip or body."""

    name: str
    role: str


class Plant(Protocol):
    """One robot in one world."""

    step_s: float
    things: tuple[Thing, ...]

    def reset(self, start: Pose, arm_rad: tuple[float, ...], gripper_m: float) -> None:
        """Put the robot down at `start`, standing, with the arm and gripper as given."""

    def apply(self, torque_nm: Floats) -> None:
        """Set the torques (forces, at the fingers) for the next step."""

    def step(self) -> None:
        """Advance the physics by `step_s`."""

    def joint_position(self) -> Floats:
        """Positions, rad (m at the fingers)."""

    def joint_velocity(self) -> Floats:
        """Velocities, rad/s (m/s at the fingers)."""

    def joint_effort(self) -> Floats:
        """Torques that act at the motors, N m (N at the fingers)."""

    def arm_bias(self) -> Floats:
        """Torques that hold the unloaded arm against gravity, N m, one per arm joint."""

    def base(self) -> BaseTruth:
        """Pose and velocities of the base."""

    def body_points(self) -> Floats:
        """Positions in W of the arm's link frames and the gripper's tip, shape (n, 3)."""

    def crate_pose(self, k: int) -> Floats:
        """Pose of crate k in W: x, y, z, and quaternion w, x, y, z."""

    def move_people(self, people: Floats) -> None:
        """Put the people there: x, y, heading in W, shape (n, 3)."""

    def contact_pairs(self) -> Ints:
        """Pairs of indices into `things` that touch now, shape (n, 2)."""

    def touch(self, k: int) -> Touch:
        """Detail of the k-th of the present contact pairs."""

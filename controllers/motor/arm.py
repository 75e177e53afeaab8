"""The arm's motor board: joint velocity loops with torque limits, anchored against sagging."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from shield.profile import Arm

Floats = NDArray[np.float64]

ANCHOR_LEAD_RAD = 0.05  # the anchor never runs further ahead of the joint: a blocked joint does not jump free


class ArmLoop:
    """Tracks joint velocities by moving an anchor position with them; gravity is compensated by `bias_nm`.

    Torque is `stiffness * (anchor - q) + damping * (target - dq) + bias`, clipped to the motors' limits.
    """

    def __init__(
        self, arm: Arm, stiffness_nmprad: Floats | None = None, damping_nmsprad: Floats | None = None
    ) -> None:
        limit = np.array(arm.torque_max_nm)
        self._limits = np.array(
            (arm.torque_max_nm, arm.velocity_max_radps, arm.position_min_rad, arm.position_max_rad)
        )
        stiffness = limit * 6.0 if stiffness_nmprad is None else stiffness_nmprad
        damping = limit * 0.25 if damping_nmsprad is None else damping_nmsprad
        self._gains = np.array((stiffness, damping))
        self._anchor: Floats | None = None

    def reset(self) -> None:
        """Forget the anchor; the next step takes the measured position."""
        self._anchor = None

    def step(
        self, target_radps: Floats, q_rad: Floats, dq_radps: Floats, bias_nm: Floats, dt_s: float
    ) -> Floats:
        """Torques (n,) in N m for one step; a target that is not finite counts as zero velocity."""
        if self._anchor is None:
            self._anchor = np.array(q_rad, dtype=np.float64)
        torque: Floats = _torques(
            target_radps, self._anchor, q_rad, dq_radps, bias_nm, self._gains, self._limits, dt_s
        )
        return torque


@njit(cache=True, error_model="numpy")
def _torques(
    target: Floats,
    anchor: Floats,
    q: Floats,
    dq: Floats,
    bias: Floats,
    gains: Floats,
    limits: Floats,
    dt: float,
) -> Floats:  # pragma: no cover # compiled
    """Torques of all joints; moves `anchor` on.

    Args:
        target: velocities asked for, rad/s.
        anchor: positions that the joints are held to, rad; changed.
        q: positions, rad.
        dq: velocities, rad/s.
        bias: torques against gravity, N m.
        gains: stiffness and damping, rows.
        limits: torque, velocity, lowest and highest position, rows.
        dt: length of the step, s.
    """
    out = np.empty(len(q))
    for k in range(len(q)):
        velocity = target[k] if np.isfinite(target[k]) else 0.0
        velocity = min(max(velocity, -limits[1, k]), limits[1, k])
        ahead = min(max(anchor[k] + velocity * dt, q[k] - ANCHOR_LEAD_RAD), q[k] + ANCHOR_LEAD_RAD)
        anchor[k] = min(max(ahead, limits[2, k]), limits[3, k])
        torque = gains[0, k] * (anchor[k] - q[k]) + gains[1, k] * (velocity - dq[k]) + bias[k]
        out[k] = min(max(torque, -limits[0, k]), limits[0, k])
    return out

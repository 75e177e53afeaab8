"""The arm's motor board: joint velocity loops with torque limits, anchored against sagging."""

from __future__ import annotations

import numpy as np
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
        self._limit_nm = limit
        self._low = np.array(arm.position_min_rad)
        self._high = np.array(arm.position_max_rad)
        self._velocity_max = np.array(arm.velocity_max_radps)
        self._stiffness = limit * 6.0 if stiffness_nmprad is None else np.array(stiffness_nmprad)
        self._damping = limit * 0.25 if damping_nmsprad is None else np.array(damping_nmsprad)
        self._anchor: Floats | None = None

    def reset(self) -> None:
        """Forget the anchor; the next step takes the measured position."""
        self._anchor = None

    def step(
        self, target_radps: Floats, q_rad: Floats, dq_radps: Floats, bias_nm: Floats, dt_s: float
    ) -> Floats:
        """Torques (n,) in N m for one step; a target that is not finite counts as zero velocity."""
        target = np.where(np.isfinite(target_radps), target_radps, 0.0)
        target = _within(target, -self._velocity_max, self._velocity_max)
        anchor = q_rad if self._anchor is None else self._anchor
        anchor = anchor + target * dt_s
        anchor = _within(anchor, q_rad - ANCHOR_LEAD_RAD, q_rad + ANCHOR_LEAD_RAD)
        self._anchor = _within(anchor, self._low, self._high)
        torque = self._stiffness * (self._anchor - q_rad) + self._damping * (target - dq_radps) + bias_nm
        return _within(torque, -self._limit_nm, self._limit_nm)


def _within(values: Floats, low: Floats, high: Floats) -> Floats:
    """As `np.clip`, at a third of its cost for a few values; NaN stays NaN."""
    return np.minimum(np.maximum(values, low), high)

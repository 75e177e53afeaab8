"""Differential inverse kinematics of the arm: damped least squares with a posture task in the null space.

Wampler (IEEE SMC 16, 1986) for the damping, Liegeois (IEEE SMC 7, 1977) for the posture. Joint limits are
kept exactly: every iterate is clamped, and a pose that is not reached within the limits is reported, never
approximated.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from shield import kinematics
from shield.contract import Floats
from shield.kinematics import JOINTS_N, jacobian, tool_pose
from skills.compiled import kernels

kernel = kernels(Path(__file__), Path(kinematics.__file__))

ITERATIONS_MAX = 60
DAMPING = 0.02  # in metres and radians: the size of the steps that are left undamped near a singularity
POSTURE_GAIN = 0.05  # share of the way to the posture that one iteration may go in the null space
STEP_MAX_RAD = 0.2  # largest joint step of one iteration
POSITION_TOLERANCE_M = 1e-4
ROTATION_TOLERANCE_RAD = 1e-3


@kernel
def rotation_vector(rotation: Floats) -> Floats:
    """Axis times angle of a rotation matrix, shape (3,); exact up to half a turn."""
    axis = np.array(
        [
            rotation[2, 1] - rotation[1, 2],
            rotation[0, 2] - rotation[2, 0],
            rotation[1, 0] - rotation[0, 1],
        ]
    )
    sine = 0.5 * np.sqrt(axis[0] ** 2 + axis[1] ** 2 + axis[2] ** 2)
    cosine = 0.5 * (rotation[0, 0] + rotation[1, 1] + rotation[2, 2] - 1.0)
    if sine > 1e-9:
        vector: Floats = axis * (0.5 * np.arctan2(sine, cosine) / sine)
        return vector
    if cosine > 0.0:
        return 0.5 * axis
    # half a turn: the column of R + I that is longest is along the axis
    best = np.zeros(3)
    for k in range(3):
        column = rotation[:, k].copy()
        column[k] += 1.0
        if np.sum(column**2) > np.sum(best**2):
            best = column
    turn: Floats = best * (np.pi / np.sqrt(np.sum(best**2)))
    return turn


@kernel
def rotation_of(vector: Floats) -> Floats:
    """Rotation matrix of axis times angle (Rodrigues), shape (3, 3)."""
    angle = np.sqrt(np.sum(vector**2))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector[0] / angle, vector[1] / angle, vector[2] / angle
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    rotation: Floats = np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * (cross @ cross)
    return rotation


@kernel
def pose_error(target: Floats, pose: Floats) -> Floats:
    """What is missing from `pose` to `target` (4x4 in A): position and rotation vector, shape (6,)."""
    error = np.empty(6)
    error[:3] = target[:3, 3] - pose[:3, 3]
    error[3:] = rotation_vector(np.ascontiguousarray(target[:3, :3]) @ np.ascontiguousarray(pose[:3, :3]).T)
    return error


@kernel
def solve(
    target: Floats, start_rad: Floats, posture_rad: Floats, low_rad: Floats, high_rad: Floats
) -> Floats:
    """Joint positions whose tool pose is `target`, near `start_rad`.

    Args:
        target: X_AT wanted, shape (4, 4).
        start_rad: where the iteration starts, shape (7,).
        posture_rad: what the free motion of the elbow is drawn to.
        low_rad: lower joint limits.
        high_rad: upper joint limits.

    Returns:
        Joint positions within the limits, shape (7,); all NaN when the pose is not reached.
    """
    joint = np.minimum(np.maximum(start_rad, low_rad), high_rad)
    for _ in range(ITERATIONS_MAX):
        error = pose_error(target, tool_pose(joint))
        position = np.sqrt(np.sum(error[:3] ** 2))
        rotation = np.sqrt(np.sum(error[3:] ** 2))
        if position < POSITION_TOLERANCE_M and rotation < ROTATION_TOLERANCE_RAD:
            return joint
        columns = jacobian(joint)
        damped = columns @ columns.T + DAMPING**2 * min(1.0, position + rotation) * np.eye(6)
        inverse = np.ascontiguousarray(np.linalg.solve(damped, columns).T)  # J^T (J J^T + l I)^-1
        drawn = POSTURE_GAIN * (posture_rad - joint)
        step = inverse @ error + drawn - inverse @ (columns @ drawn)
        largest = np.max(np.abs(step))
        if largest > STEP_MAX_RAD:
            step *= STEP_MAX_RAD / largest
        joint = np.minimum(np.maximum(joint + step, low_rad), high_rad)
    return np.full(JOINTS_N, np.nan)


@kernel
def line(
    start_rad: Floats, target: Floats, points_n: int, posture_rad: Floats, low_rad: Floats, high_rad: Floats
) -> Floats:
    """Joint positions along the straight line of the tool to `target`, rotating evenly about a fixed axis.

    Returns:
        Shape (points_n + 1, 7), the first row `start_rad`; rows from an unreachable point on are NaN.
    """
    path = np.full((points_n + 1, JOINTS_N), np.nan)
    path[0] = start_rad
    origin = tool_pose(start_rad)
    whole = pose_error(target, origin)
    pose = np.eye(4)
    for k in range(1, points_n + 1):
        share = k / points_n
        pose[:3, 3] = origin[:3, 3] + share * whole[:3]
        pose[:3, :3] = rotation_of(share * whole[3:]) @ np.ascontiguousarray(origin[:3, :3])
        path[k] = solve(pose, path[k - 1], posture_rad, low_rad, high_rad)
        if np.isnan(path[k, 0]):
            break
    return path

"""Forward kinematics of the Franka Panda: frames, tool pose, Jacobian and the points that its links span.

Modified Denavit-Hartenberg parameters (J. Craig, "Introduction to Robotics", section 3.4; the values are
Franka Robotics' published ones). Frame `A` is the arm's base frame: on the mount, z up, x forward. The
tool frame `T` lies between the fingertips: z out of the hand, y along the fingers' motion.
"""

from __future__ import annotations

from math import pi

import numpy as np
from numba import njit

from shield.contract import Floats

JOINTS_N = 7
FLANGE_M = 0.107  # joint 7 to the flange, along its axis
TOOL_M = 0.1034  # flange to the middle of the fingertips
HAND_TURN_RAD = -pi / 4  # the hand is mounted turned against the flange

# One row a joint: a_(i-1) and d_i in metres, sine and cosine of alpha_(i-1).
_DH = np.array(
    [
        [0.0, 0.333, 0.0, 1.0],
        [0.0, 0.0, -1.0, 0.0],
        [0.0, 0.316, 1.0, 0.0],
        [0.0825, 0.0, 1.0, 0.0],
        [-0.0825, 0.384, -1.0, 0.0],
        [0.0, 0.0, 1.0, 0.0],
        [0.088, 0.0, 1.0, 0.0],
    ]
)
# Spine of the arm: (frame, offset along its y and z) in order from the mount to the fingertips. The offsets
# are where neighbouring joint axes meet the housings.
SPINE_N = 9
# Radii of the capsules between neighbouring points of the spine: housings of 0.11 to 0.13 m diameter, and a
# hand 0.21 m wide whose capsule is laid across by `hand_span`.
SPINE_RADIUS_M = np.array([0.09, 0.08, 0.08, 0.08, 0.07, 0.06, 0.06, 0.05])


@njit(cache=True)
def link_frames(joint_rad: Floats) -> Floats:
    """Poses X_A1 to X_A7 of the links, then X_AT of the tool.

    Args:
        joint_rad: joint positions, shape (7,).

    Returns:
        Homogeneous transforms, shape (8, 4, 4).
    """
    frames = np.zeros((JOINTS_N + 1, 4, 4))
    pose = np.eye(4)
    step = np.zeros((4, 4))
    step[3, 3] = 1.0
    for i in range(JOINTS_N):
        a, d, sa, ca = _DH[i, 0], _DH[i, 1], _DH[i, 2], _DH[i, 3]
        st, ct = np.sin(joint_rad[i]), np.cos(joint_rad[i])
        step[0, 0], step[0, 1], step[0, 3] = ct, -st, a
        step[1, 0], step[1, 1], step[1, 2], step[1, 3] = st * ca, ct * ca, -sa, -d * sa
        step[2, 0], step[2, 1], step[2, 2], step[2, 3] = st * sa, ct * sa, ca, d * ca
        pose = pose @ step
        frames[i] = pose
    st, ct = np.sin(HAND_TURN_RAD), np.cos(HAND_TURN_RAD)
    tool = np.array(
        [[ct, -st, 0.0, 0.0], [st, ct, 0.0, 0.0], [0.0, 0.0, 1.0, FLANGE_M + TOOL_M], [0.0, 0.0, 0.0, 1.0]]
    )
    frames[JOINTS_N] = pose @ tool
    return frames


@njit(cache=True)
def tool_pose(joint_rad: Floats) -> Floats:
    """Pose X_AT of the tool, shape (4, 4)."""
    pose: Floats = link_frames(joint_rad)[JOINTS_N]
    return pose


@njit(cache=True)
def jacobian(joint_rad: Floats) -> Floats:
    """Geometric Jacobian of the tool in A, shape (6, 7): three rows of velocity, three of rotation."""
    frames = link_frames(joint_rad)
    result = np.empty((6, JOINTS_N))
    for i in range(JOINTS_N):
        zx, zy, zz = frames[i, 0, 2], frames[i, 1, 2], frames[i, 2, 2]
        rx = frames[JOINTS_N, 0, 3] - frames[i, 0, 3]
        ry = frames[JOINTS_N, 1, 3] - frames[i, 1, 3]
        rz = frames[JOINTS_N, 2, 3] - frames[i, 2, 3]
        result[0, i], result[1, i], result[2, i] = zy * rz - zz * ry, zz * rx - zx * rz, zx * ry - zy * rx
        result[3, i], result[4, i], result[5, i] = zx, zy, zz
    return result


@njit(cache=True)
def spine_points(joint_rad: Floats) -> Floats:
    """Points in A along the arm, shape (9, 3).

    Neighbours span the capsules of `SPINE_RADIUS_M`: mount, shoulder, end of the upper arm, elbow, start of
    the forearm, wrist, joint 7, flange, fingertips.
    """
    frames = link_frames(joint_rad)
    points = np.zeros((SPINE_N, 3))
    points[1] = frames[1, :3, 3]
    points[2] = frames[2, :3, 3]
    points[3] = frames[3, :3, 3]
    # frame 5 sits at the wrist; the forearm starts d5 back along its own axis
    points[4] = frames[4, :3, 3] - _DH[4, 1] * frames[4, :3, 2]
    points[5] = frames[5, :3, 3]
    points[6] = frames[6, :3, 3]
    points[7] = frames[6, :3, 3] + FLANGE_M * frames[6, :3, 2]
    points[8] = frames[JOINTS_N, :3, 3]
    return points

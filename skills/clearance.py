"""Clearance of the arm, the hand and a carried crate along a joint path, before anything moves.

The arm is a chain of capsules (`shield.kinematics`), the crate a lattice of points; both are held against the
site's boxes and the robot's own deck, and the crate against the arm's first links. Distances to boxes are
exact for spheres; a capsule is a row of spheres at most `SPACING_M` apart, which can hide a corner by at most
`SPACING_M ** 2 / (8 r)`, under a centimetre for every link.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from shield import kinematics
from shield.contract import EgoState, Floats
from shield.kinematics import SPINE_N, SPINE_RADIUS_M, spine_points, tool_pose
from shield.profile import RobotProfile
from shield.site import Site
from skills import crate
from skills.compiled import kernels

kernel = kernels(Path(__file__), Path(kinematics.__file__))

SPACING_M = 0.05
HAND_WIDTH_M = 0.20  # Franka Hand, along the fingers' motion
HAND_RADIUS_M = 0.035
FIRST_FREE_CAPSULE = 2  # capsules before it are the arm's column: fixed to the deck, never near a shelf
NO_LOAD = np.zeros((0, 3))


def load_points(lift_m: float) -> Floats:
    """The crate in the tool's frame, shape (n, 3), without its lowest `lift_m`.

    A crate that stands on a shelf touches it by intent; on vertical ways the lowest centimetres are left out.
    """
    xs = np.linspace(-0.5, 0.5, 5) * crate.LENGTH_M
    ys = np.linspace(-0.5, 0.5, 4) * crate.WIDTH_M
    heights = np.linspace(lift_m, crate.HEIGHT_M, 3)
    # the hand points down: the tool's z is the crate's -z, its y the crate's -y
    return np.array([(x, -y, crate.HANDLE_CENTRE_M - height) for x in xs for y in ys for height in heights])


def boxes_in_arm_frame(site: Site, profile: RobotProfile, ego: EgoState) -> Floats:
    """The site's boxes within reach and the deck, in A: rows (centre x y z, half size x y z, yaw)."""
    rows = []
    mount = np.array([profile.arm.mount_x_m, profile.arm.mount_y_m])
    cos, sin = math.cos(ego.heading_rad), math.sin(ego.heading_rad)
    for box in site.boxes:
        centre = (0.5 * (box.x_min_m + box.x_max_m) - ego.x_m, 0.5 * (box.y_min_m + box.y_max_m) - ego.y_m)
        half = (0.5 * (box.x_max_m - box.x_min_m), 0.5 * (box.y_max_m - box.y_min_m))
        x = cos * centre[0] + sin * centre[1] - mount[0]
        y = -sin * centre[0] + cos * centre[1] - mount[1]
        if math.hypot(x, y) - math.hypot(*half) < profile.arm.reach_m:
            z = 0.5 * box.height_m - profile.base.height_m
            rows.append((x, y, z, half[0], half[1], 0.5 * box.height_m, -ego.heading_rad))
    base = profile.base
    rows.append((-mount[0], -mount[1], -0.5 * base.height_m,
                 0.5 * base.length_m, 0.5 * base.width_m, 0.5 * base.height_m, 0.0))  # fmt: skip
    return np.array(rows)


@kernel
def _box_distance(x: float, y: float, z: float, box: Floats) -> float:
    """Signed distance of a point to a box that is turned about z; negative inside."""
    cos, sin = np.cos(box[6]), np.sin(box[6])
    rx, ry = x - box[0], y - box[1]
    dx = abs(cos * rx + sin * ry) - box[3]
    dy = abs(-sin * rx + cos * ry) - box[4]
    dz = abs(z - box[2]) - box[5]
    outside = np.sqrt(max(dx, 0.0) ** 2 + max(dy, 0.0) ** 2 + max(dz, 0.0) ** 2)
    return float(outside + min(max(dx, dy, dz), 0.0))


@kernel
def _row_distance(start: Floats, end: Floats, radius: float, boxes: Floats) -> float:
    count = int(np.sqrt(np.sum((end - start) ** 2)) / SPACING_M) + 1
    least = np.inf
    for k in range(count + 1):
        point = start + (end - start) * (k / count)
        for b in range(boxes.shape[0]):
            least = min(least, _box_distance(point[0], point[1], point[2], boxes[b]) - radius)
    return least


@kernel
def _segment_distance(point: Floats, start: Floats, end: Floats) -> float:
    along = end - start
    share = np.dot(point - start, along) / max(np.dot(along, along), 1e-12)
    nearest = start + min(max(share, 0.0), 1.0) * along
    return float(np.sqrt(np.sum((point - nearest) ** 2)))


@kernel
def arm_clearance(joint_rad: Floats, boxes: Floats, load: Floats) -> float:
    """Least distance in metres of the arm and its load to the boxes, and of the load to the arm's links.

    Args:
        joint_rad: joint positions, shape (7,).
        boxes: from `boxes_in_arm_frame`.
        load: from `load_points`; `NO_LOAD` for an empty hand.
    """
    spine = spine_points(joint_rad)
    tool = tool_pose(joint_rad)
    least = np.inf
    for i in range(FIRST_FREE_CAPSULE, SPINE_N - 1):
        least = min(least, _row_distance(spine[i], spine[i + 1], SPINE_RADIUS_M[i], boxes))
    half = 0.5 * HAND_WIDTH_M - HAND_RADIUS_M
    left, right = spine[7] + half * tool[:3, 1], spine[7] - half * tool[:3, 1]
    least = min(least, _row_distance(left, right, HAND_RADIUS_M, boxes))
    for k in range(load.shape[0]):
        point = tool[:3, 3] + tool[:3, 0] * load[k, 0] + tool[:3, 1] * load[k, 1] + tool[:3, 2] * load[k, 2]
        for b in range(boxes.shape[0]):
            least = min(least, _box_distance(point[0], point[1], point[2], boxes[b]))
        for i in range(5):  # mount to wrist: the hand itself holds the load
            least = min(least, _segment_distance(point, spine[i], spine[i + 1]) - SPINE_RADIUS_M[i])
    return least


@kernel
def path_clearance(path: Floats, boxes: Floats, load: Floats) -> float:
    """Least `arm_clearance` over the rows of a path, in metres."""
    least = np.inf
    for k in range(path.shape[0]):
        least = min(least, arm_clearance(path[k], boxes, load))
    return least

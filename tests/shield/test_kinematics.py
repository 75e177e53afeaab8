"""Forward kinematics against published poses and another description; the Jacobian against differences."""

from __future__ import annotations

from math import cos, pi, sin
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shield.kinematics import (
    JOINTS_N,
    SPINE_N,
    SPINE_RADIUS_M,
    jacobian,
    link_frames,
    spine_points,
    tool_pose,
)

LOW = np.array([-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973])
HIGH = np.array([2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973])
READY = np.array([0.0, -pi / 4, 0.0, -3 * pi / 4, 0.0, pi / 2, pi / 4])

shares = st.lists(st.floats(0.0, 1.0), min_size=7, max_size=7)


def joints(share: list[float]) -> np.ndarray:
    joint: np.ndarray = LOW + np.array(share) * (HIGH - LOW)
    return joint


def test_ready_pose_is_the_one_that_the_robot_reports() -> None:
    # O_T_EE of a Panda with its hand in the ready pose: hand straight down, 30.7 cm ahead, 48.7 cm up
    pose = tool_pose(READY)
    assert np.allclose(pose[:3, 3], [0.30689, 0.0, 0.48687], atol=1e-4)
    assert np.allclose(pose[:3, :3], np.diag([1.0, -1.0, -1.0]), atol=1e-6)


def test_all_zero_stands_upright() -> None:
    # d1 + d3 + d5 up, then the wrist's 0.107 and the hand's 0.1034 down again, 0.088 ahead
    pose = tool_pose(np.zeros(7))
    assert np.allclose(pose[:3, 3], [0.088, 0.0, 0.333 + 0.316 + 0.384 - 0.107 - 0.1034], atol=1e-12)


def urdf_origin(element: ElementTree.Element | None) -> np.ndarray:
    pose = np.eye(4)
    if element is None:
        return pose
    roll, pitch, yaw = map(float, (element.get("rpy") or "0 0 0").split())
    rx = np.array([[1, 0, 0], [0, cos(roll), -sin(roll)], [0, sin(roll), cos(roll)]])
    ry = np.array([[cos(pitch), 0, sin(pitch)], [0, 1, 0], [-sin(pitch), 0, cos(pitch)]])
    rz = np.array([[cos(yaw), -sin(yaw), 0], [sin(yaw), cos(yaw), 0], [0, 0, 1]])
    pose[:3, :3] = rz @ ry @ rx
    pose[:3, 3] = list(map(float, (element.get("xyz") or "0 0 0").split()))
    return pose


@pytest.fixture(scope="module")
def urdf_joints() -> list[np.ndarray]:
    data = pytest.importorskip("pybullet_data", reason="the second engine has no wheel for this Python")
    root = ElementTree.parse(Path(data.getDataPath()) / "franka_panda" / "panda.urdf").getroot()  # noqa: S314 # a file of the wheel
    named = {joint.get("name"): joint.find("origin") for joint in root.findall("joint")}
    return [urdf_origin(named[f"panda_joint{k}"]) for k in range(1, 9)]


@given(share=shares)
@settings(max_examples=50, deadline=None)
def test_agrees_with_an_independent_description(urdf_joints: list[np.ndarray], share: list[float]) -> None:
    joint = joints(share)
    pose = np.eye(4)
    for k in range(JOINTS_N):
        turn = np.eye(4)
        turn[:2, :2] = [[cos(joint[k]), -sin(joint[k])], [sin(joint[k]), cos(joint[k])]]
        pose = pose @ urdf_joints[k] @ turn
        assert np.allclose(link_frames(joint)[k], pose, atol=1e-4)
    flange = pose @ urdf_joints[7]
    assert np.allclose(spine_points(joint)[7], flange[:3, 3], atol=1e-4)


@given(share=shares)
@settings(max_examples=100, deadline=None)
def test_jacobian_is_the_derivative_of_the_tool_pose(share: list[float]) -> None:
    joint, step = joints(share), 1e-6
    columns = jacobian(joint)
    for k in range(JOINTS_N):
        delta = np.zeros(JOINTS_N)
        delta[k] = step
        ahead, behind = tool_pose(joint + delta), tool_pose(joint - delta)
        velocity = (ahead[:3, 3] - behind[:3, 3]) / (2 * step)
        spin = (ahead[:3, :3] - behind[:3, :3]) @ tool_pose(joint)[:3, :3].T / (2 * step)
        assert np.allclose(columns[:3, k], velocity, atol=1e-7)
        assert np.allclose(columns[3:, k], [spin[2, 1], spin[0, 2], spin[1, 0]], atol=1e-7)


@given(share=shares)
@settings(max_examples=100, deadline=None)
def test_frames_are_rotations_and_links_keep_their_lengths(share: list[float]) -> None:
    joint = joints(share)
    for frame in link_frames(joint):
        assert np.allclose(frame[:3, :3] @ frame[:3, :3].T, np.eye(3), atol=1e-12)
        assert np.linalg.det(frame[:3, :3]) == pytest.approx(1.0)
    points = spine_points(joint)
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert np.allclose(lengths, [0.333, 0.316, 0.0825, 0.0825, 0.384, 0.088, 0.107, 0.1034], atol=1e-12)


def test_spine_has_a_radius_for_each_capsule() -> None:
    assert spine_points(READY).shape == (SPINE_N, 3)
    assert SPINE_RADIUS_M.shape == (SPINE_N - 1,)

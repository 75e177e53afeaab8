"""Distances of the arm, its hand and its load, against hand calculations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shield.contract import EgoState
from shield.kinematics import SPINE_RADIUS_M, spine_points, tool_pose
from shield.profile import load_profile
from shield.site import Box, load_site
from sim.world import CRATE_BODY_M
from skills import crate, ik
from skills.clearance import (
    HAND_RADIUS_M,
    NO_LOAD,
    SPACING_M,
    arm_clearance,
    boxes_in_arm_frame,
    load_points,
    path_clearance,
)

SITE = load_site(Path("launch/sites/warehouse.yaml"))
PROFILE = load_profile(Path("launch/profiles/amr_panda.yaml"))
STOWED = np.array(PROFILE.arm.stowed_rad)


def ego(x_m: float, y_m: float, heading_rad: float = 0.0) -> EgoState:
    return EgoState(
        stamp_ns=0, x_m=x_m, y_m=y_m, heading_rad=heading_rad, speed_mps=0.0, yaw_rate_radps=0.0,
        position_bound_m=0.0, heading_bound_rad=0.0, speed_bound_mps=0.0, yaw_rate_bound_radps=0.0,
    )  # fmt: skip


def box(x_m: float, z_m: float, half_m: float = 0.05) -> np.ndarray:
    return np.array([[x_m, 0.0, z_m, half_m, half_m, half_m, 0.0]])


def test_a_box_below_the_fingertips() -> None:
    tip = spine_points(STOWED)[-1]
    distance = arm_clearance(STOWED, box(tip[0], tip[2] - 0.2), NO_LOAD)
    assert distance == pytest.approx(0.2 - 0.05 - SPINE_RADIUS_M[-1], abs=0.001)


def test_a_box_that_the_arm_is_in_has_a_negative_distance() -> None:
    tip = spine_points(STOWED)[-1]
    assert arm_clearance(STOWED, box(tip[0], tip[2]), NO_LOAD) < -0.05


def test_a_turned_box_is_the_same_box_turned() -> None:
    tip = spine_points(STOWED)[-1]
    plain = np.array([[tip[0] + 0.4, 0.0, tip[2], 0.05, 0.2, 0.05, 0.0]])
    turned = np.array([[tip[0] + 0.4, 0.0, tip[2], 0.2, 0.05, 0.05, np.pi / 2]])
    assert arm_clearance(STOWED, turned, NO_LOAD) == pytest.approx(arm_clearance(STOWED, plain, NO_LOAD))


def test_a_capsule_hides_no_more_than_it_says() -> None:
    radius = min(float(np.min(SPINE_RADIUS_M)), HAND_RADIUS_M)
    hidden = radius - np.sqrt(radius**2 - (SPACING_M / 2) ** 2)
    assert hidden < 0.012


def test_the_load_is_the_crate_of_the_simulated_world() -> None:
    points = load_points(0.0)
    size = np.ptp(points, axis=0)
    assert size == pytest.approx(CRATE_BODY_M)
    assert size == pytest.approx((crate.LENGTH_M, crate.WIDTH_M, crate.HEIGHT_M))
    assert np.max(points[:, 2]) == pytest.approx(crate.HANDLE_CENTRE_M)


def test_the_load_is_held_against_the_arms_own_links() -> None:
    back = tool_pose(STOWED).copy()
    back[0, 3] -= 0.15  # the hand is drawn back towards the column
    low, high = np.array(PROFILE.arm.position_min_rad), np.array(PROFILE.arm.position_max_rad)
    folded = ik.solve(back, STOWED, STOWED, low, high)
    nothing = np.array([[9.0, 0.0, 0.0, 0.1, 0.1, 0.1, 0.0]])
    assert arm_clearance(folded, nothing, load_points(0.0)) < 0.0
    assert arm_clearance(STOWED, nothing, load_points(0.0)) > 0.05


def test_boxes_in_reach_and_the_deck_are_looked_at() -> None:
    place = SITE.place("slot_a1")
    near = boxes_in_arm_frame(SITE, PROFILE, ego(place.dock_x_m, place.dock_y_m, place.dock_heading_rad))
    shelf = near[np.argmin(np.abs(near[:, 0] - (place.dock_y_m - 3.0)))]
    assert shelf[0] == pytest.approx(0.92)
    deck = near[-1]
    assert deck[2] + deck[5] == pytest.approx(0.0)
    far = boxes_in_arm_frame(SITE, PROFILE, ego(8.0, 1.3))
    assert len(far) < len(near)


def test_a_path_is_as_clear_as_its_worst_point() -> None:
    site = replace(SITE, boxes=(*SITE.boxes, Box(name="b", x_min_m=8.4, x_max_m=8.5, y_min_m=1.2, y_max_m=1.4,
                                                  height_m=1.0)))  # fmt: skip
    boxes = boxes_in_arm_frame(site, PROFILE, ego(8.0, 1.3))
    path = np.linspace(STOWED, STOWED + 0.2, 5)
    assert path_clearance(path, boxes, NO_LOAD) == min(arm_clearance(row, boxes, NO_LOAD) for row in path)

"""The docking line of a place: where the robot is against it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from shield.contract import Discs, EgoState
from shield.profile import RobotProfile
from shield.site import Place

APPROACH_M = 0.7  # the approach pose lies this far straight behind the dock pose
DOCKED_M = 0.03  # what a pick or place starts from: a dock's own 2 cm and the estimate's noise
DOCKED_RAD = 0.04
CORRIDOR_M = 0.3  # half the width of the strip in which a robot counts as standing before a place


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """Pose of the robot in the frame of the dock pose: x into the place, y left, both zero when docked."""

    along_m: float
    across_m: float
    heading_rad: float

    @property
    def docked(self) -> bool:
        """Whether a pick or place can start from here."""
        near = abs(self.along_m) <= DOCKED_M and abs(self.across_m) <= DOCKED_M
        return near and abs(self.heading_rad) <= DOCKED_RAD

    @property
    def before(self) -> bool:
        """Whether the robot stands before the place, nearer than the approach pose and facing it."""
        near = -APPROACH_M - 0.2 <= self.along_m <= DOCKED_M + 0.05
        return near and abs(self.across_m) <= CORRIDOR_M and abs(self.heading_rad) <= 0.6


def offset(place: Place, ego: EgoState) -> Offset:
    """Where `ego` is against the docking line of `place`."""
    cos, sin = math.cos(place.dock_heading_rad), math.sin(place.dock_heading_rad)
    x, y = ego.x_m - place.dock_x_m, ego.y_m - place.dock_y_m
    turn = ego.heading_rad - place.dock_heading_rad
    return Offset(
        along_m=cos * x + sin * y,
        across_m=-sin * x + cos * y,
        heading_rad=math.atan2(math.sin(turn), math.cos(turn)),
    )


def gap_ahead(discs: Discs, profile: RobotProfile) -> float:
    """Least free way of the footprint straight ahead to any disc, in metres; infinite where there is none."""
    least = math.inf
    for part in profile.footprint:
        reach = discs.radius_m + part.radius_m
        aside = np.abs(discs.y_m - part.y_m)
        ahead = (discs.x_m > part.x_m) & (aside < reach)
        if ahead.any():
            way = discs.x_m[ahead] - part.x_m - np.sqrt(reach[ahead] ** 2 - aside[ahead] ** 2)
            least = min(least, float(np.min(way)))
    return least

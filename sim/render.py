"""Pictures of a run, drawn by MuJoCo off-screen from the truth alone, whichever engine made it."""

from __future__ import annotations

import importlib
import math
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shield.errors import BadInput
from shield.profile import RobotProfile
from sim.truth import Truth
from sim.world import World

VIEWS = ("follow", "overview", "aisle")
Image = NDArray[np.uint8]


class Camera:
    """Draws frames; makes its graphics context at the first one.

    Args:
        profile: of the robot.
        world: the hall with its crates and people.
    """

    def __init__(self, profile: RobotProfile, world: World) -> None:
        from sim.mujoco_plant import MujocoPlant

        self._plant = MujocoPlant(profile, world)
        self._world = world
        self._renderer: Any = None
        self._size = (0, 0)
        self._view: Any = None

    def frame(self, truth: Truth, width: int, height: int, view: str = "follow") -> Image:
        """An image of shape (height, width, 3).

        Raises:
            BadInput: the view is unknown, or this machine can draw nothing; the message says why.
        """
        if view not in VIEWS:
            raise BadInput(f"{view!r} is no view; allowed are {', '.join(VIEWS)}")
        renderer = self._context(width, height)
        self._plant.show(truth)
        self._aim(truth, view)
        renderer.update_scene(self._plant.data, camera=self._view)
        image: Image = renderer.render().copy()
        return image

    def close(self) -> None:
        """Free the graphics context."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def _context(self, width: int, height: int) -> Any:
        if self._renderer is not None and self._size == (width, height):
            return self._renderer
        self.close()
        mujoco = importlib.import_module("mujoco")
        try:
            self._renderer = mujoco.Renderer(self._plant.model, height, width)
        except Exception as error:  # noqa: BLE001 # OpenGL loaders raise all kinds where no driver is
            reason = " ".join(str(error).split()) or type(error).__name__
            raise BadInput(
                f"no picture: MUJOCO_GL={os.environ.get('MUJOCO_GL', '')} cannot draw here ({reason}); "
                "install libegl1 and a Mesa driver, or set MUJOCO_GL=osmesa"
            ) from None
        self._size = (width, height)
        self._view = mujoco.MjvCamera()
        return self._renderer

    def _aim(self, truth: Truth, view: str) -> None:
        bounds = self._world.site.bounds
        if view == "overview":
            self._view.lookat[:] = (
                (bounds.x_min_m + bounds.x_max_m) / 2,
                (bounds.y_min_m + bounds.y_max_m) / 2,
                0,
            )
            self._view.distance = 0.80 * math.hypot(
                bounds.x_max_m - bounds.x_min_m, bounds.y_max_m - bounds.y_min_m
            )
            self._view.azimuth, self._view.elevation = 90.0, -62.0
            return
        if view == "aisle":
            self._view.lookat[:] = (truth.x_m, truth.y_m, 0.6)
            self._view.azimuth, self._view.elevation, self._view.distance = 90.0, -42.0, 5.5
            return
        ahead = (math.cos(truth.heading_rad), math.sin(truth.heading_rad))
        self._view.lookat[:] = (truth.x_m + 0.7 * ahead[0], truth.y_m + 0.7 * ahead[1], 0.55)
        self._view.azimuth = math.degrees(truth.heading_rad) - 25.0
        self._view.elevation, self._view.distance = -30.0, 3.4

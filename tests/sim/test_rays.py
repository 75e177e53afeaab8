from __future__ import annotations

import math

import mujoco
import numpy as np
import pytest

from shield.contract import Floats
from sim.mujoco_plant import MujocoPlant
from sim.rays import cast
from sim.sensors import crate_rectangle, leg_circles, wall_rectangles
from sim.world import make_world
from tests.sim.scripted import load

NONE = np.zeros((0, 3))


def one_ray(
    angle: float, boxes: list[list[float]], circles: list[list[float]], range_max_m: float = 12.0
) -> float:
    rows = np.array(boxes, dtype=np.float64).reshape(-1, 5)
    discs = np.array(circles, dtype=np.float64).reshape(-1, 3)
    return float(cast(np.zeros(2), np.array([angle]), rows, discs, range_max_m)[0])


@pytest.mark.parametrize(
    ("angle", "boxes", "circles", "expected"),
    [
        (0.0, [[3.0, 0.0, 0.0, 0.5, 1.0]], [], 2.5),
        (0.0, [[3.0, 0.0, math.pi / 2, 0.5, 1.0]], [], 2.0),
        (0.0, [[-3.0, 0.0, 0.0, 0.5, 1.0]], [], math.inf),  # behind
        (0.0, [[3.0, 1.001, 0.0, 0.5, 1.0]], [], math.inf),  # just beside
        (0.0, [[3.0, 0.999, 0.0, 0.5, 1.0]], [], 2.5),  # just in the way
        (math.pi / 2, [[0.0, 2.0, 0.0, 0.1, 0.5]], [], 1.5),
        (0.0, [], [[2.0, 0.0, 0.25]], 1.75),
        (0.0, [], [[-2.0, 0.0, 0.25]], math.inf),
        (0.0, [], [[2.0, 0.2501, 0.25]], math.inf),
        (0.0, [[3.0, 0.0, 0.0, 0.5, 1.0]], [[2.0, 0.0, 0.25]], 1.75),  # the nearer one
        (0.0, [[12.6, 0.0, 0.0, 0.5, 1.0]], [], math.inf),  # just beyond the range
        (0.0, [[12.4, 0.0, 0.0, 0.5, 1.0]], [], 11.9),
        (0.0, [[0.0, 0.0, 0.0, 0.5, 1.0]], [], math.inf),  # from inside nothing is seen of it
    ],
)
def test_single_rays(
    angle: float, boxes: list[list[float]], circles: list[list[float]], expected: float
) -> None:
    assert one_ray(angle, boxes, circles) == pytest.approx(expected)


def test_agrees_with_mujoco_rays_in_the_hall() -> None:
    _, profile, site = load()
    world = make_world(site, ("anna", "bert"))
    plant = MujocoPlant(profile, world)
    people = np.array([[7.5, 4.7, 0.3], [2.0, 8.0, -2.0]])
    plant.move_people(people)
    mujoco.mj_forward(plant.model, plant.data)
    height = profile.lidars[0].height_m
    rng = np.random.default_rng(1)
    for _ in range(40):
        origin = rng.uniform((1.0, 4.0), (15.0, 6.0))
        angles = rng.uniform(-math.pi, math.pi, 60)
        ours = cast(origin, angles, wall_rectangles(world, height), leg_circles(people), 12.0)
        theirs = mujoco_rays(plant, origin, angles, height)
        assert ours == pytest.approx(theirs, abs=1e-6)


def mujoco_rays(plant: MujocoPlant, origin: Floats, angles: Floats, height_m: float) -> Floats:
    """Distances to people's geoms (group 0) and to the hall's solids (group 3)."""
    groups = np.array([1, 0, 0, 1, 0, 0], dtype=np.uint8)
    out = np.zeros(len(angles))
    start = np.array([origin[0], origin[1], height_m])
    for k, angle in enumerate(angles):
        along = np.array([math.cos(angle), math.sin(angle), 0.0])
        met = np.zeros(1, dtype=np.int32)
        distance = mujoco.mj_ray(plant.model, plant.data, start, along, groups, 1, plant._root, met)
        out[k] = distance if 0.0 <= distance < 12.0 else math.inf
    return out


def test_a_crate_is_seen_only_where_it_crosses_the_plane_of_the_lidar() -> None:
    on_a_shelf = np.array([1.0, 2.0, 0.55, 1.0, 0.0, 0.0, 0.0])
    across = np.array([1.0, 2.0, 0.10, math.cos(0.2), 0.0, 0.0, math.sin(0.2)])
    assert crate_rectangle(on_a_shelf, 0.18) is None
    assert crate_rectangle(across, 0.18) == pytest.approx((1.0, 2.0, 0.4, 0.12, 0.08))

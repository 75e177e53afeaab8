"""What stands, lies and walks in the hall, in primitive geometry, for both engines."""

from __future__ import annotations

import math
from dataclasses import dataclass

from shield.site import Box, Site
from sim.shapes import AMBER, GRAPHITE, WHITE, Shape, Vec, box_inertia

CRATE_MASS_KG = 1.0
CRATE_BODY_M = (0.24, 0.16, 0.12)  # along the docking direction, across, high
CRATE_HANDLE_M = (0.12, 0.03, 0.05)  # a bar on the lid, along the docking direction
_CRATE_COLOURS: tuple[Vec, ...] = ((0.95, 0.55, 0.12, 1.0), (0.15, 0.60, 0.35, 1.0), (0.70, 0.22, 0.35, 1.0))
_VESTS: tuple[Vec, ...] = ((0.98, 0.83, 0.10, 1.0), (0.99, 0.45, 0.10, 1.0), (0.55, 0.85, 0.20, 1.0))
_SKIN = (0.86, 0.67, 0.54, 1.0)


LEG_RADIUS_M, LEG_OFFSET_M, LEG_HEIGHT_M = 0.085, 0.085, 0.88
PERSON_RADIUS_M = 0.245  # from the middle to the outside of an arm; below `others.human_radius_m`


@dataclass(frozen=True, slots=True, kw_only=True)
class Crate:
    """A crate: where the middle of its bottom stands at the start, and which way it points."""

    name: str
    x_m: float
    y_m: float
    z_m: float
    heading_rad: float
    colour: Vec


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Boxes, crates and the names of the people; the order is the one that plants index by."""

    site: Site
    boxes: tuple[Box, ...]
    crates: tuple[Crate, ...]
    people: tuple[str, ...]


def make_world(site: Site, people: tuple[str, ...]) -> World:
    """The hall of `site` at the start of a shift, with the named people in it."""
    crates = []
    for k, item in enumerate(site.items):
        place = site.place(item.place)
        crates.append(
            Crate(
                name=item.name,
                x_m=place.x_m,
                y_m=place.y_m,
                z_m=place.z_m,
                heading_rad=place.dock_heading_rad,
                colour=_CRATE_COLOURS[k % len(_CRATE_COLOURS)],
            )
        )
    return World(site=site, boxes=site.boxes, crates=tuple(crates), people=people)


def box_shape(box: Box) -> Shape:
    """A solid of the site as a shape in W."""
    half = ((box.x_max_m - box.x_min_m) / 2, (box.y_max_m - box.y_min_m) / 2, box.height_m / 2)
    middle = ((box.x_max_m + box.x_min_m) / 2, (box.y_max_m + box.y_min_m) / 2, box.height_m / 2)
    return Shape(kind="box", size=half, xyz=middle, colour=_box_colour(box.name))


def crate_shapes(colour: Vec) -> tuple[Shape, ...]:
    """Body and handle of a crate; origin in the middle of the bottom, x along the docking direction."""
    (length, width, height), (bar, thick, rise) = CRATE_BODY_M, CRATE_HANDLE_M
    rim = (*tuple(0.6 * c for c in colour[:3]), 1.0)
    return (
        Shape(kind="box", size=(length / 2, width / 2, height / 2), xyz=(0, 0, height / 2), colour=colour),
        Shape(
            kind="box", size=(bar / 2, thick / 2, rise / 2), xyz=(0, 0, height + rise / 2), colour=GRAPHITE
        ),
        Shape(
            kind="box",
            size=(length / 2 + 0.001, width / 2 + 0.001, 0.008),
            xyz=(0, 0, height - 0.008),
            colour=rim,
            touch="none",
        ),
    )


def crate_inertia() -> tuple[Vec, Vec]:
    """Centre of mass and inertia of a crate (the handle's small share is spread over the body)."""
    return (0.0, 0.0, CRATE_BODY_M[2] / 2), box_inertia(CRATE_MASS_KG, *CRATE_BODY_M)


def person_shapes(k: int) -> tuple[Shape, ...]:
    """A standing person in a high-visibility vest; origin on the floor, x ahead."""
    vest, trousers = _VESTS[k % len(_VESTS)], (0.16, 0.20, 0.33, 1.0)
    legs = [
        Shape(
            kind="cylinder",
            size=(LEG_RADIUS_M, LEG_HEIGHT_M / 2),
            xyz=(0, y, LEG_HEIGHT_M / 2),
            colour=trousers,
        )
        for y in (-LEG_OFFSET_M, LEG_OFFSET_M)
    ]
    arms = [
        Shape(kind="capsule", size=(0.045, 0.27), xyz=(0, y, 1.12), colour=vest, touch="none")
        for y in (-0.2, 0.2)
    ]
    return (
        *legs,
        *arms,
        Shape(kind="capsule", size=(0.155, 0.20), xyz=(0, 0, 1.15), colour=vest),
        Shape(kind="sphere", size=(0.105,), xyz=(0, 0, 1.60), colour=_SKIN),
        Shape(
            kind="cylinder", size=(0.157, 0.025), xyz=(0, 0, 1.10), colour=(0.95, 0.95, 0.9, 1), touch="none"
        ),
        Shape(kind="cylinder", size=(0.11, 0.03), xyz=(0, 0, 1.67), colour=WHITE, touch="none"),
        Shape(kind="box", size=(0.05, 0.06, 0.012), xyz=(0.10, 0, 1.645), colour=WHITE, touch="none"),
    )


def _box_colour(name: str) -> Vec:
    kinds = {
        "wall": (0.86, 0.87, 0.86, 1.0),
        "shelf": (0.28, 0.42, 0.58, 1.0),
        "rack": (0.80, 0.46, 0.22, 1.0),
        "table": (0.72, 0.58, 0.40, 1.0),
        "column": AMBER,
    }
    return kinds.get(name.split("_", maxsplit=1)[0], (0.55, 0.58, 0.62, 1.0))


def heading_quaternion(heading_rad: float) -> tuple[float, float, float, float]:
    """Rotation about z as (w, x, y, z)."""
    return math.cos(heading_rad / 2), 0.0, 0.0, math.sin(heading_rad / 2)

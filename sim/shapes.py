"""Rigid bodies in primitive geometry: what the descriptions of robot, crates, people and hall are made of."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

Vec = tuple[float, ...]
ZERO: Vec = (0.0, 0.0, 0.0)

WHITE = (0.93, 0.94, 0.95, 1.0)
GRAPHITE = (0.20, 0.22, 0.25, 1.0)
BLUE = (0.13, 0.42, 0.72, 1.0)
RUBBER = (0.08, 0.08, 0.09, 1.0)
AMBER = (0.98, 0.70, 0.13, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A primitive: box (half lengths), cylinder or capsule (radius, half length), sphere (radius)."""

    kind: str
    size: Vec
    xyz: Vec = ZERO
    rpy: Vec = ZERO  # roll, pitch, yaw about fixed axes, as in URDF
    colour: Vec = WHITE
    touch: str = "body"  # "body", "wheel", "caster", "finger", or "none" for what is only seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """How a link hangs on its parent; `kind` is fixed, continuous, revolute or prismatic."""

    kind: str
    name: str = ""
    axis: Vec = (0.0, 0.0, 1.0)
    low: float = 0.0
    high: float = 0.0
    velocity: float = 0.0
    effort: float = 0.0
    armature: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A rigid body; its pose is that of its frame in the parent's, at joint position zero."""

    name: str
    parent: str
    joint: Joint
    mass_kg: float
    com_m: Vec
    inertia_kgm2: Vec  # xx, yy, zz, xy, xz, yz about the centre of mass, in the link's axes
    shapes: tuple[Shape, ...] = ()
    xyz: Vec = ZERO
    rpy: Vec = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """All links, parents first; the first is the base and floats freely."""

    name: str
    links: tuple[Link, ...]
    untouching: tuple[tuple[str, str], ...] = field(default=())  # pairs too close to ever collide in earnest


def box_inertia(mass_kg: float, x_m: float, y_m: float, z_m: float) -> Vec:
    """Inertia of a solid box with the given full lengths."""
    k = mass_kg / 12.0
    return (k * (y_m**2 + z_m**2), k * (x_m**2 + z_m**2), k * (x_m**2 + y_m**2), 0.0, 0.0, 0.0)


def capsule(start: Vec, end: Vec, radius_m: float, colour: Vec = WHITE, touch: str = "body") -> Shape:
    """A capsule between two points of the link's frame."""
    axis = np.subtract(end, start)
    length = float(np.linalg.norm(axis))
    pitch = math.acos(max(-1.0, min(1.0, axis[2] / length)))
    rpy = (0.0, pitch, math.atan2(axis[1], axis[0]))
    middle = tuple(float(v) for v in (np.add(start, end) / 2.0))
    return Shape(
        kind="capsule", size=(radius_m, length / 2.0), xyz=middle, rpy=rpy, colour=colour, touch=touch
    )

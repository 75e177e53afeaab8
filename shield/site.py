"""The site: what is fixed in the hall, in the map frame W."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import yaml

from shield.errors import BadInput
from shield.profile import build


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A named axis-parallel rectangle in W."""

    name: str
    x_min_m: float
    x_max_m: float
    y_min_m: float
    y_max_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A solid box that stands on the floor."""

    name: str
    x_min_m: float
    x_max_m: float
    y_min_m: float
    y_max_m: float
    height_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a crate stands (the middle of its bottom) and where the robot docks to reach it."""

    name: str
    role: str  # "slot" or "station"
    x_m: float
    y_m: float
    z_m: float
    dock_x_m: float
    dock_y_m: float
    dock_heading_rad: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A crate and the place where it starts."""

    name: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """An area with a speed limit."""

    name: str
    x_min_m: float
    x_max_m: float
    y_min_m: float
    y_max_m: float
    speed_max_mps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """A planar pose in W."""

    x_m: float
    y_m: float
    heading_rad: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Walls, shelves, places, zones."""

    site: str
    bounds: Area
    boxes: tuple[Box, ...]
    places: tuple[Place, ...]
    items: tuple[Item, ...]
    zones: tuple[Zone, ...]
    keep_out: tuple[Area, ...]
    home: Pose

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical JSON of all fields."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def place(self, name: str) -> Place:
        """The place called `name`.

        Raises:
            BadInput: there is none; the message lists those that exist.
        """
        for place in self.places:
            if place.name == name:
                return place
        known = ", ".join(place.name for place in self.places)
        raise BadInput(f"{name!r} is no place of site {self.site}; known are {known}")

    def item(self, name: str) -> Item:
        """The item called `name`.

        Raises:
            BadInput: there is none; the message lists those that exist.
        """
        for item in self.items:
            if item.name == name:
                return item
        known = ", ".join(item.name for item in self.items)
        raise BadInput(f"{name!r} is no item of site {self.site}; known are {known}")


def load_site(path: str | Path) -> Site:
    """Read and check a site.

    Raises:
        BadInput: the file is missing or malformed; the message names the field, the value and the file.
    """
    path = Path(path)
    try:
        raw = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{path}: cannot be read as a site: {' '.join(str(error).split())}") from None
    site = build(Site, raw, str(path), "")
    _check(site, str(path))
    return site


def _check(site: Site, file: str) -> None:
    areas: tuple[Area | Box | Zone, ...] = (site.bounds, *site.boxes, *site.zones, *site.keep_out)
    for area in areas:
        if area.x_min_m >= area.x_max_m or area.y_min_m >= area.y_max_m:
            raise BadInput(f"{file}: {area.name} is empty: min must lie below max on both axes")
    places = [place.name for place in site.places]
    for names, what in ((places, "place"), ([item.name for item in site.items], "item")):
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise BadInput(f"{file}: {what} {doubled[0]!r} is there twice")
    for item in site.items:
        if item.place not in places:
            raise BadInput(f"{file}: item {item.name} stands at {item.place!r}, which is no place")
    for place in site.places:
        if place.role not in ("slot", "station"):
            raise BadInput(f"{file}: place {place.name} has role {place.role!r}; slot or station is expected")

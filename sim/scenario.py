"""A scenario: which robot in which hall, who walks about, what is ordered; read from YAML and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from shield.errors import BadInput
from shield.profile import RobotProfile, build
from shield.site import Pose, Site, load_site
from sim.people import REPEATS, Walk


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedOrder:
    """Bring `item` to `station`, asked for `at_s` after the start."""

    at_s: float
    item: str
    station: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One run; `site` and `profile` are paths, absolute once loaded."""

    scenario: str
    site: str
    profile: str
    seed: int
    duration_s: float
    start: Pose
    people: tuple[Walk, ...]
    orders: tuple[TimedOrder, ...]


def load_scenario(path: str | Path) -> Scenario:
    """Read and check a scenario; its paths are relative to its own folder, `start: home` is the site's home.

    Raises:
        BadInput: the file is missing or malformed; the message names file, field, value and what is allowed.
    """
    path = Path(path)
    try:
        raw = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{path}: cannot be read as a scenario: {' '.join(str(error).split())}") from None
    if not isinstance(raw, dict):
        raise BadInput(f"{path}: the document is {raw!r}, a mapping is expected")
    for name in ("site", "profile"):
        raw[name] = _resolve(raw.get(name), path, name)
    site = load_site(raw["site"])
    if raw.get("start") == "home":
        raw["start"] = {"x_m": site.home.x_m, "y_m": site.home.y_m, "heading_rad": site.home.heading_rad}
    scenario = build(Scenario, raw, str(path), "")
    _check(scenario, site, str(path))
    return scenario


def check_people(scenario: Scenario, profile: RobotProfile) -> None:
    """The people of `scenario` keep to what `profile` assumes of them (A5).

    Raises:
        BadInput: somebody walks faster.
    """
    for k, walk in enumerate(scenario.people):
        if walk.speed_mps > profile.others.human_speed_mps:
            raise BadInput(
                f"{scenario.scenario}: people[{k}].speed_mps is {walk.speed_mps}; the profile "
                f"{profile.robot} assumes at most {profile.others.human_speed_mps}"
            )


def _resolve(raw: object, path: Path, name: str) -> str:
    if not isinstance(raw, str) or not raw:
        raise BadInput(f"{path}: {name} is {raw!r}, a path relative to this file is expected")
    found = (path.parent / raw).resolve()
    if not found.is_file():
        raise BadInput(f"{path}: {name} is {raw!r}, and there is no file {found}")
    return str(found)


def _check(scenario: Scenario, site: Site, file: str) -> None:
    bounds = site.bounds
    points = [("start", scenario.start.x_m, scenario.start.y_m)]
    for k, walk in enumerate(scenario.people):
        if walk.repeat not in REPEATS:
            raise BadInput(f"{file}: people[{k}].repeat is {walk.repeat!r}; allowed are {', '.join(REPEATS)}")
        if not walk.path:
            raise BadInput(f"{file}: people[{k}].path is empty, at least one way-point is expected")
        for j, way_point in enumerate(walk.path):
            if way_point.pause_s < 0.0:
                raise BadInput(
                    f"{file}: people[{k}].path[{j}].pause_s is {way_point.pause_s}, it must not be below 0"
                )
        points += [(f"people[{k}].path[{j}]", p.x_m, p.y_m) for j, p in enumerate(walk.path)]
    names = [walk.name for walk in scenario.people]
    taken = {box.name for box in site.boxes} | {item.name for item in site.items} | {"floor"}
    for k, name in enumerate(names):
        if name in names[:k] or name in taken:
            raise BadInput(f"{file}: people[{k}].name is {name!r}, which is taken already")
    for where, x, y in points:
        if not (bounds.x_min_m <= x <= bounds.x_max_m and bounds.y_min_m <= y <= bounds.y_max_m):
            raise BadInput(
                f"{file}: {where} is at ({x}, {y}), outside of {bounds.name}: x {bounds.x_min_m} to "
                f"{bounds.x_max_m}, y {bounds.y_min_m} to {bounds.y_max_m}"
            )
    for k, order in enumerate(scenario.orders):
        _check_order(order, site, f"{file}: orders[{k}]", scenario.duration_s)


def _check_order(order: TimedOrder, site: Site, where: str, duration_s: float) -> None:
    if not 0.0 <= order.at_s <= duration_s:
        raise BadInput(f"{where}.at_s is {order.at_s}; 0 to duration_s = {duration_s} is allowed")
    items, stations = [i.name for i in site.items], [p.name for p in site.places if p.role == "station"]
    if order.item not in items:
        raise BadInput(f"{where}.item is {order.item!r}; the site has {', '.join(items)}")
    if order.station not in stations:
        raise BadInput(f"{where}.station is {order.station!r}; the site has {', '.join(stations)}")

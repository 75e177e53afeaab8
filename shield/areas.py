"""Areas of the site along a manoeuvre: keep-out, the bounds of the hall, and zones with a speed limit.

Arrays are float64. `pose`, shape (6,): x, y, cosine and sine of the heading of B in W at the stamp, bounds of
position and heading;
`hall`, shape (4,), `keep_out`, shape (n, 4): x_min, x_max, y_min, y_max; `zones`, shape (n, 5): likewise and
the largest speed. `path` is what `shield.sweep.sweep` returns.
"""

from __future__ import annotations

import math

import numpy as np

from shield.compiled import kernel
from shield.contract import EgoState, Floats
from shield.formulas import least, most
from shield.site import Area, Site, Zone
from shield.sweep import REACT, arc_brake

LEAVING_M = 0.02  # how much further across a border a motion that leaves may come, over all behaviours
ROUNDING_M = 1e-9
SLACK_MPS = 1e-6


def pose_vector(ego: EgoState) -> Floats:
    """The pose and its bounds as the kernels read them."""
    heading = ego.heading_rad
    bounds = ego.position_bound_m, ego.heading_bound_rad
    return np.array([ego.x_m, ego.y_m, math.cos(heading), math.sin(heading), *bounds])


def hall_array(site: Site) -> Floats:
    """The hall's bounds."""
    return np.array(_sides(site.bounds))


def keep_out_array(site: Site) -> Floats:
    """All keep-out areas."""
    return np.array([_sides(area) for area in site.keep_out], dtype=np.float64).reshape(-1, 4)


def zone_array(site: Site) -> Floats:
    """All zones with their speed limits."""
    rows = [[*_sides(zone), zone.speed_max_mps] for zone in site.zones]
    return np.array(rows, dtype=np.float64).reshape(-1, 5)


def _sides(area: Area | Zone) -> list[float]:
    return [area.x_min_m, area.x_max_m, area.y_min_m, area.y_max_m]


@kernel
def outside_gap(x: float, y: float, area: Floats) -> float:
    """Distance of a point to an area from outside; minus the depth from inside."""
    dx = most(area[0] - x, x - area[1])
    dy = most(area[2] - y, y - area[3])
    if dx > 0.0 and dy > 0.0:
        return math.hypot(dx, dy)
    return most(dx, dy)


@kernel
def to_site(pose: Floats, x: float, y: float) -> tuple[float, float]:
    """A point given in B, in W."""
    return pose[0] + pose[2] * x - pose[3] * y, pose[1] + pose[3] * x + pose[2] * y


@kernel
def _disc_in_site(
    path: Floats, k: int, disc: Floats, travel: float, pose: Floats
) -> tuple[float, float, float]:
    """Centre in W and radius of one footprint disc over one interval, the pose's bounds included."""
    c, s = path[k, 2], path[k, 3]
    x, y = path[k, 0] + c * disc[0] - s * disc[1], path[k, 1] + s * disc[0] + c * disc[1]
    radius = disc[2] + path[k, 4] * travel + path[k, 5] + path[k, 6] * math.hypot(disc[0], disc[1])
    radius += pose[4] + pose[5] * math.hypot(x, y)
    in_site = to_site(pose, x, y)
    return in_site[0], in_site[1], radius


@kernel
def reach_radius(path: Floats, furthest: float, around: float, pose: Floats) -> float:
    """Radius about B's origin at the stamp that holds the whole sweep, the pose's bounds included."""
    radius = 0.0
    for k in range(path.shape[0]):
        far = math.hypot(path[k, 0], path[k, 1]) + around
        wide = path[k, 4] * furthest + path[k, 5] + path[k, 6] * around
        radius = most(radius, far + wide + pose[4] + pose[5] * far)
    return radius


@kernel
def area_gap(
    path: Floats,
    footprint: Floats,
    travel: Floats,
    pose: Floats,
    area: Floats,
    side: float,
    around: float,
    reach: float,
) -> float:
    """Least gap of the swept body to the border of an area to stay out of (`side` 1) or in (`side` -1).

    Where the body is across the border already, what counts is that it does not end up further across, and by
    how much the bounds might take it further on the way.
    """
    far = side * outside_gap(pose[0], pose[1], area) - reach
    if far > 0.0:
        return far
    gap, first, last = math.inf, math.inf, math.inf
    for i in range(footprint.shape[0]):
        for k in range(path.shape[0]):
            x, y, radius = _disc_in_site(path, k, footprint[i], travel[i], pose)
            border = side * outside_gap(x, y, area)
            gap = least(gap, border - radius)
            if k == path.shape[0] - 1:
                last = least(last, border - footprint[i, 2])
        x, y = to_site(pose, footprint[i, 0], footprint[i, 1])
        first = least(first, side * outside_gap(x, y, area) - footprint[i, 2])
    across = pose[4] + pose[5] * around - first
    if across < 0.0:
        return gap
    return least(gap + across + LEAVING_M, last - first + ROUNDING_M)


@kernel
def zone_speed(
    path: Floats,
    footprint: Floats,
    travel: Floats,
    pose: Floats,
    zones: Floats,
    bounds: Floats,
    speed: float,
    curvature: float,
    reach: float,
) -> float:
    """By how much the commanded speed, braking as the fail-safe does, exceeds a zone's limit inside of it."""
    excess = -math.inf
    brake = arc_brake(bounds, curvature)
    for z in range(zones.shape[0]):
        if outside_gap(pose[0], pose[1], zones[z, :4]) > reach or abs(speed) <= zones[z, 4]:
            continue
        for k in range(path.shape[0]):
            since = most(0.0, (path[k - 1, 7] if k > 0 else 0.0) - bounds[REACT])
            over = abs(speed) - brake * since - zones[z, 4]
            if over <= excess:
                break
            for i in range(footprint.shape[0]):
                x, y, radius = _disc_in_site(path, k, footprint[i], travel[i], pose)
                if outside_gap(x, y, zones[z, :4]) < radius:
                    excess = over
                    break
    return excess

"""How near people are, by the tracks that the stack follows."""

from __future__ import annotations

import math
from collections.abc import Sequence

from shield.contract import Kind, Snapshot
from shield.profile import Disc

POINT = (Disc(x_m=0.0, y_m=0.0, radius_m=0.0),)  # a robot of unknown shape


def nearest_person_m(snapshot: Snapshot, footprint: Sequence[Disc] = ()) -> float:
    """Gap between the body and the nearest tracked person; infinite where nobody is tracked."""
    ego = snapshot.ego
    cos, sin = math.cos(ego.heading_rad), math.sin(ego.heading_rad)
    gap = math.inf
    for agent in snapshot.agents:
        if agent.kind is Kind.PERSON:
            dx, dy = agent.x_m - ego.x_m, agent.y_m - ego.y_m
            x, y = cos * dx + sin * dy, cos * dy - sin * dx
            for disc in footprint or POINT:
                gap = min(gap, math.hypot(x - disc.x_m, y - disc.y_m) - disc.radius_m - agent.radius_m)
    return max(gap, 0.0)

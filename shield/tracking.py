"""People as tracks: for display, for the distance to the nearest person and for the meta-level.

The gate does not need tracks; it reckons with every unexplained return by itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from shield.contract import Discs, EgoState, Kind, TrackedAgent
from shield.profile import RobotProfile

CLUSTER_M = 0.45  # two legs of one stride belong together
MATCH_M = 0.7  # how far a cluster may lie from where its track expects it
SEEN_N = 4  # updates with a match until a track is shown
KEEP_NS = 700_000_000  # an unseen track is kept so long
POSITION_GAIN, VELOCITY_GAIN = 0.4, 0.06  # alpha-beta filter at 50 Hz, slow enough for swinging legs
TRACKS_MAX = 32
POINTS_MAX = 512


@dataclass(slots=True)
class _Track:
    number: int
    x_m: float
    y_m: float
    vx_mps: float
    vy_mps: float
    seen_ns: int
    seen_n: int


class Tracker:
    """Follows clusters of UNKNOWN discs in W with constant-velocity alpha-beta filters."""

    def __init__(self, profile: RobotProfile) -> None:
        self._others = profile.others
        self._tracks: list[_Track] = []
        self._next = 1
        self._at_ns = 0

    def update(self, discs: Discs, ego: EgoState) -> tuple[TrackedAgent, ...]:
        """Take the discs of one snapshot; returns the tracks that have been seen long enough."""
        now_ns = ego.stamp_ns
        dt_s = max(0.0, min(0.5, (now_ns - self._at_ns) * 1e-9))
        self._at_ns = now_ns
        for track in self._tracks:
            track.x_m += track.vx_mps * dt_s
            track.y_m += track.vy_mps * dt_s
        free = list(self._tracks)
        for x, y in clusters(discs, ego):
            best = min(free, key=lambda t: _distance(t, x, y), default=None)
            if best is not None and _distance(best, x, y) <= MATCH_M:
                free.remove(best)
                self._correct(best, x, y, dt_s, now_ns)
            elif len(self._tracks) < TRACKS_MAX:
                self._tracks.append(_Track(self._next, x, y, 0.0, 0.0, now_ns, 1))
                self._next += 1
        self._tracks = [
            t for t in self._tracks if 0 <= now_ns - t.seen_ns <= (KEEP_NS if t.seen_n >= SEEN_N else 0)
        ]
        return tuple(self._agent(t) for t in self._tracks if t.seen_n >= SEEN_N)

    def _correct(self, track: _Track, x: float, y: float, dt_s: float, now_ns: int) -> None:
        off_x, off_y = x - track.x_m, y - track.y_m
        track.x_m += POSITION_GAIN * off_x
        track.y_m += POSITION_GAIN * off_y
        if dt_s > 0.0:
            track.vx_mps += VELOCITY_GAIN * off_x / dt_s
            track.vy_mps += VELOCITY_GAIN * off_y / dt_s
        speed = math.hypot(track.vx_mps, track.vy_mps)
        if speed > self._others.human_speed_mps:
            track.vx_mps *= self._others.human_speed_mps / speed
            track.vy_mps *= self._others.human_speed_mps / speed
        track.seen_ns = now_ns
        track.seen_n += 1

    def _agent(self, track: _Track) -> TrackedAgent:
        return TrackedAgent(
            track=track.number,
            kind=Kind.PERSON,
            x_m=track.x_m,
            y_m=track.y_m,
            radius_m=self._others.human_radius_m,
            velocity_x_mps=track.vx_mps,
            velocity_y_mps=track.vy_mps,
            speed_bound_mps=self._others.human_speed_mps,
            seen_ns=track.seen_ns,
        )


def _distance(track: _Track, x_m: float, y_m: float) -> float:
    return math.hypot(track.x_m - x_m, track.y_m - y_m)


def clusters(discs: Discs, ego: EgoState) -> list[tuple[float, float]]:
    """Middles in W of groups of UNKNOWN discs: greedy, nearest to the robot first."""
    chosen = discs.kind == float(Kind.UNKNOWN)
    x, y = discs.x_m[chosen], discs.y_m[chosen]
    order = np.argsort(np.hypot(x, y), kind="stable")[:POINTS_MAX]
    cos, sin = math.cos(ego.heading_rad), math.sin(ego.heading_rad)
    groups: list[list[float]] = []  # x sum, y sum, count
    for k in order:
        wx = ego.x_m + cos * float(x[k]) - sin * float(y[k])
        wy = ego.y_m + sin * float(x[k]) + cos * float(y[k])
        for group in groups:
            if math.hypot(group[0] / group[2] - wx, group[1] / group[2] - wy) <= CLUSTER_M:
                group[0], group[1], group[2] = group[0] + wx, group[1] + wy, group[2] + 1.0
                break
        else:
            groups.append([wx, wy, 1.0])
    return [(sx / n, sy / n) for sx, sy, n in groups]

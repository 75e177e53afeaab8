"""Halls for training and measuring `navigate`: seeds for learning, for selecting and for the card."""

from __future__ import annotations

import numpy as np

from shield.profile import RobotProfile
from sim.fast import FastEnv
from sim.layouts import Layout, random_layout

LEARN, SELECT, HELD_OUT = range(3)  # halls of different purposes are never the same
HALLS_N = {LEARN: 160, SELECT: 48, HELD_OUT: 250}
PATIENCE_S = {LEARN: 20.0, SELECT: 30.0, HELD_OUT: 45.0}
LIMIT_S = {LEARN: 90.0, SELECT: 90.0, HELD_OUT: 180.0}
PEOPLE_N = 4


def halls(purpose: int, seed: int, count: int) -> list[Layout]:
    """Random halls of one purpose."""
    return [random_layout(np.random.default_rng([purpose, seed, k])) for k in range(count)]


def environment(
    profile: RobotProfile, purpose: int, seed: int, rows: int, *, shielded: bool = True, halls_n: int = 0
) -> FastEnv:
    """A fast-tier environment for one purpose, with up to PEOPLE_N people in every hall."""
    return FastEnv(
        profile,
        halls(purpose, seed, halls_n or HALLS_N[purpose]),
        rows,
        seed,
        people=PEOPLE_N,
        shielded=shielded,
        patience_s=PATIENCE_S[purpose],
        limit_s=LIMIT_S[purpose],
    )

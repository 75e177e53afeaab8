"""From easy to hard: how many people the halls hold as the training goes on."""

from __future__ import annotations

PEOPLE_N = 4
FULL_AT = 0.4  # share of the training from which on all of them are about


def people_at(share: float) -> int:
    """Most people in an episode when `share` (0 to 1) of the training is over."""
    return min(PEOPLE_N, 1 + int(share / FULL_AT * PEOPLE_N))

"""Why a motion was not admitted, in words and numbers."""

from __future__ import annotations

import math

from shield.contract import BaseCommand, Discs, Kind
from shield.prove import Proof, Prover
from shield.rules import NAMES, SENTENCES, UNITS, Limit
from shield.search import DISCS, HALL, KEEP_OUT, SAFE, ZONE, Judgement, Scene, fastest
from shield.solve import SLOWEST_MPS, contradiction, window

WHO = {
    Kind.STATIC: "a fixed obstacle",
    Kind.UNKNOWN: "something unknown, taken for a person,",
    Kind.PERSON: "a person",
    Kind.ROBOT: "a robot",
    Kind.HIDDEN: "a hidden place from which a person may step",
}
RULES = {DISCS: "clearance", KEEP_OUT: "keep_out", HALL: "hall", ZONE: "zone_speed"}


def why_not(found: Judgement, discs: Discs) -> tuple[str, str]:
    """A sentence about what forbids a motion, and the name of the rule."""
    whole = f"reacting and braking, the robot would come {found.excess:.2f} m"
    name = RULES[found.forbidden_by]
    if found.forbidden_by == DISCS:
        return f"{whole} too near to {_disc(found.nearest_disc, discs)}", name
    if found.forbidden_by == KEEP_OUT:
        return f"{whole} into a keep-out area", name
    if found.forbidden_by == HALL:
        return f"{whole} beyond the hall's bounds", name
    return f"the robot would be {found.excess:.2f} m/s too fast inside a speed zone", name


def _disc(who: int, discs: Discs) -> str:
    if not 0 <= who < len(discs):
        return "what is around it"
    x, y = float(discs.x_m[who]), float(discs.y_m[who])
    number = int(discs.kind[who])
    name = WHO[Kind(number)] if number in WHO else "something"
    bearing = math.degrees(math.atan2(y, x))
    side = "left" if bearing >= 0.0 else "right"
    return f"{name} {math.hypot(x, y):.2f} m away, {abs(bearing):.0f} degrees to the {side}"


def why_stuck(
    spans: tuple[Limit, ...], command: BaseCommand, scene: Scene, prover: Prover
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Why nothing near the proposal is admissible either: the smallest contradiction on its own curvature."""
    rotates = command.turn_radps != 0.0 and command.speed_mps == 0.0
    core = contradiction(spans, command.curvature_radpm, rotates)
    if core:
        said = [
            f"{SENTENCES[limit.rule]} ({NAMES[limit.quantity]} {limit.low:.3f} to {limit.high:.3f} "
            f"{UNITS[limit.quantity]})"
            for limit in core
        ]
        proved = prover.contradicts(core, command.curvature_radpm, rotates) is Proof.HOLDS
        names = [limit.rule for limit in core] + ([] if proved else ["unproved"])
        return ("no speed satisfies all of these: " + "; ".join(said),), tuple(names)
    low, high = window(spans, command.curvature_radpm, rotates)
    wish = command.turn_radps if rotates else command.speed_mps
    target = min(max(wish, low), high)
    sign = math.copysign(1.0, target)
    slow = max(low, SLOWEST_MPS) if sign > 0.0 else max(-high, SLOWEST_MPS)
    _, code = fastest(scene, slow, max(slow, abs(target)), command.curvature_radpm, sign, rotates)
    if code == SAFE:
        return ("only standing still is left",), ("stop",)
    unit = "rad/s" if rotates else "m/s"
    return (f"not even {slow:.3f} {unit}, the slowest that one period can reach, is admissible",), (
        RULES[code],
    )

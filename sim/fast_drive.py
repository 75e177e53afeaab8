"""One control period of one robot in the fast tier: shape, certify, actuate, move, touch."""

from __future__ import annotations

import math

import numpy as np

from shield.contract import Floats
from shield.reach import admissible_reverse, admissible_speed, admissible_turn, is_safe
from sim.fast_compiled import kernel
from sim.fast_people import BODY_M, box_gap
from sim.fast_sense import carry_along
from sim.fast_state import QUEUE_N, Fleet, Halls, X, Y
from skills.motion import command_of, follow

EPS = 1e-3  # m/s or rad/s: slower than this is standing
TURN_WEIGHT_M = 0.3  # a rotation counts as the speed of a point this far from the middle
CRAWL_MPS, CRAWL_RADPS = 0.04, 0.06  # where not even this is safe, no faster motion is looked for


@kernel
def certify(
    bounds: Floats, ego: Floats, asked: Floats, held: float, discs: Floats, footprint: Floats
) -> tuple[float, float, float]:
    """What the gate makes of (speed, curvature, turn): as asked, slower on the same arc, or the stop.

    The gate itself may also choose another curvature; the fast tier leaves that to the policy.
    """
    speed, curvature, turn = asked[0], asked[1], asked[2]
    if is_safe(bounds, ego, speed, curvature, turn, discs, footprint):
        return speed, curvature, turn
    crawl = CRAWL_RADPS if turn != 0.0 else CRAWL_MPS
    size = abs(speed) + abs(turn)
    share = min(crawl / max(size, EPS), 1.0)
    if not is_safe(bounds, ego, share * speed, curvature, share * turn, discs, footprint):
        return 0.0, held, 0.0
    if turn != 0.0:
        most = min(size, admissible_turn(bounds, ego, math.copysign(1.0, turn), discs, footprint))
    elif speed > 0.0:
        most = min(size, admissible_speed(bounds, ego, curvature, discs, footprint))
    else:
        most = min(size, admissible_reverse(bounds, ego, curvature, discs, footprint))
    if most < EPS:
        return 0.0, held, 0.0
    return most / size * speed, curvature, most / size * turn


@kernel
def _ego(fleet: Fleet, row: int, motors: Floats) -> Floats:
    """The vector that the reachability kernels read: motion, its bounds, and the commands still in flight."""
    motion, queue = fleet.motion[row], fleet.queue[row]
    ego = np.array([motion[0], motion[1], motors[3], motors[4], motion[0], motion[0], motion[1], motion[1]])
    for k in range(min(int(fleet.traits[row, 0]) + 1, QUEUE_N)):
        yaw_rate = queue[k, 0] * queue[k, 1] + queue[k, 2]
        ego[4], ego[5] = min(ego[4], queue[k, 0]), max(ego[5], queue[k, 0])
        ego[6], ego[7] = min(ego[6], yaw_rate), max(ego[7], yaw_rate)
    return ego


@kernel
def _issue(
    reference: Floats,
    was: tuple[float, float],
    asked: Floats,
    command: tuple[float, float, float],
    motors: Floats,
    period_s: float,
) -> None:
    """Where the gate asks for something else, the next proposal goes on from that."""
    speed, curvature, turn = command
    if speed == asked[0] and curvature == asked[1] and turn == asked[2]:
        return
    if speed == 0.0 and turn == 0.0:  # the fail-safe is played for one period
        speed = math.copysign(max(abs(was[0]) - motors[1] * period_s, 0.0), was[0])
        if was[0] == 0.0:
            turn = math.copysign(max(abs(was[1]) - motors[2] * period_s, 0.0), was[1])
    reference[0], reference[1], reference[2] = speed, speed * curvature + turn, speed - was[0]


@kernel
def _actuate(
    fleet: Fleet, row: int, command: tuple[float, float, float], motors: Floats, period_s: float
) -> None:
    """Delay the command, ramp the speed, turn as fast as the motors can.

    `motors` is acceleration, braking, yaw acceleration, and the bounds of the speed and yaw rate estimates.
    """
    queue, traits, motion = fleet.queue[row], fleet.traits[row], fleet.motion[row]
    for k in range(QUEUE_N - 1, 0, -1):
        queue[k] = queue[k - 1]
    queue[0, 0], queue[0, 1], queue[0, 2] = command
    acting = queue[min(int(traits[0]), QUEUE_N - 1)]
    faster = abs(acting[0]) > abs(motion[0]) and acting[0] * motion[0] >= 0.0
    step = (motors[0] if faster else motors[1]) * traits[1] * period_s
    motion[0] += min(max(acting[0] - motion[0], -step), step)
    yaw_rate = acting[1] * motion[0] + acting[2]
    step = motors[2] * traits[2] * period_s
    motion[1] += min(max(yaw_rate - motion[1], -step), step)


@kernel
def _move(fleet: Fleet, row: int, period_s: float) -> None:
    pose, way, turn = fleet.pose[row], fleet.motion[row, 0] * period_s, fleet.motion[row, 1] * period_s
    heading = pose[2] + 0.5 * turn
    pose[0] += way * math.cos(heading)
    pose[1] += way * math.sin(heading)
    pose[2] = (pose[2] + turn + math.pi) % (2.0 * math.pi) - math.pi
    carry_along(fleet, row, way, turn, period_s)


@kernel
def touching(halls: Halls, fleet: Fleet, row: int, footprint: Floats) -> bool:
    """Whether a disc of the body overlaps a box or a person."""
    hall, pose = fleet.hall[row], fleet.pose[row]
    cosine, sine = math.cos(pose[2]), math.sin(pose[2])
    for k in range(footprint.shape[0]):
        x = pose[0] + cosine * footprint[k, 0] - sine * footprint[k, 1]
        y = pose[1] + sine * footprint[k, 0] + cosine * footprint[k, 1]
        if box_gap(halls.boxes[hall], halls.boxes_n[hall], x, y) < footprint[k, 2]:
            return True
        for p in range(fleet.people_n[row]):
            person = fleet.people[row, p]
            if math.hypot(person[X] - x, person[Y] - y) < footprint[k, 2] + BODY_M:
                return True
    return False


@kernel
def drive(
    fleet: Fleet,
    row: int,
    want: Floats,
    cap_mps: float,
    skill: Floats,
    shield: Floats,
    motors: Floats,
    footprint: Floats,
    period_s: float,
    shielded: bool,
) -> float:
    """One control period; returns how much speed the shield took away, m/s."""
    motion, reference = fleet.motion[row], fleet.reference[row]
    was_mps, was_radps = reference[0], reference[1]
    follow(skill, want, reference, motion[0], cap_mps, period_s)
    asked = np.array(command_of(skill, reference))
    command = (asked[0], asked[1], asked[2])
    if shielded:
        near = fleet.near[row, : fleet.near_n[row]]
        command = certify(shield, _ego(fleet, row, motors), asked, fleet.held[row], near, footprint)
        _issue(reference, (was_mps, was_radps), asked, command, motors, period_s)
    fleet.held[row] = command[1]
    _actuate(fleet, row, command, motors, period_s)
    _move(fleet, row, period_s)
    taken: float = abs(asked[0] - command[0]) + TURN_WEIGHT_M * abs(asked[2] - command[2])
    return taken

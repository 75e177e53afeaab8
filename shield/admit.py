"""The first step of the gate: is this input finite, fresh, in order, and meant for this robot?"""

from __future__ import annotations

import numpy as np

from shield.compiled import kernel
from shield.contract import (
    ArmCommand,
    BaseCommand,
    Discs,
    EgoState,
    Floats,
    ProposedAction,
    SafetyMode,
    Snapshot,
)
from shield.profile import RobotProfile

AHEAD_NS = 20_000_000  # a stamp further in the future than this is a broken or forged clock
DISCS_MAX_N = 100_000
MAGNITUDE_MAX = 1e6  # no honest number of a robot in a hall is larger


def snapshot_fault(profile: RobotProfile, snapshot: object, now_ns: int, last_stamp_ns: int) -> str:
    """Why no decision can rest on this snapshot; empty when one can."""
    if not isinstance(snapshot, Snapshot):
        return "there is no snapshot"
    if snapshot.robot != profile.robot:
        return f"the snapshot is of robot {snapshot.robot!r:.40}, this is {profile.robot}"
    counts = _is_int(snapshot.stamp_ns) and _is_int(snapshot.sequence)
    if not counts or type(snapshot.mode) is not SafetyMode:
        return "the snapshot's stamp, sequence or mode is malformed"
    late = _age_fault("snapshot", snapshot.stamp_ns, now_ns, profile.timing.latency_s)
    if late:
        return late
    if snapshot.stamp_ns < last_stamp_ns:
        return (
            f"the snapshot is {(last_stamp_ns - snapshot.stamp_ns) * 1e-6:.1f} ms older than the one before"
        )
    return _ego_fault(profile, snapshot.ego) or _discs_fault(snapshot.discs) or _limit_fault(snapshot)


def _limit_fault(snapshot: Snapshot) -> str:
    limit = snapshot.speed_limit_mps
    return "" if _numbers(limit) and limit >= 0.0 else f"the speed limit is {limit!r:.40}"


def _age_fault(what: str, stamp_ns: int, now_ns: int, bound_s: float) -> str:
    age_s = (now_ns - stamp_ns) * 1e-9
    if age_s > bound_s:
        return f"the {what} is {age_s * 1e3:.1f} ms old, {bound_s * 1e3:.0f} ms are covered"
    if stamp_ns > now_ns + AHEAD_NS:
        return f"the {what} comes from {-age_s * 1e3:.1f} ms ahead"
    return ""


def _ego_fault(profile: RobotProfile, ego: object) -> str:
    if not isinstance(ego, EgoState):
        return "the snapshot has no ego state"
    values = (ego.x_m, ego.y_m, ego.heading_rad, ego.speed_mps, ego.yaw_rate_radps, ego.gripper_m)
    bounds = (ego.position_bound_m, ego.heading_bound_rad, ego.speed_bound_mps, ego.yaw_rate_bound_radps)
    if not _numbers(*values, *bounds) or min(bounds) < 0.0:
        return "the ego state is not finite, or one of its bounds is negative"
    count = len(profile.arm.joints)
    if not _rates(ego.joint_position_rad, count) or not _rates(ego.joint_velocity_radps, count):
        return f"the ego state does not hold {count} finite joint positions and velocities"
    return "" if _is_flag(ego.carrying) else "the ego state does not say whether the robot carries"


def _discs_fault(discs: object) -> str:
    if not isinstance(discs, Discs):
        return "the snapshot has no discs"
    arrays = (discs.x_m, discs.y_m, discs.radius_m, discs.speed_mps, discs.age_s, discs.kind)
    count = len(discs)
    if count > DISCS_MAX_N or any(array.shape != (count,) for array in arrays):
        return f"the discs' arrays differ in length, or there are more than {DISCS_MAX_N}"
    return ""


def pack_discs(discs: Discs) -> Floats:
    """The discs as the array (n, 5) that the kernels read."""
    packed = np.empty((len(discs), 5))
    packed[:, 0], packed[:, 1], packed[:, 2] = discs.x_m, discs.y_m, discs.radius_m
    packed[:, 3], packed[:, 4] = discs.speed_mps, discs.age_s
    return packed


@kernel
def _usable(packed: Floats) -> bool:
    for j in range(packed.shape[0]):
        for k in range(5):
            if not (-MAGNITUDE_MAX if k < 2 else 0.0) <= packed[j, k] <= MAGNITUDE_MAX:
                return False
    return True


def packed_fault(packed: Floats) -> str:
    """Why the discs' numbers cannot be used; empty when they can."""
    if not _usable(packed):
        return "a disc is not finite, or its radius, speed or age is negative"
    return ""


def proposal_fault(profile: RobotProfile, proposal: object, now_ns: int) -> str:
    """Why this is no proposal to decide on; empty when it is."""
    if not isinstance(proposal, ProposedAction):
        return f"a {type(proposal).__name__} is no proposal"
    if proposal.robot != profile.robot:
        return f"the proposal is for robot {proposal.robot!r:.40}, this is {profile.robot}"
    if not all(_is_int(n) for n in (proposal.sequence, proposal.stamp_ns, proposal.snapshot_sequence)):
        return "the proposal's stamp or sequence is no integer"
    if type(proposal.skill) is not str or type(proposal.version) is not str:
        return "the proposal's skill or version is no text"
    if not _numbers(proposal.confidence):
        return "the proposal's confidence is not finite"
    age = _age_fault("proposal", proposal.stamp_ns, now_ns, profile.timing.latency_s)
    return age or _command_fault(profile, proposal.command)


def _command_fault(profile: RobotProfile, command: object) -> str:
    if type(command) is BaseCommand:
        if _numbers(command.speed_mps, command.curvature_radpm, command.turn_radps):
            return ""
        return "the proposed base command is not finite"
    if type(command) is ArmCommand:
        count = len(profile.arm.joints)
        if _rates(command.joint_velocity_radps, count) and _numbers(command.gripper_m):
            return ""
        return f"the proposed arm command does not hold {count} finite joint velocities and an opening"
    return f"a {type(command).__name__} is no command"


def _rates(values: object, count: int) -> bool:
    return isinstance(values, tuple) and len(values) == count and _numbers(*values)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_int(value: object) -> bool:
    return type(value) is int and abs(value) < 2**63


def _numbers(*values: object) -> bool:
    for value in values:
        if isinstance(value, bool) or not isinstance(value, float | int):
            return False
        if not -MAGNITUDE_MAX <= value <= MAGNITUDE_MAX:  # false for NaN too
            return False
    return True

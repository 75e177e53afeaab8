"""Scripts of arm and gripper: generators that take snapshots and yield arm commands.

Each returns the last snapshot that it saw.
A trajectory is planned and held against the site before it starts. Following it, the reference waits
when the arm falls behind (a gate that brakes, a stop that clears), and carries on by itself; velocities stay
within the profile's working velocities and change no faster than the guaranteed braking.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator

import numpy as np

from shield.contract import ArmCommand, Floats, Snapshot
from shield.kinematics import JOINTS_N, tool_pose
from shield.profile import RobotProfile
from shield.site import Site
from skills import ik
from skills.clearance import NO_LOAD, arm_clearance, boxes_in_arm_frame, path_clearance
from skills.trajectory import Limits, sample

Script = Generator[ArmCommand, Snapshot, Snapshot]

VELOCITY_SHARE = 0.85  # of the working velocity: the rest is for the feedback
ACCEL_SHARE = 0.4  # of the guaranteed braking
TOOL_MPS = 0.5  # on free ways
POINT_SPACING_M = 0.004
FEEDBACK_PER_S = 3.0
BEHIND_RAD = 0.08  # a reference further ahead than this waits
RATE_STEP = 0.1  # how fast it stops and starts again, a period
ARRIVED_RAD = 0.005  # of each joint, at the end of a free way
EXACT_RAD = 0.0012  # where the fingers meet a handle, or a crate its place: about a millimetre
ARRIVED_RADPS = 0.03
SETTLE_S = 2.0  # longest wait for the arm to arrive
WAIT_S = 60.0  # longest time that a reference waits for a stopped arm
CLEARANCE_M = 0.015  # of every planned way
CLEARANCE_ROWS_N = 5  # every fifth point of a way is held against the site: 20 mm apart


class Stuck(Exception):
    """A script cannot go on; the message says why, for the meta-level and for people."""


class ArmMotion:
    """Builds scripts for one robot at one site."""

    def __init__(self, profile: RobotProfile, site: Site) -> None:
        self._profile = profile
        self._site = site
        arm = profile.arm
        self._low = np.array(arm.position_min_rad)
        self._high = np.array(arm.position_max_rad)
        self.stowed_rad = np.array(arm.stowed_rad)
        self._work = np.array(arm.work_velocity_radps)
        self._slew = np.array(arm.brake_radps2) * profile.timing.period_s
        self._delay_n = round(profile.timing.latency_s / profile.timing.period_s)
        self._last = np.zeros(JOINTS_N)
        self._hold = self.stowed_rad
        self._warm()

    def reset(self, snapshot: Snapshot) -> None:
        """Start from the measured joints, at rest."""
        self._hold = joints_of(snapshot)
        self._last = np.array(snapshot.ego.joint_velocity_radps)

    def is_stowed(self, snapshot: Snapshot) -> bool:
        """Whether every joint is within the profile's tolerance of the stowed position."""
        off = np.abs(joints_of(snapshot) - self.stowed_rad)
        return bool(np.max(off) <= self._profile.arm.stowed_tolerance_rad)

    def to_pose(
        self,
        snapshot: Snapshot,
        target: Floats,
        gripper_m: float,
        *,
        tool_mps: float = TOOL_MPS,
        load: Floats = NO_LOAD,
        arrived_rad: float = ARRIVED_RAD,
    ) -> Script:
        """Move the tool in a straight line to `target` (X_AT), until every joint is within `arrived_rad`.

        Raises:
            Stuck: out of reach, too close to something, or the arm does not follow.
        """
        length = float(np.linalg.norm(target[:3, 3] - tool_pose(self._hold)[:3, 3]))
        points = max(8, int(length / POINT_SPACING_M))
        path = ik.line(self._hold, target, points, self.stowed_rad, self._low, self._high)
        if np.isnan(path).any():
            where = ", ".join(f"{value:.3f}" for value in target[:3, 3])
            raise Stuck(f"the arm does not reach ({where}) m from its mount")
        self._require_clear(snapshot, path, load)
        return (yield from self._follow(snapshot, path, length, gripper_m, tool_mps, arrived_rad))

    def to_joints(
        self, snapshot: Snapshot, target_rad: Floats, gripper_m: float, *, load: Floats = NO_LOAD
    ) -> Script:
        """Move all joints evenly to `target_rad`.

        Raises:
            Stuck: too close to something, or the arm does not follow.
        """
        path = np.linspace(self._hold, target_rad, 40)
        self._require_clear(snapshot, path, load)
        return (yield from self._follow(snapshot, path, 0.0, gripper_m, TOOL_MPS, ARRIVED_RAD))

    def grip(self, snapshot: Snapshot, opening_m: float, *, least_s: float, longest_s: float) -> Script:
        """Ask for an opening, holding the arm, until the fingers have stopped."""
        period = self._profile.timing.period_s
        widths: deque[float] = deque(maxlen=8)
        for k in range(int(longest_s / period)):
            snapshot = yield self._command(np.zeros(JOINTS_N), self._hold, snapshot, opening_m)
            widths.append(snapshot.ego.gripper_m)
            still = len(widths) == widths.maxlen and max(widths) - min(widths) < 0.0005
            if still and k * period >= least_s:
                break
        return snapshot

    def rest(self, gripper_m: float, *, least_s: float, longest_s: float) -> Script:
        """Bring the arm to rest from whatever it was doing, then ask for an opening as `grip` does."""
        still = np.zeros(JOINTS_N)
        for _ in range(int(SETTLE_S / self._profile.timing.period_s)):
            self._last = np.clip(still, self._last - self._slew, self._last + self._slew)
            snapshot = yield ArmCommand(joint_velocity_radps=_tuple(self._last), gripper_m=gripper_m)
            if not self._last.any() and max(map(abs, snapshot.ego.joint_velocity_radps)) < ARRIVED_RADPS:
                break
        self._hold = joints_of(snapshot)
        return (yield from self.grip(snapshot, gripper_m, least_s=least_s, longest_s=longest_s))

    def _follow(
        self,
        snapshot: Snapshot,
        path: Floats,
        length_m: float,
        gripper_m: float,
        tool_mps: float,
        arrived_rad: float,
    ) -> Script:
        period = self._profile.timing.period_s
        limits = Limits(
            velocity_radps=VELOCITY_SHARE * self._work,
            accel_radps2=ACCEL_SHARE * self._slew / period,
            tool_mps=tool_mps,
        )
        samples = sample(path, length_m, limits, period)
        acted: deque[Floats] = deque([self._hold] * (self._delay_n + 1), maxlen=self._delay_n + 1)
        clock, rate, waited = 0.0, 1.0, 0.0
        while clock < len(samples) - 1:
            behind = float(np.max(np.abs(acted[0] - joints_of(snapshot)))) > BEHIND_RAD
            rate = max(0.0, rate - RATE_STEP) if behind else min(1.0, rate + RATE_STEP)
            waited = waited + period if rate == 0.0 else 0.0
            if waited > WAIT_S:
                raise Stuck(f"the arm has not moved for {WAIT_S:.0f} s")
            before = _at(samples, clock)
            clock = min(clock + rate, len(samples) - 1.0)
            reference = _at(samples, clock)
            acted.append(reference)
            snapshot = yield self._command((reference - before) / period, acted[0], snapshot, gripper_m)
        self._hold = samples[-1]
        return (yield from self._arrive(snapshot, acted, gripper_m, arrived_rad))

    def _arrive(
        self, snapshot: Snapshot, acted: deque[Floats], gripper_m: float, arrived_rad: float
    ) -> Script:
        off = np.inf
        for _ in range(int(SETTLE_S / self._profile.timing.period_s)):
            off = float(np.max(np.abs(self._hold - joints_of(snapshot))))
            if off < arrived_rad and max(map(abs, snapshot.ego.joint_velocity_radps)) < ARRIVED_RADPS:
                return snapshot
            acted.append(self._hold)
            snapshot = yield self._command(np.zeros(JOINTS_N), acted[0], snapshot, gripper_m)
        if off < ARRIVED_RAD:
            return snapshot
        raise Stuck(f"the arm stays {off:.3f} rad away from where it was sent")

    def _command(
        self, velocity: Floats, reference: Floats, snapshot: Snapshot, gripper_m: float
    ) -> ArmCommand:
        """Feed-forward velocity, and feedback on the reference that should be reached by now, limited."""
        wanted = velocity + FEEDBACK_PER_S * (reference - joints_of(snapshot))
        wanted = np.clip(wanted, -self._work, self._work)
        self._last = np.clip(wanted, self._last - self._slew, self._last + self._slew)
        return ArmCommand(joint_velocity_radps=_tuple(self._last), gripper_m=gripper_m)

    def _require_clear(self, snapshot: Snapshot, path: Floats, load: Floats) -> None:
        boxes = boxes_in_arm_frame(self._site, self._profile, snapshot.ego)
        rows = np.concatenate((path[::CLEARANCE_ROWS_N], path[-1:]))
        least = path_clearance(rows, boxes, load)
        if least < min(CLEARANCE_M, arm_clearance(path[0], boxes, load)):
            raise Stuck(f"the arm's way leads within {least:.3f} m of something, {CLEARANCE_M} m is allowed")

    def _warm(self) -> None:
        """Compile what the scripts call, so that no control period has to."""
        boxes = np.array([[5.0, 0.0, 0.0, 0.1, 0.1, 0.1, 0.0]])
        path = ik.line(self._hold, tool_pose(self._hold), 2, self.stowed_rad, self._low, self._high)
        path_clearance(path, boxes, np.zeros((1, 3)))
        path_clearance(path, boxes, NO_LOAD)


def joints_of(snapshot: Snapshot) -> Floats:
    """Measured joint positions of the arm, shape (7,)."""
    return np.array(snapshot.ego.joint_position_rad)


def _at(samples: Floats, clock: float) -> Floats:
    k = min(int(clock), len(samples) - 2)
    row: Floats = samples[k] + (clock - k) * (samples[k + 1] - samples[k])
    return row


def _tuple(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values)

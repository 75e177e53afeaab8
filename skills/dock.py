"""`dock`: from the approach pose onto the dock pose of a place; `undock`: straight back to the approach pose.

Both follow the docking line by the bounded estimate. The lateral law is a pursuit of a point ahead on the
line, with a rotation in place where the heading is too far off for an arc.
"""

from __future__ import annotations

import math
from enum import Enum

from shield.contract import HOLD, BaseCommand, SkillGoal, SkillState, SkillStep, Snapshot
from shield.errors import BadInput
from shield.profile import RobotProfile
from shield.site import Place, Site
from skills.creep import Creep
from skills.docking_line import APPROACH_M, Offset, gap_ahead, offset

CREEP_MPS = 0.25  # on the way to the place
CREEP_LEAST_MPS = 0.02
CREEP_DECEL_MPS2 = 0.06  # so that the speed is low where the face is near
ALONG_TOLERANCE_M = 0.005
NEAR_ENOUGH_M = 0.02  # held back this short of the dock pose, the robot has docked
HELD_BACK_S = 0.5
SHORT_M = 0.15  # held back this close, but not near enough, for ...
SHORT_S = 4.0  # ... this long, the robot takes another run
FACE_GAP_M = 0.032  # least gap to the face that leaves room to react and brake from standstill
FACE_GAIN_PS = 2.0  # speed for each metre of gap beyond it
ACROSS_TOLERANCE_M = 0.015
HEADING_TOLERANCE_RAD = 0.012
ALIGN_RAD = 0.25  # heading further off than this is turned in place, not along an arc, ...
ALIGNED_RAD = 0.08  # ... until it is this near
LOOKAHEAD_M = 0.22
LOOKAHEAD_LEAST_M = 0.14
STRAIGHT_M = 0.10  # the last piece only keeps the heading
CURVATURE_GAIN_PM = 6.0
CURVATURE_MAX_PM = 2.5
SLOW_RAD = 0.5  # heading error at which the speed would be nil: arcs are driven slower than lines
REVERSE_GAIN_PM = 2.0
REVERSE_CURVATURE_MAX_PM = 0.5
TURN_GAIN_PS = 1.6
TURN_MAX_RADPS = 0.5
TURN_LEAST_RADPS = 0.06
CLEAR_M = 0.6  # from here the base can turn, and there is nothing to undock from
BACK_OFF_M = 0.45  # how far a new attempt starts from the place
BACK_DECEL_MPS2 = 0.25
BACK_SHARE = 0.9  # of the largest speed backwards
ATTEMPTS_N = 4
STILL_MPS = 0.02  # measured below these, the base stands: noise of the odometry
STILL_RADPS = 0.05
STILL_S = 0.2  # standing this long within the tolerance is docked
BLOCKED_S = 20.0  # no progress for this long is a failure
MOVED_M = 0.01  # less than this is no progress


class Phase(Enum):
    """What the docking is busy with."""

    APPROACH = "approach"
    SQUARE = "square"
    BACK_OFF = "back off"


class Watch:
    """Notices when a motion makes no progress; counts control periods, so that it needs no clock."""

    def __init__(self, period_s: float) -> None:
        self._limit_n = int(BLOCKED_S / period_s)
        self._mark = Offset(along_m=math.inf, across_m=0.0, heading_rad=0.0)
        self._count = 0

    def blocked(self, off: Offset) -> bool:
        """Whether the robot has not moved for `BLOCKED_S`."""
        moved = abs(off.along_m - self._mark.along_m) + abs(off.across_m - self._mark.across_m)
        if moved > MOVED_M or abs(off.heading_rad - self._mark.heading_rad) > MOVED_M:
            self._mark, self._count = off, 0
        self._count += 1
        return self._count > self._limit_n


class Line:
    """What `dock` and `undock` share: a place, the progress, the ends."""

    name = ""
    version = "1.0.0"

    def __init__(self, profile: RobotProfile, site: Site) -> None:
        self.profile = profile
        self.site = site
        self._place: Place | None = None
        self._watch = Watch(profile.timing.period_s)
        self._first_m = -APPROACH_M
        self.creep = Creep(profile)

    def refuse(self, goal: SkillGoal, snapshot: Snapshot) -> str:
        """Say why `goal` cannot be started from `snapshot`; an empty text means that it can."""
        try:
            off = offset(self.site.place(goal.target), snapshot.ego)
        except BadInput as error:
            return str(error)
        if not off.before:
            return (
                f"not before {goal.target}: {off.along_m:+.2f} m along, {off.across_m:+.2f} m across, "
                f"{off.heading_rad:+.2f} rad"
            )
        return ""

    def start(self, goal: SkillGoal, snapshot: Snapshot, now_ns: int) -> None:
        """Begin an execution that `refuse` had nothing against."""
        self._place = self.site.place(goal.target)
        self._watch = Watch(self.profile.timing.period_s)
        self._first_m = offset(self._place, snapshot.ego).along_m
        self.begin()

    def step(self, snapshot: Snapshot, now_ns: int) -> SkillStep:
        """Propose one command for this control period and say how the execution goes."""
        if self._place is None:
            return self.end(SkillState.FAILED, "not started")
        off = offset(self._place, snapshot.ego)
        step = self.follow(off, snapshot)
        if step.state is SkillState.RUNNING and self._watch.blocked(off):
            step = self.end(SkillState.FAILED, f"the way is blocked: no progress for {BLOCKED_S:.0f} s")
        return step

    def stop(self, now_ns: int) -> None:
        """End the execution, whatever its state."""
        self._place = None

    def begin(self) -> None:
        """Set up the first phase."""

    def follow(self, off: Offset, snapshot: Snapshot) -> SkillStep:
        """Propose a command from the robot's place on the docking line."""
        raise NotImplementedError

    def go(self, command: BaseCommand, off: Offset, end_m: float) -> SkillStep:
        """A running step, its progress measured along the line."""
        way = end_m - self._first_m
        share = (off.along_m - self._first_m) / way if abs(way) > MOVED_M else 1.0
        progress = min(max(share, 0.0), 1.0)
        return SkillStep(command=command, confidence=1.0, state=SkillState.RUNNING, progress=progress)

    def back(self, off: Offset, end_m: float, now: Snapshot) -> BaseCommand:
        """Back along the line to `end_m`; the curvature turns the heading towards it."""
        left = max(off.along_m - end_m, 0.0)
        speed = min(BACK_SHARE * self.profile.base.reverse_max_mps, math.sqrt(2.0 * BACK_DECEL_MPS2 * left))
        wanted = math.atan2(off.across_m, 2.0 * LOOKAHEAD_M)  # backwards, the tail heads for the line
        curvature = -REVERSE_GAIN_PM * (wanted - off.heading_rad)
        curvature = min(max(curvature, -REVERSE_CURVATURE_MAX_PM), REVERSE_CURVATURE_MAX_PM)
        return self.creep.drive(-max(speed, CREEP_LEAST_MPS), curvature, now)

    def end(self, state: SkillState, reason: str = "") -> SkillStep:
        """The last step."""
        self._place = None
        done = 1.0 if state is SkillState.SUCCEEDED else 0.0
        return SkillStep(command=HOLD, confidence=1.0, state=state, progress=done, reason=reason)


class Dock(Line):
    """Approach at creep speed, square up, and back off for another attempt where the line was missed.

    Initiation set: before the place, at most 0.9 m away, roughly facing it. Succeeds standing within 2 cm and
    0.02 rad of the dock pose.
    """

    name = "dock"

    def begin(self) -> None:
        """Set up the first phase."""
        self._phase = Phase.APPROACH
        self._attempt = 1
        self._still_n = self._held_n = self._short_n = 0
        self._aligning = False

    def follow(self, off: Offset, snapshot: Snapshot) -> SkillStep:
        """Propose a command from the robot's place on the docking line."""
        if self._phase is Phase.BACK_OFF:
            if off.along_m > -BACK_OFF_M:
                return self.go(self.back(off, -BACK_OFF_M, snapshot), off, 0.0)
            self._phase = Phase.APPROACH
        if self._phase is Phase.APPROACH:
            if off.along_m < -ALONG_TOLERANCE_M and not self._held_back(off, snapshot):
                if self._stopped_short(off, snapshot):
                    return self._again(
                        off, snapshot, f"held back {-1000 * off.along_m:.0f} mm before the place"
                    )
                return self.go(self._approach(off, snapshot), off, 0.0)
            self._phase = Phase.SQUARE
        return self._square(off, snapshot)

    def _square(self, off: Offset, snapshot: Snapshot) -> SkillStep:
        if abs(off.heading_rad) > HEADING_TOLERANCE_RAD:
            self._still_n = 0
            return self.go(self._turn(-off.heading_rad, snapshot), off, 0.0)
        ego = snapshot.ego
        moves = abs(ego.speed_mps) > STILL_MPS or abs(ego.yaw_rate_radps) > STILL_RADPS
        if moves or not snapshot.set_point.stands:
            self._still_n = 0
            return self.go(self.creep.stand(snapshot), off, 0.0)
        self._still_n += 1
        if self._still_n * self.profile.timing.period_s < STILL_S:
            return self.go(self.creep.stand(snapshot), off, 0.0)
        if abs(off.across_m) <= ACROSS_TOLERANCE_M and abs(off.along_m) <= 2 * ACROSS_TOLERANCE_M:
            return self.end(SkillState.SUCCEEDED)
        return self._again(off, snapshot, f"{1000 * off.across_m:+.0f} mm off the line")

    def _again(self, off: Offset, snapshot: Snapshot, reason: str) -> SkillStep:
        """Back off for another attempt, if there is one left."""
        if self._attempt >= ATTEMPTS_N:
            return self.end(SkillState.FAILED, f"{reason} after {ATTEMPTS_N} attempts")
        self._attempt += 1
        self._still_n = self._held_n = self._short_n = 0
        self._phase = Phase.BACK_OFF
        return self.go(self.creep.stand(snapshot), off, 0.0)

    def _held_back(self, off: Offset, snapshot: Snapshot) -> bool:
        """Whether the robot has stood near enough for a while: the gate keeps its distance from the face."""
        stands = abs(snapshot.ego.speed_mps) <= STILL_MPS and off.along_m > -NEAR_ENOUGH_M
        self._held_n = self._held_n + 1 if stands else 0
        return self._held_n * self.profile.timing.period_s > HELD_BACK_S

    def _stopped_short(self, off: Offset, snapshot: Snapshot) -> bool:
        """Whether the robot has stood close before the place for long, and not near enough."""
        ego = snapshot.ego
        stands = abs(ego.speed_mps) <= STILL_MPS and abs(ego.yaw_rate_radps) <= STILL_RADPS
        self._short_n = self._short_n + 1 if stands and off.along_m > -SHORT_M else 0
        return self._short_n * self.profile.timing.period_s > SHORT_S

    def _approach(self, off: Offset, snapshot: Snapshot) -> BaseCommand:
        """Creep along the docking line; turn in place first where the heading is far off."""
        left = -off.along_m
        lookahead = min(LOOKAHEAD_M, max(LOOKAHEAD_LEAST_M, left - 0.1))
        wanted = 0.0 if left < STRAIGHT_M else -math.atan2(off.across_m, lookahead)
        error = wanted - off.heading_rad
        if abs(error) > (ALIGNED_RAD if self._aligning else ALIGN_RAD):
            self._aligning = True
            return self._turn(error, snapshot)
        self._aligning = False
        speed = min(CREEP_MPS, math.sqrt(2.0 * CREEP_DECEL_MPS2 * left)) * (1.0 - abs(error) / SLOW_RAD)
        free = FACE_GAIN_PS * (gap_ahead(snapshot.discs, self.profile) - FACE_GAP_M)
        if free < CREEP_LEAST_MPS and abs(off.heading_rad) > HEADING_TOLERANCE_RAD:
            return self._turn(-off.heading_rad, snapshot)  # a corner is what is too near
        speed = min(max(speed, CREEP_LEAST_MPS), max(free, 0.0))
        curvature = min(max(CURVATURE_GAIN_PM * error, -CURVATURE_MAX_PM), CURVATURE_MAX_PM)
        return self.creep.drive(speed, curvature, snapshot)

    def _turn(self, error_rad: float, now: Snapshot) -> BaseCommand:
        rate = min(max(TURN_GAIN_PS * abs(error_rad), TURN_LEAST_RADPS), TURN_MAX_RADPS)
        return self.creep.turn(math.copysign(rate, error_rad), now)


class Undock(Line):
    """Straight back until the base can turn.

    Initiation set: before the place, nearer than the approach pose.
    """

    name = "undock"

    def refuse(self, goal: SkillGoal, snapshot: Snapshot) -> str:
        """Say why `goal` cannot be started from `snapshot`; an empty text means that it can."""
        refused = super().refuse(goal, snapshot)
        if refused:
            return refused
        off = offset(self.site.place(goal.target), snapshot.ego)
        return f"{-off.along_m:.2f} m clear of {goal.target} already" if off.along_m < -CLEAR_M else ""

    def follow(self, off: Offset, snapshot: Snapshot) -> SkillStep:
        """Propose a command from the robot's place on the docking line."""
        if off.along_m > -APPROACH_M + 0.02:
            return self.go(self.back(off, -APPROACH_M, snapshot), off, -APPROACH_M)
        if abs(snapshot.ego.speed_mps) > STILL_MPS or not snapshot.set_point.stands:
            return self.go(self.creep.stand(snapshot), off, -APPROACH_M)
        return self.end(SkillState.SUCCEEDED)

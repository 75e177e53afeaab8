"""The contract: every value that crosses a border between layers.

Frozen, slotted dataclasses; arrays are copied and set read-only; SI units, the unit last in the name.
Frames: `W` is the site's map frame, `B` the robot's base frame (x forward, y left, origin on the floor
midway between the driven wheels). Time is an argument (`now_ns`) everywhere, never read in here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
NO_JOINTS: tuple[float, ...] = ()


def frozen_floats(values: object) -> Floats:
    """Return a read-only float64 copy of `values`, shape (n,)."""
    array = np.array(values, dtype=np.float64, copy=True).reshape(-1)
    array.flags.writeable = False
    return array


class SafetyMode(IntEnum):
    """What the supervisor allows; ordered from the least to the most restrictive, INIT apart."""

    INIT = 0
    NOMINAL = 1
    DEGRADED = 2
    MRM_COMFORT = 3
    MRM_PULL_OVER = 4
    MRM_EMERGENCY = 5
    SAFE_STOP = 6
    RESET_PENDING = 7

    @property
    def may_drive(self) -> bool:
        """Whether proposals of the autonomy may move the robot in this mode."""
        return self in (SafetyMode.NOMINAL, SafetyMode.DEGRADED)


class Outcome(IntEnum):
    """The only three verdicts there are."""

    FALLBACK = 0
    ACCEPTED = 1
    CORRECTED = 2


class Kind(IntEnum):
    """What an obstacle disc stands for."""

    STATIC = 0  # matches the map within its tolerance (assumption A7)
    UNKNOWN = 1  # a return that the map does not explain: treated as a person
    PERSON = 2  # a tracked agent
    ROBOT = 3
    HIDDEN = 4  # the edge of what can be seen: a person may step out of it


class Severity(IntEnum):
    """How a fault is answered."""

    INFO = 0  # on record only
    DEGRADE = 1  # DEGRADED
    STOP = 2  # MRM_COMFORT
    EMERGENCY = 3  # MRM_EMERGENCY


class SkillState(IntEnum):
    """The life of one execution of a skill."""

    IDLE = 0
    RUNNING = 1
    SUCCEEDED = 2
    FAILED = 3
    PREEMPTED = 4


class OrderState(IntEnum):
    """The life of an order or of one of its tasks."""

    QUEUED = 0
    ACTIVE = 1
    DONE = 2
    FAILED = 3
    CANCELLED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseCommand:
    """A motion of the base: an arc, or a rotation in place (`turn_radps`, with speed zero)."""

    speed_mps: float
    curvature_radpm: float = 0.0
    turn_radps: float = 0.0

    @property
    def yaw_rate_radps(self) -> float:
        """Rate of rotation that this command amounts to."""
        return self.speed_mps * self.curvature_radpm + self.turn_radps


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmCommand:
    """Velocities of the arm's joints and the opening asked of the gripper (0 is closed)."""

    joint_velocity_radps: tuple[float, ...]
    gripper_m: float


Command = BaseCommand | ArmCommand
HOLD = BaseCommand(speed_mps=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One sweep of a planar lidar, angles in the sensor's frame; NaN or infinite ranges are unknown."""

    sensor: str
    stamp_ns: int
    angle_min_rad: float
    angle_step_rad: float
    range_min_m: float
    range_max_m: float
    range_m: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "range_m", frozen_floats(self.range_m))


@dataclass(frozen=True, slots=True, kw_only=True)
class Imu:
    """Inertial reading in B."""

    stamp_ns: int
    yaw_rate_radps: float
    accel_x_mps2: float
    accel_y_mps2: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JointReading:
    """Encoders: wheels, arm and gripper, in the profile's order of joint names."""

    stamp_ns: int
    name: tuple[str, ...]
    position_rad: tuple[float, ...]  # metres for the gripper's fingers
    velocity_radps: tuple[float, ...]
    effort_nm: tuple[float, ...]  # newtons for the gripper's fingers


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseFix:
    """An absolute pose X_WB from a localiser, with the bounds it promises."""

    stamp_ns: int
    x_m: float
    y_m: float
    heading_rad: float
    position_bound_m: float
    heading_bound_rad: float
    speed_mps: float
    yaw_rate_radps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EgoState:
    """Pose X_WB, speeds and joints at `stamp_ns`; the truth lies within the bounds (assumption A1)."""

    stamp_ns: int
    x_m: float
    y_m: float
    heading_rad: float
    speed_mps: float
    yaw_rate_radps: float
    position_bound_m: float
    heading_bound_rad: float
    speed_bound_mps: float
    yaw_rate_bound_radps: float
    joint_position_rad: tuple[float, ...] = NO_JOINTS
    joint_velocity_radps: tuple[float, ...] = NO_JOINTS
    gripper_m: float = 0.0
    gripper_force_n: float = 0.0
    carrying: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Discs:
    """Obstacles as discs in B at the snapshot's stamp; arrays of one length (n,).

    `speed_mps` bounds how fast the disc may grow from `age_s` before the stamp on; zero for STATIC.
    """

    x_m: Floats
    y_m: Floats
    radius_m: Floats
    speed_mps: Floats
    age_s: Floats
    kind: Floats

    def __post_init__(self) -> None:
        for name in ("x_m", "y_m", "radius_m", "speed_mps", "age_s", "kind"):
            object.__setattr__(self, name, frozen_floats(getattr(self, name)))

    def __len__(self) -> int:
        return int(self.x_m.shape[0])


NO_DISCS = Discs(x_m=(), y_m=(), radius_m=(), speed_mps=(), age_s=(), kind=())  # type: ignore[arg-type] # empty


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedAgent:
    """A person or robot followed over several scans, in W."""

    track: int
    kind: Kind
    x_m: float
    y_m: float
    radius_m: float
    velocity_x_mps: float
    velocity_y_mps: float
    speed_bound_mps: float
    seen_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorHealth:
    """What the monitors think of one source."""

    sensor: str
    healthy: bool
    age_s: float
    rate_hz: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A tripped monitor."""

    stamp_ns: int
    source: str
    code: str  # short and stable, for example "scan_stale"
    severity: Severity
    detail: str  # one sentence with the numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeStatus:
    """The supervisor's word: mode, its cause chain, and the speed it allows."""

    stamp_ns: int
    sequence: int
    mode: SafetyMode
    cause: tuple[str, ...] = ()  # oldest first
    speed_limit_mps: float = 0.0
    revoked_sequence: int = -1  # certified commands up to this one are revoked
    field_clear_m: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseSetPoint:
    """What the gate asked of the base last: whoever proposes goes on from here."""

    speed_mps: float = 0.0
    yaw_rate_radps: float = 0.0
    speed_step_mps: float = 0.0  # the last change of the speed

    @property
    def stands(self) -> bool:
        """Whether standing still was asked for."""
        return self.speed_mps == 0.0 and self.yaw_rate_radps == 0.0


AT_REST = BaseSetPoint()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that one decision is based on."""

    robot: str
    sequence: int
    stamp_ns: int
    ego: EgoState
    discs: Discs
    agents: tuple[TrackedAgent, ...] = ()
    mode: SafetyMode = SafetyMode.INIT
    speed_limit_mps: float = 0.0
    health: tuple[SensorHealth, ...] = ()
    set_point: BaseSetPoint = AT_REST


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedAction:
    """What a skill would like to do; it binds nobody."""

    robot: str
    sequence: int
    stamp_ns: int
    snapshot_sequence: int
    skill: str
    version: str
    command: Command
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Manoeuvre:
    """A fail-safe: from the given speeds to standstill along a fixed curvature, joints braking too."""

    speed_mps: float
    curvature_radpm: float
    turn_radps: float
    decel_mps2: float
    turn_decel_radps2: float
    joint_velocity_radps: tuple[float, ...]
    joint_decel_radps2: tuple[float, ...]
    gripper_m: float
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Margins:
    """How close a decision was; infinite where there is nothing to be close to."""

    clearance_m: float
    nearest_person_m: float
    speed_mps: float  # the admissible speed for the issued curvature less the issued speed
    joint_rad: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Wall-clock cost of the steps of one decision; measured by the shell, never compared in replay."""

    admit_s: float = 0.0
    reach_s: float = 0.0
    rules_s: float = 0.0
    total_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The gate's answer to one proposal."""

    outcome: Outcome
    reasons: tuple[str, ...]  # sentences with numbers; empty when accepted
    rules: tuple[str, ...]  # identifiers of the rules that spoke
    margins: Margins
    timings: Timings = field(default_factory=Timings, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedCommand:
    """A certified command as it travels: `shield.seal.unseal` alone turns it back into a certified one."""

    robot: str
    sequence: int
    issued_ns: int
    expires_ns: int
    command: Command
    fail_safe: Manoeuvre
    mac: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class GateDecision:
    """One call of the gate, complete but for the snapshot (on record under its own sequence) and the key."""

    sequence: int
    now_ns: int
    snapshot_sequence: int
    has_proposal: bool
    proposal: ProposedAction
    verdict: Verdict
    command: Command
    fail_safe: Manoeuvre
    expires_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """I am alive, and this is my count."""

    source: str
    stamp_ns: int
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveStatus:
    """What the drive does right now."""

    stamp_ns: int
    sequence: int  # of the command in force
    in_fail_safe: bool
    speed_mps: float
    yaw_rate_radps: float
    reason: str = ""
    released: bool = False  # since its start, a mode has let it follow commands


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyStop:
    """Stop at once; goes to supervisor and drive directly."""

    stamp_ns: int
    source: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetRequest:
    """An operator asks to leave a latched mode."""

    stamp_ns: int
    operator: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActuatorTwist:
    """Set-point of the base's motors."""

    stamp_ns: int
    speed_mps: float
    yaw_rate_radps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ActuatorJoints:
    """Set-point of the arm's motors and gripper."""

    stamp_ns: int
    joint_velocity_radps: tuple[float, ...]
    gripper_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Bring `item` to `station`."""

    order: str
    item: str
    station: str
    priority: int = 0
    deadline_ns: int = 0  # 0: none
    state: OrderState = OrderState.QUEUED
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One step of an order: a skill with its goal."""

    task: str
    order: str
    skill: str
    target: str  # name of a slot or station of the site
    attempt: int = 0
    state: OrderState = OrderState.QUEUED
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillGoal:
    """What a skill is started with."""

    skill: str
    target: str
    item: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillStatus:
    """How an execution goes."""

    stamp_ns: int
    skill: str
    version: str
    target: str
    state: SkillState
    progress: float  # 0 to 1
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillStep:
    """One step of a running skill: what it proposes and how it goes."""

    command: Command
    confidence: float
    state: SkillState
    progress: float  # 0 to 1
    reason: str = ""

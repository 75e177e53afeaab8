"""The robot's sensors as sensors: rates, delays, noise within the profile's bounds; never the truth."""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from shield.contract import Floats, Imu, JointReading, PoseFix, Scan
from shield.profile import Lidar, RobotProfile
from sim.plant import BaseTruth, Plant
from sim.rays import cast
from sim.robot import WHEELS
from sim.world import CRATE_BODY_M, LEG_OFFSET_M, LEG_RADIUS_M, World

NOISE_SIGMAS = 3.0  # every Gaussian is cut there
FIX_DRIFT_S = 2.0  # correlation time of the localiser's slow error
FIX_DRIFT_SHARE = 0.6  # share of the promised bound that the slow error may take; the rest is white
ARM_ENCODER_RAD = 2.0 * math.pi / 2**17  # design: a 17-bit absolute encoder behind each gearbox
FINGER_ENCODER_M = 1e-5


class View(Protocol):
    """What sensors look at: the plant, and where people's middles are (x, y, heading), shape (n, 3)."""

    plant: Plant
    world: World
    people: Floats


class Sensor(Protocol):
    """One source: a topic, a period, a delay from stamp to message, and a measurement."""

    topic: str
    period_ns: int
    phase_ns: int
    delay_ns: int

    def measure(self, view: View, stamp_ns: int) -> object:
        """Take one measurement of the present state, with the given stamp."""


def make_sensors(profile: RobotProfile, seed: int) -> list[Sensor]:
    """All sensors of the robot, each with its own stream of randomness, lidars staggered."""
    streams = [
        np.random.default_rng(s) for s in np.random.SeedSequence([seed, 1]).spawn(len(profile.lidars) + 3)
    ]
    period_ns = round(profile.timing.period_s * 1e9)
    sensors: list[Sensor] = [
        JointEncoders(profile, period_ns),
        Gyro(profile, streams[0], period_ns),
        Localiser(profile, streams[1], period_ns),
    ]
    for k, lidar in enumerate(profile.lidars):
        sensors.append(Laser(profile, lidar, streams[3 + k], k * period_ns))
    return sensors


def truncated(rng: np.random.Generator, sigma: float, bound: float, size: int) -> Floats:
    """Gaussian noise that stays within `bound`."""
    limit = min(NOISE_SIGMAS * sigma, bound)
    return np.clip(sigma * rng.standard_normal(size), -limit, limit)


class Laser:
    """A planar safety lidar."""

    def __init__(
        self, profile: RobotProfile, lidar: Lidar, rng: np.random.Generator, stagger_ns: int
    ) -> None:
        self.topic = lidar.name
        self.period_ns = round(1e9 / lidar.rate_hz)
        self.delay_ns = round(profile.simulation.lidar_delay_s * 1e9)
        self.phase_ns = stagger_ns - self.delay_ns
        self._lidar, self._rng = lidar, rng
        self._step_rad = lidar.fov_rad / (lidar.beams - 1)
        beams = np.arange(lidar.beams, dtype=np.float64)
        self._angles = lidar.heading_rad - lidar.fov_rad / 2.0 + self._step_rad * beams
        self._walls: Floats | None = None

    def measure(self, view: View, stamp_ns: int) -> Scan:
        """See `Sensor`; below the least range NaN (no valid return), beyond the largest +inf (free)."""
        lidar, base = self._lidar, view.plant.base()
        cos, sin = math.cos(base.heading_rad), math.sin(base.heading_rad)
        origin = np.array(
            (base.x_m + cos * lidar.x_m - sin * lidar.y_m, base.y_m + sin * lidar.x_m + cos * lidar.y_m)
        )
        ranges = cast(
            origin,
            self._angles + base.heading_rad,
            self._boxes(view),
            leg_circles(view.people),
            lidar.range_max_m,
        )
        ranges += truncated(self._rng, lidar.noise_m, lidar.error_m, lidar.beams)
        ranges[ranges < lidar.range_min_m] = math.nan
        ranges[ranges > lidar.range_max_m] = math.inf
        return Scan(
            sensor=lidar.name,
            stamp_ns=stamp_ns,
            angle_min_rad=-lidar.fov_rad / 2.0,
            angle_step_rad=self._step_rad,
            range_min_m=lidar.range_min_m,
            range_max_m=lidar.range_max_m,
            range_m=ranges,
        )

    def _boxes(self, view: View) -> Floats:
        if self._walls is None:
            self._walls = wall_rectangles(view.world, self._lidar.height_m)
        fallen = [
            crate_rectangle(view.plant.crate_pose(k), self._lidar.height_m)
            for k in range(len(view.world.crates))
        ]
        seen = [rectangle for rectangle in fallen if rectangle is not None]
        return np.vstack((self._walls, *seen)) if seen else self._walls


class JointEncoders:
    """Wheel ticks and the arm's joint encoders; velocities of the wheels are differences of ticks."""

    topic = "joint_states"

    def __init__(self, profile: RobotProfile, period_ns: int) -> None:
        self.period_ns, self.phase_ns, self.delay_ns = period_ns, 0, 0
        self._tick_rad = 2.0 * math.pi / profile.base.ticks_per_turn
        self._name = (*WHEELS, *profile.arm.joints, *profile.arm.fingers)
        self._units = np.concatenate(
            (
                np.full(2, self._tick_rad),
                np.full(len(profile.arm.joints), ARM_ENCODER_RAD),
                np.full(2, FINGER_ENCODER_M),
            )
        )
        self._before: tuple[int, Floats] | None = None

    def measure(self, view: View, stamp_ns: int) -> JointReading:
        """See `Sensor`."""
        position = np.floor(view.plant.joint_position() / self._units) * self._units
        velocity = view.plant.joint_velocity().copy()
        velocity[:2] = 0.0
        if self._before is not None and stamp_ns > self._before[0]:
            velocity[:2] = (position - self._before[1])[:2] / ((stamp_ns - self._before[0]) * 1e-9)
        self._before = (stamp_ns, position)
        return JointReading(
            stamp_ns=stamp_ns,
            name=self._name,
            position_rad=tuple(position.tolist()),
            velocity_radps=tuple(velocity.tolist()),
            effort_nm=tuple(view.plant.joint_effort().tolist()),
        )


class Gyro:
    """An inertial unit at the origin of B: bias, noise, and accelerations from one period to the next."""

    topic = "imu"

    def __init__(self, profile: RobotProfile, rng: np.random.Generator, period_ns: int) -> None:
        self.period_ns, self.phase_ns, self.delay_ns = period_ns, 0, 0
        sim = profile.simulation
        self._rng = rng
        self._gyro_sigma, self._accel_sigma = sim.gyro_noise_radps, sim.accel_noise_mps2
        self._gyro_bias = rng.uniform(-sim.gyro_bias_radps, sim.gyro_bias_radps)
        self._accel_bias = rng.uniform(-sim.accel_bias_mps2, sim.accel_bias_mps2, 2)
        self._before: tuple[int, BaseTruth] | None = None

    def measure(self, view: View, stamp_ns: int) -> Imu:
        """See `Sensor`."""
        base, accel = view.plant.base(), np.zeros(2)
        if self._before is not None and stamp_ns > self._before[0]:
            last, seconds = self._before[1], (stamp_ns - self._before[0]) * 1e-9
            accel[0] = (base.speed_mps - last.speed_mps) / seconds - base.yaw_rate_radps * base.lateral_mps
            accel[1] = (base.lateral_mps - last.lateral_mps) / seconds + base.yaw_rate_radps * base.speed_mps
        self._before = (stamp_ns, base)
        accel += self._accel_bias + truncated(self._rng, self._accel_sigma, math.inf, 2)
        noise = float(truncated(self._rng, self._gyro_sigma, math.inf, 1)[0])
        return Imu(
            stamp_ns=stamp_ns,
            yaw_rate_radps=base.yaw_rate_radps + self._gyro_bias + noise,
            accel_x_mps2=float(accel[0]),
            accel_y_mps2=float(accel[1]),
        )


class Localiser:
    """An absolute pose whose error keeps within the promised bounds: a slow drift and white noise on it."""

    topic = "localisation"

    def __init__(self, profile: RobotProfile, rng: np.random.Generator, period_ns: int) -> None:
        self.period_ns = round(1e9 / profile.odometry.fix_rate_hz)
        self.delay_ns = round(profile.simulation.fix_delay_s * 1e9)
        self.phase_ns = period_ns - self.delay_ns % period_ns
        self._odometry, self._rng = profile.odometry, rng
        self._bound = np.array(
            (profile.odometry.fix_position_m / math.sqrt(2.0),) * 2 + (profile.odometry.fix_heading_rad,)
        )
        self._drift = rng.uniform(-0.5, 0.5, 3)  # in units of the bound's share

    def measure(self, view: View, stamp_ns: int) -> PoseFix:
        """See `Sensor`."""
        base, keep = view.plant.base(), math.exp(-self.period_ns * 1e-9 / FIX_DRIFT_S)
        push = math.sqrt(1.0 - keep * keep) / 2.0
        self._drift = np.clip(keep * self._drift + push * self._rng.standard_normal(3), -1.0, 1.0)
        white = truncated(self._rng, 1.0 / NOISE_SIGMAS, 1.0, 3)
        error = self._bound * (FIX_DRIFT_SHARE * self._drift + (1.0 - FIX_DRIFT_SHARE) * white)
        rates = truncated(self._rng, 1.0 / NOISE_SIGMAS, 1.0, 2)
        heading = base.heading_rad + float(error[2])
        return PoseFix(
            stamp_ns=stamp_ns,
            x_m=base.x_m + float(error[0]),
            y_m=base.y_m + float(error[1]),
            heading_rad=math.atan2(math.sin(heading), math.cos(heading)),
            position_bound_m=self._odometry.fix_position_m,
            heading_bound_rad=self._odometry.fix_heading_rad,
            speed_mps=base.speed_mps + float(rates[0]) * self._odometry.speed_bound_mps,
            yaw_rate_radps=base.yaw_rate_radps + float(rates[1]) * self._odometry.yaw_rate_bound_radps,
        )


def wall_rectangles(world: World, height_m: float) -> Floats:
    """The site's boxes that reach above `height_m`, as the ray caster takes them."""
    rows = [
        (
            (b.x_min_m + b.x_max_m) / 2,
            (b.y_min_m + b.y_max_m) / 2,
            0.0,
            (b.x_max_m - b.x_min_m) / 2,
            (b.y_max_m - b.y_min_m) / 2,
        )
        for b in world.boxes
        if b.height_m > height_m
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 5)


def crate_rectangle(pose: Floats, height_m: float) -> tuple[float, ...] | None:
    """A crate's body where it crosses `height_m`, taken as upright; None where it does not."""
    x, y, z, w, i, j, k = (float(v) for v in pose)
    if not z < height_m < z + CRATE_BODY_M[2]:
        return None
    heading = math.atan2(2.0 * (w * k + i * j), 1.0 - 2.0 * (j * j + k * k))
    return x, y, heading, CRATE_BODY_M[0] / 2.0, CRATE_BODY_M[1] / 2.0


def leg_circles(people: Floats) -> Floats:
    """Both legs of each person, shape (2 n, 3); `people` is x, y, heading, shape (n, 3)."""
    out = np.empty((2 * len(people), 3))
    for k, (x, y, heading) in enumerate(people.tolist()):
        dx, dy = -math.sin(heading) * LEG_OFFSET_M, math.cos(heading) * LEG_OFFSET_M
        out[2 * k] = x + dx, y + dy, LEG_RADIUS_M
        out[2 * k + 1] = x - dx, y - dy, LEG_RADIUS_M
    return out

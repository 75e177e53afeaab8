"""The simulated robot in its hall: stands where a robot's drivers stand, and speaks their messages only."""

from __future__ import annotations

import heapq
import math

import numpy as np

from shield.contract import ActuatorJoints, ActuatorTwist, Floats
from shield.errors import BadInput
from shield.profile import RobotProfile
from shield.site import Pose, Site
from shield.topics import Output
from sim.judge import Judge
from sim.motors import Motors
from sim.people import Person
from sim.plant import Plant
from sim.render import Camera, Image
from sim.scenario import Scenario, check_people
from sim.sensors import make_sensors
from sim.truth import CrateTruth, PersonTruth, Truth
from sim.world import World, make_world

ENGINES = ("mujoco", "pybullet")
DELIVERED_M = 0.10  # a crate this near to its station's place counts as delivered
UPRIGHT_RAD = 0.2


class Simulator:
    """A `shield.topics.Core`: takes cmd_vel and joint_command, gives the messages of the robot's drivers.

    Args:
        scenario: who walks about, where the robot starts.
        profile: of the robot.
        site: the hall.
        seed: of all noise; the same seed and the same inputs give the same run.
        engine: one of ENGINES.

    Raises:
        BadInput: the engine is unknown or not installed, or scenario, site and profile do not fit.
    """

    def __init__(
        self, scenario: Scenario, profile: RobotProfile, site: Site, seed: int, engine: str = "mujoco"
    ) -> None:
        check_people(scenario, profile)
        self.scenario, self.profile, self.site = scenario, profile, site
        self.world: World = make_world(site, tuple(walk.name for walk in scenario.people))
        self.plant: Plant = _make_plant(engine, profile, self.world)
        self._step_ns = round(self.plant.step_s * 1e9)
        self._period_ns = round(profile.timing.period_s * 1e9)
        self._steps = self._period_ns // self._step_ns
        if self._steps * self._step_ns != self._period_ns:
            raise BadInput(
                f"{profile.robot}: timing.period_s is {profile.timing.period_s}; a multiple of the "
                f"simulator's step of {self.plant.step_s} s is expected"
            )
        body = (profile.base.length_m, profile.base.width_m)
        self._people = [Person(walk, body) for walk in scenario.people]
        self.people: Floats = np.zeros((len(self._people), 3))
        self._motors = Motors(profile, np.random.default_rng([seed, 0]))
        self._sensors = make_sensors(profile, seed)
        self._due = [s.phase_ns if s.phase_ns > 0 else s.phase_ns + s.period_ns for s in self._sensors]
        self._ready: list[tuple[int, int, str, object]] = []  # time, count, topic, message
        self._count = 0
        self.elapsed_ns = 0
        self._tick_ns: int | None = None
        self._camera: Camera | None = None
        self.plant.reset(scenario.start, profile.arm.stowed_rad, 0.0)
        self._motors.reset(0.0)
        self._show_people()
        self.judge = Judge(self.plant, profile, site, frozenset(order.item for order in scenario.orders))

    def handle(self, topic: str, value: object, now_ns: int) -> list[Output]:
        """Take a set-point for the motors; anything else is ignored."""
        if isinstance(value, (ActuatorTwist, ActuatorJoints)) and topic in ("cmd_vel", "joint_command"):
            late_ns = 0 if self._tick_ns is None else min(max(now_ns - self._tick_ns, 0), self._period_ns)
            self._motors.command(value, self.elapsed_ns + late_ns)
        return []

    def tick(self, now_ns: int) -> list[Output]:
        """Advance by one period, up to `now_ns`; return the messages that are out by then, encoders last."""
        end_ns = self.elapsed_ns + self._period_ns
        walked = self._walk()
        for _ in range(self._steps):
            self.people[:, :2] += walked
            self._step()
            self._sense(now_ns - end_ns)
        self._tick_ns = now_ns
        self.judge.watch_people(self.people)
        out: list[Output] = []
        while self._ready and self._ready[0][0] <= self.elapsed_ns:
            _, _, topic, message = heapq.heappop(self._ready)
            out.append((topic, message))
        return sorted(out, key=lambda output: output[0] == "joint_states")

    def place_robot(
        self, start: Pose, arm_rad: tuple[float, ...] | None = None, gripper_m: float = 0.0
    ) -> None:
        """Put the robot down elsewhere, standing; for tests and training."""
        self.plant.reset(start, self.profile.arm.stowed_rad if arm_rad is None else arm_rad, gripper_m)
        self._motors.reset(gripper_m)
        self._show_people()

    @property
    def truth(self) -> Truth:
        """What really is."""
        base, judge = self.plant.base(), self.judge
        people = tuple(
            PersonTruth(
                name=p.walk.name, x_m=p.x_m, y_m=p.y_m, heading_rad=p.heading_rad, speed_mps=p.speed_mps
            )
            for p in self._people
        )
        return Truth(
            time_s=self.elapsed_ns * 1e-9,
            x_m=base.x_m,
            y_m=base.y_m,
            heading_rad=base.heading_rad,
            speed_mps=base.speed_mps,
            lateral_mps=base.lateral_mps,
            yaw_rate_radps=base.yaw_rate_radps,
            tilt_rad=base.tilt_rad,
            joint_position_rad=tuple(self.plant.joint_position().tolist()),
            joint_velocity_radps=tuple(self.plant.joint_velocity().tolist()),
            people=people,
            crates=tuple(_crate(c.name, self.plant.crate_pose(k)) for k, c in enumerate(self.world.crates)),
            contacts=tuple(judge.contacts),
            person_distance_m=judge.person_distance_m,
            least_person_distance_m=judge.least_person_distance_m,
            least_moving_person_distance_m=judge.least_moving_person_distance_m,
            path_m=judge.path_m,
        )

    def frame(self, width: int = 640, height: int = 400, view: str = "follow") -> Image:
        """A picture of the present moment, shape (height, width, 3); `view` is one of `sim.render.VIEWS`.

        Raises:
            BadInput: the view is unknown, or this machine can draw nothing.
        """
        if self._camera is None:
            self._camera = Camera(self.profile, self.world)
        return self._camera.frame(self.truth, width, height, view)

    def delivered(self, item: str, station: str) -> bool:
        """Whether the crate stands upright on the place of `station`."""
        place = self.site.place(station)
        crate = next(c for c in self.truth.crates if c.name == self.site.item(item).name)
        near = math.hypot(crate.x_m - place.x_m, crate.y_m - place.y_m) < DELIVERED_M
        return near and abs(crate.z_m - place.z_m) < 0.02 and crate.tilt_rad < UPRIGHT_RAD

    def _step(self) -> None:
        plant = self.plant
        plant.move_people(self.people)
        position, velocity = plant.joint_position(), plant.joint_velocity()
        plant.apply(self._motors.torque(self.elapsed_ns, position, velocity, plant.arm_bias(), plant.step_s))
        plant.step()
        self.elapsed_ns += self._step_ns
        self.judge.watch_contacts(self.elapsed_ns)

    def _sense(self, offset_ns: int) -> None:
        for k, sensor in enumerate(self._sensors):
            if self._due[k] <= self.elapsed_ns:
                self._due[k] += sensor.period_ns
                message = sensor.measure(self, self.elapsed_ns + offset_ns)
                self._count += 1
                heapq.heappush(
                    self._ready, (self.elapsed_ns + sensor.delay_ns, self._count, sensor.topic, message)
                )

    def _walk(self) -> Floats:
        """Let everybody decide on the coming period; return the stride of each physics step, shape (n, 2)."""
        base = self.plant.base()
        robot = Pose(x_m=base.x_m, y_m=base.y_m, heading_rad=base.heading_rad)
        strides = np.zeros((len(self._people), 2))
        for k, person in enumerate(self._people):
            person.step(robot, self._period_ns * 1e-9)
            self.people[k] = *person.before, person.heading_rad
            strides[k] = person.x_m - person.before[0], person.y_m - person.before[1]
        return strides / self._steps

    def _show_people(self) -> None:
        for k, person in enumerate(self._people):
            self.people[k] = person.x_m, person.y_m, person.heading_rad
        self.plant.move_people(self.people)


def _crate(name: str, pose: Floats) -> CrateTruth:
    x, y, z, w, i, j, k = pose.tolist()
    heading = math.atan2(2.0 * (w * k + i * j), 1.0 - 2.0 * (j * j + k * k))
    tilt = math.acos(max(-1.0, min(1.0, 1.0 - 2.0 * (i * i + j * j))))
    return CrateTruth(name=name, x_m=x, y_m=y, z_m=z, heading_rad=heading, tilt_rad=tilt)


def _make_plant(engine: str, profile: RobotProfile, world: World) -> Plant:
    if engine == "mujoco":
        from sim.mujoco_plant import MujocoPlant

        return MujocoPlant(profile, world)
    if engine == "pybullet":
        from sim.pybullet_plant import PybulletPlant

        return PybulletPlant(profile, world)
    raise BadInput(f"{engine!r} is no engine; allowed are {', '.join(ENGINES)}")

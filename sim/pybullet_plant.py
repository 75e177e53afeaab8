"""The second engine: PyBullet, independent of the first in solver, contacts and integration."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import math
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from shield.contract import Floats
from shield.errors import BadInput
from shield.profile import RobotProfile
from shield.site import Pose
from sim.emit import urdf
from sim.panda import FLANGE_M, HAND_TCP_M
from sim.plant import BaseTruth, Ints, Thing, Touch
from sim.robot import WHEELS, describe, rotor_inertias
from sim.shapes import Shape
from sim.world import (
    CRATE_MASS_KG,
    World,
    box_shape,
    crate_inertia,
    crate_shapes,
    heading_quaternion,
    person_shapes,
)

STEP_S = 0.004
GRAVITY_MPS2 = 9.81
SOLVER_ITERATIONS = 60
FINGER_TORSION_M = 0.05  # rubber pads of 2 cm hold a load against turning about the line between them
# Bullet multiplies the frictions of the two surfaces; the floor, boxes and crates have 1
_FRICTION = {"caster": 0.0, "grip": 1.2, "body": 0.5, "crate": 1.0, "person": 0.5, "box": 0.6, "floor": 1.0}


class PybulletPlant:
    """One robot in one world, in PyBullet; see `sim.plant.Plant`.

    Raises:
        BadInput: PyBullet is not installed, or the profile's description does not fit.
    """

    def __init__(self, profile: RobotProfile, world: World) -> None:
        self.step_s = STEP_S
        self._profile, self._world = profile, world
        with _quiet():
            self._bullet = _client()
        self._bullet.setGravity(0.0, 0.0, -GRAVITY_MPS2)
        self._bullet.setPhysicsEngineParameter(
            fixedTimeStep=STEP_S, numSolverIterations=SOLVER_ITERATIONS, deterministicOverlappingPairs=1
        )
        self._thing_of: dict[tuple[int, int], int] = {}
        things: list[Thing] = []
        self._hall(things)
        self._crates = [self._crate(k, things) for k in range(len(world.crates))]
        self._people = [self._person(k, things) for k in range(len(world.people))]
        self._robot = self._load_robot()
        self._read_robot(things)
        self.things = tuple(things)
        self._torque = np.zeros(len(self._joints))
        self._contacts: list[Any] = []

    def close(self) -> None:
        """Free the engine's memory."""
        self._bullet.disconnect()

    def reset(self, start: Pose, arm_rad: tuple[float, ...], gripper_m: float) -> None:
        """See `sim.plant.Plant`."""
        w, i, j, k = heading_quaternion(start.heading_rad)
        cos, sin = math.cos(start.heading_rad), math.sin(start.heading_rad)
        x, y, z = self._com
        position = (start.x_m + cos * x - sin * y, start.y_m + sin * x + cos * y, z)
        self._bullet.resetBasePositionAndOrientation(self._robot, position, (i, j, k, w))
        self._bullet.resetBaseVelocity(self._robot, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
        for joint, value in zip(
            self._joints, (0.0, 0.0, *arm_rad, gripper_m / 2.0, gripper_m / 2.0), strict=True
        ):
            self._bullet.resetJointState(self._robot, joint, value, 0.0)
        for k_crate, crate in enumerate(self._world.crates):
            self._put_crate(self._crates[k_crate], crate.x_m, crate.y_m, crate.z_m, crate.heading_rad)

    def apply(self, torque_nm: Floats) -> None:
        """See `sim.plant.Plant`."""
        self._torque = torque_nm
        self._bullet.setJointMotorControlArray(
            self._robot, self._joints, self._bullet.TORQUE_CONTROL, forces=torque_nm.tolist()
        )

    def step(self) -> None:
        """See `sim.plant.Plant`."""
        self._bullet.stepSimulation()
        self._contacts = [c for c in self._bullet.getContactPoints() if c[8] <= 0.0]

    def joint_position(self) -> Floats:
        """See `sim.plant.Plant`."""
        return np.array([state[0] for state in self._bullet.getJointStates(self._robot, self._joints)])

    def joint_velocity(self) -> Floats:
        """See `sim.plant.Plant`."""
        return np.array([state[1] for state in self._bullet.getJointStates(self._robot, self._joints)])

    def joint_effort(self) -> Floats:
        """See `sim.plant.Plant`."""
        return self._torque

    def arm_bias(self) -> Floats:
        """See `sim.plant.Plant`: the moments of the weights of all links further out."""
        states = self._bullet.getLinkStates(self._robot, self._chain)
        com = np.array([state[0] for state in states])
        count = len(self._profile.arm.joints)
        out = np.zeros(count)
        for k in range(count):
            rotation = self._bullet.getMatrixFromQuaternion(states[k][5])
            axis_x, axis_y = rotation[2], rotation[5]
            lever = com[k:] - np.array(states[k][4])
            weight = self._masses[k:] * GRAVITY_MPS2
            out[k] = axis_x * float(weight @ lever[:, 1]) - axis_y * float(weight @ lever[:, 0])
        return out

    def base(self) -> BaseTruth:
        """See `sim.plant.Plant`."""
        position, quaternion = self._bullet.getBasePositionAndOrientation(self._robot)
        velocity, spin = self._bullet.getBaseVelocity(self._robot)
        rotation = np.array(self._bullet.getMatrixFromQuaternion(quaternion)).reshape(3, 3)
        arm = rotation @ self._com
        x, y, _ = np.array(position) - arm
        vx, vy, _ = np.array(velocity) - (
            spin[1] * arm[2] - spin[2] * arm[1],
            spin[2] * arm[0] - spin[0] * arm[2],
            0.0,
        )
        heading = math.atan2(rotation[1, 0], rotation[0, 0])
        cos, sin = math.cos(heading), math.sin(heading)
        return BaseTruth(
            x_m=float(x),
            y_m=float(y),
            heading_rad=heading,
            speed_mps=float(cos * vx + sin * vy),
            lateral_mps=float(cos * vy - sin * vx),
            yaw_rate_radps=float(spin[2]),
            tilt_rad=math.acos(max(-1.0, min(1.0, float(rotation[2, 2])))),
        )

    def body_points(self) -> Floats:
        """See `sim.plant.Plant`."""
        count = len(self._profile.arm.joints)
        states = self._bullet.getLinkStates(self._robot, self._chain[:count])
        points = np.array([state[4] for state in states])
        out = np.array(self._bullet.getMatrixFromQuaternion(states[-1][5])).reshape(3, 3)[:, 2]
        return np.vstack((points, points[-1] + out * (FLANGE_M + HAND_TCP_M)))

    def crate_pose(self, k: int) -> Floats:
        """See `sim.plant.Plant`."""
        position, (i, j, kk, w) = self._bullet.getBasePositionAndOrientation(self._crates[k])
        rotation = np.array(self._bullet.getMatrixFromQuaternion((i, j, kk, w))).reshape(3, 3)
        bottom = np.array(position) - rotation @ np.array(crate_inertia()[0])
        return np.array((*bottom, w, i, j, kk))

    def move_people(self, people: Floats) -> None:
        """See `sim.plant.Plant`."""
        for body, (x, y, heading) in zip(self._people, people.tolist(), strict=True):
            w, i, j, k = heading_quaternion(heading)
            self._bullet.resetBasePositionAndOrientation(body, (x, y, 0.0), (i, j, k, w))

    def contact_pairs(self) -> Ints:
        """See `sim.plant.Plant`."""
        pairs = [(self._thing_of[c[1], c[3]], self._thing_of[c[2], c[4]]) for c in self._contacts]
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)

    def touch(self, k: int) -> Touch:
        """See `sim.plant.Plant`."""
        contact = self._contacts[k]
        x, y, z = contact[5]
        one, other = self._thing_of[contact[1], contact[3]], self._thing_of[contact[2], contact[4]]
        return Touch(
            one=self.things[one].name,
            other=self.things[other].name,
            x_m=x,
            y_m=y,
            z_m=z,
            normal_z=abs(contact[7][2]),
        )

    def _add(self, things: list[Thing], body: int, link: int, thing: Thing) -> None:
        self._thing_of[body, link] = len(things)
        things.append(thing)
        if thing.role in _FRICTION:
            spinning = FINGER_TORSION_M if thing.role in ("grip", "crate") else 0.0
            self._bullet.changeDynamics(
                body, link, lateralFriction=_FRICTION[thing.role], spinningFriction=spinning
            )

    def _hall(self, things: list[Thing]) -> None:
        plane = self._bullet.createCollisionShape(self._bullet.GEOM_PLANE)
        self._add(things, self._bullet.createMultiBody(0.0, plane), -1, Thing(name="floor", role="floor"))
        for box in self._world.boxes:
            body = self._bullet.createMultiBody(0.0, self._compound((box_shape(box),)))
            self._add(things, body, -1, Thing(name=box.name, role="box"))

    def _crate(self, k: int, things: list[Thing]) -> int:
        crate, (com, inertia) = self._world.crates[k], crate_inertia()
        body: int = self._bullet.createMultiBody(
            CRATE_MASS_KG, self._compound(crate_shapes(crate.colour)), baseInertialFramePosition=com
        )
        self._bullet.changeDynamics(body, -1, localInertiaDiagonal=inertia[:3], rollingFriction=0.0)
        self._put_crate(body, crate.x_m, crate.y_m, crate.z_m, crate.heading_rad)
        self._add(things, body, -1, Thing(name=crate.name, role="crate"))
        return body

    def _put_crate(self, body: int, x_m: float, y_m: float, z_m: float, heading_rad: float) -> None:
        w, i, j, k = heading_quaternion(heading_rad)
        height = z_m + crate_inertia()[0][2] + 0.0005
        self._bullet.resetBasePositionAndOrientation(body, (x_m, y_m, height), (i, j, k, w))
        self._bullet.resetBaseVelocity(body, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))

    def _person(self, k: int, things: list[Thing]) -> int:
        body: int = self._bullet.createMultiBody(0.0, self._compound(person_shapes(k)))
        self._add(things, body, -1, Thing(name=self._world.people[k], role="person"))
        return body

    def _compound(self, shapes: tuple[Shape, ...]) -> int:
        solid = [shape for shape in shapes if shape.touch != "none"]
        kinds = {
            "box": self._bullet.GEOM_BOX,
            "sphere": self._bullet.GEOM_SPHERE,
            "cylinder": self._bullet.GEOM_CYLINDER,
            "capsule": self._bullet.GEOM_CAPSULE,
        }
        compound: int = self._bullet.createCollisionShapeArray(
            shapeTypes=[kinds[shape.kind] for shape in solid],
            halfExtents=[shape.size if shape.kind == "box" else (0, 0, 0) for shape in solid],
            radii=[0.0 if shape.kind == "box" else shape.size[0] for shape in solid],
            lengths=[
                2.0 * shape.size[1] if shape.kind in ("cylinder", "capsule") else 0.0 for shape in solid
            ],
            collisionFramePositions=[shape.xyz for shape in solid],
            collisionFrameOrientations=[self._bullet.getQuaternionFromEuler(shape.rpy) for shape in solid],
        )
        return compound

    def _load_robot(self) -> int:
        flags = self._bullet.URDF_USE_INERTIA_FROM_FILE | self._bullet.URDF_USE_SELF_COLLISION
        own = self._profile.description == "gatehouse"
        with contextlib.ExitStack() as stack, _quiet():
            if own:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                path = folder / "robot.urdf"
                path.write_text(urdf(describe(self._profile)))
            else:
                path = _urdf_path(self._profile)
            try:
                robot: int = self._bullet.loadURDF(str(path), flags=flags)
            except self._bullet.error as error:
                raise BadInput(f"{path}: PyBullet cannot read this description: {error}") from None
        return robot

    def _read_robot(self, things: list[Thing]) -> None:
        bullet, robot, arm = self._bullet, self._robot, self._profile.arm
        info = [bullet.getJointInfo(robot, k) for k in range(bullet.getNumJoints(robot))]
        joints = {entry[1].decode(): entry[0] for entry in info}
        wanted = (*WHEELS, *arm.joints, *arm.fingers)
        for name in wanted:
            if name not in joints:
                raise BadInput(
                    f"{self._profile.description}: description of {self._profile.robot} has no joint "
                    f"{name!r}; it has {', '.join(sorted(joints)) or 'none'}"
                )
        self._joints = [joints[name] for name in wanted]
        base_name = bullet.getBodyInfo(robot)[0].decode()
        links = {base_name: -1, **{entry[12].decode(): entry[0] for entry in info}}
        self._com = np.array(bullet.getDynamicsInfo(robot, -1)[3])
        fingers = {joints[name] for name in arm.fingers}
        hand = info[joints[arm.fingers[0]]][16]
        for name, link in links.items():
            role = (
                "wheel" if link in self._joints[:2] else "grip" if link in fingers or link == hand else "body"
            )
            self._add(things, robot, link, Thing(name=name, role="caster" if "caster" in name else role))
            bullet.changeDynamics(robot, link, linearDamping=0.0, angularDamping=0.0, jointDamping=0.0)
        for link in self._joints[:2]:
            bullet.changeDynamics(robot, link, lateralFriction=self._profile.simulation.floor_friction)
        every = list(range(len(info)))
        bullet.setJointMotorControlArray(robot, every, bullet.VELOCITY_CONTROL, forces=[0.0] * len(every))
        self._add_rotors(joints)
        self._chain = list(range(joints[arm.joints[0]], len(info)))
        self._chain = [joints[name] for name in arm.joints] + [
            k for k in self._chain if k not in self._joints
        ]
        self._chain += [joints[name] for name in arm.fingers]
        self._masses = np.array([bullet.getDynamicsInfo(robot, link)[0] for link in self._chain])
        self._couple(joints, links)

    def _add_rotors(self, joints: dict[str, int]) -> None:
        """Give each driven link its motor's rotor: about the joint's axis, or as mass along a slide."""
        bullet = self._bullet
        for name, rotor in rotor_inertias(self._profile).items():
            info, dynamics = (
                bullet.getJointInfo(self._robot, joints[name]),
                bullet.getDynamicsInfo(self._robot, joints[name]),
            )
            if info[2] == bullet.JOINT_PRISMATIC:
                bullet.changeDynamics(self._robot, joints[name], mass=dynamics[0] + rotor)
                continue
            share = (
                np.array(info[13]) ** 2
            )  # of each principal axis in the joint's, which Bullet gives in them
            moments = np.array(dynamics[2]) + rotor * share / float(share @ share)
            bullet.changeDynamics(self._robot, joints[name], localInertiaDiagonal=moments.tolist())

    def _couple(self, joints: dict[str, int], links: dict[str, int]) -> None:
        """Gear the fingers to each other; let neighbours of the project's own description pass."""
        one, other = (joints[name] for name in self._profile.arm.fingers)
        gear = self._bullet.createConstraint(
            self._robot, one, self._robot, other, self._bullet.JOINT_GEAR, (1, 0, 0), (0, 0, 0), (0, 0, 0)
        )
        self._bullet.changeConstraint(gear, gearRatio=-1, erp=0.2, maxForce=100)
        if self._profile.description == "gatehouse":
            for a, b in describe(self._profile).untouching:
                self._bullet.setCollisionFilterPair(self._robot, self._robot, links[a], links[b], 0)


def _client() -> Any:
    try:
        pybullet = importlib.import_module("pybullet")
        client = importlib.import_module("pybullet_utils.bullet_client")
    except ImportError:
        raise BadInput(
            "engine 'pybullet': the package pybullet is not installed; get it with "
            "`pip install pybullet==3.2.7` (Python 3.11; on 3.12 pip builds it with a C++ compiler), "
            "or use engine 'mujoco'"
        ) from None
    return client.BulletClient(connection_mode=pybullet.DIRECT)


def _urdf_path(profile: RobotProfile) -> Path:
    path = Path(profile.description)
    if not path.is_file():
        raise BadInput(f"{path}: description of {profile.robot}: no such file; a URDF file is expected")
    if path.suffix.lower() != ".urdf":
        raise BadInput(
            f"{path}: engine 'pybullet' reads descriptions that end in .urdf; MJCF needs engine 'mujoco'"
        )
    return path


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the engine's chatter, which it writes to file descriptors 1 and 2, off the screen."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved, sink = (os.dup(1), os.dup(2)), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 1)
        os.dup2(sink, 2)
        yield
    finally:
        ctypes.CDLL(None).fflush(None)  # what it printed may still be in the C library's buffer
        for number, copy in zip((1, 2), saved, strict=True):
            os.dup2(copy, number)
            os.close(copy)
        os.close(sink)

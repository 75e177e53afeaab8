"""The first engine: MuJoCo."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import mujoco
import numpy as np

from shield.contract import Floats
from shield.errors import BadInput, require
from shield.profile import RobotProfile
from shield.site import Pose
from sim.hall import mjcf_robot, mjcf_world
from sim.panda import FLANGE_M, HAND_TCP_M
from sim.plant import BaseTruth, Ints, Thing, Touch
from sim.robot import WHEELS, describe, rotor_inertias
from sim.truth import Truth
from sim.world import World, heading_quaternion

PREFIX = "robot/"  # of the robot's names in the compiled model, which keeps them apart from the hall's
STEP_S = 0.004  # the stiffest loop, the wrist's, is stable up to 0.01 s; measured


class MujocoPlant:
    """One robot in one world, in MuJoCo; see `sim.plant.Plant`."""

    def __init__(self, profile: RobotProfile, world: World) -> None:
        self.step_s = STEP_S
        self.model: Any = build_model(profile, world)
        self.data: Any = mujoco.MjData(self.model)
        joints = [self.model.joint(PREFIX + name) for name in _joint_names(profile)]
        self._qpos = np.array([joint.qposadr[0] for joint in joints])
        self._qvel = np.array([joint.dofadr[0] for joint in joints])
        self._arm = slice(2, 2 + len(profile.arm.joints))
        self._root = int(self.model.body_rootid[self.model.joint(PREFIX + WHEELS[0]).bodyid[0]])
        free = self.model.body_jntadr[self._root]
        self._base_q, self._base_v = int(self.model.jnt_qposadr[free]), int(self.model.jnt_dofadr[free])
        self._crates = [self.model.body(crate.name).id for crate in world.crates]
        order = [int(self.model.body(name).mocapid[0]) for name in world.people]
        require(order == list(range(len(order))), "people come first among the mocap bodies")
        self._headings = [math.nan] * len(order)
        self._points = [self.model.joint(PREFIX + name).bodyid[0] for name in profile.arm.joints]
        self.things, self._thing_of_geom = _things(self.model, self._root, profile, world)

    def reset(self, start: Pose, arm_rad: tuple[float, ...], gripper_m: float) -> None:
        """See `sim.plant.Plant`."""
        mujoco.mj_resetData(self.model, self.data)
        q = self.data.qpos
        q[self._base_q : self._base_q + 7] = (
            start.x_m,
            start.y_m,
            0.0,
            *heading_quaternion(start.heading_rad),
        )
        q[self._qpos[self._arm]] = arm_rad
        q[self._qpos[-2:]] = gripper_m / 2.0
        mujoco.mj_forward(self.model, self.data)

    def apply(self, torque_nm: Floats) -> None:
        """See `sim.plant.Plant`."""
        self.data.ctrl[:] = torque_nm

    def step(self) -> None:
        """See `sim.plant.Plant`."""
        mujoco.mj_step(self.model, self.data)

    def joint_position(self) -> Floats:
        """See `sim.plant.Plant`."""
        out: Floats = self.data.qpos[self._qpos]
        return out

    def joint_velocity(self) -> Floats:
        """See `sim.plant.Plant`."""
        out: Floats = self.data.qvel[self._qvel]
        return out

    def joint_effort(self) -> Floats:
        """See `sim.plant.Plant`."""
        out: Floats = self.data.ctrl
        return out

    def arm_bias(self) -> Floats:
        """See `sim.plant.Plant`; Coriolis torques are part of it, as in the Panda's own controller."""
        out: Floats = self.data.qfrc_bias[self._qvel[self._arm]]
        return out

    def base(self) -> BaseTruth:
        """See `sim.plant.Plant`."""
        x, y, _, w, i, j, k = self.data.qpos[self._base_q : self._base_q + 7].tolist()
        vx, vy, _, _, _, yaw_rate = self.data.qvel[self._base_v : self._base_v + 6].tolist()
        heading = math.atan2(2.0 * (w * k + i * j), 1.0 - 2.0 * (j * j + k * k))
        cos, sin = math.cos(heading), math.sin(heading)
        tilt = math.acos(max(-1.0, min(1.0, 1.0 - 2.0 * (i * i + j * j))))
        return BaseTruth(
            x_m=x,
            y_m=y,
            heading_rad=heading,
            speed_mps=cos * vx + sin * vy,
            lateral_mps=cos * vy - sin * vx,
            yaw_rate_radps=yaw_rate,
            tilt_rad=tilt,
        )

    def body_points(self) -> Floats:
        """See `sim.plant.Plant`."""
        last = self._points[-1]
        tip = self.data.xpos[last] + self.data.xmat[last].reshape(3, 3)[:, 2] * (FLANGE_M + HAND_TCP_M)
        return np.vstack((self.data.xpos[self._points], tip))

    def crate_pose(self, k: int) -> Floats:
        """See `sim.plant.Plant`."""
        body = self._crates[k]
        return np.concatenate((self.data.xpos[body], self.data.xquat[body]))

    def move_people(self, people: Floats) -> None:
        """See `sim.plant.Plant`."""
        self.data.mocap_pos[: len(people), :2] = people[:, :2]
        for k, heading_rad in enumerate(people[:, 2].tolist()):
            if heading_rad != self._headings[k]:
                self._headings[k] = heading_rad
                self.data.mocap_quat[k] = heading_quaternion(heading_rad)

    def show(self, truth: Truth) -> None:
        """Take the poses of `truth` without any physics, for drawing."""
        q = self.data.qpos
        q[self._base_q : self._base_q + 7] = (
            truth.x_m,
            truth.y_m,
            0.0,
            *heading_quaternion(truth.heading_rad),
        )
        q[self._qpos] = truth.joint_position_rad
        for body, crate in zip(self._crates, truth.crates, strict=True):
            at = int(self.model.jnt_qposadr[self.model.body_jntadr[body]])
            q[at : at + 7] = (crate.x_m, crate.y_m, crate.z_m, *heading_quaternion(crate.heading_rad))
        self.move_people(np.array([(p.x_m, p.y_m, p.heading_rad) for p in truth.people]).reshape(-1, 3))
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_camlight(self.model, self.data)

    def contact_pairs(self) -> Ints:
        """See `sim.plant.Plant`."""
        out: Ints = self._thing_of_geom[self.data.contact.geom]
        return out

    def touch(self, k: int) -> Touch:
        """See `sim.plant.Plant`."""
        contact = self.data.contact[k]
        one, other = (self.things[self._thing_of_geom[g]].name for g in contact.geom)
        x, y, z = contact.pos.tolist()
        return Touch(one=one, other=other, x_m=x, y_m=y, z_m=z, normal_z=abs(float(contact.frame[2])))


def build_model(profile: RobotProfile, world: World) -> mujoco.MjModel:
    """World and robot as one compiled model with a motor at each joint that the profile names.

    Raises:
        BadInput: the profile's description cannot be read or lacks a joint.
    """
    spec = mujoco.MjSpec.from_string(Xml.tostring(mjcf_world(world, STEP_S), encoding="unicode"))
    robot = _robot_spec(profile)
    robot.worldbody.first_body().sleep = mujoco.mjtSleepPolicy.mjSLEEP_NEVER
    for actuator in list(robot.actuators):
        robot.delete(actuator)
    robot.compiler.balanceinertia = True
    rotors = rotor_inertias(profile)
    for name in _joint_names(profile):
        joint = robot.joint(name)
        joint.armature = joint.armature or rotors[name]
        motor = robot.add_actuator(name=f"{name}_motor", target=name)
        motor.trntype = mujoco.mjtTrn.mjTRN_JOINT
    equality = robot.add_equality(name="fingers", name1=profile.arm.fingers[0], name2=profile.arm.fingers[1])
    equality.type = mujoco.mjtEq.mjEQ_JOINT
    equality.objtype = mujoco.mjtObj.mjOBJ_JOINT
    equality.data[:5] = (0.0, 1.0, 0.0, 0.0, 0.0)
    spec.attach(robot, frame=spec.worldbody.add_frame(), prefix=PREFIX)
    return spec.compile()


def _robot_spec(profile: RobotProfile) -> mujoco.MjSpec:
    if profile.description == "gatehouse":
        text = Xml.tostring(
            mjcf_robot(describe(profile), profile.simulation.floor_friction), encoding="unicode"
        )
        return mujoco.MjSpec.from_string(text)
    path = Path(profile.description)
    if not path.is_file():
        raise BadInput(
            f"{path}: description of {profile.robot}: no such file; an MJCF or URDF file is expected"
        )
    try:
        robot = mujoco.MjSpec.from_file(str(path))
    except ValueError as error:
        raise BadInput(
            f"{path}: MuJoCo cannot read this description: {' '.join(str(error).split())}"
        ) from None
    known = {joint.name for joint in robot.joints}
    for name in _joint_names(profile):
        if name not in known:
            raise BadInput(
                f"{path}: description of {profile.robot} has no joint {name!r}; "
                f"it has {', '.join(sorted(known)) or 'none'}"
            )
    if path.suffix.lower() == ".urdf":
        _add_friction(robot, profile)
    root = robot.worldbody.first_body()
    if not any(joint.type == mujoco.mjtJoint.mjJNT_FREE for joint in root.joints):
        root.add_freejoint()
    return robot


def _add_friction(robot: mujoco.MjSpec, profile: RobotProfile) -> None:
    """URDF knows no friction: the wheels get the floor's, bodies called casters none."""
    robot.compiler.fusestatic = False  # or casters would become part of the base
    wheels = {robot.joint(name).parent.name for name in WHEELS}
    for body in robot.bodies:
        friction = 0.0 if "caster" in body.name else profile.simulation.floor_friction
        for geom in body.geoms if body.name in wheels or friction == 0.0 else ():
            geom.friction[0], geom.priority = friction, 1
            geom.condim = 3 if friction else 1


def _plain(name: str) -> str:
    return name.removeprefix(PREFIX)


def _joint_names(profile: RobotProfile) -> tuple[str, ...]:
    return (*WHEELS, *profile.arm.joints, *profile.arm.fingers)


def _things(
    model: mujoco.MjModel, root: int, profile: RobotProfile, world: World
) -> tuple[tuple[Thing, ...], Ints]:
    """One thing per body of robot, crates and people, and per static geom."""
    wheels = {int(model.joint(PREFIX + name).bodyid[0]) for name in WHEELS}
    fingers = [int(model.joint(PREFIX + name).bodyid[0]) for name in profile.arm.fingers]
    hand = int(model.body_parentid[fingers[0]])
    roles = {**dict.fromkeys(wheels, "wheel"), **dict.fromkeys((*fingers, hand), "grip")}
    roles |= {model.body(crate.name).id: "crate" for crate in world.crates}
    roles |= {model.body(name).id: "person" for name in world.people}
    things: list[Thing] = []
    index: dict[Thing, int] = {}
    of_geom = np.zeros(model.ngeom, dtype=np.int64)
    for g in range(model.ngeom):
        body, name = int(model.geom_bodyid[g]), model.geom(g).name
        if body == 0:
            thing = Thing(name=name, role="floor" if name == "floor" else "box")
        elif int(model.body_rootid[body]) == root and model.geom_condim[g] == 1:
            thing = Thing(name=_plain(model.body(body).name), role="caster")
        else:
            thing = Thing(name=_plain(model.body(body).name), role=roles.get(body, "body"))
        if thing not in index:
            index[thing] = len(things)
            things.append(thing)
        of_geom[g] = index[thing]
    return tuple(things), of_geom

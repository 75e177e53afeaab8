"""The robot, described once in primitive geometry; `sim.emit` writes it as MJCF and as URDF.

Body frames: `base` is B (x forward, y left, origin on the floor midway between the wheels); the arm's links
carry the frames of Craig's convention, so that every joint turns about its own z axis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from shield.profile import RobotProfile

Vec = tuple[float, ...]
ZERO: Vec = (0.0, 0.0, 0.0)

WHITE = (0.93, 0.94, 0.95, 1.0)
GRAPHITE = (0.20, 0.22, 0.25, 1.0)
BLUE = (0.13, 0.42, 0.72, 1.0)
RUBBER = (0.08, 0.08, 0.09, 1.0)
AMBER = (0.98, 0.70, 0.13, 1.0)

WHEELS = ("left_wheel", "right_wheel")

# Franka Emika Panda, Craig's convention: alpha(i-1), a(i-1), d(i); Franka Control Interface documentation.
PANDA_DH = (
    (0.0, 0.0, 0.333),
    (-math.pi / 2, 0.0, 0.0),
    (math.pi / 2, 0.0, 0.316),
    (math.pi / 2, 0.0825, 0.0),
    (-math.pi / 2, -0.0825, 0.384),
    (math.pi / 2, 0.0, 0.0),
    (math.pi / 2, 0.088, 0.0),
)
FLANGE_M = 0.107  # along z of link 7
HAND_TCP_M = 0.1034  # along z of the hand: between the finger tips
FINGER_Z_M = 0.0584  # where the fingers' slides sit in the hand

# Mass, centre of mass, and inertia (xx, yy, zz, xy, xz, yz) in the link's frame; Gaz, Cognetti, Oliva,
# Robuffo Giordano, De Luca: "Dynamic Identification of the Franka Emika Panda Robot", IEEE RA-L 4(4), 2019.
PANDA_INERTIALS = (
    (4.970684, (0.003875, 0.002081, -0.04762), (0.70337, 0.70661, 0.009117, -0.000139, 0.006772, 0.019169)),
    (0.646926, (-0.003141, -0.02872, 0.003495), (0.007962, 0.02811, 0.025995, -0.003925, 0.010254, 0.000704)),
    (3.228604, (0.027518, 0.039252, -0.066502), (0.037242, 0.036155, 0.01083, -0.004761, -0.011396, -0.012805)),
    (3.587895, (-0.05317, 0.104419, 0.027454), (0.025853, 0.019552, 0.028323, 0.007796, -0.001332, 0.008641)),
    (1.225946, (-0.011953, 0.041065, -0.038437), (0.035549, 0.029474, 0.008627, -0.002117, -0.004037, 0.000229)),
    (1.666555, (0.060149, -0.014117, -0.010517), (0.001964, 0.004354, 0.005433, 0.000109, -0.001158, 0.000341)),
    (0.735522, (0.010517, -0.004252, 0.061597), (0.012516, 0.010027, 0.004815, -0.000428, -0.001196, -0.000741)),
)
# Inertia of the rotors as seen at the joints, kg m2: Franka Robotics, specification of the FR3.
ARMATURE_KGM2 = (0.606, 0.606, 0.462, 0.462, 0.206, 0.206, 0.206)
WHEEL_ARMATURE_KGM2 = 0.06  # a 30:1 gear and a rotor of 6.7e-5 kg m2: design
WHEEL_MASS_KG = 2.0  # design
CASTER_MASS_KG, CASTER_RADIUS_M = 0.2, 0.04  # design
FINGER_ARMATURE_KG = 0.1  # the gripper's motor as seen at one finger: design


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A primitive of a link: box (half lengths), cylinder or capsule (radius, half length), sphere (radius)."""

    kind: str
    size: Vec
    xyz: Vec = ZERO
    rpy: Vec = ZERO  # roll, pitch, yaw about fixed axes, as in URDF
    colour: Vec = WHITE
    touch: str = "body"  # "body", "wheel", "caster", "finger", or "none" for what is only seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """How a link hangs on its parent; `kind` is fixed, continuous, revolute or prismatic."""

    kind: str
    name: str = ""
    axis: Vec = (0.0, 0.0, 1.0)
    low: float = 0.0
    high: float = 0.0
    velocity: float = 0.0
    effort: float = 0.0
    armature: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A rigid body; its pose is that of its frame in the parent's, at joint position zero."""

    name: str
    parent: str
    joint: Joint
    mass_kg: float
    com_m: Vec
    inertia_kgm2: Vec  # xx, yy, zz, xy, xz, yz about the centre of mass, in the link's axes
    shapes: tuple[Shape, ...] = ()
    xyz: Vec = ZERO
    rpy: Vec = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """All links, parents first; the first is the base and floats freely."""

    name: str
    links: tuple[Link, ...]
    untouching: tuple[tuple[str, str], ...] = field(default=())  # pairs too close to ever collide in earnest


def describe(profile: RobotProfile) -> Description:
    """The project's own mobile manipulator with the dimensions of `profile`."""
    links = (_base(profile), *_wheels(profile), *_casters(profile), _mount(profile), *_arm(profile), *_hand(profile))
    chain = ["base", "arm_link0", *(f"arm_link{k}" for k in range(1, 8)), "hand"]
    near = [(chain[k], chain[j]) for k in range(len(chain)) for j in range(k + 1, min(k + 3, len(chain)))]
    near += [("arm_link7", "left_finger"), ("arm_link7", "right_finger"), ("left_finger", "right_finger")]
    near += [("arm_link5", "hand"), ("base", "left_wheel_link"), ("base", "right_wheel_link")]
    return Description(name=profile.robot, links=links, untouching=tuple(near))


def box_inertia(mass_kg: float, x_m: float, y_m: float, z_m: float) -> Vec:
    """Inertia of a solid box with the given full lengths."""
    k = mass_kg / 12.0
    return (k * (y_m**2 + z_m**2), k * (x_m**2 + z_m**2), k * (x_m**2 + y_m**2), 0.0, 0.0, 0.0)


def capsule(start: Vec, end: Vec, radius_m: float, colour: Vec = WHITE, touch: str = "body") -> Shape:
    """A capsule between two points of the link's frame."""
    axis = np.subtract(end, start)
    length = float(np.linalg.norm(axis))
    pitch = math.acos(max(-1.0, min(1.0, axis[2] / length)))
    rpy = (0.0, pitch, math.atan2(axis[1], axis[0]))
    middle = tuple(float(v) for v in (np.add(start, end) / 2.0))
    return Shape(kind="capsule", size=(radius_m, length / 2.0), xyz=middle, rpy=rpy, colour=colour, touch=touch)


def _base(profile: RobotProfile) -> Link:
    base, mass = profile.base, profile.simulation.base_mass_kg - 2.0 * WHEEL_MASS_KG - 4.0 * CASTER_MASS_KG
    gap = 0.06
    height = base.height_m - gap
    shapes = [
        Shape(kind="box", size=(base.length_m / 2, base.width_m / 2, height / 2), xyz=(0, 0, gap + height / 2)),
        Shape(kind="box", size=(base.length_m / 2 + 0.002, base.width_m / 2 + 0.002, 0.02), xyz=(0, 0, 0.10),
              colour=GRAPHITE, touch="none"),
        Shape(kind="box", size=(base.length_m / 2 + 0.002, base.width_m / 2 + 0.002, 0.012), xyz=(0, 0, 0.28),
              colour=BLUE, touch="none"),
        Shape(kind="box", size=(base.length_m / 2 - 0.01, base.width_m / 2 - 0.01, 0.002),
              xyz=(0, 0, base.height_m), colour=GRAPHITE, touch="none"),
        Shape(kind="box", size=(0.004, 0.12, 0.012), xyz=(base.length_m / 2 + 0.001, 0, 0.23), colour=AMBER,
              touch="none"),
    ]
    shapes += [Shape(kind="cylinder", size=(0.045, 0.035), xyz=(lidar.x_m, lidar.y_m, lidar.height_m),
                     colour=AMBER, touch="none") for lidar in profile.lidars]
    return Link(name="base", parent="", joint=Joint(kind="fixed"), mass_kg=mass, com_m=(0.0, 0.0, 0.15),
                inertia_kgm2=box_inertia(mass, base.length_m, base.width_m, height), shapes=tuple(shapes))


def _casters(profile: RobotProfile) -> tuple[Link, ...]:
    """Four balls without friction, as high as the wheels, so that the body does not rock."""
    x, y = profile.base.length_m / 2.0 - 0.08, profile.base.width_m / 2.0 - 0.08
    ball = (Shape(kind="sphere", size=(CASTER_RADIUS_M,), colour=GRAPHITE, touch="caster"),)
    spin = 0.4 * CASTER_MASS_KG * CASTER_RADIUS_M**2
    return tuple(
        Link(name=f"caster_{end}_{side}", parent="base", joint=Joint(kind="fixed"), mass_kg=CASTER_MASS_KG,
             com_m=ZERO, inertia_kgm2=(spin, spin, spin, 0.0, 0.0, 0.0), shapes=ball,
             xyz=(sx * x, sy * y, CASTER_RADIUS_M))
        for end, sx in (("front", 1), ("rear", -1)) for side, sy in (("left", 1), ("right", -1)))


def _wheels(profile: RobotProfile) -> tuple[Link, ...]:
    radius, half = profile.base.wheel_radius_m, profile.base.track_m / 2.0
    spin = 0.5 * WHEEL_MASS_KG * radius**2
    tyre = (Shape(kind="sphere", size=(radius,), colour=(0, 0, 0, 0), touch="wheel"),
            Shape(kind="cylinder", size=(radius, 0.025), rpy=(math.pi / 2, 0, 0), colour=RUBBER, touch="none"))
    return tuple(
        Link(name=f"{side}_wheel_link", parent="base", xyz=(0.0, y, radius), mass_kg=WHEEL_MASS_KG, com_m=ZERO,
             inertia_kgm2=(spin / 2, spin, spin / 2, 0.0, 0.0, 0.0), shapes=tyre,
             joint=Joint(kind="continuous", name=f"{side}_wheel", axis=(0.0, 1.0, 0.0),
                         armature=WHEEL_ARMATURE_KGM2, effort=profile.simulation.wheel_brake_torque_nm))
        for side, y in (("left", half), ("right", -half))
    )


def _mount(profile: RobotProfile) -> Link:
    arm = profile.arm
    shapes = (Shape(kind="box", size=(0.09, 0.09, 0.012), xyz=(0, 0, 0.012), colour=GRAPHITE, touch="none"),
              Shape(kind="cylinder", size=(0.075, 0.07), xyz=(0, 0, 0.07)))
    return Link(name="arm_link0", parent="base", joint=Joint(kind="fixed"), mass_kg=0.629769,
                com_m=(-0.041018, -0.00014, 0.049974), inertia_kgm2=(0.00315, 0.00388, 0.004285, 0.0, 0.00015, 0.0),
                xyz=(arm.mount_x_m, arm.mount_y_m, profile.base.height_m), shapes=shapes)


# Capsules (start, end, radius, colour) around each link of the arm, in the link's frame: read off Franka's drawings.
_ARM_SHAPES: tuple[tuple[tuple[Vec, Vec, float, Vec], ...], ...] = (
    (((0, 0, -0.19), (0, 0, -0.04), 0.06, WHITE), ((0, -0.05, 0), (0, 0.05, 0), 0.06, GRAPHITE)),
    (((0, 0, -0.06), (0, 0, 0.06), 0.058, WHITE), ((0, -0.05, 0), (0, -0.13, 0), 0.056, WHITE)),
    (((0, 0, -0.16), (0, 0, -0.08), 0.055, GRAPHITE), ((0.01, 0, -0.06), (0.0825, 0, 0), 0.052, WHITE)),
    (((0, 0, -0.05), (0, 0, 0.05), 0.055, GRAPHITE), ((0, 0, 0), (-0.0825, 0.11, 0), 0.052, WHITE)),
    (((0, 0, -0.25), (0, 0, -0.18), 0.052, GRAPHITE), ((0, 0.03, -0.17), (0, 0.05, -0.02), 0.040, WHITE)),
    (((0, 0, -0.05), (0, 0, 0.03), 0.048, GRAPHITE), ((0.02, 0, 0), (0.088, 0.0, 0), 0.045, WHITE)),
    (((0, 0, -0.02), (0, 0, 0.065), 0.045, WHITE),),
)


def _arm(profile: RobotProfile) -> tuple[Link, ...]:
    arm, links = profile.arm, []
    for k, ((alpha, a, d), (mass, com, inertia)) in enumerate(zip(PANDA_DH, PANDA_INERTIALS, strict=True)):
        joint = Joint(kind="revolute", name=arm.joints[k], low=arm.position_min_rad[k],
                      high=arm.position_max_rad[k], velocity=arm.velocity_max_radps[k],
                      effort=arm.torque_max_nm[k], armature=ARMATURE_KGM2[k])
        links.append(Link(
            name=f"arm_link{k + 1}", parent=f"arm_link{k}", joint=joint, mass_kg=mass, com_m=com,
            inertia_kgm2=inertia, xyz=(a, -math.sin(alpha) * d, math.cos(alpha) * d), rpy=(alpha, 0.0, 0.0),
            shapes=tuple(capsule(*entry) for entry in _ARM_SHAPES[k])))
    return tuple(links)


def _hand(profile: RobotProfile) -> tuple[Link, ...]:
    shapes = (Shape(kind="box", size=(0.030, 0.100, 0.030), xyz=(0, 0, 0.032), colour=WHITE),
              Shape(kind="box", size=(0.031, 0.045, 0.008), xyz=(0, 0, 0.057), colour=GRAPHITE, touch="none"))
    hand = Link(name="hand", parent="arm_link7", joint=Joint(kind="fixed"), mass_kg=0.73,
                com_m=(-0.01, 0.0, 0.03), inertia_kgm2=(0.001, 0.0025, 0.0017, 0.0, 0.0, 0.0),
                xyz=(0.0, 0.0, FLANGE_M), rpy=(0.0, 0.0, -math.pi / 4), shapes=shapes)
    travel, force = profile.arm.gripper_max_m / 2.0, profile.simulation.gripper_force_n
    fingers = []
    for name, joint, sign in zip(("left_finger", "right_finger"), profile.arm.fingers, (1.0, -1.0), strict=True):
        pad = Shape(kind="box", size=(0.010, 0.006, 0.010), xyz=(0, sign * 0.006, 0.0445), colour=RUBBER,
                    touch="finger")
        blade = Shape(kind="box", size=(0.010, 0.007, 0.017), xyz=(0, sign * 0.008, 0.0175), colour=GRAPHITE,
                      touch="finger")
        fingers.append(Link(
            name=name, parent="hand", xyz=(0.0, 0.0, FINGER_Z_M), mass_kg=0.015, com_m=(0.0, sign * 0.007, 0.025),
            inertia_kgm2=box_inertia(0.015, 0.02, 0.014, 0.054), shapes=(pad, blade),
            joint=Joint(kind="prismatic", name=joint, axis=(0.0, sign, 0.0), high=travel, effort=force,
                        velocity=profile.simulation.gripper_speed_mps, armature=FINGER_ARMATURE_KG)))
    return (hand, *fingers)

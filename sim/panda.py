"""The arm: Franka Emika's Panda with its hand; frames by Craig's convention, joints turn about z."""

from __future__ import annotations

import math

from shield.profile import RobotProfile
from sim.shapes import GRAPHITE, RUBBER, WHITE, Joint, Link, Shape, Vec, box_inertia, capsule

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
    (
        3.228604,
        (0.027518, 0.039252, -0.066502),
        (0.037242, 0.036155, 0.01083, -0.004761, -0.011396, -0.012805),
    ),
    (3.587895, (-0.05317, 0.104419, 0.027454), (0.025853, 0.019552, 0.028323, 0.007796, -0.001332, 0.008641)),
    (
        1.225946,
        (-0.011953, 0.041065, -0.038437),
        (0.035549, 0.029474, 0.008627, -0.002117, -0.004037, 0.000229),
    ),
    (
        1.666555,
        (0.060149, -0.014117, -0.010517),
        (0.001964, 0.004354, 0.005433, 0.000109, -0.001158, 0.000341),
    ),
    (
        0.735522,
        (0.010517, -0.004252, 0.061597),
        (0.012516, 0.010027, 0.004815, -0.000428, -0.001196, -0.000741),
    ),
)
# Inertia of the rotors as seen at the joints, kg m2: Franka Robotics, specification of the FR3.
ARMATURE_KGM2 = (0.606, 0.606, 0.462, 0.462, 0.206, 0.206, 0.206)
FINGER_ARMATURE_KG = 0.1  # the gripper's motor as seen at one finger: design

# Capsules (start, end, radius, colour) around each link, in the link's frame: read off Franka's drawings.
_ARM_SHAPES: tuple[tuple[tuple[Vec, Vec, float, Vec], ...], ...] = (
    (((0, 0, -0.19), (0, 0, -0.04), 0.06, WHITE), ((0, -0.05, 0), (0, 0.05, 0), 0.06, GRAPHITE)),
    (((0, 0, -0.06), (0, 0, 0.06), 0.058, WHITE), ((0, -0.05, 0), (0, -0.13, 0), 0.056, WHITE)),
    (((0, 0, -0.16), (0, 0, -0.08), 0.055, GRAPHITE), ((0.01, 0, -0.06), (0.0825, 0, 0), 0.052, WHITE)),
    (((0, 0, -0.05), (0, 0, 0.05), 0.055, GRAPHITE), ((0, 0, 0), (-0.0825, 0.11, 0), 0.052, WHITE)),
    (((0, 0, -0.25), (0, 0, -0.18), 0.052, GRAPHITE), ((0, 0.03, -0.17), (0, 0.05, -0.02), 0.040, WHITE)),
    (((0, 0, -0.05), (0, 0, 0.03), 0.048, GRAPHITE), ((0.02, 0, 0), (0.088, 0.0, 0), 0.045, WHITE)),
    (((0, 0, -0.02), (0, 0, 0.065), 0.045, WHITE),),
)


def mount_link(profile: RobotProfile) -> Link:
    """The arm's foot on the deck of the base."""
    arm = profile.arm
    shapes = (
        Shape(kind="box", size=(0.09, 0.09, 0.012), xyz=(0, 0, 0.012), colour=GRAPHITE, touch="none"),
        Shape(kind="cylinder", size=(0.075, 0.07), xyz=(0, 0, 0.07)),
    )
    return Link(
        name="arm_link0",
        parent="base",
        joint=Joint(kind="fixed"),
        mass_kg=0.629769,
        com_m=(-0.041018, -0.00014, 0.049974),
        inertia_kgm2=(0.00315, 0.00388, 0.004285, 0.0, 0.00015, 0.0),
        xyz=(arm.mount_x_m, arm.mount_y_m, profile.base.height_m),
        shapes=shapes,
    )


def arm_links(profile: RobotProfile) -> tuple[Link, ...]:
    """The seven moving links."""
    arm, links = profile.arm, []
    for k, ((alpha, a, d), (mass, com, inertia)) in enumerate(zip(PANDA_DH, PANDA_INERTIALS, strict=True)):
        joint = Joint(
            kind="revolute",
            name=arm.joints[k],
            low=arm.position_min_rad[k],
            high=arm.position_max_rad[k],
            velocity=arm.velocity_max_radps[k],
            effort=arm.torque_max_nm[k],
            armature=ARMATURE_KGM2[k],
        )
        links.append(
            Link(
                name=f"arm_link{k + 1}",
                parent=f"arm_link{k}",
                joint=joint,
                mass_kg=mass,
                com_m=com,
                inertia_kgm2=inertia,
                xyz=(a, -math.sin(alpha) * d, math.cos(alpha) * d),
                rpy=(alpha, 0.0, 0.0),
                shapes=tuple(capsule(*entry) for entry in _ARM_SHAPES[k]),
            )
        )
    return tuple(links)


def hand_links(profile: RobotProfile) -> tuple[Link, ...]:
    """The hand and its two fingers."""
    shapes = (
        Shape(kind="box", size=(0.030, 0.100, 0.030), xyz=(0, 0, 0.032), colour=WHITE),
        Shape(kind="box", size=(0.031, 0.045, 0.008), xyz=(0, 0, 0.057), colour=GRAPHITE, touch="none"),
    )
    hand = Link(
        name="hand",
        parent="arm_link7",
        joint=Joint(kind="fixed"),
        mass_kg=0.73,
        com_m=(-0.01, 0.0, 0.03),
        inertia_kgm2=(0.001, 0.0025, 0.0017, 0.0, 0.0, 0.0),
        xyz=(0.0, 0.0, FLANGE_M),
        rpy=(0.0, 0.0, -math.pi / 4),
        shapes=shapes,
    )
    travel, force = profile.arm.gripper_max_m / 2.0, profile.simulation.gripper_force_n
    fingers = []
    for name, joint, sign in zip(
        ("left_finger", "right_finger"), profile.arm.fingers, (1.0, -1.0), strict=True
    ):
        pad = Shape(
            kind="box",
            size=(0.010, 0.006, 0.010),
            xyz=(0, sign * 0.006, 0.0445),
            colour=RUBBER,
            touch="finger",
        )
        blade = Shape(
            kind="box",
            size=(0.010, 0.007, 0.017),
            xyz=(0, sign * 0.008, 0.0175),
            colour=GRAPHITE,
            touch="finger",
        )
        fingers.append(
            Link(
                name=name,
                parent="hand",
                xyz=(0.0, 0.0, FINGER_Z_M),
                mass_kg=0.015,
                com_m=(0.0, sign * 0.007, 0.025),
                inertia_kgm2=box_inertia(0.015, 0.02, 0.014, 0.054),
                shapes=(pad, blade),
                joint=Joint(
                    kind="prismatic",
                    name=joint,
                    axis=(0.0, sign, 0.0),
                    high=travel,
                    effort=force,
                    velocity=profile.simulation.gripper_speed_mps,
                    armature=FINGER_ARMATURE_KG,
                ),
            )
        )
    return (hand, *fingers)

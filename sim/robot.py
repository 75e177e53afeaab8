"""The robot, described once in primitive geometry; `sim.emit` writes it as MJCF and as URDF.

The frame of the link `base` is B: x forward, y left, origin on the floor midway between the wheels.
"""

from __future__ import annotations

import math

from shield.profile import RobotProfile
from sim.panda import ARMATURE_KGM2, FINGER_ARMATURE_KG, arm_links, hand_links, mount_link
from sim.shapes import AMBER, BLUE, GRAPHITE, RUBBER, ZERO, Description, Joint, Link, Shape, box_inertia

WHEELS = ("left_wheel", "right_wheel")
WHEEL_MASS_KG = 2.0  # design
WHEEL_ARMATURE_KGM2 = 0.06  # a 30:1 gear and a rotor of 6.7e-5 kg m2: design
CASTER_MASS_KG, CASTER_RADIUS_M = 0.2, 0.04  # design


def describe(profile: RobotProfile) -> Description:
    """The project's own mobile manipulator with the dimensions of `profile`."""
    links = (
        _base(profile),
        *_wheels(profile),
        *_casters(profile),
        mount_link(profile),
        *arm_links(profile),
        *hand_links(profile),
    )
    chain = ["base", "arm_link0", *(f"arm_link{k}" for k in range(1, 8)), "hand"]
    near = [(chain[k], chain[j]) for k in range(len(chain)) for j in range(k + 1, min(k + 3, len(chain)))]
    near += [("arm_link7", "left_finger"), ("arm_link7", "right_finger"), ("left_finger", "right_finger")]
    near += [("arm_link5", "hand"), ("base", "left_wheel_link"), ("base", "right_wheel_link")]
    return Description(name=profile.robot, links=links, untouching=tuple(near))


def _base(profile: RobotProfile) -> Link:
    base, mass = profile.base, profile.simulation.base_mass_kg - 2.0 * WHEEL_MASS_KG - 4.0 * CASTER_MASS_KG
    gap = 0.06
    height = base.height_m - gap
    shapes = [
        Shape(
            kind="box", size=(base.length_m / 2, base.width_m / 2, height / 2), xyz=(0, 0, gap + height / 2)
        ),
        Shape(
            kind="box",
            size=(base.length_m / 2 + 0.002, base.width_m / 2 + 0.002, 0.02),
            xyz=(0, 0, 0.10),
            colour=GRAPHITE,
            touch="none",
        ),
        Shape(
            kind="box",
            size=(base.length_m / 2 + 0.002, base.width_m / 2 + 0.002, 0.012),
            xyz=(0, 0, 0.28),
            colour=BLUE,
            touch="none",
        ),
        Shape(
            kind="box",
            size=(base.length_m / 2 - 0.01, base.width_m / 2 - 0.01, 0.002),
            xyz=(0, 0, base.height_m),
            colour=GRAPHITE,
            touch="none",
        ),
        Shape(
            kind="box",
            size=(0.004, 0.12, 0.012),
            xyz=(base.length_m / 2 + 0.001, 0, 0.23),
            colour=AMBER,
            touch="none",
        ),
    ]
    shapes += [
        Shape(
            kind="cylinder",
            size=(0.045, 0.035),
            xyz=(lidar.x_m, lidar.y_m, lidar.height_m),
            colour=AMBER,
            touch="none",
        )
        for lidar in profile.lidars
    ]
    return Link(
        name="base",
        parent="",
        joint=Joint(kind="fixed"),
        mass_kg=mass,
        com_m=(0.0, 0.0, 0.15),
        inertia_kgm2=box_inertia(mass, base.length_m, base.width_m, height),
        shapes=tuple(shapes),
    )


def _casters(profile: RobotProfile) -> tuple[Link, ...]:
    """Four balls without friction, as high as the wheels, so that the body does not rock."""
    x, y = profile.base.length_m / 2.0 - 0.08, profile.base.width_m / 2.0 - 0.08
    ball = (Shape(kind="sphere", size=(CASTER_RADIUS_M,), colour=GRAPHITE, touch="caster"),)
    spin = 0.4 * CASTER_MASS_KG * CASTER_RADIUS_M**2
    return tuple(
        Link(
            name=f"caster_{end}_{side}",
            parent="base",
            joint=Joint(kind="fixed"),
            mass_kg=CASTER_MASS_KG,
            com_m=ZERO,
            inertia_kgm2=(spin, spin, spin, 0.0, 0.0, 0.0),
            shapes=ball,
            xyz=(sx * x, sy * y, CASTER_RADIUS_M),
        )
        for end, sx in (("front", 1), ("rear", -1))
        for side, sy in (("left", 1), ("right", -1))
    )


def _wheels(profile: RobotProfile) -> tuple[Link, ...]:
    radius, half = profile.base.wheel_radius_m, profile.base.track_m / 2.0
    spin = 0.5 * WHEEL_MASS_KG * radius**2
    tyre = (
        Shape(kind="sphere", size=(radius,), colour=(0, 0, 0, 0), touch="wheel"),
        Shape(kind="cylinder", size=(radius, 0.025), rpy=(math.pi / 2, 0, 0), colour=RUBBER, touch="none"),
    )
    return tuple(
        Link(
            name=f"{side}_wheel_link",
            parent="base",
            xyz=(0.0, y, radius),
            mass_kg=WHEEL_MASS_KG,
            com_m=ZERO,
            inertia_kgm2=(spin / 2, spin, spin / 2, 0.0, 0.0, 0.0),
            shapes=tyre,
            joint=Joint(
                kind="continuous",
                name=f"{side}_wheel",
                axis=(0.0, 1.0, 0.0),
                armature=WHEEL_ARMATURE_KGM2,
                effort=profile.simulation.wheel_brake_torque_nm,
            ),
        )
        for side, y in (("left", half), ("right", -half))
    )


def rotor_inertias(profile: RobotProfile) -> dict[str, float]:
    """Inertia of the rotor at each driven joint, kg m2 (kg at the fingers), for descriptions without any."""
    wheels = dict.fromkeys(WHEELS, WHEEL_ARMATURE_KGM2)
    arm = dict(zip(profile.arm.joints, ARMATURE_KGM2, strict=False))
    return {**wheels, **arm, **dict.fromkeys(profile.arm.fingers, FINGER_ARMATURE_KG)}

"""Writes a robot description as MJCF (for MuJoCo) and as URDF (for PyBullet)."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as Xml

import numpy as np
from numpy.typing import NDArray

from sim.shapes import Description, Link, Shape, Vec

# sliding, torsional and rolling friction of each kind of surface; the floor brings its own value for wheels
_FRICTION = {"body": "0.5 0.005 0.0001", "finger": "1.2 0.02 0.0005", "caster": "0 0 0"}
_CONDIM = {"body": "3", "finger": "4", "caster": "1", "wheel": "3"}


def text(values: Sequence[float]) -> str:
    """Numbers as an XML attribute."""
    return " ".join(f"{float(v):.9g}" for v in values)


def mjcf_bodies(robot: Description, *, floor_friction: float) -> Xml.Element:
    """The robot as one MJCF body with a free joint; angles in radians, `eulerseq` XYZ."""
    bodies: dict[str, Xml.Element] = {}
    for link in robot.links:
        attributes = {"name": link.name, "pos": text(link.xyz), "euler": text(link.rpy)}
        if link.parent:
            body = Xml.SubElement(bodies[link.parent], "body", attributes)
            _mjcf_joint(body, link)
        else:
            body = Xml.Element("body", attributes)
            Xml.SubElement(body, "freejoint", name="base_free")
        xx, yy, zz, xy, xz, yz = link.inertia_kgm2
        Xml.SubElement(
            body,
            "inertial",
            pos=text(link.com_m),
            mass=f"{link.mass_kg:.9g}",
            fullinertia=text((xx, yy, zz, xy, xz, yz)),
        )
        for k, shape in enumerate(link.shapes):
            body.append(mjcf_geom(shape, f"{link.name}_{k}", floor_friction))
        bodies[link.name] = body
    return bodies[robot.links[0].name]


def mjcf_geom(shape: Shape, name: str, floor_friction: float = 0.8) -> Xml.Element:
    """One primitive as an MJCF geom."""
    geom = Xml.Element(
        "geom",
        name=name,
        type=shape.kind,
        size=text(shape.size),
        pos=text(shape.xyz),
        euler=text(shape.rpy),
        rgba=text(shape.colour),
    )
    if shape.touch == "none":
        geom.attrib |= {"contype": "0", "conaffinity": "0", "group": "1", "mass": "0"}
        return geom
    friction = f"{floor_friction} 0.005 0.0001" if shape.touch == "wheel" else _FRICTION[shape.touch]
    geom.attrib |= {"friction": friction, "condim": _CONDIM[shape.touch]}
    if shape.touch in ("caster", "wheel", "finger"):
        geom.attrib["priority"] = "1"
    return geom


def _mjcf_joint(body: Xml.Element, link: Link) -> None:
    joint = link.joint
    if joint.kind == "fixed":
        return
    element = Xml.SubElement(
        body,
        "joint",
        name=joint.name,
        axis=text(joint.axis),
        type="slide" if joint.kind == "prismatic" else "hinge",
        armature=f"{joint.armature:.9g}",
    )
    if joint.kind != "continuous":
        element.attrib |= {"limited": "true", "range": text((joint.low, joint.high))}


def urdf(robot: Description) -> str:
    """The robot as URDF text; URDF knows no rotors and no friction, which an engine's plant adds."""
    root = Xml.Element("robot", name=robot.name)
    for link in robot.links:
        _urdf_link(root, link)
        if link.parent:
            _urdf_joint(root, link)
    Xml.indent(root)  # Bullet reads no lines of more than a thousand characters
    return Xml.tostring(root, encoding="unicode")


def _urdf_link(root: Xml.Element, link: Link) -> None:
    element = Xml.SubElement(root, "link", name=link.name)
    xx, yy, zz, xy, xz, yz = link.inertia_kgm2
    moments, axes = np.linalg.eigh([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    if np.linalg.det(axes) < 0.0:
        axes[:, 0] = -axes[:, 0]
    inertial = Xml.SubElement(element, "inertial")
    Xml.SubElement(inertial, "origin", xyz=text(link.com_m), rpy=text(_rpy(axes)))
    Xml.SubElement(inertial, "mass", value=f"{link.mass_kg:.9g}")
    Xml.SubElement(
        inertial,
        "inertia",
        ixx=f"{moments[0]:.9g}",
        iyy=f"{moments[1]:.9g}",
        izz=f"{moments[2]:.9g}",
        ixy="0",
        ixz="0",
        iyz="0",
    )
    for k, shape in enumerate(link.shapes):
        if shape.touch != "none":
            _urdf_shape(element, "collision", shape, f"{link.name}_{k}")
        if shape.colour[3] > 0.0:
            _urdf_shape(element, "visual", shape, f"{link.name}_{k}_seen")


def _urdf_shape(link: Xml.Element, what: str, shape: Shape, name: str) -> None:
    element = Xml.SubElement(link, what, name=name)
    Xml.SubElement(element, "origin", xyz=text(shape.xyz), rpy=text(shape.rpy))
    geometry = Xml.SubElement(element, "geometry")
    if shape.kind == "box":
        Xml.SubElement(geometry, "box", size=text([2.0 * half for half in shape.size]))
    elif shape.kind == "sphere":
        Xml.SubElement(geometry, "sphere", radius=f"{shape.size[0]:.9g}")
    else:
        Xml.SubElement(
            geometry, shape.kind, radius=f"{shape.size[0]:.9g}", length=f"{2.0 * shape.size[1]:.9g}"
        )
    if what == "visual":
        material = Xml.SubElement(element, "material", name="c" + "_".join(f"{c:.2f}" for c in shape.colour))
        Xml.SubElement(material, "color", rgba=text(shape.colour))


def _urdf_joint(root: Xml.Element, link: Link) -> None:
    joint = link.joint
    element = Xml.SubElement(root, "joint", name=joint.name or f"{link.name}_mount", type=joint.kind)
    Xml.SubElement(element, "parent", link=link.parent)
    Xml.SubElement(element, "child", link=link.name)
    Xml.SubElement(element, "origin", xyz=text(link.xyz), rpy=text(link.rpy))
    if joint.kind == "fixed":
        return
    Xml.SubElement(element, "axis", xyz=text(joint.axis))
    if joint.kind != "continuous":
        Xml.SubElement(
            element,
            "limit",
            lower=f"{joint.low:.9g}",
            upper=f"{joint.high:.9g}",
            effort=f"{joint.effort:.9g}",
            velocity=f"{joint.velocity:.9g}",
        )


def _rpy(rotation: NDArray[np.float64]) -> Vec:
    pitch = float(np.arcsin(np.clip(-rotation[2, 0], -1.0, 1.0)))
    roll = float(np.arctan2(rotation[2, 1], rotation[2, 2]))
    return roll, pitch, float(np.arctan2(rotation[1, 0], rotation[0, 0]))

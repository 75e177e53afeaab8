"""The hall and the robot as MJCF documents, with what there is to see in pictures."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as Xml

from shield.site import Box
from sim.emit import mjcf_bodies, mjcf_geom, text
from sim.shapes import Description, Shape
from sim.world import CRATE_MASS_KG, Crate, World, box_shape, crate_inertia, crate_shapes, person_shapes

DRAWN_WALL_M = 0.5
_FLOOR = (0.62, 0.64, 0.66)


def mjcf_world(world: World, step_s: float) -> Xml.Element:
    """The hall as an MJCF document without a robot."""
    root = Xml.Element("mujoco", model=world.site.site)
    Xml.SubElement(root, "compiler", angle="radian", eulerseq="XYZ", balanceinertia="true")
    option = Xml.SubElement(
        root,
        "option",
        timestep=f"{step_s}",
        integrator="implicitfast",
        cone="elliptic",
        impratio="5",
        iterations="20",
        ls_iterations="15",
        noslip_iterations="3",
    )
    Xml.SubElement(option, "flag", sleep="enable")
    _look(root, world)
    body = Xml.SubElement(root, "worldbody")
    _lights(body, world)
    bounds = world.site.bounds
    middle = ((bounds.x_min_m + bounds.x_max_m) / 2, (bounds.y_min_m + bounds.y_max_m) / 2, 0.0)
    Xml.SubElement(
        body,
        "geom",
        name="floor",
        type="plane",
        pos=text(middle),
        size="20 20 0.5",
        material="floor",
        friction="0.8 0.005 0.0001",
        rgba="1 1 1 1",
    )
    for box in world.boxes:
        solid = mjcf_geom(box_shape(box), box.name)
        solid.attrib["group"] = "3"  # not drawn
        body.append(solid)
        for k, shape in enumerate(box_pictures(box)):
            body.append(mjcf_geom(shape, f"{box.name}_picture_{k}"))
    _marks(body, world)
    for crate in world.crates:
        body.append(_mjcf_crate(crate))
    for k, name in enumerate(world.people):
        person = Xml.SubElement(body, "body", name=name, mocap="true")
        for j, shape in enumerate(person_shapes(k)):
            person.append(mjcf_geom(shape, f"{name}_{j}"))
    return root


def mjcf_robot(robot: Description, floor_friction: float) -> Xml.Element:
    """The robot alone as an MJCF document."""
    root = Xml.Element("mujoco", model=robot.name)
    Xml.SubElement(root, "compiler", angle="radian", eulerseq="XYZ", balanceinertia="true")
    Xml.SubElement(root, "worldbody").append(mjcf_bodies(robot, floor_friction=floor_friction))
    contact = Xml.SubElement(root, "contact")
    for one, other in robot.untouching:
        Xml.SubElement(contact, "exclude", body1=one, body2=other)
    return root


def _look(root: Xml.Element, world: World) -> None:
    visual = Xml.SubElement(root, "visual")
    Xml.SubElement(visual, "quality", shadowsize="0", offsamples="0")
    Xml.SubElement(visual, "global", offwidth="1280", offheight="960", fovy="50")
    Xml.SubElement(
        visual, "headlight", ambient="0.50 0.50 0.50", diffuse="0.42 0.42 0.42", specular="0.1 0.1 0.1"
    )
    Xml.SubElement(visual, "map", znear="0.02", zfar="60")
    Xml.SubElement(root, "statistic", extent="4", center="8 5 0.5")
    asset = Xml.SubElement(root, "asset")
    Xml.SubElement(
        asset,
        "texture",
        name="sky",
        type="skybox",
        builtin="gradient",
        rgb1="0.80 0.86 0.92",
        rgb2="0.95 0.96 0.98",
        width="64",
        height="64",
    )
    Xml.SubElement(
        asset,
        "texture",
        name="tiles",
        type="2d",
        builtin="checker",
        rgb1=text(_FLOOR[:3]),
        rgb2="0.58 0.60 0.63",
        width="128",
        height="128",
        mark="edge",
        markrgb="0.52 0.54 0.57",
    )
    Xml.SubElement(
        asset, "material", name="floor", texture="tiles", texrepeat="20 20", specular="0.1", reflectance="0"
    )


def _lights(body: Xml.Element, world: World) -> None:
    for x in (4.0, 12.0):
        Xml.SubElement(
            body,
            "light",
            pos=f"{x} 5 5",
            dir="0.1 0.15 -1",
            diffuse="0.35 0.35 0.33",
            specular="0.1 0.1 0.1",
            castshadow="false",
        )


def _marks(body: Xml.Element, world: World) -> None:
    """Painted floor: speed zones, keep-out areas, docks."""

    def paint(name: str, x: float, y: float, half_x: float, half_y: float, colour: str) -> None:
        Xml.SubElement(
            body,
            "geom",
            name=name,
            type="box",
            pos=text((x, y, 0.0006)),
            rgba=colour,
            group="1",
            size=text((half_x, half_y, 0.0005)),
            contype="0",
            conaffinity="0",
            mass="0",
        )

    for areas, colour in (
        (world.site.zones, "0.95 0.80 0.20 0.35"),
        (world.site.keep_out, "0.85 0.25 0.20 0.35"),
    ):
        for area in areas:
            paint(
                f"mark_{area.name}",
                (area.x_min_m + area.x_max_m) / 2,
                (area.y_min_m + area.y_max_m) / 2,
                (area.x_max_m - area.x_min_m) / 2,
                (area.y_max_m - area.y_min_m) / 2,
                colour,
            )
    for place in world.site.places:
        paint(f"mark_{place.name}", place.dock_x_m, place.dock_y_m, 0.42, 0.42, "0.25 0.55 0.85 0.35")


def _mjcf_crate(crate: Crate) -> Xml.Element:
    body = Xml.Element(
        "body",
        name=crate.name,
        pos=text((crate.x_m, crate.y_m, crate.z_m + 0.0005)),
        euler=text((0.0, 0.0, crate.heading_rad)),
    )
    Xml.SubElement(body, "freejoint", name=f"{crate.name}_free")
    com, inertia = crate_inertia()
    Xml.SubElement(body, "inertial", pos=text(com), mass=f"{CRATE_MASS_KG}", fullinertia=text(inertia))
    for k, shape in enumerate(crate_shapes(crate.colour)):
        body.append(mjcf_geom(shape, f"{crate.name}_{k}"))
    return body


def box_pictures(box: Box) -> tuple[Shape, ...]:
    """What a solid of the site looks like: low walls that leave the view free, racks with uprights."""
    kind, shape = box.name.split("_")[0], box_shape(box)
    (hx, hy, hz), (x, y, _) = shape.size, shape.xyz
    if kind == "wall":
        low = min(hz, DRAWN_WALL_M / 2)
        return (replace(shape, size=(hx, hy, low), xyz=(x, y, low), touch="none"),)
    if kind != "rack":
        return (replace(shape, touch="none"),)
    panel = replace(
        shape, size=(hx - 0.03, hy * 0.3, hz - 0.02), colour=(0.88, 0.90, 0.91, 1.0), touch="none"
    )
    along = (1.0, 0.0) if hx > hy else (0.0, 1.0)
    uprights = [
        replace(
            shape,
            size=(min(hx, 0.03), min(hy, 0.1), hz) if hx > hy else (min(hx, 0.1), min(hy, 0.03), hz),
            xyz=(x + along[0] * at * (hx - 0.04), y + along[1] * at * (hy - 0.04), hz),
            touch="none",
        )
        for at in (-1.0, -1 / 3, 1 / 3, 1.0)
    ]
    beam = (hx - 0.02, hy * 0.6, 0.03) if hx > hy else (hx * 0.6, hy - 0.02, 0.03)
    beams = [replace(shape, size=beam, xyz=(x, y, 2 * hz * at), touch="none") for at in (0.62, 0.97)]
    return (panel, *uprights, *beams)

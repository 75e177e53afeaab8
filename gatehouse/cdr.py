"""Messages as bytes, with the text of their ROS 2 definitions: what a record is made of."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from shield.errors import BadInput
from shield.profile import RobotProfile
from shield.wire import Wire, message_type

SOURCES = Path(__file__).resolve().parent.parent / "ros2_ws" / "src"
SEPARATOR = "=" * 80
FIELD = re.compile(r"^\s*([A-Za-z][\w/]*)(?:<=\d+)?(?:\[[<=\d]*\])?\s+\w+\s*(?:#.*)?$", re.MULTILINE)
_INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
BUILT_IN = frozenset(["bool", "byte", "char", "float32", "float64", "string", "wstring", *_INTEGERS])


class Cdr:
    """Serialises what travels on each topic, without a running ROS 2.

    Args:
        profile: of the robot; needed to serialise the arm's set-points, which name its joints.
    """

    def __init__(self, profile: RobotProfile | None = None) -> None:
        self._wire = Wire() if profile is None else Wire(profile.arm.joints, profile.arm.fingers)

    def serialize(self, topic: str, value: object) -> bytes:
        """The bytes of a value on `topic`."""
        return self._wire.pack(topic, value)

    def deserialize(self, topic: str, data: bytes, now_ns: int = 0) -> object:
        """The value of a message; `now_ns` stamps those that have no stamp of their own.

        Raises:
            shield.cdr.Malformed: the bytes are no such message.
        """
        return self._wire.unpack(topic, data, now_ns)

    def schema(self, topic: str) -> tuple[str, str]:
        """The ROS 2 type of a topic and its definition with those that it needs, as MCAP's `ros2msg` has it."""
        name = message_type(topic)
        return name, definition(name)


def definition(name: str) -> str:
    """The text of a message's definition, followed by the definitions that it needs.

    Raises:
        BadInput: a `.msg` file is nowhere to be found.
    """
    first, *needed = _closure(name)
    parts = [_text(first)]
    for other in needed:
        package, _, short = other.split("/")
        parts.append(f"{SEPARATOR}\nMSG: {package}/{short}\n{_text(other)}")
    return "".join(parts)


def _closure(name: str) -> list[str]:
    found = [name]
    for known in found:  # grows while it is read
        found += [other for other in dict.fromkeys(_uses(known)) if other not in found]
    return found


def _uses(name: str) -> Iterator[str]:
    package = name.split("/", maxsplit=1)[0]
    for kind in FIELD.findall(_text(name)):
        if kind not in BUILT_IN:
            owner, _, short = kind.rpartition("/")
            yield f"{owner.split('/')[0] or package}/msg/{short}"


def _text(name: str) -> str:
    package, _, short = name.split("/")
    prefixes = [
        Path(prefix) for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix
    ]
    folders = [SOURCES / package, *(prefix / "share" / package for prefix in (*prefixes, Path(sys.prefix)))]
    for folder in folders:
        file = folder / "msg" / f"{short}.msg"
        if file.is_file():
            return file.read_text().rstrip() + "\n"
    raise BadInput(f"{name}: no {short}.msg in {', '.join(str(folder) for folder in folders)}")

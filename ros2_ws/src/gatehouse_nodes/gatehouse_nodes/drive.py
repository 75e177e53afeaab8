"""The drive process: the only writer to the actuators; it executes certified commands and nothing else."""

from __future__ import annotations

from controllers.motor.drive import Drive
from gatehouse_nodes import process
from gatehouse_nodes.keyed import TEXTS, key_of
from gatehouse_nodes.setting import Setting
from gatehouse_nodes.shell import Node, Shell
from shield.keys import new_key
from shield.topics import Core


def make_core(node: Node, setting: Setting) -> Core:
    """The core with the launch's key."""
    return Drive(setting.profile, key_of(node))


def make_understudy(node: Node, setting: Setting) -> Core:
    """A core with a key that opens nothing."""
    return Drive(setting.profile, new_key())


def main() -> None:
    """Entry point of the executable."""
    process.main(lambda: Shell("drive", make_core, TEXTS, make_understudy), process.Priority(realtime=42))


if __name__ == "__main__":
    main()

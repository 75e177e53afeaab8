"""The safety process: sensor fusion, gate and minimal risk. It holds the key, and alone seals commands."""

from __future__ import annotations

from gatehouse_nodes import process
from gatehouse_nodes.keyed import TEXTS, key_of
from gatehouse_nodes.setting import Setting
from gatehouse_nodes.shell import Node, Shell
from shield.keys import new_key
from shield.safety import Safety
from shield.topics import Core


def make_core(node: Node, setting: Setting) -> Core:
    """The core with the launch's key."""
    return Safety(setting.profile, setting.site, key_of(node))


def make_understudy(node: Node, setting: Setting) -> Core:
    """A core with a key that opens nothing."""
    return Safety(setting.profile, setting.site, new_key())


def main() -> None:
    """Entry point of the executable."""
    process.main(lambda: Shell("safety", make_core, TEXTS, make_understudy), process.Priority(realtime=40))


if __name__ == "__main__":
    main()

"""The launch's key, for the two processes that hold it."""

from __future__ import annotations

import os

from gatehouse_nodes.shell import UNSET, Node
from shield.keys import FILE_VARIABLE, load_key

TEXTS = {"key_file": UNSET}  # for `ros2 launch`; `gatehouse launch` hands the key over by file descriptor


def key_of(node: Node) -> bytes:
    """The key from the inherited descriptor, or from the file that the parameter `key_file` names.

    Raises:
        BadInput: there is none, or others may read the file.
    """
    file = node.text("key_file")
    if file != UNSET:
        os.environ[FILE_VARIABLE] = file
    return load_key()

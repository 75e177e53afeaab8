"""Whether two processes on this machine hear each other over DDS: `python -m gatehouse_nodes.loopback`."""

from __future__ import annotations

import subprocess
import sys
import time

import rclpy
from gatehouse_msgs.msg import Heartbeat
from rclpy.node import Node

TOPIC = "loopback"
PERIOD_S = 0.02
TIMEOUT_S = 60.0


def hear(node: Node) -> int:
    """Wait for one message; print its age and return 0, or 1 when none came in time."""
    ages_s: list[float] = []
    node.create_subscription(
        Heartbeat, TOPIC, lambda message: ages_s.append((time.time_ns() - message.stamp_ns) * 1e-9), 1
    )
    end_s = time.monotonic() + TIMEOUT_S
    while not ages_s and time.monotonic() < end_s:
        rclpy.spin_once(node, timeout_sec=PERIOD_S)
    if not ages_s:
        sys.stderr.write(f"no message within {TIMEOUT_S:.0f} s\n")
        return 1
    sys.stdout.write(f"two processes hear each other; the first message took {ages_s[0] * 1e3:.1f} ms\n")
    return 0


def talk(node: Node) -> int:
    """Publish until the other process has heard it; return that one's exit code."""
    publisher = node.create_publisher(Heartbeat, TOPIC, 1)
    sequence = 0
    with subprocess.Popen([sys.executable, "-m", "gatehouse_nodes.loopback", "hear"]) as other:
        while other.poll() is None:
            sequence += 1
            publisher.publish(Heartbeat(source=TOPIC, stamp_ns=time.time_ns(), sequence=sequence))
            rclpy.spin_once(node, timeout_sec=PERIOD_S)
    return other.returncode


def main(words: list[str]) -> int:
    """Talk, with another process that hears."""
    rclpy.init()
    role = hear if words == ["hear"] else talk
    node = rclpy.create_node(f"loopback_{role.__name__}")
    try:
        return role(node)
    finally:
        node.destroy_node()
        rclpy.shutdown()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

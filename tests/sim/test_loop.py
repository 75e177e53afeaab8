"""The in-process loop: order of delivery, determinism, bounds."""

from __future__ import annotations

import pytest

from shield.contract import ActuatorTwist, Heartbeat
from shield.topics import Output
from sim.loop import Loop

PERIOD_NS = 20_000_000


class Talker:
    """Says one thing each period and notes what it heard."""

    def __init__(self, topic: str | None = None, *, echo: bool = False) -> None:
        self.topic, self.echo = topic, echo
        self.heard: list[tuple[str, int]] = []

    def handle(self, topic: str, value: object, now_ns: int) -> list[Output]:
        self.heard.append((topic, now_ns))
        return [(topic, value)] if self.echo else []

    def tick(self, now_ns: int) -> list[Output]:
        if self.topic is None:
            return []
        return [(self.topic, Heartbeat(source="t", stamp_ns=now_ns, sequence=0))]


def test_a_message_reaches_its_subscribers_in_the_period_it_was_sent() -> None:
    safety, supervisor, drive = Talker("heartbeat"), Talker(), Talker()
    loop = Loop({"safety": safety, "supervisor": supervisor, "drive": drive}, period_ns=PERIOD_NS, start_ns=0)
    loop.run(0.06)
    stamps = [PERIOD_NS, 2 * PERIOD_NS, 3 * PERIOD_NS]
    assert supervisor.heard == [("heartbeat", stamp) for stamp in stamps]
    assert drive.heard == supervisor.heard
    assert safety.heard == []


def test_a_dead_process_neither_hears_nor_speaks() -> None:
    safety, drive = Talker("heartbeat"), Talker()
    loop = Loop({"safety": safety, "drive": drive}, period_ns=PERIOD_NS)
    loop.dead.add("safety")
    loop.run(0.1)
    assert drive.heard == []
    loop.dead = {"drive"}
    loop.run(0.1)
    assert drive.heard == []


def test_published_messages_are_recorded_and_delivered_before_the_ticks() -> None:
    sim = Talker()
    loop = Loop({"sim": sim}, period_ns=PERIOD_NS, start_ns=0)
    loop.publish("cmd_vel", ActuatorTwist(stamp_ns=0, speed_mps=0.1, yaw_rate_radps=0.0))
    seen: list[str] = []
    loop.step(lambda topic, value, stamp_ns: seen.append(topic))
    assert seen == ["cmd_vel"]
    assert sim.heard == [("cmd_vel", PERIOD_NS)]


def test_a_feedback_loop_is_found_and_not_run_for_ever() -> None:
    loop = Loop({"safety": Talker("heartbeat"), "drive": Talker(echo=True)}, period_ns=PERIOD_NS)
    with pytest.raises(AssertionError, match="feedback"):
        loop.step()


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AssertionError, match="ghost"):
        Loop({"ghost": Talker()}, period_ns=PERIOD_NS)
    with pytest.raises(AssertionError, match="nowhere"):
        Loop({}, period_ns=PERIOD_NS).publish("nowhere", None)

"""The loss of any process, killed or merely stopped, ends in standstill within the bound."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatehouse.bringup import Ended
from shield.contract import Order, SafetyMode
from tests.launch.live import Live

pytestmark = [pytest.mark.live, pytest.mark.slow]

SPEED_MPS = 0.3
SCHEDULING_S = 0.3  # what a busy test machine may add


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    scenario = Path(__file__).parent / "lonely.yaml"
    with Live(tmp_path_factory.mktemp("loss"), scenario=str(scenario)) as run:
        run.ready()
        for count, (item, station) in enumerate((("crate_18", "packing"), ("crate_17", "shipping"))):
            assert run.operator.submit(Order(order=f"o{count}", item=item, station=station)) == ""
        yield run


def bound_s(live: Live, speed_mps: float) -> float:
    """G5 of shield/README.md: the stopping time plus one expiry; a silent process is noticed within the heartbeat time-out."""
    timing, bounds = live.profile.timing, live.profile.supervisor
    noticed_s = max(timing.period_s + timing.latency_s, bounds.heartbeat_timeout_s)
    return noticed_s + timing.latency_s + speed_mps / bounds.comfort_brake_mps2 + SCHEDULING_S


@pytest.mark.parametrize("name", ["autonomy", "supervisor", "drive", "safety"])
def test_a_stopped_process_ends_in_standstill(live: Live, name: str) -> None:
    live.moving(SPEED_MPS)
    speed_mps = live.speed_mps
    since_ns = live.signal(name, signal.SIGSTOP)
    try:
        took_s = live.standing(bound_s(live, speed_mps), since_ns)
    finally:
        live.signal(name, signal.SIGCONT)
    assert took_s <= bound_s(live, speed_mps)
    live.recover()


@pytest.mark.parametrize("name", ["recorder", "autonomy", "supervisor", "drive", "safety"])
def test_a_killed_process_ends_in_standstill(live: Live, name: str) -> None:
    live.moving(SPEED_MPS)
    speed_mps = live.speed_mps
    since_ns = live.signal(name, signal.SIGKILL)
    assert [ended.name for ended in _ended(live)] == [name]
    if name == "recorder":  # nobody waits for it
        live.moving(SPEED_MPS)
        return
    took_s = live.standing(bound_s(live, speed_mps), since_ns)
    assert took_s <= bound_s(live, speed_mps)
    if name == "safety":
        assert live.mode is not SafetyMode.NOMINAL
        return
    live.bringup.respawn(name)
    live.recover()


def _ended(live: Live) -> list[Ended]:
    found: list[Ended] = []

    def some() -> bool:
        found.extend(live.bringup.ended())
        return bool(found)

    live.until(some, 5.0, "end of the process")
    return found

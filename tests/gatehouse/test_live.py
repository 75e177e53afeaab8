"""The shift of a live run: when it submits, when it is over; how memory is summed up."""

from __future__ import annotations

import os

import pytest

from gatehouse.live import STOPPED_S, MemoryWatch, Shift
from gatehouse.machine import family, machine, memory_mb
from shield import contract as c
from shield.errors import BadInput
from sim.scenario import TimedOrder

LATER = TimedOrder(at_s=2.0, item="crate_18", station="shipping")
FIRST = TimedOrder(at_s=0.5, item="crate_17", station="packing")


def mode(value: c.SafetyMode) -> c.ModeStatus:
    return c.ModeStatus(stamp_ns=0, sequence=0, mode=value)


def status(name: str, state: c.OrderState) -> c.Order:
    return c.Order(order=name, item="", station="", state=state)


def test_orders_go_out_when_the_robot_is_ready_and_they_are_due() -> None:
    submitted: list[c.Order] = []

    def submit(order: c.Order) -> str:
        submitted.append(order)
        return ""

    shift = Shift((LATER, FIRST), submit)
    shift.hear(mode(c.SafetyMode.INIT), 10.0)
    shift.step(100.0)
    assert not shift.is_ready
    assert submitted == []
    shift.hear(mode(c.SafetyMode.NOMINAL), 100.0)
    shift.hear(mode(c.SafetyMode.DEGRADED), 101.0)
    shift.step(100.4)
    assert submitted == []
    shift.step(100.5)
    assert [(order.order, order.item) for order in submitted] == [("order_1", "crate_17")]
    shift.step(102.0)
    assert [(order.order, order.item) for order in submitted[1:]] == [("order_2", "crate_18")]


def test_a_shift_is_over_when_all_its_orders_ended() -> None:
    shift = Shift((FIRST,), lambda order: "")
    assert not shift.is_over
    shift.hear(mode(c.SafetyMode.NOMINAL), 0.0)
    shift.step(1.0)
    shift.hear(status("order_1", c.OrderState.ACTIVE), 2.0)
    shift.hear(status("another", c.OrderState.DONE), 2.0)
    assert not shift.is_over
    shift.hear(status("order_1", c.OrderState.FAILED), 3.0)
    assert shift.is_over


def test_a_refused_order_ends_the_run_with_its_reason() -> None:
    shift = Shift((FIRST,), lambda order: "no such crate")
    shift.hear(mode(c.SafetyMode.NOMINAL), 0.0)
    with pytest.raises(BadInput, match="crate_17 to packing: no such crate"):
        shift.step(1.0)


def test_a_latched_stop_is_noticed_after_a_while() -> None:
    shift = Shift((FIRST,), lambda order: "")
    shift.hear(mode(c.SafetyMode.SAFE_STOP), 10.0)
    shift.hear(mode(c.SafetyMode.SAFE_STOP), 10.0 + STOPPED_S)
    assert not shift.is_stopped(10.0 + STOPPED_S)
    assert shift.is_stopped(10.1 + STOPPED_S)
    shift.hear(mode(c.SafetyMode.RESET_PENDING), 20.0)
    assert not shift.is_stopped(30.0)


def test_memory_is_looked_at_now_and_then() -> None:
    watch = MemoryWatch()
    watch.look(100.0)
    seen = watch.peak_mb
    assert 10.0 < seen < 10_000.0
    watch.peak_mb = 0.0
    watch.look(100.1)
    assert watch.peak_mb == 0.0
    assert memory_mb(family(os.getpid())) > 10.0
    assert family(2**22 + 1) == []


def test_the_machine_is_told_in_a_few_words() -> None:
    assert "cores, Python 3." in machine()

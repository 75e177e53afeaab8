"""The queue: once and only once, through restarts and through a kill at any moment."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.meta.orders import ON_ROBOT
from controllers.meta.queue import OrderQueue
from shield.contract import Order, OrderState
from shield.errors import BadInput
from shield.site import Item

ITEMS = (Item(name="crate_1", place="slot_1"), Item(name="crate_2", place="slot_2"))


def order(name: str, *, item: str = "crate_1", priority: int = 0, deadline_ns: int = 0) -> Order:
    return Order(order=name, item=item, station="packing", priority=priority, deadline_ns=deadline_ns)


def test_the_same_order_twice_is_one_order() -> None:
    with OrderQueue() as queue:
        first = queue.submit(order("a"), 1)
        queue.mark("a", OrderState.ACTIVE, "", 2)
        again = queue.submit(order("a"), 3)
        assert first.state is OrderState.QUEUED
        assert again.state is OrderState.ACTIVE
        assert len(queue.orders()) == 1


def test_the_same_identifier_with_other_content_is_bad_input() -> None:
    with OrderQueue() as queue:
        queue.submit(order("a"), 1)
        with pytest.raises(BadInput, match="known with other content: crate_1 to packing"):
            queue.submit(order("a", item="crate_2"), 2)
        assert queue.order("a").item == "crate_1"


def test_urgent_ones_first_then_early_deadlines_then_first_come() -> None:
    with OrderQueue() as queue:
        queue.submit(order("late"), 1)
        queue.submit(order("later"), 2)
        queue.submit(order("deadline", deadline_ns=900), 3)
        queue.submit(order("sooner", deadline_ns=100), 4)
        queue.submit(order("urgent", priority=5), 5)
        taken = []
        for now in range(5):
            found = queue.take(now)
            assert found is not None
            taken.append(found.order)
            queue.mark(found.order, OrderState.DONE, "", now)
        assert taken == ["urgent", "sooner", "deadline", "late", "later"]
        assert queue.take(9) is None


def test_an_active_order_is_taken_again_before_any_other() -> None:
    with OrderQueue() as queue:
        queue.submit(order("first"), 1)
        assert queue.take(2) is not None
        queue.submit(order("urgent", priority=9), 3)
        found = queue.take(4)
        assert found is not None
        assert found.order == "first"
        assert [event.event for event in queue.history("first")] == ["queued: crate_1 to packing", "active"]


def test_items_are_where_they_were_brought() -> None:
    with OrderQueue() as queue:
        queue.stock(ITEMS)
        queue.picked("crate_1", 1)
        assert queue.place_of("crate_1") == ON_ROBOT
        assert queue.items_at(ON_ROBOT) == ("crate_1",)
        queue.delivered(order("a"), 2)
        queue.stock(ITEMS)
        assert queue.place_of("crate_1") == "packing"
        assert queue.items_at("packing") == ("crate_1",)
        assert [event.event for event in queue.history("crate_1")] == [f"now {ON_ROBOT}", "now packing"]


def test_unknown_names_are_bad_input() -> None:
    with OrderQueue() as queue:
        with pytest.raises(BadInput, match="'x' is no order"):
            queue.order("x")
        with pytest.raises(BadInput, match="'y' is no item"):
            queue.place_of("y")


def test_it_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "orders.sqlite"
    with OrderQueue(path) as queue:
        queue.stock(ITEMS)
        queue.submit(order("a", priority=3, deadline_ns=7), 1)
        queue.take(2)
        queue.picked("crate_1", 3)
    with OrderQueue(path) as queue:
        queue.stock(ITEMS)
        found = queue.take(4)
        assert found == Order(order="a", item="crate_1", station="packing", priority=3, deadline_ns=7,
                              state=OrderState.ACTIVE)  # fmt: skip
        assert queue.place_of("crate_1") == ON_ROBOT


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\x00" + b"\xff" * 500])
def test_a_corrupt_file_is_bad_input_that_names_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "orders.sqlite"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="orders.sqlite: cannot be used as an order queue"):
        OrderQueue(path)


def test_a_folder_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be opened"):
        OrderQueue(tmp_path / "missing" / "orders.sqlite")


KILLED = """
import sys
from controllers.meta.queue import OrderQueue
from shield.contract import Order, OrderState
queue = OrderQueue(sys.argv[1])
for k in range(100000):
    queue.submit(Order(order=f"o{k}", item="crate_1", station="packing"), k)
    queue.mark(f"o{k}", OrderState.DONE, "", k)
    print(k, flush=True)
"""


@pytest.mark.parametrize("after", [1, 7, 40])
def test_a_kill_loses_nothing_that_was_confirmed(tmp_path: Path, after: int) -> None:
    path = tmp_path / "orders.sqlite"
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, cwd=root, text=True
    ) as process:
        assert process.stdout is not None
        for _ in range(after):
            last = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read().split()
    confirmed = int(rest[-1]) if rest else last
    with OrderQueue(path) as queue:
        orders = queue.orders()
        assert [entry.order for entry in orders] == [f"o{k}" for k in range(len(orders))]
        assert len(orders) in (confirmed + 1, confirmed + 2)
        assert all(entry.state is OrderState.DONE for entry in orders[: confirmed + 1])
        for entry in orders[: confirmed + 1]:
            assert len(queue.history(entry.order)) == 2
        assert queue.submit(Order(order="o0", item="crate_1", station="packing"), 1).state is OrderState.DONE


def test_a_change_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "orders.sqlite"
    with OrderQueue(path) as queue:
        with sqlite3.connect(path) as other:
            other.execute("DROP TABLE history")
        other.close()
        with pytest.raises(sqlite3.Error):
            queue.submit(order("a"), 1)
        assert queue.orders() == ()


@given(names=st.lists(st.sampled_from("abcdef"), max_size=20))
@settings(max_examples=40, deadline=None)
def test_any_sequence_of_submissions_gives_each_order_once(names: list[str]) -> None:
    with OrderQueue() as queue:
        for now, name in enumerate(names):
            queue.submit(order(name), now)
        assert [entry.order for entry in queue.orders()] == list(dict.fromkeys(names))

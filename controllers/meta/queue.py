"""The queue of orders: persistent (SQLite, write-ahead log), exactly once by identifier, with history.

Every change is one transaction, so a process killed at any moment leaves either the state before or the one
after. An order that was active then is found active again, and is carried on.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from controllers.meta.orders import ON_ROBOT
from shield.contract import Order, OrderState
from shield.errors import BadInput
from shield.site import Item

BUSY_TIMEOUT_S = 2.0  # another process that reads the queue is waited for this long
_SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, item TEXT NOT NULL,
    station TEXT NOT NULL, priority INTEGER NOT NULL, deadline_ns INTEGER NOT NULL, state INTEGER NOT NULL,
    reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS items (name TEXT PRIMARY KEY, place TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS history (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at_ns INTEGER NOT NULL, subject TEXT NOT NULL,
    event TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS orders_by_state ON orders (state, priority, deadline_ns);
"""
_SELECT = "SELECT id, item, station, priority, deadline_ns, state, reason FROM orders "
_URGENCY = "priority DESC, deadline_ns = 0, deadline_ns, number"  # a deadline of 0 is none
_INSERT = """
INSERT INTO orders (id, item, station, priority, deadline_ns, state, reason) VALUES (?, ?, ?, ?, ?, ?, '')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the history: of an order, or of an item that was moved."""

    at_ns: int
    subject: str
    event: str


class OrderQueue:
    """Orders of one robot and the places of the items.

    Args:
        path: the database file; `:memory:` for a queue that ends with the process.

    Raises:
        BadInput: the file cannot be opened or is no queue.
    """

    def __init__(self, path: str | Path = ":memory:") -> None:
        self._path = str(path)
        try:
            self._db = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        except sqlite3.Error as error:
            raise BadInput(f"{self._path}: cannot be opened as an order queue: {error}") from None
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            self._db.close()
            raise BadInput(f"{self._path}: cannot be used as an order queue: {error}") from None

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stock(self, items: Iterable[Item]) -> None:
        """Make items known; those that are known already stay where they are."""
        with self._change():
            rows = [(item.name, item.place) for item in items]
            self._db.executemany("INSERT OR IGNORE INTO items VALUES (?, ?)", rows)

    def submit(self, order: Order, now_ns: int) -> Order:
        """Put an order into the queue, once: the same order again gives what is known of it.

        Raises:
            BadInput: the identifier is taken by an order with other content.
        """
        with self._change():
            known = self._find(order.order)
            if known is None:
                row = (order.order, *_content(order), OrderState.QUEUED)
                self._db.execute(_INSERT, row)
                self._note(now_ns, order.order, f"queued: {order.item} to {order.station}")
        if known is not None and _content(known) != _content(order):
            raise BadInput(
                f"order {order.order!r} is known with other content: {known.item} to {known.station}, "
                f"priority {known.priority}, deadline {known.deadline_ns} ns"
            )
        return self.order(order.order)

    def order(self, name: str) -> Order:
        """The order with this identifier.

        Raises:
            BadInput: there is none.
        """
        found = self._find(name)
        if found is None:
            raise BadInput(f"{name!r} is no order of {self._path}")
        return found

    def orders(self) -> tuple[Order, ...]:
        """All orders, as they were submitted."""
        rows = self._db.execute(_SELECT + "ORDER BY number")
        return tuple(_order(row) for row in rows)

    def active(self) -> Order | None:
        """The order that is being worked on, also by a process that has died since."""
        query = _SELECT + "WHERE state = ? ORDER BY number LIMIT 1"
        row = self._db.execute(query, (OrderState.ACTIVE,)).fetchone()
        return None if row is None else _order(row)

    def take(self, now_ns: int) -> Order | None:
        """The order to work on: one that is active already, else the most urgent, which becomes active."""
        active = self.active()
        if active is not None:
            return active
        query = _SELECT + "WHERE state = ? ORDER BY " + _URGENCY + " LIMIT 1"
        row = self._db.execute(query, (OrderState.QUEUED,)).fetchone()
        return None if row is None else self.mark(_order(row).order, OrderState.ACTIVE, "", now_ns)

    def mark(self, name: str, state: OrderState, reason: str, now_ns: int) -> Order:
        """Set the state of an order; returns it."""
        with self._change():
            self._set_state(name, state, reason, now_ns)
        return self.order(name)

    def place_of(self, item: str) -> str:
        """Where an item is: the name of a place, or `ON_ROBOT`.

        Raises:
            BadInput: the item is not known.
        """
        row = self._db.execute("SELECT place FROM items WHERE name = ?", (item,)).fetchone()
        if row is None:
            raise BadInput(f"{item!r} is no item of {self._path}")
        return str(row[0])

    def items_at(self, place: str) -> tuple[str, ...]:
        """The items that are at a place, or `ON_ROBOT`."""
        rows = self._db.execute("SELECT name FROM items WHERE place = ? ORDER BY name", (place,))
        return tuple(str(row[0]) for row in rows)

    def picked(self, item: str, now_ns: int) -> None:
        """The robot carries the item from now on."""
        with self._change():
            self._move(item, ON_ROBOT, now_ns)

    def delivered(self, order: Order, now_ns: int) -> None:
        """The item of the order stands at its station from now on."""
        with self._change():
            self._move(order.item, order.station, now_ns)

    def history(self, subject: str) -> tuple[Event, ...]:
        """What happened to an order or an item, oldest first."""
        rows = self._db.execute(
            "SELECT at_ns, subject, event FROM history WHERE subject = ? ORDER BY number", (subject,)
        )
        return tuple(Event(at_ns=row[0], subject=row[1], event=row[2]) for row in rows)

    @contextmanager
    def _change(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _find(self, name: str) -> Order | None:
        row = self._db.execute(_SELECT + "WHERE id = ?", (name,)).fetchone()
        return None if row is None else _order(row)

    def _set_state(self, name: str, state: OrderState, reason: str, now_ns: int) -> None:
        self._db.execute("UPDATE orders SET state = ?, reason = ? WHERE id = ?", (state, reason, name))
        self._note(now_ns, name, f"{state.name.lower()}: {reason}" if reason else state.name.lower())

    def _move(self, item: str, place: str, now_ns: int) -> None:
        self._db.execute("UPDATE items SET place = ? WHERE name = ?", (place, item))
        self._note(now_ns, item, f"now {place}")

    def _note(self, now_ns: int, subject: str, event: str) -> None:
        row = (now_ns, subject, event)
        self._db.execute("INSERT INTO history (at_ns, subject, event) VALUES (?, ?, ?)", row)


def _content(order: Order) -> tuple[object, ...]:
    return (order.item, order.station, order.priority, order.deadline_ns)


def _order(row: tuple[str, str, str, int, int, int, str]) -> Order:
    name, item, station, priority, deadline_ns, state, reason = row
    return Order(order=name, item=item, station=station, priority=priority, deadline_ns=deadline_ns,
                 state=OrderState(state), reason=reason)  # fmt: skip

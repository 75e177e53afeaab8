"""The stack in one process: the same cores as the nodes', wired by a deterministic bus, in simulated time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping

from shield.errors import require
from shield.topics import SUBSCRIPTIONS, TOPICS, Core, Output

Record = Callable[[str, object, int], None]  # topic, value, stamp_ns

MESSAGES_PER_PERIOD_MAX = (
    500  # a bound on what one control period may publish: far above the ~20 of normal running
)
ORDER = ("sim", "supervisor", "safety", "autonomy", "drive")  # in which the cores tick within one period


class Loop:
    """Runs cores in lock-step: in each period every core ticks in `ORDER`, and messages are delivered at once.

    Args:
        cores: process name -> core, for the names in `shield.topics.SUBSCRIPTIONS`.
        period_ns: the control period.
        start_ns: simulated time of the first period.
    """

    def __init__(self, cores: Mapping[str, Core], *, period_ns: int, start_ns: int = 1_000_000_000) -> None:
        unknown = sorted(set(cores) - set(ORDER))
        require(not unknown, f"no process is called {unknown}; known are {ORDER}")
        self._cores = {name: cores[name] for name in ORDER if name in cores}
        self._subscribers = {
            topic: tuple(name for name in self._cores if topic in SUBSCRIPTIONS[name]) for topic in TOPICS
        }
        self._period_ns = period_ns
        self._queue: deque[Output] = deque()
        self.now_ns = start_ns
        self.dead: set[str] = set()  # processes that no longer run: the tests' kill -9

    def publish(self, topic: str, value: object) -> None:
        """Put a message on the bus, as an operator or an intruder would; it is delivered in the next period."""
        require(topic in TOPICS, f"{topic!r} is no topic")
        self._queue.append((topic, value))

    def step(self, record: Record | None = None) -> None:
        """Run one control period."""
        self.now_ns += self._period_ns
        budget = MESSAGES_PER_PERIOD_MAX - self._deliver(record, MESSAGES_PER_PERIOD_MAX)
        for name, core in self._cores.items():
            if name not in self.dead:
                self._queue.extend(core.tick(self.now_ns))
                budget -= self._deliver(record, budget)

    def run(
        self, duration_s: float, *, record: Record | None = None, until: Callable[[], bool] | None = None
    ) -> None:
        """Run for `duration_s` of simulated time, or until `until()` says so."""
        for _ in range(round(duration_s * 1e9 / self._period_ns)):
            self.step(record)
            if until is not None and until():
                return

    def _deliver(self, record: Record | None, budget: int) -> int:
        count = 0
        while self._queue:
            count += 1
            require(
                count <= budget,
                f"more than {MESSAGES_PER_PERIOD_MAX} messages in one period: a feedback loop",
            )
            topic, value = self._queue.popleft()
            if record is not None:
                record(topic, value, self.now_ns)
            for name in self._subscribers[topic]:
                if name not in self.dead:
                    self._queue.extend(self._cores[name].handle(topic, value, self.now_ns))
        return count

"""The whole stack around a simulated robot, in process: what `launch/warehouse_sim.launch.yaml` starts, in one loop."""

from __future__ import annotations

from controllers.meta.autonomy import Autonomy
from controllers.meta.queue import OrderQueue
from controllers.motor.drive import Drive
from shield.contract import Order, OrderState
from shield.keys import new_key
from shield.profile import RobotProfile, load_profile
from shield.safety import Safety
from shield.site import Site, load_site
from shield.supervisor import Supervisor
from shield.topics import Core
from sim.loop import Loop, Record
from sim.scenario import Scenario
from sim.simulator import Simulator
from skills.library import load_library

START_NS = 1_000_000_000


class Stack:
    """One robot, one hall, one shift.

    Args:
        scenario: what happens.
        seed: of all noise; the scenario's own by default.
        engine: one of `sim.simulator.ENGINES`.
        navigator: one of `skills.library.NAVIGATORS`.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        seed: int | None = None,
        engine: str = "mujoco",
        navigator: str = "learned",
    ) -> None:
        self.scenario = scenario
        self.profile: RobotProfile = load_profile(scenario.profile)
        self.site: Site = load_site(scenario.site)
        key = new_key()
        self.simulator = Simulator(
            scenario, self.profile, self.site, scenario.seed if seed is None else seed, engine
        )
        self.safety = Safety(self.profile, self.site, key)
        self.supervisor = Supervisor(self.profile)
        self.drive = Drive(self.profile, key)
        skills = load_library(self.profile, self.site, navigator=navigator)
        self.autonomy = Autonomy(self.profile, self.site, skills, OrderQueue(":memory:"))
        cores: dict[str, Core] = {
            "sim": self.simulator,
            "supervisor": self.supervisor,
            "safety": self.safety,
            "autonomy": self.autonomy,
            "drive": self.drive,
        }
        self.loop = Loop(cores, period_ns=round(self.profile.timing.period_s * 1e9), start_ns=START_NS)
        self.orders: dict[str, Order] = {}  # the last status of each
        self._waiting = sorted(enumerate(scenario.orders), key=lambda entry: entry[1].at_s)

    @property
    def elapsed_s(self) -> float:
        """Simulated time since the start."""
        return (self.loop.now_ns - START_NS) * 1e-9

    @property
    def finished(self) -> bool:
        """Whether every order of the scenario came to its end."""
        ended = (OrderState.DONE, OrderState.FAILED, OrderState.CANCELLED)
        done = sum(order.state in ended for order in self.orders.values())
        return not self._waiting and done == len(self.scenario.orders)

    @property
    def fulfilled(self) -> bool:
        """Whether every order was done, the crates stand where they belong, and nothing was touched in motion."""
        delivered = all(self.simulator.delivered(order.item, order.station) for order in self.scenario.orders)
        done = all(order.state == OrderState.DONE for order in self.orders.values())
        return self.finished and done and delivered and not self.simulator.truth.contacts

    def step(self, record: Record | None = None) -> None:
        """Run one control period, submitting the orders that are due."""
        while self._waiting and self._waiting[0][1].at_s <= self.elapsed_s:
            count, due = self._waiting.pop(0)
            order = Order(order=f"order_{count + 1}", item=due.item, station=due.station)
            self.loop.publish("order", order)

        def watch(topic: str, value: object, stamp_ns: int) -> None:
            if isinstance(value, Order) and topic == "order_status":
                self.orders[value.order] = value
            if record is not None:
                record(topic, value, stamp_ns)

        self.loop.step(watch)

    def run(self, record: Record | None = None) -> bool:
        """Run until all orders ended or the scenario's time is over; return `fulfilled`."""
        while self.elapsed_s < self.scenario.duration_s and not self.finished:
            self.step(record)
        return self.fulfilled

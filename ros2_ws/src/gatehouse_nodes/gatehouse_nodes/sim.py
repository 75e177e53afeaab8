"""The simulated robot, where a robot's drivers stand: it speaks standard messages only."""

from __future__ import annotations

import time
from pathlib import Path

from gatehouse.paths import find
from gatehouse_nodes import process
from gatehouse_nodes.setting import Setting
from gatehouse_nodes.shell import UNSET, Node, Shell
from shield.errors import BadInput
from shield.topics import Core, Output
from sim.scenario import load_scenario
from sim.simulator import Simulator
from sim.truth_log import TruthLog

TEXTS = {"scenario": "fetch_crate", "engine": "mujoco", "seed": UNSET, "truth": UNSET}
AHEAD_NS = 8_000_000  # longer than a period with both lidars takes to compute


class Witnessed:
    """The simulator with its truth written beside, for judging a run afterwards."""

    def __init__(self, simulator: Simulator, log: TruthLog) -> None:
        self._simulator, self._log = simulator, log

    def handle(self, topic: str, value: object, now_ns: int) -> list[Output]:
        """As the simulator."""
        return self._simulator.handle(topic, value, now_ns)

    def tick(self, now_ns: int) -> list[Output]:
        """As the simulator; then a row of truth, when one is due."""
        outputs = self._simulator.tick(now_ns)
        self._log.watch(now_ns, self._simulator)
        return outputs


def make_core(node: Node, setting: Setting) -> Core:
    """The simulator of the scenario that the parameter names; with `truth`, a file, its truth goes there."""
    scenario = load_scenario(find("scenario", node.text("scenario")))
    seed = node.text("seed")
    if seed != UNSET and not seed.isdecimal():
        raise BadInput(f"seed is {seed!r}, a whole number is expected")
    simulator = Simulator(scenario, setting.profile, setting.site, scenario.seed if seed == UNSET else int(seed),
                          node.text("engine"))  # fmt: skip
    truth = node.text("truth")
    return Witnessed(simulator, TruthLog(Path(truth))) if truth != UNSET else simulator


class SimShell(Shell):
    """Makes each period ready a little ahead, so that its messages go out at the time that they are stamped with.

    A robot's sensors do not wait for somebody to compute the world.
    """

    def advance(self, core: Core) -> list[Output]:
        due_ns = self.now_ns() + AHEAD_NS
        outputs = core.tick(due_ns)
        time.sleep(max(due_ns - self.now_ns(), 0) * 1e-9)
        return outputs


def main() -> None:
    """Entry point of the executable; a robot's drivers keep their time as well."""
    process.main(lambda: SimShell("sim", make_core, TEXTS), process.Priority(realtime=30))


if __name__ == "__main__":
    main()

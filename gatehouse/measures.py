"""The measurements behind `gatehouse bench`: each returns figures with the bound that they are held to."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gatehouse.collect import read_columns
from gatehouse.paths import find
from gatehouse.record import quantiles
from gatehouse.run_folder import FIGURES, RECORD
from shield import contract as c
from shield.contract import Floats, frozen_floats
from shield.errors import BadInput
from shield.profile import load_profile
from shield.site import load_site
from sim.scenario import load_scenario

if TYPE_CHECKING:
    from sim.stack import Stack

DRIVEN_S = 40.0  # of simulated time that snapshots are collected in
DEMO_LIMIT_S = 600.0  # a demo that takes longer has hung
CALL = "from gatehouse.cli import main; main()"
GATE_ROUNDS_N = 4  # passes over the collected snapshots


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number and what it is held to."""

    name: str
    value: float
    unit: str
    bound: float | None = None
    at_least: bool = False  # the bound is a least, not a most
    reproduce: str = ""

    @property
    def is_kept(self) -> bool:
        """Whether the value is within its bound; true without one."""
        if self.bound is None:
            return True
        return self.value >= self.bound if self.at_least else self.value <= self.bound


def measure_gate(scenario: str) -> list[Figure]:
    """The gate alone, on snapshots of a driven scenario: two lidars of 360 beams each, people about."""
    from shield.gate import Gate
    from shield.keys import new_key

    stack = _stack(scenario)
    pairs = _driven(stack)
    times = []
    for _ in range(GATE_ROUNDS_N):
        gate = Gate(stack.profile, stack.site, new_key())
        for snapshot, proposal, now_ns in pairs:
            begun = time.perf_counter()
            gate.certify(proposal, snapshot, now_ns)
            times.append(time.perf_counter() - begun)
    discs = float(np.mean([len(snapshot.discs) for snapshot, _, _ in pairs]))
    figures = _spread("gate decision, in process", times[len(pairs) :], 1e-3, "gate")
    return [
        *figures,
        Figure(name="obstacle discs in a snapshot, mean", value=discs, unit="", reproduce="gate"),
    ]


def measure_policy(scenario: str) -> list[Figure]:
    """One step of the navigation skill: observation, inference, motion shaping."""
    from skills.library import load_library

    stack = _stack(scenario)
    pairs = _driven(stack)
    skill = load_library(stack.profile, stack.site)["navigate"]
    target = next(order.station for order in stack.scenario.orders)
    snapshots = [snapshot for snapshot, proposal, _ in pairs if proposal.skill == "navigate"]
    if not snapshots:
        raise BadInput(
            f"{scenario}: the robot never navigates in its first {DRIVEN_S:.0f} s; nothing to measure"
        )
    times = []
    skill.start(c.SkillGoal(skill="navigate", target=target), snapshots[0], snapshots[0].stamp_ns)
    for snapshot in snapshots:
        begun = time.perf_counter()
        skill.step(snapshot, snapshot.stamp_ns)
        times.append(time.perf_counter() - begun)
    return _spread("navigation step with its policy", times[10:], None, "policy")


def measure_sim(scenario: str) -> list[Figure]:
    """MuJoCo with all sensors, nothing else."""
    from sim.simulator import Simulator

    loaded = load_scenario(find("scenario", scenario))
    profile = load_profile(loaded.profile)
    simulator = Simulator(loaded, profile, load_site(loaded.site), loaded.seed)
    period_ns = round(profile.timing.period_s * 1e9)
    pace = _pace(lambda k: simulator.tick(k * period_ns), profile.timing.period_s)
    name = "MuJoCo tier with sensors, times real time"
    return [Figure(name=name, value=pace, unit="x", bound=10.0, at_least=True, reproduce="sim")]


def measure_stack(scenario: str) -> list[Figure]:
    """The whole stack around the simulator, in process."""
    stack = _stack(scenario)
    pace = _pace(lambda _: stack.step(), stack.profile.timing.period_s)
    return [Figure(name="whole stack in process, times real time", value=pace, unit="x", reproduce="stack")]


def measure_live(scenario: str) -> list[Figure]:
    """The demo as a user runs it: delays over DDS, wall time, memory.

    Raises:
        BadInput: the demo did not come to a good end.
    """
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as name:
        folder = Path(name) / "run"
        words = [sys.executable, "-c", CALL, "demo", scenario, "--out", str(folder)]
        begun = time.monotonic()
        ended = subprocess.run(words, capture_output=True, text=True, timeout=DEMO_LIMIT_S, check=False)
        wall_s = time.monotonic() - begun
        if ended.returncode != 0:
            last = (ended.stderr or ended.stdout).strip().splitlines()[-1:]
            raise BadInput(f"the demo ended with exit code {ended.returncode}: {''.join(last)}")
        delays = read_columns(folder / RECORD).delay_s
        peak_mb = float(json.loads((folder / FIGURES).read_text())["memory_peak_mb"])
    return [
        *_spread("sensing to certified command, over DDS", delays["sensing_to_certified"], 1e-2, "live"),
        *_spread("gate decision, in the safety process", delays["gate"], 1e-3, "live"),
        *_spread("sensing to set-point at the motors", delays["sensing_to_motors"], None, "live"),
        Figure(name="demo, from start to report", value=wall_s, unit="s", bound=180.0, reproduce="live"),
        Figure(
            name="memory of all processes, peak", value=peak_mb, unit="MB", bound=2500.0, reproduce="live"
        ),
    ]


MEASURES: dict[str, Callable[[str], list[Figure]]] = {
    "gate": measure_gate,
    "policy": measure_policy,
    "sim": measure_sim,
    "stack": measure_stack,
    "live": measure_live,
}


def _stack(scenario: str) -> Stack:
    from sim.stack import Stack  # the learned policy's libraries take their time

    return Stack(load_scenario(find("scenario", scenario)))


def _driven(stack: Stack) -> list[tuple[c.Snapshot, c.ProposedAction, int]]:
    """Snapshots, the proposals made on them, and the time of each, from a run in process."""
    pairs: list[tuple[c.Snapshot, c.ProposedAction, int]] = []
    newest: list[c.Snapshot] = []

    def take(topic: str, value: object, stamp_ns: int) -> None:
        if isinstance(value, c.Snapshot):
            newest[:] = [value]
        elif isinstance(value, c.ProposedAction) and newest:
            pairs.append((newest[0], value, stamp_ns))

    while stack.elapsed_s < min(DRIVEN_S, stack.scenario.duration_s):
        stack.step(take)
    return pairs


def _pace(step: Callable[[int], object], period_s: float) -> float:
    """Simulated seconds in a second, after a second of warming up."""
    warm = round(1.0 / period_s)
    count = round(DRIVEN_S / period_s)
    for k in range(1, warm + 1):
        step(k)
    begun = time.perf_counter()
    for k in range(warm + 1, warm + count + 1):
        step(k)
    return count * period_s / (time.perf_counter() - begun)


def _spread(name: str, seconds: list[float] | Floats, bound_s: float | None, reproduce: str) -> list[Figure]:
    """p50, p99 and max of `seconds` in milliseconds; the bound is on the p99."""
    values = quantiles(frozen_floats(seconds))
    bounds = (None, None if bound_s is None else bound_s * 1e3, None)
    return [
        Figure(name=f"{name}, {which}", value=value * 1e3, unit="ms", bound=bound, reproduce=reproduce)
        for which, value, bound in zip(("p50", "p99", "max"), values, bounds, strict=True)
    ]

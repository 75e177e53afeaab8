"""Runs the whole stack in this process, in simulated time: the same cores, the same record, no middleware."""

from __future__ import annotations

import time
from pathlib import Path

from gatehouse.cdr import Cdr
from gatehouse.collect import Collector
from gatehouse.progress import Progress
from gatehouse.run_folder import IN_PROCESS, RECORD, TRUTH, Choice, Finished
from shield.blackbox import Recorder
from sim.scenario import Scenario
from sim.stack import Stack
from sim.truth_log import TruthLog

SETTLE_S = 1.0  # the run goes on so long after its orders ended


def run_in_process(
    scenario: Scenario, folder: Path, *, choice: Choice, progress: Progress | None
) -> Finished:
    """Run `scenario` until its orders ended or its time is over; record and truth go to `folder`.

    Raises:
        BadInput: something that the scenario names is wrong or missing.
    """
    stack = Stack(scenario, seed=choice.seed, engine=choice.engine, navigator=choice.navigator)
    cdr, collector = Cdr(stack.profile), Collector(stack.profile.footprint)
    seed = scenario.seed if choice.seed is None else choice.seed
    notes = {"scenario": scenario.scenario, "seed": str(seed), "engine": choice.engine, IN_PROCESS: "yes"}
    recorder = Recorder(folder / RECORD, stack.profile, stack.site, cdr.schema, notes)

    def take(topic: str, value: object, stamp_ns: int) -> None:
        recorder.write(topic, cdr.serialize(topic, value), stamp_ns)
        collector.add(topic, value, stamp_ns)
        if progress is not None:
            progress.take(topic, value, stamp_ns)

    started_s = time.perf_counter()
    with TruthLog(folder / TRUTH) as truth:
        end_s = scenario.duration_s
        while stack.elapsed_s < end_s:
            stack.step(take)
            truth.watch(stack.loop.now_ns, stack.simulator)
            if stack.finished:
                end_s = min(end_s, stack.elapsed_s + SETTLE_S)
        truth.write(stack.loop.now_ns, stack.simulator.truth)
    recorder.close()
    wall_s = time.perf_counter() - started_s
    pace = f"{wall_s:.1f} s, {stack.elapsed_s / wall_s:.1f} times real time, with the record"
    return Finished(columns=collector.columns(), notes={"Simulated in one process in": pace})

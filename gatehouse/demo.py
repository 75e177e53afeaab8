"""`gatehouse demo`: a simulated robot fetches a crate while people walk about; ends with a report."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import click

from gatehouse.machine import machine
from gatehouse.paths import find
from gatehouse.progress import Progress
from gatehouse.record import Columns
from gatehouse.report import report_folder
from gatehouse.run_facts import Judgement, RunFacts
from gatehouse.run_folder import NAVIGATORS, RECORD, REPORT, Choice
from shield.errors import BadInput
from shield.profile import load_profile
from shield.site import load_site
from sim.scenario import load_scenario
from sim.simulator import ENGINES


@click.command()
@click.argument("scenario", default="fetch_crate")
@click.option("--seed", type=click.IntRange(min=0), help="Of all noise; the scenario's own by default.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder of the run; runs/SCENARIO-TIME by default."
)
@click.option(
    "--engine", type=click.Choice(ENGINES), default="mujoco", show_default=True, help="Of the physics."
)
@click.option(
    "--navigator", type=click.Choice(NAVIGATORS), default="learned", show_default=True, help="Who drives."
)
@click.option("--in-process", is_flag=True, help="One process, simulated time, deterministic; no DDS.")
@click.option("--no-render", is_flag=True, help="A report without pictures.")
def command(
    scenario: str,
    seed: int | None,
    out: Path | None,
    engine: str,
    navigator: str,
    in_process: bool,
    no_render: bool,
) -> int:
    """Let a simulated robot work off the orders of SCENARIO, a name or a YAML file, and write a report.

    Starts all processes of the stack over DDS, shows how they do, and draws the pictures after the run. Exit
    code 0 only if the orders were fulfilled and nothing was touched in motion.
    """
    started_s = time.monotonic()
    choice = Choice(seed=seed, engine=engine, navigator=navigator)
    path = find("scenario", scenario)
    loaded = load_scenario(path)
    folder = make_folder(out, loaded.scenario)
    profile, site = load_profile(loaded.profile), load_site(loaded.site)
    with Progress(footprint=profile.footprint) as progress:
        if in_process:
            from gatehouse.in_process import run_in_process

            ended = run_in_process(loaded, folder, progress=progress, choice=choice)
        else:
            from gatehouse.live import run_live

            ended = run_live(path, loaded, folder, progress=progress, choice=choice)
    notes = {
        "Scenario": f"{loaded.scenario}, seed {loaded.seed if seed is None else seed}, {engine}",
        "Machine": machine(),
        **ended.notes,
    }
    run = RunFacts(
        title=loaded.scenario,
        columns=ended.columns,
        profile=profile,
        site=site,
        is_live=not in_process,
        notes=notes,
    )
    judgement = report_folder(run, folder, renders=not no_render)
    report = folder / REPORT
    for line in closing_lines(judgement, ended.columns, report, time.monotonic() - started_s):
        click.echo(line)
    return 0 if judgement.is_good else 1


def make_folder(out: Path | None, name: str) -> Path:
    """The folder of a run, empty.

    Raises:
        BadInput: `out` holds something already, or cannot be made.
    """
    folder = out or Path("runs") / f"{name}-{datetime.now(UTC).astimezone():%Y%m%d-%H%M%S}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = any(folder.iterdir())
    except OSError as error:
        raise BadInput(f"{folder}: no folder for the run can be made there: {error.strerror}") from None
    if taken:
        raise BadInput(f"{folder}: holds files already; name an empty folder with --out")
    return folder


def closing_lines(judgement: Judgement, columns: Columns, report: Path, wall_s: float) -> list[str]:
    """The last words of a demo."""
    fate = "order fulfilled" if judgement.is_fulfilled else "ORDER NOT FULFILLED"
    reasons = [order.reason for order in columns.orders if order.reason]
    if reasons and not judgement.is_fulfilled:
        fate += f" ({reasons[0]})"
    contacts = "nothing touched in motion"
    if judgement.contacts:
        contacts = f"{len(judgement.contacts)} CONTACTS IN MOTION, first: {judgement.contacts[0]}"
    count = len(columns.interventions)
    stepped = (
        f"the gate stepped in {count} time{'' if count == 1 else 's'} in {columns.decisions_n} decisions"
    )
    return [
        f"{fate}; {contacts}; {stepped}",
        f"{columns.driven_s:.1f} s in the hall, {wall_s:.1f} s on the clock",
        f"report: {report}",
        f"replay: gatehouse replay {report.parent / RECORD}",
    ]

"""The one-page report of a run: everything in a single HTML file, readable on a phone and on paper."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import click
import jinja2
from markupsafe import Markup

from gatehouse import sections
from gatehouse.collect import collect, read_messages
from gatehouse.moments import find_scene, key_moments, person_distance
from gatehouse.run_facts import Judgement, RunFacts, judge
from gatehouse.run_folder import IN_PROCESS, RECORD, REPORT, STRIP, TRUTH
from shield.blackbox import Reading
from shield.errors import BadInput
from sim.truth_log import read_truth


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--no-render", is_flag=True, help="Without pictures.")
def command(run: Path, no_render: bool) -> int:
    """Write the report of RUN again: a folder that a demo left, with its record and its truth.

    Exit code 0 only if the orders were fulfilled and nothing was touched in motion.
    """
    reading = Reading(run / RECORD)
    columns = collect(read_messages(reading), reading.profile.footprint)
    notes = {"Record": f"{run / RECORD}{'' if reading.is_complete else ', cut off'}"}
    facts = RunFacts(
        title=reading.notes.get("scenario", run.name),
        columns=columns,
        profile=reading.profile,
        site=reading.site,
        is_live=IN_PROCESS not in reading.notes,
        notes=notes,
    )
    judgement = report_folder(facts, run, renders=not no_render)
    click.echo(f"report: {run / REPORT}")
    return 0 if judgement.is_good else 1


def report_folder(run: RunFacts, folder: Path, *, renders: bool) -> Judgement:
    """Add truth, pictures and the replay's command to `run`, and write its page into `folder`."""
    from gatehouse.pictures import take_pictures  # MuJoCo is heavy, and a report without pictures needs none

    truth = read_truth(folder / TRUTH) if (folder / TRUTH).is_file() else []
    run = replace(run, truth=truth, replay=f"gatehouse replay {folder / RECORD}")
    if renders and truth:
        scene = find_scene(run.columns, truth)
        try:
            album = take_pictures(run, scene, key_moments(run.columns, scene))
        except BadInput as error:  # a machine that cannot draw still gets its report
            click.echo(f"gatehouse: {error}", err=True)
            run = replace(run, notes={**run.notes, "Pictures": str(error)})
        else:
            run = replace(run, pictures=album.frames, clip=album.clip)
            if album.strip is not None:
                (folder / STRIP).write_bytes(album.strip.data)
    return write_report(run, folder / REPORT)


def write_report(run: RunFacts, path: str | Path) -> Judgement:
    """Write the page of `run` to `path`; return how the run went."""
    Path(path).write_text(render(run), encoding="utf-8")
    return judge(run.columns, run.truth, run.site)


def render(run: RunFacts) -> str:
    """The page of `run`."""
    columns = run.columns
    scene = find_scene(columns, run.truth)
    distance = person_distance(columns, run.truth)
    chosen = sections.worth_telling(columns.interventions)
    folder = files("gatehouse") / "templates"
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined)
    page = environment.from_string((folder / "report.html").read_text(encoding="utf-8"))
    style = (folder / "report.css").read_text(encoding="utf-8")
    return page.render(
        title=run.title,
        css=Markup(style),  # noqa: S704 # a file of this package
        when=datetime.now(UTC).astimezone().strftime("%-d %B %Y, %H:%M"),
        **sections.summary(run, judge(columns, run.truth, run.site)),
        scene=sections.scene_section(run, scene, distance) if scene else None,
        map=sections.map_section(run, chosen, scene),
        timeline=sections.timeline_section(run, distance if run.truth else None),
        work=[sections.frame(picture) for picture in run.pictures[3 if scene else 0 :]],
        clip=sections.frame(run.clip) if run.clip else None,
        latency=sections.latency_section(run),
        interventions=sections.intervention_section(columns, chosen),
        modes=sections.mode_rows(columns.modes),
        faults=[
            {
                "code": fault.code,
                "source": fault.source,
                "severity": fault.severity.name.lower(),
                "time": f"{fault.time_s:.1f} s",
                "count": fault.count_n,
                "detail": fault.detail,
            }
            for fault in columns.faults
        ],
        facts=[
            ("Robot", f"{run.profile.robot}, profile {run.profile.digest[:12]}"),
            ("Site", f"{run.site.site}, {run.site.digest[:12]}"),
            *run.notes.items(),
        ],
        replay=run.replay,
        map_legend=sections.map_legend(),
        curves_legend=sections.curves_legend(has_truth=bool(run.truth)),
    )

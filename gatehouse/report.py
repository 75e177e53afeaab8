"""The one-page report of a run: everything in a single HTML file, readable on a phone and on paper."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import jinja2
from markupsafe import Markup

from gatehouse import sections
from gatehouse.moments import find_scene, person_distance
from gatehouse.run_facts import Judgement, RunFacts, judge


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
        modes=[
            {
                "mode": span.label.replace("_", " "),
                "start": f"{span.start_s:.1f} s",
                "length": f"{span.length_s:.1f} s",
                "cause": span.detail,
            }
            for span in columns.modes
        ],
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

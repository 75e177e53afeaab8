"""The sections of the report as plain values for its template: numbers rounded, sentences written."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Sequence
from typing import Any

from markupsafe import Markup

from gatehouse.collect import TELLING
from gatehouse.floor_map import SPEED_WORDS, FloorMap
from gatehouse.moments import Scene, person_distance
from gatehouse.record import Columns, Intervention, OrderLine, Series, Span, quantiles
from gatehouse.run_facts import Judgement, Picture, RunFacts
from gatehouse.timeline import Timeline
from shield.contract import Floats, Outcome

Section = dict[str, Any]

WIDE_PX, NARROW_PX = 1024.0, 360.0  # a page on a desk or on paper, and on a phone
MARKED_N = 12  # so many interventions get a number on the map and a row in the table
SCENE_BEFORE_S, SCENE_AFTER_S = 3.0, 4.0  # of the time line around the scene
READY_BEFORE_S = 1.0  # so much of the start is shown
HOPS = (  # name, words, bound of the 99th percentile
    ("gate", "the gate alone: proposal in, verdict out", 0.001),
    ("before_gate", "encoders read → gate begins: fusion, skill, transport twice", None),
    ("sensing_to_certified", "encoders read → command certified", 0.010),
    ("sensing_to_motors", "encoders read → set-point at the motors", None),
)
ANSWERS = {Outcome.CORRECTED: "corrected", Outcome.FALLBACK: "fail-safe", Outcome.ACCEPTED: "accepted"}


def summary(run: RunFacts, judgement: Judgement) -> Section:
    """Headline, lead and the six figures."""
    columns = run.columns
    touched = len(judgement.contacts)
    headline = [
        ("Order fulfilled." if judgement.is_fulfilled else "Order not fulfilled.", judgement.is_fulfilled),
        (
            f"{touched} contacts in motion."
            if touched > 1
            else "One contact in motion."
            if touched
            else "Nothing was touched in motion.",
            not touched,
        ),
    ]
    return {"headline": headline, "lead": _lead(run, judgement), "figures": _figures(run, columns, judgement)}


def scene_section(run: RunFacts, scene: Scene, distance: Series) -> Section:
    """The meeting with a person: words, pictures, its own piece of the time line."""
    heading = f"A person steps in: the robot {scene.answer}, and carries on by itself"
    words = (
        f"At {scene.before_s:.1f} s the robot drives at {scene.before_mps:.2f} m/s. A person comes as near "
        f"as {scene.nearest_m:.2f} m; the robot is down to {scene.slowest_mps:.2f} m/s at "
        f"{scene.slowest_s:.1f} s"
    )
    words += f", {scene.detour_m:.1f} m off the straight line," if scene.detour_m >= 0.35 else ""
    words += f" and drives {scene.after_mps:.2f} m/s again at {scene.after_s:.1f} s. Nobody told it to."
    end_s = min(run.columns.duration_s, scene.after_s + SCENE_AFTER_S)
    window = (max(0.0, scene.before_s - SCENE_BEFORE_S), end_s)

    def draw(width_px: float) -> str:
        return Timeline(run.columns, width_px=width_px, window_s=window, truth_person_m=distance).svg()

    return {"heading": heading, "words": words, "frames": [frame(p) for p in run.pictures[:3]], **both(draw)}


def map_section(run: RunFacts, chosen: Sequence[Intervention], scene: Scene | None) -> Section:
    """The map in two widths, with its words."""
    columns = run.columns

    def draw(width_px: float) -> str:
        drawing = FloorMap(run.site, width_px=width_px)
        drawing.people(run.truth)
        drawing.path(columns)
        if len(columns.x_m.value):
            at_s = scene.slowest_s if scene else columns.duration_s
            drawing.robot(
                run.profile,
                columns.x_m.at(at_s),
                columns.y_m.at(at_s),
                columns.heading_rad.at(at_s),
                title=f"the robot at {at_s:.1f} s",
            )
        drawing.interventions(chosen)
        return drawing.svg()

    words = f"{columns.distance_m:.1f} m driven. North is up."
    words += " The robot is drawn where it met the person." if scene else ""
    return both(draw) | {"words": words}


def timeline_section(run: RunFacts, distance: Series | None) -> Section:
    """The time line of the whole run in two widths."""
    columns = run.columns
    window = (max(0.0, columns.ready_s - READY_BEFORE_S), max(columns.duration_s, columns.ready_s + 1.0))

    def draw(width_px: float) -> str:
        return Timeline(columns, width_px=width_px, window_s=window, truth_person_m=distance).svg()

    return both(draw)


def latency_section(run: RunFacts) -> Section:
    """Delays of the hops with their bounds."""
    rows = []
    for name, words, bound_s in HOPS:
        values = run.columns.delay_s.get(name)
        if values is None or not len(values) or not (run.is_live or name == "gate"):
            continue
        p50, p99, top = quantiles(values)
        verdict = "" if bound_s is None else "kept" if p99 <= bound_s else "missed"
        rows.append(
            {
                "name": words,
                "p50": milliseconds(p50),
                "p99": milliseconds(p99),
                "top": milliseconds(top),
                "bound": milliseconds(bound_s) if bound_s else "",
                "verdict": verdict,
            }
        )
    words = f"{run.columns.decisions_n} decisions, one every {run.profile.timing.period_s * 1e3:.0f} ms."
    if not run.is_live:
        words += (
            " This run was simulated in one process and in simulated time, so only the gate's own time "
            "is real; the live demo measures the rest."
        )
    return {"words": words, "rows": rows}


def intervention_section(columns: Columns, chosen: Sequence[Intervention]) -> Section:
    """The table of interventions."""
    total = len(columns.interventions)
    if not total:
        return {"words": "Never: every proposal was inside what is safe.", "rows": []}
    corrected = sum(one.outcome is Outcome.CORRECTED for one in columns.interventions)
    decisions = sum(one.decisions_n for one in columns.interventions)
    words = (
        f"{total} episodes, {decisions} of {columns.decisions_n} decisions. Corrections (▲) were enough "
        f"in {corrected}; the fail-safe (■) began at least once in {total - corrected}. Speeds and reason "
        "are those of an episode's most telling decision."
    )
    if total > len(chosen):
        words += f" The {len(chosen)} weightiest are listed and numbered on the map; all are in the record."
    return {"words": words, "rows": [_row(one) for one in chosen]}


def worth_telling(interventions: Sequence[Intervention]) -> list[Intervention]:
    """The weightiest: something was in the way, and they took away the most; in the order of time."""

    def weight(one: Intervention) -> tuple[bool, float, int]:
        return bool(TELLING & set(one.rules)), one.cut_mps, one.decisions_n

    by_weight = sorted(interventions, key=weight, reverse=True)
    return sorted(by_weight[:MARKED_N], key=lambda one: one.start_s)


def mode_rows(modes: Sequence[Span]) -> list[Section]:
    """How often and how long each mode held, and why, in the order of their first time."""
    rows: dict[tuple[str, str], list[Span]] = {}
    for span in modes:
        rows.setdefault((span.label, span.detail), []).append(span)
    return [
        {
            "mode": label.replace("_", " "),
            "start": f"{spans[0].start_s:.1f} s",
            "times": len(spans),
            "length": f"{sum(span.length_s for span in spans):.1f} s",
            "cause": detail,
        }
        for (label, detail), spans in rows.items()
    ]


def both(draw: Callable[[float], str]) -> Section:
    """One drawing twice: wide, for a desk and paper, and narrow, for a phone; the style sheet shows one."""
    wide, narrow = draw(WIDE_PX), draw(NARROW_PX)
    return {
        "wide": Markup(wide.replace('class=""', 'class="wide"', 1)),  # noqa: S704 # escaped by the canvas
        "narrow": Markup(narrow.replace('class=""', 'class="narrow"', 1)),  # noqa: S704
    }


def frame(picture: Picture) -> Section:
    """A picture as a data address with its caption."""
    data = base64.b64encode(picture.data).decode()
    return {
        "data": f"data:{picture.media_type};base64,{data}",
        "width": picture.width_px,
        "height": picture.height_px,
        "caption": picture.moment.caption,
        "time": f"{picture.moment.time_s:.1f} s",
    }


def map_legend() -> Markup:
    """What colours and marks on the map mean."""
    entries = [
        (_swatch(f'<path class="path speed-{k}" d="M1 7h24"/>'), f"{words} m/s" if k else words)
        for k, words in enumerate(SPEED_WORDS)
        if k != 1
    ]
    entries[0] = (entries[0][0], "standing or below 0.2 m/s")
    entries += [
        (_icon(Outcome.CORRECTED), "the gate corrected"),
        (_icon(Outcome.FALLBACK), "fail-safe"),
        (
            _swatch('<path class="walked" d="M1 7h24"/><circle class="person" cx="22" cy="7" r="4"/>'),
            "a person's way",
        ),
        (_swatch('<rect class="crate" x="9" y="3" width="8" height="8"/>'), "a crate's place"),
        (_swatch('<rect class="zone" x="2" y="1" width="22" height="12"/>'), "speed zone"),
        (_swatch('<rect class="keep-out" x="2" y="1" width="22" height="12"/>'), "keep out"),
    ]
    return _legend(entries)


def curves_legend(*, has_truth: bool) -> Markup:
    """What the curves of the time line mean."""
    entries = [
        (_swatch(f'<path class="curve {css}" d="M1 7h24"/>'), words)
        for css, words in (
            ("proposed", "proposed by the skill"),
            ("certified", "certified by the gate"),
            ("measured", "measured"),
            ("person", "nearest person, as tracked"),
            ("assumed", "nearest place where somebody may be, seen or hidden"),
        )
    ]
    if has_truth:
        entries.append((_swatch('<path class="curve person-true" d="M1 7h24"/>'), "nearest person, in truth"))
    return _legend(entries)


def milliseconds(seconds: float) -> str:
    """A short time for a table."""
    if not math.isfinite(seconds):
        return "none"
    return f"{seconds * 1e6:.0f} µs" if seconds < 0.001 else f"{seconds * 1e3:.2f} ms"


def metres(value: float) -> str:
    """A distance for a table; nothing where there is nobody."""
    return f"{value:.2f} m" if math.isfinite(value) else "none"


def _lead(run: RunFacts, judgement: Judgement) -> str:
    columns = run.columns
    parts = [_fate(order, is_fulfilled=judgement.is_fulfilled) for order in columns.orders]
    sentence = (
        f"{'; '.join(parts or ['There was no order'])}, {columns.driven_s:.0f} s after the robot was ready. "
    )
    stepped = len(columns.interventions)
    sentence += f"The gate decided {columns.decisions_n} times and stepped in on {stepped} occasions"
    modes = sorted({span.label for span in columns.modes if span.label.startswith(("MRM", "SAFE"))})
    sentence += (
        f"; the supervisor went through {', '.join(modes)}." if modes else "; the supervisor never had to."
    )
    return sentence + (f" {judgement.contacts[0]}." if judgement.contacts else "")


def _fate(order: OrderLine, *, is_fulfilled: bool) -> str:
    item = order.item.replace("_", " ").capitalize()
    if is_fulfilled:
        return f"{item} was brought to {order.station}"
    return f"{item} did not reach {order.station}" + (f": {order.reason}" if order.reason else "")


def _figures(run: RunFacts, columns: Columns, judgement: Judgement) -> list[Section]:
    _, gate_p99, _ = quantiles(columns.delay_s.get("gate", columns.x_m.value[:0]))
    figures = [
        ("from ready to the end", f"{columns.driven_s:.0f}", "s", True),
        ("driven", f"{columns.distance_m:.1f}", "m", True),
        ("contacts in motion", str(len(judgement.contacts)), "", not judgement.contacts),
        ("times the gate stepped in", str(len(columns.interventions)), "", True),
        ("nearest a person came while it moved", _nearest_moving(run), "m", True),
    ]
    certified: Floats | None = columns.delay_s.get("sensing_to_certified") if run.is_live else None
    if certified is not None and len(certified):
        p99 = quantiles(certified)[1]
        figures.append(("sensing to certified command, p99", f"{p99 * 1e3:.1f}", "ms", p99 <= 0.010))
    else:
        figures.append(("gate decision, p99", f"{gate_p99 * 1e3:.2f}", "ms", gate_p99 <= 0.001))
    return [{"name": name, "value": value, "unit": unit, "good": good} for name, value, unit, good in figures]


def _nearest_moving(run: RunFacts) -> str:
    if run.truth:
        return f"{run.truth[-1].truth.least_moving_person_distance_m:.2f}"
    distance, speed = person_distance(run.columns, ()), run.columns.measured_mps
    moving = [d for t, d in zip(distance.time_s, distance.value, strict=True) if abs(speed.at(t)) > 0.01]
    return f"{min(moving):.2f}" if moving and math.isfinite(min(moving)) else "none"


def _row(one: Intervention) -> Section:
    decisions = f"{one.decisions_n} decision{'s' if one.decisions_n > 1 else ''}"
    return {
        "time": f"{one.start_s:.1f} s",
        "decisions": decisions,
        "icon": _icon(one.outcome),
        "outcome": ANSWERS[one.outcome],
        "skill": one.skill,
        "speeds": f"{one.proposed_mps:.2f} → {one.issued_mps:.2f}",
        "person": metres(one.nearest_person_m),
        "reason": one.reason or ", ".join(one.rules) or "no reason was given",
    }


def _icon(outcome: Outcome) -> Markup:
    if outcome is Outcome.FALLBACK:
        return _swatch('<rect class="fallback" x="7" y="1" width="12" height="12"/>')
    return _swatch('<polygon class="corrected" points="13,0 21,13 5,13"/>')


def _swatch(inside: str) -> Markup:
    return Markup(f'<svg viewBox="0 0 26 14" aria-hidden="true">{inside}</svg>')  # noqa: S704 # our own shapes


def _legend(entries: Sequence[tuple[Markup, str]]) -> Markup:
    items = Markup("").join(Markup("<li>{}{}</li>").format(swatch, words) for swatch, words in entries)
    return Markup('<ul class="legend">{}</ul>').format(items)

"""The report: one file, complete, honest, and safe against whatever the words in a record are."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gatehouse.collect import collect
from gatehouse.moments import Moment
from gatehouse.report import render, write_report
from gatehouse.run_facts import Picture, RunFacts, judge
from gatehouse.sections import MARKED_N, milliseconds, worth_telling
from shield import contract as c
from shield.profile import load_profile
from shield.site import load_site
from sim.judge import Contact
from sim.truth_log import TruthRow
from tests.gatehouse.story import Story

ROOT = Path(__file__).resolve().parents[2]
PROFILE = load_profile(ROOT / "launch/profiles/amr_panda.yaml")
SITE = load_site(ROOT / "launch/sites/warehouse.yaml")
VOID = {"meta", "img", "br", "path", "circle", "line", "polyline", "polygon"}


class Checker(HTMLParser):
    """Every tag that opens closes; collects addresses that a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def facts(story: Story, **changes: object) -> RunFacts:
    run = RunFacts(
        title="fetch_crate", columns=collect(story.messages), profile=PROFILE, site=SITE, truth=story.truth
    )
    return dataclasses.replace(run, **changes)  # type: ignore[arg-type] # fields of RunFacts


def delivered(rows: list[TruthRow], **changes: object) -> list[TruthRow]:
    place = SITE.place("packing")
    crate = dataclasses.replace(rows[-1].truth.crates[0], x_m=place.x_m, y_m=place.y_m, z_m=place.z_m)
    truth = dataclasses.replace(rows[-1].truth, crates=(crate,), **changes)  # type: ignore[arg-type]
    return [*rows[:-1], dataclasses.replace(rows[-1], truth=truth)]


def test_the_page_is_well_formed_and_loads_nothing(story: Story, tmp_path: Path) -> None:
    picture = Picture(
        data=b"\xff\xd8",
        media_type="image/jpeg",
        width_px=4,
        height_px=3,
        moment=Moment(time_s=6.0, caption="Look"),
    )
    run = facts(
        story, truth=delivered(story.truth), pictures=(picture,) * 5, clip=picture, notes={"Seed": "7"}
    )
    assert write_report(run, tmp_path / "report.html").is_good
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    assert checker.loads
    assert all(address.startswith("data:image/jpeg;base64,") for address in checker.loads)
    for words in (
        "Order fulfilled.",
        "Nothing was touched in motion.",
        "A person steps in",
        "exceeds 0.00 m/s",
    ):
        assert words in page


def test_words_of_the_record_are_escaped(story: Story) -> None:
    fault = c.Fault(
        stamp_ns=0,
        source="x",
        code="<script>alert(1)</script>",
        severity=c.Severity.INFO,
        detail="<img src=x>",
    )
    page = render(facts(story, columns=collect([*story.messages, ("fault", fault, story.messages[-1][2])])))
    assert "<script>" not in page
    assert "<img src=x>" not in page


def test_a_run_without_anything_still_gives_a_page(story: Story) -> None:
    page = render(facts(story, columns=collect([]), truth=()))
    assert "Order not fulfilled." in page
    assert "There was no order" in page


def test_only_delivered_crates_count(story: Story) -> None:
    columns = collect(story.messages)
    assert not judge(
        columns, story.truth, SITE
    ).is_fulfilled  # it says done, but the crate stands in its slot
    assert judge(columns, delivered(story.truth), SITE).is_good
    assert judge(columns, (), SITE).is_good


def test_a_contact_in_motion_is_never_good(story: Story) -> None:
    contact = Contact(
        time_s=7.0, one="base", other="walker", speed_mps=0.2, joint_radps=0.0, x_m=0.0, y_m=0.0, z_m=0.0
    )
    run = facts(story, truth=delivered(story.truth, contacts=(contact,)))
    page = render(run)
    assert not judge(run.columns, run.truth, SITE).is_good
    assert "One contact in motion." in page
    assert "base touched walker at 7.0 s" in page


def test_in_process_delays_are_not_passed_off_as_real(story: Story) -> None:
    live, simulated = render(facts(story)), render(facts(story, is_live=False))
    assert "command certified" in live
    assert "command certified" not in simulated
    assert "the gate alone" in simulated


def test_the_table_keeps_what_took_away_the_most(story: Story) -> None:
    base = collect(story.messages).interventions[0]
    many = [
        dataclasses.replace(base, start_s=float(k), proposed_mps=0.01 * k, issued_mps=0.0) for k in range(40)
    ]
    chosen = worth_telling(many)
    assert len(chosen) == MARKED_N
    assert [one.start_s for one in chosen] == [float(k) for k in range(40 - MARKED_N, 40)]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0004, "400 µs"), (0.00099949, "999 µs"), (0.001, "1.00 ms"), (float("nan"), "none")],
)
def test_short_times_are_readable(seconds: float, words: str) -> None:
    assert milliseconds(seconds) == words


def test_both_widths_are_drawn(story: Story) -> None:
    page = render(facts(story))
    assert len(re.findall(r'<svg class="wide"', page)) == len(re.findall(r'<svg class="narrow"', page)) == 3

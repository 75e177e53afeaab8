"""Inline SVG: scales, thinning, and words that cannot break out of it."""

from __future__ import annotations

import math
from xml.etree import ElementTree as Xml

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.svg import Canvas, Scale, steps, thin
from shield.contract import frozen_floats


def test_a_drawing_is_well_formed_whatever_the_words() -> None:
    canvas = Canvas(100, 50, label='a "label" & <more>')
    canvas.text((1, 2), "<script>alert(1)</script> & more", "name")
    canvas.rect(0, 0, -3, 4, "span", title='"><b>')
    canvas.polygon([(0, 0), (1, 1), (2, 0)], "mark", title="a < b")
    root = Xml.fromstring(canvas.svg("wide"))  # noqa: S314 # our own output
    assert root.get("class") == "wide"
    assert [child.tag for child in root] == ["text", "rect", "polygon"]
    assert root[0].text == "<script>alert(1)</script> & more"
    assert root[1].get("width") == "0.0"


def test_a_gap_in_the_data_is_a_gap_in_the_line() -> None:
    canvas = Canvas(10, 10, label="")
    canvas.polyline(
        [(0, 0), (1, 1), (2, math.nan), (3, math.inf), (4, 4), (5, 5), (6, math.nan), (7, 7)], "c"
    )
    assert canvas.svg().count("<polyline") == 2


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e6), wanted=st.integers(1, 12))
def test_ticks_are_round_inside_and_not_too_many(low: float, span: float, wanted: int) -> None:
    scale = Scale(low=low, high=low + span, start=0.0, end=100.0)
    ticks = scale.ticks(wanted)
    assert len(ticks) <= 2 * wanted + 2
    assert all(low - 1e-6 * span <= tick <= low + span * (1 + 1e-6) + 1e-9 for tick in ticks)


def test_an_empty_scale_still_draws() -> None:
    scale = Scale(low=1.0, high=1.0, start=0.0, end=10.0)
    assert scale.ticks(5) == [1.0]
    assert math.isfinite(scale(5.0))


@given(st.integers(3, 400), st.integers(4, 50))
def test_thinning_keeps_the_extremes(count: int, points: int) -> None:
    values = np.sin(np.arange(count) * 1.7)
    kept = thin(frozen_floats(np.arange(count)), frozen_floats(values), points)
    assert max(v for _, v in kept) == pytest.approx(values.max())
    assert min(v for _, v in kept) == pytest.approx(values.min())
    assert [t for t, _ in kept] == sorted(t for t, _ in kept)


def test_steps_hold_each_value_until_the_next() -> None:
    assert steps([(0, 1), (2, 5)]) == [(0, 1), (2, 1), (2, 5), (2, 5)]
    assert steps([]) == []

"""The scene with the person is found in the numbers, or not at all."""

from __future__ import annotations

import dataclasses

import pytest

from gatehouse.collect import collect
from gatehouse.moments import Scene, find_scene, key_moments, person_distance
from shield import contract as c
from tests.gatehouse.story import STEP_IN_S, STEP_OUT_S, Story

SCENE = Scene(
    before_s=1.0,
    slowest_s=2.0,
    after_s=3.0,
    before_mps=0.8,
    slowest_mps=0.5,
    after_mps=0.8,
    nearest_m=1.0,
    detour_m=0.0,
)


def test_the_scene_is_where_the_robot_waited_for_the_person(story: Story) -> None:
    scene = find_scene(collect(story.messages), story.truth)
    assert scene is not None
    assert scene.before_s <= STEP_IN_S + 0.1
    assert STEP_IN_S < scene.slowest_s <= STEP_OUT_S
    assert scene.after_s > STEP_OUT_S
    assert scene.answer == "stops"
    assert scene.nearest_m == pytest.approx(0.7, abs=0.15)


def test_the_scene_is_found_without_truth_too(story: Story) -> None:
    scene = find_scene(collect(story.messages))
    assert scene is not None
    assert scene.answer == "stops"


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"slowest_mps": 0.03}, "stops"),
        ({"slowest_mps": 0.031}, "slows down"),
        ({"detour_m": 0.35}, "goes around"),
        ({"detour_m": 0.34}, "slows down"),
        ({"detour_m": 0.5, "slowest_mps": 0.3}, "slows down"),
    ],
)
def test_the_answer_is_named_after_what_was_measured(change: dict[str, float], answer: str) -> None:
    assert dataclasses.replace(SCENE, **change).answer == answer


def test_no_scene_without_a_person_near(story: Story) -> None:
    far = [
        (topic, dataclasses.replace(value, agents=()) if isinstance(value, c.Snapshot) else value, stamp)
        for topic, value, stamp in story.messages
    ]
    assert find_scene(collect(far)) is None


def test_no_scene_if_the_robot_never_carries_on(story: Story) -> None:
    cut = [message for message in story.messages if message[2] < story.messages[0][2] + 10_000_000_000]
    assert find_scene(collect(cut)) is None


def test_key_moments_are_in_order_and_captioned(story: Story) -> None:
    columns = collect(story.messages)
    moments = key_moments(columns, find_scene(columns, story.truth))
    assert len(moments) == 3
    assert [m.time_s for m in moments] == sorted(m.time_s for m in moments)
    assert "stops" in moments[1].caption
    assert key_moments(columns, None) == []


def test_truth_goes_before_what_the_gate_saw(story: Story) -> None:
    columns = collect(story.messages)
    assert len(person_distance(columns, story.truth).value) == len(story.truth)
    assert person_distance(columns, ()) is columns.person_m

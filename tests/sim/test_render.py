from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
import pytest

from shield.errors import BadInput
from sim.people import Walk, WayPoint
from sim.render import VIEWS, Camera, Image
from sim.simulator import Simulator
from sim.world import make_world
from tests.sim.scripted import load

SCENARIO, PROFILE, SITE = load()
VEST = (0.98, 0.83, 0.10)


def picture(sim: Simulator, view: str) -> Image:
    try:
        return sim.frame(320, 200, view)
    except BadInput as error:
        assert "no picture: MUJOCO_GL=" in str(error)  # noqa: PT017 # no GL driver here: told in one line
        pytest.skip(str(error))


@pytest.mark.parametrize("view", VIEWS)
def test_views_show_something(view: str) -> None:
    image = picture(Simulator(SCENARIO, PROFILE, SITE, 1), view)
    assert image.shape == (200, 320, 3)
    assert image.dtype == np.uint8
    assert image.std() > 10.0


def test_a_person_in_front_is_in_the_picture() -> None:
    spot = WayPoint(x_m=SITE.home.x_m + 1.6, y_m=SITE.home.y_m, pause_s=0.0)
    walk = Walk(name="anna", speed_mps=1.0, repeat="once", starts_when_robot_in=(), path=(spot,))
    pictures = []
    for people in ((), (walk,)):
        scenario = dataclasses.replace(SCENARIO, people=people, start=SITE.home)
        pictures.append(picture(Simulator(scenario, PROFILE, SITE, 1), "follow").astype(float))
    assert (np.abs(pictures[0] - pictures[1]).max(axis=2) > 40).sum() > 300


def test_drawing_does_not_touch_the_run() -> None:
    one, other = (Simulator(SCENARIO, PROFILE, SITE, 1) for _ in range(2))
    for k in range(1, 10):
        one.tick(k * 20_000_000)
        other.tick(k * 20_000_000)
        if k == 5:
            picture(one, "follow")
    assert one.truth == other.truth


def test_what_cannot_be_drawn_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    sim = Simulator(SCENARIO, PROFILE, SITE, 1)
    with pytest.raises(BadInput, match="'sideways' is no view; allowed are follow, overview, aisle"):
        sim.frame(32, 32, "sideways")

    def broken(*_args: object) -> None:
        raise RuntimeError("no\ndriver")

    monkeypatch.setattr(mujoco, "Renderer", broken)
    camera = Camera(PROFILE, make_world(SITE, tuple(walk.name for walk in SCENARIO.people)))
    with pytest.raises(BadInput, match=r"no picture: MUJOCO_GL=\w+ cannot draw here \(no driver\)"):
        camera.frame(sim.truth, 32, 32)
    camera.close()

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml

from shield.errors import BadInput
from shield.profile import load_profile
from sim.scenario import check_people, load_scenario

FOLDER = Path("sim/scenarios").resolve()


def raw() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((FOLDER / "short.yaml").read_text())
    for name in ("site", "profile"):
        document[name] = str((FOLDER / document[name]).resolve())
    return document


def write(tmp_path: Path, document: object) -> Path:
    path = tmp_path / "broken.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.yaml")))
def test_shipped_scenarios_load(name: str) -> None:
    scenario = load_scenario(FOLDER / name)
    check_people(scenario, load_profile(scenario.profile))
    assert Path(scenario.site).is_file()


def test_home_is_the_home_of_the_site() -> None:
    start = load_scenario(FOLDER / "fetch_crate.yaml").start
    assert (start.x_m, start.y_m) == (2.0, 1.3)


def test_the_demo_has_its_scene() -> None:
    scenario = load_scenario(FOLDER / "fetch_crate.yaml")
    assert [(o.item, o.station) for o in scenario.orders] == [("crate_17", "packing")]
    assert 2 <= len(scenario.people) <= 4
    assert any(walk.starts_when_robot_in for walk in scenario.people)
    assert all(0.8 <= walk.speed_mps <= 1.4 for walk in scenario.people)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("orders", [{"at_s": 1.0, "item": "crate_99", "station": "packing"}], "crate_99.*crate_17, crate_18"),
        ("orders", [{"at_s": 1.0, "item": "crate_17", "station": "moon"}], "'moon'.*packing, shipping"),
        ("orders", [{"at_s": 1.0, "item": "crate_17", "station": "slot_a1"}], "'slot_a1'.*packing"),
        (
            "orders",
            [{"at_s": 1e9, "item": "crate_17", "station": "packing"}],
            r"at_s is 1000000000.0.*duration_s",
        ),
        ("orders", [{"at_s": -1, "item": "crate_17", "station": "packing"}], r"at_s is -1"),
        ("orders", 7, "orders is 7, a list"),
        ("duration_s", 0, "duration_s is 0"),
        ("duration_s", float("nan"), "duration_s is nan, a finite number"),
        ("start", {"x_m": 99, "y_m": 1, "heading_rad": 0}, r"start is at \(99.0, 1.0\).*0.0 to 16.0"),
        ("start", "elsewhere", "start is 'elsewhere'"),
        ("site", "nowhere.yaml", "site is 'nowhere.yaml'.*no file"),
        ("profile", None, "profile is None"),
        ("seed", "seven", "seed is 'seven'"),
        ("extra", 1, "extra is not known"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, field: str, value: object, told: str) -> None:
    path = write(tmp_path, raw() | {field: value})
    with pytest.raises(BadInput, match=told) as error:
        load_scenario(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("repeat", "forever", r"people\[0\].repeat is 'forever'; allowed are once, loop, back_and_forth"),
        ("path", [], r"people\[0\].path is empty"),
        ("path", [{"x_m": 1, "y_m": 50, "pause_s": 0}], r"people\[0\].path\[0\] is at \(1.0, 50.0\)"),
        ("path", [{"x_m": 1, "y_m": 1, "pause_s": -3}], r"people\[0\].path\[0\].pause_s is -3"),
        ("speed_mps", -1, r"people\[0\].speed_mps is -1"),
        ("name", "shelf_a1", r"people\[0\].name is 'shelf_a1', which is taken"),
        ("name", "floor", "taken"),
    ],
)
def test_mistakes_about_people_are_named(tmp_path: Path, field: str, value: object, told: str) -> None:
    document = raw()
    document["people"][0][field] = value
    with pytest.raises(BadInput, match=told):
        load_scenario(write(tmp_path, document))


def test_missing_and_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="absent.yaml"):
        load_scenario(tmp_path / "absent.yaml")
    path = tmp_path / "garbled.yaml"
    path.write_text("a: [1, 2")
    with pytest.raises(BadInput, match="garbled.yaml: cannot be read as a scenario"):
        load_scenario(path)
    path.write_text("- 1")
    with pytest.raises(BadInput, match="a mapping is expected"):
        load_scenario(path)
    document = raw()
    del document["seed"]
    with pytest.raises(BadInput, match="seed is missing"):
        load_scenario(write(tmp_path, document))


def test_nobody_walks_faster_than_the_profile_assumes() -> None:
    scenario = load_scenario(FOLDER / "short.yaml")
    profile = load_profile(scenario.profile)
    limit = profile.others.human_speed_mps
    at = dataclasses.replace(scenario.people[0], speed_mps=limit)
    check_people(dataclasses.replace(scenario, people=(at,)), profile)
    above = dataclasses.replace(at, speed_mps=limit + 0.01)
    with pytest.raises(BadInput, match=rf"people\[0\].speed_mps is {limit + 0.01}.*{limit}"):
        check_people(dataclasses.replace(scenario, people=(above,)), profile)

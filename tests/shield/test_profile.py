"""A profile loads whole or not at all, and says which number is wrong."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from shield.errors import BadInput
from shield.profile import RobotProfile, build, load_profile

SHIPPED = Path(__file__).parents[2] / "launch" / "profiles" / "amr_panda.yaml"
RAW: dict[str, Any] = yaml.safe_load(SHIPPED.read_text())


def numbers(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all numbers in a parsed profile."""
    if isinstance(node, dict):
        return [hit for key, value in node.items() for hit in numbers(value, (*path, key))]
    if isinstance(node, list):
        return [hit for k, value in enumerate(node) for hit in numbers(value, (*path, k))]
    return [path] if isinstance(node, (int, float)) else []


def with_value(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The shipped profile with one entry replaced."""
    raw = copy.deepcopy(RAW)
    node: Any = raw
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return raw


def load(raw: Any, folder: Path) -> Any:
    """Load a parsed profile through a file."""
    file = folder / "robot.yaml"
    file.write_text(yaml.safe_dump(raw))
    return load_profile(file)


def test_the_shipped_profile_loads_and_its_digest_is_stable(tmp_path: Path) -> None:
    assert load_profile(SHIPPED).digest == load(RAW, tmp_path).digest
    assert load(with_value(("timing", "latency_s"), 0.07), tmp_path).digest != load_profile(SHIPPED).digest


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, "fast", None, True])
def test_no_number_may_be_anything_but_finite(bad: Any) -> None:
    for path in numbers(RAW):
        with pytest.raises(
            BadInput, match=str(path[-1] if isinstance(path[-1], str) else path[-2])
        ) as caught:
            build(RobotProfile, with_value(path, bad), "robot.yaml", "")
        assert "robot.yaml" in str(caught.value)


@pytest.mark.parametrize("section", ["timing", "base", "odometry", "others", "supervisor"])
@pytest.mark.parametrize("bad", [0, -1.0])
def test_bounds_are_strictly_positive(section: str, bad: float, tmp_path: Path) -> None:
    for name in RAW[section]:
        with pytest.raises(BadInput, match=name):
            load(with_value((section, name), bad), tmp_path)


def test_a_missing_and_an_unknown_field_are_named(tmp_path: Path) -> None:
    for section in ("timing", "base", "arm"):
        for name in RAW[section]:
            raw = copy.deepcopy(RAW)
            del raw[section][name]
            with pytest.raises(BadInput, match=rf"{section}\.{name} is missing"):
                load(raw, tmp_path)
    with pytest.raises(BadInput, match="turbo"):
        load(with_value(("base", "turbo"), 1.0), tmp_path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("base", "brake_min_mps2"), 1.7),  # above what the fail-safe asks for
        (("base", "brake_command_mps2"), 2.6),  # above what the floor can give
        (("base", "command_accel_mps2"), 0.9),
        (("base", "reverse_max_mps"), 1.3),
        (("timing", "latency_s"), 0.01),
        (("supervisor", "comfort_brake_mps2"), 1.3),
        (("footprint",), []),
        (("lidars",), []),
        (("arm", "brake_radps2"), [1.0]),
        (("arm", "position_min_rad", 0), 3.0),
    ],
)
def test_numbers_that_contradict_each_other_do_not_load(
    path: tuple[Any, ...], value: Any, tmp_path: Path
) -> None:
    with pytest.raises(BadInput):
        load(with_value(path, value), tmp_path)


@pytest.mark.parametrize("text", ["", "[1, 2]", "robot: [", "\x00"])
def test_what_is_no_profile_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "robot.yaml"
    file.write_text(text)
    with pytest.raises(BadInput, match=r"robot\.yaml"):
        load_profile(file)
    with pytest.raises(BadInput, match="nowhere"):
        load_profile(tmp_path / "nowhere.yaml")

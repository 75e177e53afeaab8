"""A site loads whole or not at all, and knows its places and items by name."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from shield.errors import BadInput
from shield.site import load_site

SHIPPED = Path(__file__).parents[2] / "launch" / "sites" / "warehouse.yaml"
RAW: dict[str, Any] = yaml.safe_load(SHIPPED.read_text())


def load(raw: Any, folder: Path) -> Any:
    """Load a parsed site through a file."""
    file = folder / "site.yaml"
    file.write_text(yaml.safe_dump(raw))
    return load_site(file)


def test_the_shipped_site_loads_and_finds_its_own() -> None:
    site = load_site(SHIPPED)
    for item in site.items:
        assert site.item(item.name) is item
        assert site.place(item.place).name == item.place


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    site = load_site(SHIPPED)
    with pytest.raises(BadInput, match="'moon'.*packing"):
        site.place("moon")
    with pytest.raises(BadInput, match="'anvil'.*crate_17"):
        site.item("anvil")


def doubled(kind: str) -> Callable[[dict[str, Any]], None]:
    """A change that names one entry twice."""
    return lambda raw: raw[kind].append(copy.deepcopy(raw[kind][0]))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (doubled("places"), "packing"),
        (doubled("items"), "crate_17"),
        (lambda raw: raw["items"][0].update(place="moon"), "moon"),
        (lambda raw: raw["places"][0].update(role="shop"), "shop"),
        (lambda raw: raw["boxes"][4].update(x_max_m=0.0), "shelf_a1"),
        (lambda raw: raw["zones"][0].update(speed_max_mps=-0.5), "speed_max_mps"),
        (lambda raw: raw.pop("home"), "home"),
    ],
)
def test_a_mistake_is_named(change: Callable[[dict[str, Any]], None], named: str, tmp_path: Path) -> None:
    raw = copy.deepcopy(RAW)
    change(raw)
    with pytest.raises(BadInput, match=named) as caught:
        load(raw, tmp_path)
    assert "site.yaml" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"gone\.yaml"):
        load_site(tmp_path / "gone.yaml")

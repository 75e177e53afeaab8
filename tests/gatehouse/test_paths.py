"""Shipped files are found in a checkout and in an installation, by path or by bare name."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatehouse import paths
from shield.errors import BadInput

ROOT = Path(__file__).parents[2]


def test_a_checkout_has_its_own_launch_folder() -> None:
    assert paths.launch_folder() == ROOT / "launch"


def test_an_installation_has_it_in_share(tmp_path: Path) -> None:
    profiles = tmp_path / "share" / "gatehouse" / "launch" / "profiles"
    profiles.mkdir(parents=True)
    module = tmp_path / "lib" / "python3.12" / "site-packages" / "gatehouse"
    module.mkdir(parents=True)
    assert paths.launch_folder(module) == profiles.parent


def test_no_launch_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no launch folder"):
        paths.launch_folder(tmp_path / "gatehouse")


@pytest.mark.parametrize("given", ["amr_panda", "amr_panda.yaml", "launch/profiles/amr_panda.yaml"])
def test_a_shipped_profile_is_found(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert paths.find("profile", given).resolve() == ROOT / "launch" / "profiles" / "amr_panda.yaml"


def test_a_shipped_file_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert paths.find("site", "warehouse") == ROOT / "launch" / "sites" / "warehouse.yaml"
    with pytest.raises(BadInput, match="elsewhere/warehouse.yaml"):
        paths.find("site", "elsewhere/warehouse.yaml")


def test_a_users_own_file_is_taken_as_given(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.touch()
    assert paths.find("profile", file) == file


def test_an_unknown_name_lists_the_shipped_ones() -> None:
    with pytest.raises(BadInput, match="nobody: no such profile; shipped are amr_panda"):
        paths.find("profile", "nobody")

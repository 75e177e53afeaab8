"""A profile may name another MJCF or URDF; what is missing in it, or on the machine, is told in one line."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as Xml

import pytest

from shield.errors import BadInput
from shield.profile import RobotProfile
from sim.emit import urdf
from sim.hall import mjcf_robot
from sim.robot import describe
from sim.simulator import ENGINES, Simulator
from tests.sim.scripted import Puppet, load

SCENARIO, PROFILE, SITE = load()


def named(path: Path) -> RobotProfile:
    return dataclasses.replace(PROFILE, description=str(path))


def write(folder: Path, kind: str, text: str = "") -> Path:
    path = folder / f"robot.{kind}"
    robot = describe(PROFILE)
    own = urdf(robot) if kind == "urdf" else Xml.tostring(mjcf_robot(robot, 0.8), encoding="unicode")
    path.write_text(text or own)
    return path


@pytest.mark.parametrize(("engine", "kind"), [("mujoco", "xml"), ("mujoco", "urdf"), ("pybullet", "urdf")])
def test_a_named_description_drives(tmp_path: Path, engine: str, kind: str) -> None:
    sim = Simulator(SCENARIO, named(write(tmp_path, kind)), SITE, 1, engine)
    sim.place_robot(SITE.home)
    driver = Puppet(sim)
    driver.wait(0.4)
    driver.wait(1.5, speed_mps=0.4)
    truth = sim.truth
    assert truth.x_m > SITE.home.x_m + 0.3
    assert truth.joint_position_rad[2:9] == pytest.approx(PROFILE.arm.stowed_rad, abs=0.05)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_missing_joint_is_named(tmp_path: Path, engine: str) -> None:
    path = write(tmp_path, "urdf", urdf(describe(PROFILE)).replace('"arm_joint4"', '"elbow"'))
    with pytest.raises(BadInput, match=r"robot.urdf: .* has no joint 'arm_joint4'; it has .*elbow") as error:
        Simulator(SCENARIO, named(path), SITE, 1, engine)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_missing_file_is_named(tmp_path: Path, engine: str) -> None:
    with pytest.raises(BadInput, match=r"absent.urdf: description of amr_panda: no such file"):
        Simulator(SCENARIO, named(tmp_path / "absent.urdf"), SITE, 1, engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_garbled_file_is_named(tmp_path: Path, engine: str) -> None:
    with pytest.raises(BadInput, match=r"robot.urdf: \w+ cannot read this description") as error:
        Simulator(SCENARIO, named(write(tmp_path, "urdf", "<robot")), SITE, 1, engine)
    assert "\n" not in str(error.value)


def test_pybullet_reads_urdf_only(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput, match=r"robot.xml: engine 'pybullet' reads .*\.urdf; MJCF needs engine 'mujoco'"
    ):
        Simulator(SCENARIO, named(write(tmp_path, "xml")), SITE, 1, "pybullet")


def test_without_pybullet_the_way_to_get_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def absent(name: str, package: str | None = None) -> ModuleType:
        if name == "pybullet":
            raise ModuleNotFoundError(name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(
        BadInput, match="pybullet is not installed; get it with `pip install pybullet==3.2.7`"
    ):
        Simulator(SCENARIO, PROFILE, SITE, 1, "pybullet")


def test_pybullet_keeps_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    Simulator(SCENARIO, PROFILE, SITE, 1, "pybullet").tick(20_000_000)
    assert capfd.readouterr() == ("", "")

"""The workspace builds as on a native ROS 2, and what it installs works from there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gatehouse.interfaces import build_environment

ROOT = Path(__file__).parents[2]
SITE = Path("lib") / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
PACKAGES = ("gatehouse", "gatehouse_msgs", "gatehouse_nodes")

pytestmark = pytest.mark.native


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install base of `colcon build --base-paths .. src`, with one folder a package."""
    work = tmp_path_factory.mktemp("workspace")
    prefix = Path(sys.prefix)
    words: list[str | Path] = [
        prefix / "bin" / "colcon", "--log-base", work / "log", "build", "--base-paths", "..", "src",
        "--build-base", work / "build", "--install-base", work / "install",
        "--event-handlers", "console_direct+",
        "--cmake-args", "-G", "Ninja", f"-DPython3_EXECUTABLE={sys.executable}",
    ]  # fmt: skip
    env = build_environment(prefix)
    done = subprocess.run(words, cwd=ROOT / "ros2_ws", env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return work / "install"


def run(installed: Path, *words: str | Path) -> str:
    """Run a program with the workspace on top of this environment, away from the checkout."""
    prefixes = [str(installed / name) for name in PACKAGES]
    paths = {
        "PYTHONPATH": [str(Path(prefix) / SITE) for prefix in prefixes],
        "LD_LIBRARY_PATH": [str(installed / "gatehouse_msgs" / "lib"), str(Path(sys.prefix) / "lib")],
        "AMENT_PREFIX_PATH": [*prefixes, sys.prefix],
    }
    env = os.environ | {name: os.pathsep.join(value) for name, value in paths.items()}
    done = subprocess.run(words, cwd=installed, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_package_is_in_the_index(installed: Path) -> None:
    for name in PACKAGES:
        assert (installed / name / "share" / "ament_index" / "resource_index" / "packages" / name).is_file()
        assert (installed / name / "share" / name / "package.xml").is_file()


def test_launch_files_profiles_and_sites_are_installed(installed: Path) -> None:
    share = installed / "gatehouse" / "share" / "gatehouse"
    for file in (ROOT / "launch").rglob("*.yaml"):
        assert (share / file.relative_to(ROOT)).read_text() == file.read_text()


def test_packages_are_imported_from_there(installed: Path) -> None:
    code = "; ".join(f"import {name}; print({name}.__file__)" for name in PACKAGES)
    for name, file in zip(PACKAGES, run(installed, sys.executable, "-c", code).splitlines(), strict=True):
        assert Path(file).is_relative_to(installed / name)


def test_data_of_the_packages_is_found_there(installed: Path) -> None:
    code = "from gatehouse import paths; [print(folder) for folder, _ in paths.folders().values()]"
    for folder in run(installed, sys.executable, "-c", code).splitlines():
        assert Path(folder).is_relative_to(installed / "gatehouse")
        assert list(Path(folder).glob("*.yaml"))


def test_the_skills_weights_are_installed(installed: Path) -> None:
    library = ROOT / "skills" / "library"
    weights = [file.relative_to(ROOT) for file in library.rglob("*.safetensors")]
    assert weights
    for file in weights:
        assert (installed / "gatehouse" / SITE / file).read_bytes() == (ROOT / file).read_bytes()


def test_the_command_line_runs(installed: Path) -> None:
    assert run(installed, installed / "gatehouse" / "bin" / "gatehouse", "--version").startswith(
        "gatehouse 0."
    )


def test_the_nodes_are_where_ros_looks_for_them(installed: Path) -> None:
    folder = installed / "gatehouse_nodes" / "lib" / "gatehouse_nodes"
    assert {"autonomy", "safety", "supervisor", "drive", "recorder", "sim"} <= {
        file.name for file in folder.iterdir()
    }

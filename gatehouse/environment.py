"""Set up `.venv`: packages of the lock file, interfaces, the command line; `python -m gatehouse.environment`.

Each step leaves a stamp that names the inputs it was done with, written only after the step succeeded, so
that a second call does nothing and an aborted one is taken up again. `python -m gatehouse.environment lock`
writes the lock file. Standard library only: this runs on the machine's own Python, before anything is
installed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
WANTED = (ROOT / "requirements.txt", ROOT / "requirements-ros.txt")
INTERFACES = ROOT / "ros2_ws" / "src" / "gatehouse_msgs"
PROJECTS = (ROOT, ROOT / "ros2_ws" / "src" / "gatehouse_nodes")
COMPILED = ("shield", "controllers", "skills", "sim")  # folders with kernels
PYTHONS = ((3, 11), (3, 12))
HEADERS = Path(sysconfig.get_paths()["include"])
COMPILERS = ("c++", "g++", "clang++")
FOREIGN = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "_ROS_WHEELS_BOOTSTRAP_COMPLETE")
# Lists what pip itself installed: the wheels of ROS 2 carry further metadata under names unknown to pip.
LIST_INSTALLED = """
from importlib.metadata import distributions
for found in distributions():
    if (found.read_text("INSTALLER") or "").strip() == "pip" and found.metadata["Name"] != "pip":
        print(found.metadata["Name"], found.version)
"""


class Missing(Exception):
    """Set-up cannot go on; the message says in one line what is missing and how to get it."""


def check_machine(
    *,
    version: tuple[int, int] = sys.version_info[:2],
    find_program: Callable[[str], str | None] = shutil.which,
    find_module: Callable[[str], object] = importlib.util.find_spec,
    headers: Path = HEADERS,
) -> None:
    """Check what the machine itself must bring.

    Raises:
        Missing: the right Python, its venv module, its headers or a C++ compiler.
    """
    name = f"python{version[0]}.{version[1]}"
    if version not in PYTHONS:
        raise Missing(f"Python 3.11 or 3.12 is needed, {sys.executable} is {version[0]}.{version[1]}")
    if not (find_module("venv") and find_module("ensurepip")):
        raise Missing(f"{name} has no venv module: apt-get install {name}-venv")
    if not any(find_program(compiler) for compiler in COMPILERS):
        raise Missing("a C++ compiler is needed to build the ROS interfaces: apt-get install g++")
    if not (headers / "Python.h").is_file():
        raise Missing(f"{headers}/Python.h is needed to build the ROS interfaces: apt-get install {name}-dev")


def digest(files: Iterable[Path], *words: str) -> str:
    """SHA-256 over words and over the names and contents of files."""
    total = hashlib.sha256("\0".join(words).encode())
    for file in sorted(files):
        total.update(f"\0{file}\0".encode() + file.read_bytes())
    return total.hexdigest()


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one set-up of `folder` run at a time; the lock ends with this process and those that it started."""
    handle = os.open(folder, os.O_RDONLY)
    os.set_inheritable(handle, True)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def do_once(stamp: Path, key: str, action: Callable[[], None]) -> None:
    """Do `action` unless `stamp` says that it was done with `key`."""
    if stamp.is_file() and stamp.read_text() == key:
        return
    stamp.unlink(missing_ok=True)
    action()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    fresh = stamp.with_suffix(".new")
    fresh.write_text(key)
    fresh.replace(stamp)


def run(*words: str | Path, failure: str) -> str:
    """Run a program free of the caller's Python settings; return what it printed.

    Raises:
        Missing: it ended with an error, which it has told itself.
    """
    env = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    done = subprocess.run(
        words, cwd=ROOT, env=env, check=False, stdout=subprocess.PIPE, text=True, close_fds=False
    )
    if done.returncode:
        sys.stderr.write(done.stdout)
        raise Missing(failure)
    return done.stdout


def tell(text: str) -> None:
    """Say on stderr what takes a while."""
    sys.stderr.write(f"gatehouse: {text}\n")
    sys.stderr.flush()


def python_of(venv: Path) -> str:
    """Version of a complete environment made at just this place, such as "3.11"; empty if there is none."""
    try:
        lines = (venv / "pyvenv.cfg").read_text().splitlines()
    except OSError:
        return ""
    values = {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in lines)}
    version = ".".join(values.get("version", "").split(".")[:2])
    known = version in {f"{major}.{minor}" for major, minor in PYTHONS}
    in_place = values.get("command", "").endswith(f" {venv}")
    runs = os.access(venv / "bin" / "python", os.X_OK) and (venv / "bin" / "pip").is_file()
    return version if known and in_place and runs else ""


def pip(venv: Path, *words: str | Path, failure: str) -> None:
    """Let pip of an environment install something; it prints errors only."""
    common = ("-qq", "--no-input", "--disable-pip-version-check")
    run(venv / "bin" / "python", "-m", "pip", "install", *common, *words, failure=failure)


def make_venv(venv: Path) -> None:
    """Make an empty environment with this Python, in place of whatever is there."""
    run(sys.executable, "-m", "venv", "--clear", venv, failure=f"{sys.executable} -m venv {venv} failed")


def set_up() -> None:
    """Bring `.venv` up to date.

    Raises:
        Missing: in one line, what is missing on this machine.
    """
    with alone(ROOT):
        if not python_of(VENV):
            check_machine()
            tell(f"making {VENV} with {sys.executable}")
            make_venv(VENV)
        stamps = VENV / "stamps"
        packages = digest([LOCK], python_of(VENV))
        do_once(stamps / "packages", packages, install_packages)
        interfaces = digest((file for file in INTERFACES.rglob("*") if file.is_file()), packages)
        do_once(stamps / "interfaces", interfaces, build_interfaces)
        projects = digest((project / "setup.py" for project in PROJECTS), packages)
        do_once(stamps / "projects", projects, install_projects)
        compiled = digest((file for folder in COMPILED for file in (ROOT / folder).rglob("*.py")), packages)
        do_once(stamps / "kernels", compiled, compile_kernels)


def install_packages() -> None:
    """Install what the lock file names."""
    tell(f"installing the packages of {LOCK.name} (some minutes)")
    pip(VENV, "-r", LOCK, failure=f"pip could not install {LOCK}")


def build_interfaces() -> None:
    """Build `gatehouse_msgs` into the environment."""
    check_machine()
    tell("building the ROS interfaces (a minute or two)")
    run(
        VENV / "bin" / "python", "-m", "gatehouse.interfaces", failure="the ROS interfaces could not be built"
    )


def install_projects() -> None:
    """Make the packages of this checkout importable and the command line callable."""
    words = [word for project in PROJECTS for word in ("-e", project)]
    pip(VENV, "--no-deps", "--no-build-isolation", *words, failure="pip could not install this checkout")


def compile_kernels() -> None:
    """Compile the kernels once, so that no process has to while the robot waits."""
    tell("compiling the kernels (a minute or two)")
    run(VENV / "bin" / "python", "-m", "gatehouse.kernels", failure="the kernels could not be compiled")


def lock() -> None:
    """Write the lock file: what pip chooses for the wanted packages, in a fresh environment.

    Raises:
        Missing: on this machine something is missing.
    """
    check_machine()
    with tempfile.TemporaryDirectory() as folder:
        venv = Path(folder) / "venv"
        make_venv(venv)
        wanted = [word for file in WANTED for word in ("-r", file)]
        pip(venv, *wanted, failure="pip could not install the wanted packages")
        listed = run(
            venv / "bin" / "python", "-c", LIST_INSTALLED, failure="the packages could not be listed"
        )
    LOCK.write_text(lock_text(listed, [line for file in WANTED for line in file.read_text().splitlines()]))


def lock_text(listed: str, wanted: Iterable[str]) -> str:
    """Pins from lines of name and version, with the markers of `wanted`, without local versions."""
    markers = {}
    for line in wanted:
        name, _, marker = line.partition("#")[0].partition(";")
        if marker.strip():
            markers[name.strip().lower()] = marker.strip()
    pins = []
    for line in sorted(listed.splitlines(), key=str.lower):
        name, version = line.split()
        marker = markers.get(name.lower(), "")
        pins.append(f"{name}=={version.partition('+')[0]}" + (f"; {marker}" if marker else ""))
    return "\n".join(("# Written by `make lock`.", *pins, ""))


def main(words: list[str]) -> int:
    """Set up, or write the lock file with the word `lock`; 2 after one line when something is missing."""
    try:
        lock() if words == ["lock"] else set_up()
    except Missing as missing:
        tell(str(missing))
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Build the ROS interfaces into the running environment: `python -m gatehouse.interfaces`.

colcon and rosidl come from wheels. Two absolute paths in the wheels' CMake exports name the machine that
they were built on; they are rewritten first. Standard library only: nothing else may be importable yet.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "ros2_ws" / "src" / "gatehouse_msgs"
OVERLAYS = ("AMENT_", "CMAKE_", "COLCON_", "MAKE", "MFLAGS", "PYTHON", "ROS_")
PYTHON_INCLUDE = re.compile(r'[^";]*/include/python3\.\d+(?=[";])')
NUMPY_INCLUDE = re.compile(r'[^";]*/numpy/_?core/include(?=[";])')


def rewrite_exports(share: Path, python_include: str, numpy_include: str) -> int:
    """Point the wheels' CMake exports at this machine's headers; return how many files changed."""
    changed = 0
    for file in share.glob("*/cmake/*.cmake"):
        old = file.read_text(errors="surrogateescape")
        new = PYTHON_INCLUDE.sub(lambda _: python_include, old)
        new = NUMPY_INCLUDE.sub(lambda _: numpy_include, new)
        if new != old:
            file.write_text(new, errors="surrogateescape")
            changed += 1
    return changed


def build_environment(prefix: Path) -> dict[str, str]:
    """Variables for a build against `prefix` alone, whatever ROS 2 installation the shell has sourced."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OVERLAYS)}
    return kept | {
        "PATH": os.pathsep.join((str(prefix / "bin"), os.environ.get("PATH", os.defpath))),
        "AMENT_PREFIX_PATH": str(prefix),
        "CMAKE_PREFIX_PATH": str(prefix),
    }


def colcon_command(prefix: Path, work: Path) -> list[str]:
    """The build of `gatehouse_msgs` with everything installed into `prefix`."""
    return [
        str(prefix / "bin" / "colcon"), "--log-base", str(work / "log"), "build",
        "--base-paths", str(SOURCE), "--build-base", str(work / "build"),
        "--install-base", str(prefix), "--merge-install", "--event-handlers", "console_direct+",
        "--cmake-args", "-G", "Ninja", "-DBUILD_TESTING=OFF",
        f"-DPython3_EXECUTABLE={prefix / 'bin' / 'python'}",
    ]  # fmt: skip


def main() -> int:
    """Build and install; return 0, or 2 after telling in one line what failed."""
    import numpy as np

    prefix = Path(sys.prefix)
    rewrite_exports(prefix / "share", sysconfig.get_paths()["include"], np.get_include())
    work = prefix / "interfaces"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    log = work / "build.txt"
    with log.open("wb") as out:
        done = subprocess.run(
            colcon_command(prefix, work),
            cwd=work,
            env=build_environment(prefix),
            stdout=out,
            stderr=out,
            check=False,
        )
    if done.returncode:
        errors = [line for line in log.read_text(errors="replace").splitlines() if "rror" in line]
        cause = errors[0].strip() if errors else f"colcon ended with {done.returncode}"
        sys.stderr.write(f"gatehouse: building gatehouse_msgs failed: {cause} (all of it: {log})\n")
        return 2
    shutil.rmtree(work / "build")
    return 0


if __name__ == "__main__":
    sys.exit(main())

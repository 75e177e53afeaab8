"""What `gatehouse doctor` looks at: each probe answers with one finding and imports nothing heavy itself."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHILD_TIMEOUT_S = 90.0  # a loaded machine takes its time
CORES_MIN = 2
MEMORY_MIN_GIB = 3.0
SHARED_MEMORY_MIN_MIB = 64.0  # Fast DDS puts its segments there
SETUP = "make setup"
# module -> (distribution, what it is for)
NEEDED = {
    "numpy": ("numpy", "arrays"),
    "numba": ("numba", "the compiled gate"),
    "z3": ("z3-solver", "rules and corrections"),
    "yaml": ("pyyaml", "profiles and sites"),
    "mcap": ("mcap", "the record"),
    "click": ("click", "the command line"),
    "rich": ("rich", "live progress"),
    "jinja2": ("jinja2", "the report"),
    "PIL": ("pillow", "pictures of the report"),
    "matplotlib": ("matplotlib", "learning curves"),
    "jsonschema": ("jsonschema", "cards of skills"),
    "psutil": ("psutil", "processes and memory"),
    "scipy": ("scipy", "planning"),
    "mujoco": ("mujoco", "simulation"),
    "torch": ("torch", "training"),
    "safetensors": ("safetensors", "weights of policies"),
}
EXTRA = {"pybullet": ("pybullet", "the second physics engine")}
REMEDIES = {
    "pybullet": "Python 3.11, for which there are wheels; or let pip build it: .venv/bin/pip install pybullet"
}
ROS = {
    "rclpy": ("ros-rclpy", "ROS 2"),
    "gatehouse_msgs": ("gatehouse_msgs", "messages, services, actions"),
    "gatehouse_nodes": ("gatehouse_nodes", "the lifecycle nodes"),
}
RENDER = (
    "import mujoco; m = mujoco.MjModel.from_xml_string('<mujoco/>'); r = mujoco.Renderer(m, 24, 32); "
    "r.update_scene(mujoco.MjData(m)); print(r.render().shape)"
)
REAL_TIME = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one probe found."""

    group: str
    name: str
    ok: bool
    found: str
    needed: bool = True  # without it the stack does not run; otherwise something is left out
    remedy: str = ""  # how to get what is missing


def package(group: str, module: str, distribution: str, purpose: str, *, needed: bool) -> Finding:
    """Whether a Python package can be found, and its version."""
    try:
        there = importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        there = False
    version = ""
    for name in (distribution, module):
        try:
            version = version or importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    found = f"{version or 'without a version'} ({purpose})" if there else f"missing ({purpose})"
    return Finding(
        group=group, name=module, ok=there, found=found, needed=needed, remedy=REMEDIES.get(module, SETUP)
    )


def packages() -> list[Finding]:
    """All Python packages that the stack uses, and those that it can do without."""
    return [
        *(package("packages", module, *rest, needed=True) for module, rest in NEEDED.items()),
        *(package("packages", module, *rest, needed=False) for module, rest in EXTRA.items()),
        *(package("ROS 2", module, *rest, needed=True) for module, rest in ROS.items()),
    ]


def child(*words: str, env: Mapping[str, str] | None = None) -> tuple[bool, str]:
    """Run this Python with `words`; whether it succeeded, and its last line."""
    try:
        done = subprocess.run(
            [sys.executable, *words],
            env=os.environ | (env or {}),
            capture_output=True,
            text=True,
            timeout=CHILD_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False, f"no answer within {CHILD_TIMEOUT_S:.0f} s"
    told = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return done.returncode == 0, told[-1] if told else ""


def python() -> Finding:
    """The interpreter."""
    version = ".".join(map(str, sys.version_info[:3]))
    right = (3, 11) <= sys.version_info[:2] <= (3, 12)
    return Finding(
        group="Python",
        name="python",
        ok=right,
        found=f"{version} ({sys.executable})",
        remedy="Python 3.11 or 3.12: apt-get install python3.11 python3.11-venv python3.11-dev",
    )


def lock_file(lock: Path = HERE.parent / "requirements.lock") -> Finding:
    """Whether the installed versions are those of the lock file, where there is one."""
    if not lock.is_file():
        return Finding(
            group="Python", name="lock file", ok=True, found="none (installed without one)", needed=False
        )
    wrong = []
    for line in lock.read_text().splitlines():
        name, _, rest = line.partition("==")
        version, _, marker = rest.partition(";")
        if not version or marker:
            continue
        try:
            here = importlib.metadata.version(name).partition("+")[0]
        except importlib.metadata.PackageNotFoundError:
            here = "missing"
        if here != version.strip():
            wrong.append(f"{name} {here}, not {version.strip()}")
    found = f"{len(wrong)} differ: {'; '.join(wrong[:3])}" if wrong else "all versions as pinned"
    return Finding(group="Python", name="lock file", ok=not wrong, found=found, needed=False, remedy=SETUP)


def discovery() -> Finding:
    """Two processes hear each other over DDS, on this machine only."""
    domain = str(1 + os.getpid() % 100)  # domains up to 101 stay below Linux's ephemeral ports
    env = {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", "ROS_DOMAIN_ID": domain}
    ok, told = child("-m", "gatehouse_nodes.loopback", env=env)
    remedy = "look at /dev/shm and at firewall rules for the loopback interface"
    return Finding(group="ROS 2", name="DDS loopback", ok=ok, found=told, remedy=remedy)


def rendering() -> Finding:
    """Whether MuJoCo can draw without a screen."""
    ok, told = child("-c", RENDER, env={"MUJOCO_GL": "egl"})
    found = "EGL" if ok else f"not possible: reports come without pictures ({told})"
    remedy = "apt-get install libegl1 libgl1-mesa-dri"
    return Finding(group="machine", name="rendering", ok=ok, found=found, needed=False, remedy=remedy)


def solver() -> Finding:
    """Z3 answers a small question."""
    ok, told = child(
        "-c", "import z3; x = z3.Real('x'); s = z3.Solver(); s.add(x * x == 2); print(s.check())"
    )
    return Finding(group="machine", name="Z3", ok=ok and told == "sat", found=told, remedy=SETUP)


def compiler(find: Callable[[str], str | None] = shutil.which) -> Finding:
    """A C++ compiler, for the interfaces."""
    path = next(filter(None, map(find, ("c++", "g++", "clang++"))), None)
    return Finding(
        group="machine",
        name="C++ compiler",
        ok=path is not None,
        found=path or "missing (builds the ROS interfaces)",
        needed=False,
        remedy="apt-get install g++",
    )


def real_time() -> Finding:
    """Permission to run with real-time priority."""
    ok, _ = child("-I", "-S", "-c", REAL_TIME)
    found = "permitted" if ok else "not permitted: latencies depend on the machine's load"
    remedy = "add '@realtime - rtprio 90' to /etc/security/limits.conf and the user to that group"
    return Finding(
        group="machine", name="real-time priority", ok=ok, found=found, needed=False, remedy=remedy
    )


def resources() -> list[Finding]:
    """Cores, memory and shared memory."""
    cores = len(os.sched_getaffinity(0))
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    shared_mib = shutil.disk_usage("/dev/shm").total / 2**20 if Path("/dev/shm").is_dir() else 0.0  # noqa: S108 # Linux's place
    rows = (
        ("cores", cores >= CORES_MIN, f"{cores}", f"{CORES_MIN} are needed to keep the deadlines"),
        (
            "memory",
            memory_gib >= MEMORY_MIN_GIB,
            f"{memory_gib:.1f} GiB",
            f"{MEMORY_MIN_GIB:.0f} GiB are needed",
        ),
        (
            "shared memory",
            shared_mib >= SHARED_MEMORY_MIN_MIB,
            f"{shared_mib:.0f} MiB",
            "mount a larger /dev/shm (Docker: --shm-size=256m)",
        ),
    )
    return [Finding(group="machine", name=n, ok=ok, found=f, needed=False, remedy=r) for n, ok, f, r in rows]


def examine() -> list[Finding]:
    """All findings, in the order in which they are told."""
    return [
        python(), lock_file(), *packages(), discovery(),
        solver(), compiler(), rendering(), real_time(), *resources(),
    ]  # fmt: skip

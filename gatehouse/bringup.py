"""Starts the processes of a launch file, watches them, and ends them all; it restarts none.

Every process gets a group of its own, a log in the run's folder and the run's ROS 2 domain. The gate's and the
drive's process also get the launch's key, through a descriptor that nobody else inherits. When the bring-up
itself dies, the kernel ends its processes.
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from gatehouse.domain import DOMAIN_VARIABLE, RANGE_VARIABLE, RunningRun, claim
from gatehouse.launch_file import LaunchPlan, ProcessSpec, read_launch
from gatehouse.run_folder import LOGS
from shield.errors import BadInput
from shield.keys import FD_VARIABLE, FILE_VARIABLE, new_key

KEYED = ("safety", "drive")  # the executables that hold the key
FOLDER_ARGUMENT = "folder"
END_ORDER = ("autonomy", "safety", "drive", "supervisor", "sim", "recorder")  # the recorder hears all of it
END_S = 5.0  # how long a process may take to end before it is killed
POLL_S = 0.02
PDEATHSIG = 1  # prctl(2): the signal to get when the parent dies
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that is over without having been asked to end."""

    name: str
    code: int
    log: Path

    def __str__(self) -> str:
        how = (
            f"was ended by {signal.Signals(-self.code).name}"
            if self.code < 0
            else f"ended with code {self.code}"
        )
        return f"{self.name} {how}; its log: {self.log}"

    @property
    def last_words(self) -> str:
        """The last line of its log."""
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.is_file() else []
        return lines[-1] if lines else ""


class Bringup:
    """One run of a launch file; use it as a context.

    Args:
        file: the launch file.
        arguments: what its `arg`s are given.
        folder: of the run; made if it is not there. Logs go there, and with an argument `folder` the file's outputs.
        domain: the ROS 2 domain; None chooses one that is free.
        joins: whether others may be in the domain already, such as a robot's drivers.

    Raises:
        BadInput: the launch file, an argument, a program or the domain is not right.
    """

    def __init__(self, file: str | Path, arguments: Mapping[str, str], folder: Path, *,
                 domain: int | None = None, joins: bool = False) -> None:  # fmt: skip
        self.folder = folder.resolve()
        self.plan = _plan(Path(file), arguments, self.folder)
        self._commands = {spec.name: command(spec) for spec in self.plan.processes}
        self._key = new_key()
        self._claim = claim(domain, joins=joins)
        self.domain = self._claim.domain
        self.namespace = self.plan.processes[0].namespace
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._told: set[str] = set()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:  # fmt: skip
        self.stop()

    @property
    def discovery(self) -> str:
        """How far ROS 2 looks for other nodes in this run."""
        return self.plan.environment.get(RANGE_VARIABLE, os.environ.get(RANGE_VARIABLE, "LOCALHOST"))

    @property
    def profile(self) -> str:
        """The robot's profile, as the nodes are given it."""
        given = [spec.parameters["profile"] for spec in self.plan.processes if "profile" in spec.parameters]
        if not given:
            raise BadInput(f"{self.plan.file}: no node has a parameter 'profile'")
        return str(given[0])

    def start(self) -> None:
        """Start all processes. Call it before this process starts threads."""
        try:
            (self.folder / LOGS).mkdir(parents=True, exist_ok=True)
            for spec in self.plan.processes:
                self.processes[spec.name] = self._spawn(spec)
        except BaseException:
            self.stop()
            raise
        self._claim.publish(RunningRun(
            domain=self.domain, namespace=self.namespace, profile=self.profile, discovery=self.discovery,
            folder=str(self.folder),
            file=str(self.plan.file), pid=os.getpid()))  # fmt: skip

    def ended(self) -> Iterator[Ended]:
        """Processes that have ended since the last call, though nobody asked them to."""
        for name, process in self.processes.items():
            code = process.poll()
            if code is not None and name not in self._told:
                self._told.add(name)
                yield Ended(name, code, self._log(name))

    def respawn(self, name: str) -> None:
        """Start a process that has ended once more; an operator's decision, never done by itself."""
        self.processes[name].wait()
        self._told.discard(name)
        self.processes[name] = self._spawn(next(spec for spec in self.plan.processes if spec.name == name))

    def stop(self) -> None:
        """End all processes in order, the recorder last; kill what does not end in time. Can be called again."""
        ordered = sorted(self.processes, key=lambda name: END_ORDER.index(name) if name in END_ORDER else -1)
        others = [self.processes[name] for name in ordered if name != "recorder"]
        recorders = [self.processes[name] for name in ordered if name == "recorder"]
        for group in (others, recorders):
            for process in group:
                _signal(process, signal.SIGINT)
            _wait(group, END_S)
        self._told |= set(self.processes)
        self._claim.close()

    def _spawn(self, spec: ProcessSpec) -> subprocess.Popen[bytes]:
        environment = {
            **{name: value for name, value in os.environ.items() if name not in (FD_VARIABLE, FILE_VARIABLE)},
            **ONE_THREAD, "PYTHONUNBUFFERED": "1", **self.plan.environment, **spec.environment,
            DOMAIN_VARIABLE: str(self.domain), RANGE_VARIABLE: spec.environment.get(RANGE_VARIABLE, self.discovery),
        }  # fmt: skip
        descriptors: tuple[int, ...] = ()
        if spec.executable in KEYED:
            reader, writer = os.pipe()
            os.write(writer, self._key)
            os.close(writer)
            descriptors = (reader,)
            environment[FD_VARIABLE] = str(reader)
        try:
            with self._log(spec.name).open("wb") as log:
                return subprocess.Popen(
                    self._commands[spec.name], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    pass_fds=descriptors, start_new_session=True, preexec_fn=_die_with_parent)  # fmt: skip # noqa: PLW1509 # no threads yet
        except OSError as error:
            raise BadInput(f"{self.plan.file}: {spec.name} cannot be started: {error}") from None
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _log(self, name: str) -> Path:
        return self.folder / LOGS / f"{name}.log"


def command(spec: ProcessSpec) -> list[str]:
    """The command line of a node.

    Raises:
        BadInput: there is no such executable.
    """
    words = [
        *_program(spec),
        *spec.arguments,
        "--ros-args",
        "-r",
        f"__node:={spec.name}",
        "-r",
        f"__ns:={spec.namespace}",
    ]
    for old, new in spec.remappings:
        words += ["-r", f"{old}:={new}"]
    for name, value in spec.parameters.items():
        words += ["-p", f"{name}:={json.dumps(value)}"]
    return words


def _program(spec: ProcessSpec) -> list[str]:
    """As `ros2 run` finds it, in the prefixes of ROS 2; else what a Python package calls by that name."""
    for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep):
        file = Path(prefix) / "lib" / spec.package / spec.executable
        if prefix and os.access(file, os.X_OK):
            return [str(file)]
    for entry in importlib.metadata.entry_points(group="console_scripts", name=spec.executable):
        if entry.dist is not None and entry.dist.name.replace("-", "_") == spec.package:
            return [sys.executable, "-m", entry.module]
    raise BadInput(f"no executable {spec.executable!r} in package {spec.package!r}: is it built and sourced?")


def _plan(file: Path, arguments: Mapping[str, str], folder: Path) -> LaunchPlan:
    """The launch file, with the run's folder given to it when it asks for one."""
    plan = read_launch(file, arguments)
    if FOLDER_ARGUMENT in plan.arguments and FOLDER_ARGUMENT not in arguments:
        return read_launch(file, {**arguments, FOLDER_ARGUMENT: str(folder)})
    return plan


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PDEATHSIG, signal.SIGTERM)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGCONT)  # a stopped process cannot end
        os.killpg(process.pid, number)


def _wait(processes: list[subprocess.Popen[bytes]], limit_s: float) -> None:
    end_s = time.monotonic() + limit_s
    for process in processes:
        try:
            process.wait(max(end_s - time.monotonic(), POLL_S))
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)
            process.wait()

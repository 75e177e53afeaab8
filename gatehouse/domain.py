"""ROS 2 domains on this machine: one of its own for each run, and where running ones are found.

A run holds a lock on a small file that says how to reach it. The lock ends with the process, however that ends,
so a file without a lock is a run that is over.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from shield.errors import BadInput

FIRST, LAST = (
    1,
    100,
)  # higher ones reach into the ports that Linux hands out by itself; 0 is everybody's default
PORT_BASE, PORT_GAIN = 7400, 250  # DDS: a domain's ports begin at base + gain * domain
DOMAIN_VARIABLE = "ROS_DOMAIN_ID"
RANGE_VARIABLE = "ROS_AUTOMATIC_DISCOVERY_RANGE"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningRun:
    """A run on this machine."""

    domain: int
    namespace: str
    profile: str
    discovery: str
    folder: str
    file: str
    pid: int


class Claim:
    """The claim on a domain; released by `close`, or by the end of the process."""

    def __init__(self, domain: int, stream: IO[str]) -> None:
        self.domain, self._stream = domain, stream

    def publish(self, run: RunningRun) -> None:
        """Tell other processes of this user how to reach the run."""
        self._stream.seek(0)
        self._stream.truncate()
        json.dump(asdict(run), self._stream)
        self._stream.flush()

    def close(self) -> None:
        """Let go of the domain."""
        if not self._stream.closed:
            Path(self._stream.name).unlink(missing_ok=True)
            self._stream.close()


def claim(domain: int | None, *, joins: bool = False) -> Claim:
    """Claim `domain`, or any free one.

    Args:
        domain: the one that it must be; None for any.
        joins: whether other programs may be in it already, such as a robot's drivers.

    Raises:
        BadInput: the domain cannot exist, or is in use.
    """
    used = ports_in_use()
    if domain is not None:
        if not 0 <= domain <= LAST:
            raise BadInput(f"domain {domain}: 0 to {LAST} are possible on this machine")
        busy = busy_port(domain, used)
        if busy and not joins:
            raise BadInput(
                f"domain {domain} is in use: UDP port {busy} is open; choose another, or join it on purpose"
            )
        held = _hold(domain)
        if held is None:
            raise BadInput(
                f"domain {domain} is in use by another run of gatehouse: {_folder() / _name(domain)}"
            )
        return held
    candidates = list(range(FIRST, LAST + 1))
    random.shuffle(candidates)
    for candidate in candidates:
        held = None if busy_port(candidate, used) else _hold(candidate)
        if held is not None:
            return held
    raise BadInput(f"all ROS 2 domains from {FIRST} to {LAST} are in use on this machine")


def busy_port(domain: int, used: Iterable[int]) -> int:
    """An open UDP port that belongs to `domain`, or 0."""
    first = PORT_BASE + PORT_GAIN * domain
    return next((port for port in used if first <= port < first + PORT_GAIN), 0)


def ports_in_use() -> set[int]:
    """The UDP ports that are open on this machine, whoever opened them."""
    ports = set()
    for table in (Path("/proc/net/udp"), Path("/proc/net/udp6")):
        lines = table.read_text().splitlines()[1:] if table.is_file() else []
        ports |= {int(line.split()[1].rpartition(":")[2], 16) for line in lines}
    return ports


def running() -> list[RunningRun]:
    """The runs of this user that are up."""
    runs = []
    for file in sorted(_folder().glob(_name("*"))):
        with file.open() as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                text = stream.read()
                runs += [RunningRun(**json.loads(text))] if text else []
    return runs


def find_run(domain: int | None) -> RunningRun:
    """The run in `domain`, or the only one there is.

    Raises:
        BadInput: there is none, or more than one to choose from.
    """
    runs = running()
    chosen = [run for run in runs if domain in (None, run.domain)]
    if len(chosen) == 1:
        return chosen[0]
    known = "; ".join(f"domain {run.domain}: {run.file}, {run.folder}" for run in runs)
    if chosen:
        raise BadInput(f"several runs are up, name one with --domain: {known}")
    where = "" if domain is None else f" in domain {domain}"
    raise BadInput(
        f"no run is up{where}: start one with 'gatehouse launch'{f'; up are {known}' if known else ''}"
    )


def _hold(domain: int) -> Claim | None:
    stream = (_folder() / _name(domain)).open("a+")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        stream.close()
        return None
    if not Path(stream.name).exists():  # its last holder took it away in this very moment
        stream.close()
        return None
    stream.truncate(0)  # what a run that was killed left behind
    return Claim(domain, stream)


def _name(domain: int | str) -> str:
    return f"domain-{domain}.json"


def _folder() -> Path:
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    folder = Path(base) / f"gatehouse-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise BadInput(f"{folder}: belongs to another user")
    return folder

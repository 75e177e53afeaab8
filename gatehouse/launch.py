"""`gatehouse launch`: start what a launch file names, show how it does, end it on Ctrl-C."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import click

from gatehouse.bringup import Bringup
from gatehouse.paths import find
from gatehouse.progress import Progress
from shield.errors import BadInput
from shield.profile import load_profile

TOPICS = ("safety_mode", "snapshot", "gate_decision", "order_status", "task_status", "skill_status", "fault")
SLICE_S = 0.2
ASSIGNMENT = re.compile(r"^([A-Za-z_]\w*):=(.*)$", re.DOTALL)


@click.command()
@click.argument("file")
@click.argument("arguments", nargs=-1, metavar="[NAME:=VALUE]...")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run; runs/FILE-TIME by default.")
@click.option("--domain", type=int, help="ROS 2 domain; a free one by default.")
@click.option(
    "--join", is_flag=True, help="Other programs, such as the robot's drivers, may be in the domain."
)
@click.option("--for", "duration_s", type=click.FloatRange(min=0.0), help="End after so many seconds.")
def command(
    file: str,
    arguments: tuple[str, ...],
    out: Path | None,
    domain: int | None,
    join: bool,
    duration_s: float | None,
) -> int:
    """Start the processes that a launch file names, and end them all on Ctrl-C.

    FILE is in ROS 2's YAML format; `ros2 launch` reads it too. Logs, the record and the simulation's truth go to
    the run's folder. No process is restarted: exit code 1 when one ended by itself.
    """
    path = find("launch file", file)
    name = path.name.removesuffix(".launch.yaml")
    folder = out or Path("runs") / f"{name}-{datetime.now(UTC).astimezone():%Y%m%d-%H%M%S}"
    signal.signal(signal.SIGTERM, _interrupt)
    with Bringup(path, assignments(arguments), folder, domain=domain, joins=join) as bringup:
        click.echo(
            f"{len(bringup.processes)} processes in ROS 2 domain {bringup.domain}; logs and record: {folder}"
        )
        try:
            return watch(bringup, duration_s)
        except KeyboardInterrupt:
            click.echo("ending all processes")
            return 0


def assignments(words: Iterable[str]) -> dict[str, str]:
    """Launch arguments from words such as `scenario:=short`.

    Raises:
        BadInput: a word is no assignment.
    """
    values = {}
    for word in words:
        match = ASSIGNMENT.match(word)
        if match is None:
            raise BadInput(f"{word!r} is no launch argument: NAME:=VALUE is expected")
        values[match.group(1)] = match.group(2)
    return values


def watch(bringup: Bringup, duration_s: float | None) -> int:
    """Show what the stack says until the time is over or no process is left; 1 when one ended by itself."""
    from gatehouse_nodes.operator import Operator

    code, left_s = 0, duration_s
    with ExitStack() as stack:
        progress = stack.enter_context(Progress())
        profile = load_profile(find("profile", bringup.profile))
        operator = stack.enter_context(
            Operator(bringup.domain, bringup.namespace, profile, bringup.discovery)
        )
        operator.listen(TOPICS, progress.take)
        while left_s is None or left_s > 0.0:
            operator.spin(SLICE_S)
            left_s = None if left_s is None else left_s - SLICE_S
            for ended in bringup.ended():
                progress.say(f"{ended}\n  {ended.last_words}")
                code = 1
            if all(process.poll() is not None for process in bringup.processes.values()):
                break
    return code


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt

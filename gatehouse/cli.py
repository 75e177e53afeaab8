"""The command line: one table of commands, each loaded when it is called, so that `--help` stays fast."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

from shield.errors import BadInput

INTERRUPTED = 130  # what a shell reports after SIGINT
BAD_INPUT = 2
# name -> (module:attribute, what it is for)
COMMANDS: dict[str, tuple[str, str]] = {
    "doctor": ("gatehouse.doctor:command", "Say what is installed, what is missing and how to get it."),
    "demo": ("gatehouse.demo:command", "Let a simulated robot fetch a crate, and write a report."),
    "launch": ("gatehouse.launch:command", "Start the processes that a launch file names."),
    "order": ("gatehouse.order:command", "Submit or cancel an order on a running stack."),
    "estop": ("gatehouse.estop:command", "Stop a running robot at once."),
    "reset": ("gatehouse.reset:command", "Ask the supervisor to leave a latched mode."),
    "report": ("gatehouse.report:command", "Write the page of a run again."),
    "replay": ("gatehouse.replay:command", "Run the gate again on a record and compare every verdict."),
    "bench": ("gatehouse.bench:command", "Measure the figures that are promised."),
    "train": ("gatehouse.train:command", "Train a skill."),
    "evaluate": ("gatehouse.evaluate:command", "Measure how well a trained skill does."),
}


class LazyGroup(click.Group):
    """A group that imports a command's module only when that command runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return load(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, what) for name, (_, what) in COMMANDS.items()])


def load(name: str) -> click.Command:
    """Import the command called `name`.

    Raises:
        BadInput: it needs a Python package that is not installed.
    """
    module, _, attribute = COMMANDS[name][0].partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise BadInput(
            f"'gatehouse {name}' needs the Python package {error.name!r}: see 'gatehouse doctor'"
        ) from None
    if not isinstance(found, click.Command):
        raise TypeError(f"{module}:{attribute} is no command")
    return found


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gatehouse", message="gatehouse %(version)s")
def cli() -> None:
    """A control stack for warehouse robots: nothing moves unless the gate certified it."""


def call(words: Sequence[str]) -> int:
    """Run one command line; return its exit code. A user's mistake is told in one line and gives 2."""
    try:
        result = cli.main(list(words), prog_name="gatehouse", standalone_mode=False)
    except BadInput as error:
        return _refuse(" ".join(str(error).split()))
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return BAD_INPUT
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "gatehouse"
        return _refuse(f"{error.format_message()} (see '{where} --help')")
    except click.ClickException as error:
        return _refuse(error.format_message())
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    return result if isinstance(result, int) else 0


def _refuse(line: str) -> int:
    click.echo(f"gatehouse: {line}", err=True)
    return BAD_INPUT


def main() -> None:
    """Entry point of the console script."""
    sys.exit(call(sys.argv[1:]))

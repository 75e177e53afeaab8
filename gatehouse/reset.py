"""`gatehouse reset`: ask the supervisor to leave a latched mode."""

from __future__ import annotations

import getpass

import click

from gatehouse.running import at_run
from shield.errors import BadInput


@click.command()
@click.argument("reason")
@click.option("--operator", "name", default=getpass.getuser, help="Who asks; your user name by default.")
@click.option("--domain", type=int, help="ROS 2 domain of the run; needed when several are up.")
def command(reason: str, name: str, domain: int | None) -> None:
    """Ask the supervisor to leave a latched mode, giving the REASON why that is safe."""
    with at_run(domain) as operator:
        refused = operator.reset(name, reason)
    if refused:
        raise BadInput(refused)
    click.echo("reset asked for; the supervisor leaves the mode when its sensors are healthy")

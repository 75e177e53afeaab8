"""`gatehouse estop`: stop a running robot at once."""

from __future__ import annotations

import getpass

import click

from gatehouse.running import at_run


@click.command()
@click.argument("reason", default="operator")
@click.option("--domain", type=int, help="ROS 2 domain of the run; needed when several are up.")
def command(reason: str, domain: int | None) -> None:
    """Stop a running robot at once; only `gatehouse reset` lets it drive again."""
    with at_run(domain) as operator:
        hearers = operator.stop(getpass.getuser(), reason)
    click.echo(f"emergency stop sent; {hearers} processes hear it")

"""`gatehouse order`: submit an order to a running stack, or cancel one."""

from __future__ import annotations

import secrets

import click

from gatehouse.running import at_run
from shield.contract import Order
from shield.errors import BadInput


@click.command()
@click.argument("item")
@click.argument("station", required=False)
@click.option("--name", help="Identifier of the order; a new one by default.")
@click.option("--priority", type=int, default=0, show_default=True, help="Higher goes first.")
@click.option("--cancel", is_flag=True, help="ITEM is the identifier of an order, to be cancelled.")
@click.option("--domain", type=int, help="ROS 2 domain of the run; needed when several are up.")
def command(
    item: str, station: str | None, name: str | None, priority: int, cancel: bool, domain: int | None
) -> None:
    """Ask a running stack to bring ITEM to STATION."""
    if not cancel and station is None:
        raise BadInput(f"order of {item!r}: to which station?")
    with at_run(domain) as operator:
        if cancel:
            refused, done = operator.cancel(item), f"order {item} is cancelled"
        else:
            order = Order(order=name or f"order_{secrets.token_hex(3)}", item=item, station=station or "",
                          priority=priority)  # fmt: skip
            refused, done = operator.submit(order), f"order {order.order}: {item} to {station}"
    if refused:
        raise BadInput(refused)
    click.echo(done)

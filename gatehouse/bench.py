"""`gatehouse bench`: the figures that are promised, measured here and now, beside their bounds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table

from gatehouse.machine import machine
from gatehouse.measures import MEASURES, Figure

WIDTH = 118  # of the table in a file or a pipe


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(MEASURES)))
@click.option("--scenario", default="fetch_crate", show_default=True, help="What is driven meanwhile.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def command(names: tuple[str, ...], scenario: str, as_json: bool) -> int:
    """Measure NAMES, all of them by default, and print each figure with its bound.

    Exit code 1 when a bound is missed. Figures depend on the machine and on what else runs there.
    """
    figures = [figure for name in names or tuple(MEASURES) for figure in MEASURES[name](scenario)]
    if as_json:
        rows = [asdict(figure) | {"is_kept": figure.is_kept} for figure in figures]
        click.echo(json.dumps({"machine": machine(), "figures": rows}, indent=2))
    else:
        console = Console()
        Console(width=console.width if console.is_terminal else WIDTH).print(table(figures))
    return 0 if all(figure.is_kept for figure in figures) else 1


def table(figures: Sequence[Figure]) -> Table:
    """The figures for a terminal."""
    made = Table(title=machine(), title_justify="left", title_style="dim", box=None, pad_edge=False)
    made.add_column("figure")
    made.add_column("measured", justify="right")
    made.add_column("bound", justify="right")
    made.add_column("")
    made.add_column("again with", style="dim")
    for figure in figures:
        bound = (
            ""
            if figure.bound is None
            else f"{'≥' if figure.at_least else '≤'} {figure.bound:g} {figure.unit}"
        )
        verdict = (
            "" if figure.bound is None else "[green]kept[/]" if figure.is_kept else "[bold red]missed[/]"
        )
        value = f"{figure.value:.3g}" if abs(figure.value) < 100 else f"{figure.value:.0f}"
        made.add_row(
            figure.name, f"{value} {figure.unit}", bound, verdict, f"gatehouse bench {figure.reproduce}"
        )
    return made

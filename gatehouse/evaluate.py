"""`gatehouse evaluate SKILL`: how well a learned skill does on halls that it has never seen."""

from __future__ import annotations

from pathlib import Path

import click

from gatehouse import navigation
from gatehouse.paths import find
from shield.errors import BadInput
from shield.profile import RobotProfile, load_profile
from skills.card import load_policy
from skills.library import newest
from skills.pursuit import Pursuit
from skills.training.environment import Policy
from skills.training.evaluation import Result, evaluate

SKILLS = ("navigate",)
ROWS_N = 125
COLUMNS = ("", "episodes", "success", "95 % interval", "contacts", "time", "speed", "detour", "corrected")


@click.command()
@click.argument("skill")
@click.option(
    "--episodes", type=click.IntRange(min=1), default=1000, show_default=True, help="For each line."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of halls, people and noise."
)
@click.option(
    "--policy", type=click.Path(path_type=Path), help="Folder of weights and card; the newest by default."
)
@click.option("--profile", default="amr_panda", show_default=True, help="Of the robot: a name or a file.")
def command(skill: str, episodes: int, seed: int, policy: Path | None, profile: str) -> int:
    """Measure SKILL on the fast tier: behind the shield, without it, and its classical baseline."""
    if skill not in SKILLS:
        raise BadInput(f"{skill!r} is no learned skill; known are {', '.join(SKILLS)}")
    robot = load_profile(find("profile", profile))
    folder = policy or newest(skill)
    network, card = load_policy(folder)
    click.echo(
        f"{skill} {card['version']} of {folder}, halls of seed {seed}, up to {navigation.PEOPLE_N} people"
    )
    click.echo(row(COLUMNS))
    baseline = Pursuit(robot)
    for name, driver, shielded in (
        ("learned, shield", network, True),
        ("learned, no shield", network, False),
        ("pursuit, shield", baseline, True),
    ):
        click.echo(row(cells(name, measure(robot, driver, seed, episodes, shielded=shielded))))
    return 0


def measure(profile: RobotProfile, driver: Policy, seed: int, episodes: int, *, shielded: bool) -> Result:
    """Episodes on held-out halls; every row drives as many, so the count is rounded up."""
    rows = min(ROWS_N, episodes)
    halls_n = min(navigation.HALLS_N[navigation.HELD_OUT], max(8, episodes))
    batch = navigation.environment(
        profile, navigation.HELD_OUT, seed, rows, shielded=shielded, halls_n=halls_n
    )
    return evaluate(driver, batch, -(-episodes // rows))


def cells(name: str, result: Result) -> tuple[str, ...]:
    """One result as texts, in the order of COLUMNS."""
    return (
        name,
        str(result.episodes),
        f"{result.success_rate:.1%}",
        f"{result.success_low:.1%} to {result.success_high:.1%}",
        str(result.contacts),
        f"{result.mean_time_s:.1f} s",
        f"{result.mean_speed_mps:.2f} m/s",
        f"{result.detour:.2f}",
        f"{result.corrected_share:.1%}",
    )


def row(texts: tuple[str, ...]) -> str:
    """A line of the table."""
    return f"{texts[0]:20}" + "".join(
        f"{text:>17}" if k == 2 else f"{text:>11}" for k, text in enumerate(texts[1:])
    )

"""`gatehouse train SKILL`: from nothing to weights with a card, a learning curve and measured results."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from gatehouse import navigation
from gatehouse.evaluate import COLUMNS, SKILLS, cells, measure, row
from gatehouse.machine import machine
from gatehouse.paths import find
from shield.compiled import sources_digest
from shield.errors import BadInput
from shield.profile import RobotProfile, load_profile
from skills.card import CARD_FILE, WEIGHTS_FILE, describe, write_card
from skills.motion import REVERSE_MPS
from skills.policy import Network
from skills.pursuit import Pursuit
from skills.training.evaluation import Result

if TYPE_CHECKING:
    from skills.training.trainer import Trainer

ROWS_N, SELECT_ROWS_N = 128, 96
VERSION = "1.0.0"
BUDGET = re.compile(r"(\d+(?:\.\d+)?)(s|m|h)")
SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
WHERE = f"the fast tier: random halls, clutter that the map lacks, up to {navigation.PEOPLE_N} people"
LIMITS = (
    "Only behind the shield: without it the policy touches things, as the results say.",
    "A planned route on the site's map is needed; the policy follows it and goes around what the map lacks.",
    "Trained with people of up to 1.4 m/s, and with no more of them than the results say.",
    "A person who stands where the shield lets nothing move is waited for.",
)


class Budget(click.ParamType[float]):
    """A time such as 90s, 10m or 1.5h, as seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        match = BUDGET.fullmatch(str(value))
        if match is None or float(match[1]) == 0.0:
            self.fail(f"{value!r} is no time; 90s, 10m and 1.5h are examples", param, ctx)
        return float(match[1]) * SECONDS[match[2]]


@click.command()
@click.argument("skill")
@click.option(
    "--budget", type=Budget(), default="15m", show_default=True, help="Wall-clock time of the training."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Of halls, weights and noise."
)
@click.option("--device", type=click.Choice(("cpu", "cuda")), default="cpu", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Folder; runs/train-SKILL-TIME by default.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in --out, up to the same budget.")
@click.option(
    "--episodes", type=click.IntRange(min=1), default=1000, show_default=True, help="Of the evaluation."
)
@click.option(
    "--halls", type=click.IntRange(min=4), default=navigation.HALLS_N[navigation.LEARN], show_default=True
)
@click.option("--version", "version", default=VERSION, show_default=True, help="On the card.")
@click.option("--profile", default="amr_panda", show_default=True, help="Of the robot: a name or a file.")
def command(
    skill: str,
    budget: float,
    seed: int,
    device: str,
    out: Path | None,
    resume: bool,
    episodes: int,
    halls: int,
    version: str,
    profile: str,
) -> int:
    """Train SKILL on the fast tier inside the real shield, measure it on held-out halls, write its card.

    Weights and card land in the folder; put them into skills/library/SKILL/VERSION/ to ship them.
    """
    _check(skill, version, device, resume, out)
    robot = load_profile(find("profile", profile))
    folder = out or Path("runs") / f"train-{skill}-{datetime.now(UTC).astimezone():%Y%m%d-%H%M%S}"
    folder.mkdir(parents=True, exist_ok=True)
    click.echo(f"training {skill} for {budget:.0f} s, seed {seed}, in {folder}")
    trainer = _trainer(robot, folder, budget, seed, device, resume, halls)
    network = trainer.run()
    network.save(folder / WEIGHTS_FILE)
    (folder / "history.json").write_text(json.dumps(asdict(trainer.progress)))
    draw(trainer.progress.curve, trainer.progress.checks, folder / "curve.png")
    results = _results(robot, network, seed, episodes)
    words = f"gatehouse train {skill} --budget {budget:.0f}s --seed {seed} --halls {halls} --device {device}"
    training = {
        "command": words,
        "seed": seed,
        "commit": commit(),
        "environment": WHERE,
        "steps": trainer.steps,
        "seconds": round(trainer.progress.seconds, 1),
        "machine": machine(),
        "robot_profile_sha256": robot.digest,
        "shield_sha256": sources_digest(),
    }
    card = describe(network, skill, version, folder)
    write_card(folder, {**card, "training": training, "results": results, "limits": list(LIMITS)})
    click.echo(f"wrote {folder / CARD_FILE}, {WEIGHTS_FILE} and curve.png")
    return 0


def _check(skill: str, version: str, device: str, resume: bool, out: Path | None) -> None:
    if skill not in SKILLS:
        raise BadInput(f"{skill!r} is no skill that learns; known are {', '.join(SKILLS)}")
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise BadInput(f"{version!r} is no version; 1.0.0 is an example")
    if resume and out is None:
        raise BadInput("--resume needs the folder of the training: --out")
    if device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise BadInput("device cuda: this PyTorch finds no GPU")


def _trainer(
    robot: RobotProfile, folder: Path, budget_s: float, seed: int, device: str, resume: bool, halls: int
) -> Trainer:
    from skills.training.trainer import Plan, Trainer

    learn = navigation.environment(robot, navigation.LEARN, seed, ROWS_N, halls_n=halls)
    select = navigation.environment(robot, navigation.SELECT, seed, SELECT_ROWS_N, halls_n=max(4, halls // 3))
    turn = robot.base.turn_max_radps
    bounds = np.array([-REVERSE_MPS, -turn]), np.array([robot.base.speed_max_mps, turn])
    plan = Plan(budget_s=budget_s, seed=seed, folder=folder, device=device, resume=resume)
    return Trainer(learn, select, Pursuit(robot), bounds, plan, click.echo)


def _results(robot: RobotProfile, network: Network, seed: int, episodes: int) -> dict[str, Any]:
    click.echo(row(COLUMNS))
    results: dict[str, Any] = {"environment": WHERE, "held_out_seed": seed}
    for name, title, driver, shielded in (
        ("learned_with_shield", "learned, shield", network, True),
        ("learned_without_shield", "learned, no shield", network, False),
        ("baseline_with_shield", "pursuit, shield", Pursuit(robot), True),
    ):
        result: Result = measure(robot, driver, seed, episodes, shielded=shielded)
        click.echo(row(cells(title, result)))
        results[name] = {k: round(v, 4) for k, v in asdict(result).items()}
    return results


def commit() -> str:
    """The commit that is checked out; `unknown` outside of a checkout."""
    here = Path(__file__).resolve().parent
    try:
        words = ["git", "-C", str(here), "rev-parse", "HEAD"]
        return (
            subprocess.run(words, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
            or "unknown"
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def draw(curve: list[dict[str, float]], checks: list[dict[str, float]], path: Path) -> None:
    """The learning curve as a picture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.0, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(
        [entry["steps"] / 1e6 for entry in curve], [entry["reward"] for entry in curve], color="#4a6fa5"
    )
    left.set_xlabel("million steps")
    left.set_ylabel("mean reward of a step")
    steps = [entry["steps"] / 1e6 for entry in checks]
    right.plot(
        steps, [100.0 * entry["success_rate"] for entry in checks], "o-", color="#2e7d4f", label="success, %"
    )
    right.plot(
        steps,
        [100.0 * entry["corrected_share"] for entry in checks],
        "o-",
        color="#b5543c",
        label="corrected, % of time",
    )
    right.set_xlabel("million steps")
    right.set_ylim(0.0, 101.0)
    right.legend(frameon=False)
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)

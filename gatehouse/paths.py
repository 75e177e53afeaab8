"""Where launch files, profiles, sites and scenarios are: in a checkout, or installed by colcon or pip."""

from __future__ import annotations

from pathlib import Path

from shield.errors import BadInput

HERE = Path(__file__).resolve().parent


def launch_folder(start: Path = HERE) -> Path:
    """The folder of launch files; `profiles/` and `sites/` are in it.

    A checkout's own folder counts first, so that an edited profile takes effect without installing again.

    Raises:
        BadInput: neither a checkout nor an installation surrounds `start`.
    """
    for parent in start.parents:
        for folder in (parent / "launch", parent / "share" / "gatehouse" / "launch"):
            if (folder / "profiles").is_dir():
                return folder
    raise BadInput(f"{start}: no launch folder with profiles in a checkout or in share/gatehouse around it")


def folders() -> dict[str, tuple[Path, str]]:
    """For each kind of file its folder and suffix."""
    launch = launch_folder()
    return {
        "launch file": (launch, ".launch.yaml"),
        "profile": (launch / "profiles", ".yaml"),
        "site": (launch / "sites", ".yaml"),
        "scenario": (HERE.parent / "sim" / "scenarios", ".yaml"),
    }


def find(kind: str, given: str | Path) -> Path:
    """The file that a user means: a path as given, or the bare name of a shipped file of that kind.

    Raises:
        BadInput: there is neither; the message lists the shipped ones.
    """
    path = Path(given)
    if path.is_file():
        return path
    folder, suffix = folders()[kind]
    shipped = folder / (path.name.removesuffix(suffix) + suffix)
    if shipped.is_file() and str(given) in (path.name, f"{folder.name}/{path.name}", f"launch/{path.name}"):
        return shipped
    known = ", ".join(sorted(file.name.removesuffix(suffix) for file in folder.glob(f"*{suffix}")))
    raise BadInput(f"{given}: no such {kind}; shipped are {known or 'none'}")

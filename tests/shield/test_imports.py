"""The trusted base stands on few libraries, and some of them are used in one place only."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

SHIELD = Path(__file__).parents[2] / "shield"
EVERYWHERE = {"shield", "numpy", "numba", "z3"}
IN_PLACES = {
    "yaml": {"profile.py", "site.py"},
    "mcap": {"blackbox.py"},
    "cvc5": {"reading.py"},  # loaded in proofs only
}


def imported(file: Path) -> set[str]:
    """Top-level names of all packages that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file.name}: imports are absolute"
            names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize("file", sorted(SHIELD.rglob("*.py")), ids=lambda file: file.name)
def test_the_base_imports_only_what_it_may(file: Path) -> None:
    allowed = EVERYWHERE | {name for name, places in IN_PLACES.items() if file.name in places}
    assert imported(file) - set(sys.stdlib_module_names) <= allowed

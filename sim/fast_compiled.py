"""The decorator of the fast tier's kernels: their cache ends with any source of the tier."""

from __future__ import annotations

from pathlib import Path

from skills.compiled import kernels

kernel = kernels(*sorted(Path(__file__).parent.glob("fast*.py")))

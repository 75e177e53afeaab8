"""Compiled kernels whose disk cache ends with any source that they are made of.

numba keys its cache by a kernel's own file alone; kernels here call into other files too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import njit

from shield.compiled import sources_digest

Kernel = TypeVar("Kernel", bound=Callable[..., Any])
_OWN = ("compiled.py", "observation.py", "motion.py", "pursuit.py", "route.py", "grid.py")


def kernels(*files: Path) -> Callable[[Kernel], Kernel]:
    """A decorator like `numba.njit`, its cache valid for `files`, the skills' kernels and the shield's."""
    digest = hashlib.sha256(sources_digest().encode())
    for path in (*(Path(__file__).parent / name for name in _OWN), *files):
        digest.update(path.read_bytes())
    stamp = digest.hexdigest()

    def decorate(function: Kernel) -> Kernel:
        dispatcher: Any = njit(cache=True, error_model="numpy")(function)
        index = dispatcher._cache._cache_file  # noqa: SLF001 # numba has no public way to extend the key
        index._source_stamp = (index._source_stamp, stamp)  # noqa: SLF001 # likewise
        compiled: Kernel = dispatcher
        return compiled

    return decorate


kernel = kernels()

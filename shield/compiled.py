"""Compiled kernels whose cache cannot outlive the formulas that they were compiled from.

numba keys its disk cache by the kernel's own file alone; a kernel that calls into another file would go on
running the old formula. Here the key is a digest of every file that the kernels are made of.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import njit

_FILES = ("compiled.py", "formulas.py", "sweep.py", "reach.py", "areas.py", "search.py")
Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def sources_digest() -> str:
    """SHA-256 over the files that compiled safety kernels are made of."""
    digest = hashlib.sha256()
    for name in _FILES:
        digest.update((Path(__file__).parent / name).read_bytes())
    return digest.hexdigest()


_DIGEST = sources_digest()


def kernel(function: Kernel) -> Kernel:
    """`numba.njit` with a disk cache that is valid for exactly these sources."""
    dispatcher: Any = njit(cache=True, nogil=True, error_model="numpy")(function)
    index = dispatcher._cache._cache_file  # noqa: SLF001 # numba has no public way to extend the key
    index._source_stamp = (index._source_stamp, _DIGEST)  # noqa: SLF001 # likewise
    compiled: Kernel = dispatcher
    return compiled

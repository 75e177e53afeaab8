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

_FILES = ("formulas.py", "reach.py", "compiled.py")
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
    dispatcher = njit(cache=True, nogil=True, error_model="numpy")(function)
    stamp = dispatcher._cache._cache_file
    stamp._source_stamp = (stamp._source_stamp, _DIGEST)
    return dispatcher  # type: ignore[no-any-return] # numba is untyped


def bind_cache(dispatcher: Any) -> Any:
    """Tie the disk cache of a numba function of another file, which calls these kernels, to their sources."""
    stamp = dispatcher._cache._cache_file
    stamp._source_stamp = (stamp._source_stamp, _DIGEST)
    return dispatcher

"""The way from an operator's command to the run that it is meant for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gatehouse.domain import find_run
from gatehouse.paths import find
from shield.profile import load_profile

if TYPE_CHECKING:
    from gatehouse_nodes.operator import Operator


@contextmanager
def at_run(domain: int | None) -> Iterator[Operator]:
    """An operator's place at the run in `domain`, or at the only one there is.

    Raises:
        BadInput: there is no such run, or more than one to choose from.
    """
    from gatehouse_nodes.operator import Operator

    run = find_run(domain)
    with Operator(
        run.domain, run.namespace, load_profile(find("profile", run.profile)), run.discovery
    ) as operator:
        yield operator

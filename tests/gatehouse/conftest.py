"""Fixtures of the command line's tests."""

from __future__ import annotations

import pytest

from tests.gatehouse.story import Story


@pytest.fixture(scope="session")
def story() -> Story:
    """The run, made once."""
    return Story()

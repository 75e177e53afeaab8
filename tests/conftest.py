"""Settings of all tests: the same examples in every run, no time limits, no voice beyond this machine."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from shield.errors import BadInput

SECOND_ENGINE = importlib.util.find_spec("pybullet") is not None

os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
settings.register_profile(
    "gatehouse",
    deadline=None,  # a busy machine is no defect
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("gatehouse")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    """Skip what needs the second physics engine where there is none (Python 3.12 has no wheels of it)."""
    try:
        yield
    except (BadInput, AssertionError) as error:
        if SECOND_ENGINE or "pybullet is not installed" not in str(error):
            raise
        pytest.skip("the second physics engine is not installed")

"""Settings of all tests: the same examples in every run, no time limits, no voice beyond this machine."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
settings.register_profile(
    "gatehouse",
    deadline=None,  # a busy machine is no defect
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("gatehouse")

"""What every process is configured with."""

from __future__ import annotations

from dataclasses import dataclass

from shield.profile import RobotProfile
from shield.site import Site


@dataclass(frozen=True, slots=True)
class Setting:
    """Robot and hall."""

    profile: RobotProfile
    site: Site

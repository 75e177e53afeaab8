"""Values of the contract cannot be changed after they were made."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from shield import contract as c


def test_every_contract_type_is_frozen_and_slotted() -> None:
    types = [t for t in vars(c).values() if dataclasses.is_dataclass(t) and isinstance(t, type)]
    assert len(types) > 30
    for kind in types:
        assert kind.__dataclass_params__.frozen, kind  # type: ignore[attr-defined] # set by dataclass
        assert "__slots__" in vars(kind), kind


def test_arrays_are_copied_and_read_only() -> None:
    x_m = np.zeros(3)
    discs = c.Discs(x_m=x_m, y_m=x_m, radius_m=x_m, speed_mps=x_m, age_s=x_m, kind=x_m)
    x_m[0] = 7.0
    assert discs.x_m[0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        discs.x_m[0] = 1.0


def test_only_the_driving_modes_drive() -> None:
    assert [mode.name for mode in c.SafetyMode if mode.may_drive] == ["NOMINAL", "DEGRADED"]


def test_yaw_rate_of_arcs_and_rotations() -> None:
    assert c.BaseCommand(speed_mps=0.5, curvature_radpm=2.0).yaw_rate_radps == 1.0
    assert c.BaseCommand(speed_mps=0.0, turn_radps=-0.4).yaw_rate_radps == -0.4

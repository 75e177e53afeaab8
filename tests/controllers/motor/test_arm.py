from pathlib import Path

import numpy as np
import pytest

from controllers.motor.arm import ANCHOR_LEAD_RAD, ArmLoop
from shield.profile import load_profile

ARM = load_profile(Path(__file__).parents[3] / "launch/profiles/amr_panda.yaml").arm
COUNT = len(ARM.joints)
ZERO = np.zeros(COUNT)
STOWED = np.array(ARM.stowed_rad)


def test_a_resting_arm_gets_exactly_its_bias() -> None:
    bias = np.linspace(-5.0, 5.0, COUNT)
    assert ArmLoop(ARM).step(ZERO, STOWED, ZERO, bias, 0.002) == pytest.approx(bias)


def test_a_pushed_arm_is_drawn_back() -> None:
    loop = ArmLoop(ARM)
    loop.step(ZERO, STOWED, ZERO, ZERO, 0.002)
    torque = loop.step(ZERO, STOWED + 0.01, ZERO, ZERO, 0.002)
    assert (torque < 0.0).all()


def test_torque_stays_within_the_limits() -> None:
    limit = np.array(ARM.torque_max_nm)
    torque = ArmLoop(ARM).step(ZERO, STOWED, ZERO - 100.0, ZERO + 1000.0, 0.002)
    assert (np.abs(torque) <= limit).all()


def test_a_blocked_arm_is_not_pushed_ever_harder() -> None:
    loop = ArmLoop(ARM)
    for _ in range(5000):
        loop.step(ZERO + 1.0, STOWED, ZERO, ZERO, 0.002)
    assert (np.abs(loop._anchor - STOWED) <= ANCHOR_LEAD_RAD + 1e-12).all()


def test_nonsense_counts_as_standing_still() -> None:
    torque = ArmLoop(ARM).step(ZERO * np.nan, STOWED, ZERO, ZERO, 0.002)
    assert torque == pytest.approx(ZERO)


def test_reset_takes_the_arm_as_it_is() -> None:
    loop = ArmLoop(ARM)
    loop.step(ZERO, STOWED, ZERO, ZERO, 0.002)
    loop.reset()
    assert loop.step(ZERO, STOWED + 0.3, ZERO, ZERO, 0.002) == pytest.approx(ZERO)

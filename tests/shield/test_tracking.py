import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from shield.contract import NO_DISCS, Discs, EgoState, Kind, TrackedAgent
from shield.profile import load_profile
from shield.tracking import KEEP_NS, SEEN_N, TRACKS_MAX, Tracker, clusters

PROFILE = load_profile(Path(__file__).parents[2] / "launch/profiles/amr_panda.yaml")
EGO = EgoState(
    stamp_ns=0,
    x_m=2.0,
    y_m=1.0,
    heading_rad=0.5,
    speed_mps=0.0,
    yaw_rate_radps=0.0,
    position_bound_m=0.02,
    heading_bound_rad=0.01,
    speed_bound_mps=0.03,
    yaw_rate_bound_radps=0.04,
)


def legs(*people: tuple[float, float], kind: Kind = Kind.UNKNOWN) -> Discs:
    """Discs in B on the legs of people who stand at the given places in W."""
    places = [(x - 2.0, y - 1.0 + side) for x, y in people for side in (-0.1, 0.1)]
    cos, sin = math.cos(EGO.heading_rad), math.sin(EGO.heading_rad)
    x = [cos * a + sin * b for a, b in places]
    y = [cos * b - sin * a for a, b in places]
    ones = np.ones(len(x))
    return Discs(
        x_m=np.array(x),
        y_m=np.array(y),
        radius_m=0.3 * ones,
        speed_mps=1.6 * ones,
        age_s=0 * ones,
        kind=float(kind) * ones,
    )


def at(step: int) -> EgoState:
    return dataclasses.replace(EGO, stamp_ns=step * 20_000_000)


def follow(tracker: Tracker, velocity: float, steps: int, first: int = 1) -> tuple[TrackedAgent, ...]:
    agents: tuple[TrackedAgent, ...] = ()
    for k in range(first, first + steps):
        agents = tracker.update(legs((5.0 + velocity * k * 0.02, 3.0)), at(k))
    return agents


def test_two_legs_are_one_cluster_and_two_people_two() -> None:
    assert clusters(legs((5.0, 3.0)), EGO) == [pytest.approx((5.0, 3.0))]
    assert len(clusters(legs((5.0, 3.0), (7.0, 3.0)), EGO)) == 2
    assert clusters(NO_DISCS, EGO) == []


@pytest.mark.parametrize("kind", [Kind.STATIC, Kind.HIDDEN])
def test_only_unexplained_returns_are_people(kind: Kind) -> None:
    assert clusters(legs((5.0, 3.0), kind=kind), EGO) == []


@pytest.mark.parametrize("velocity", [-1.4, 0.0, 0.8])
def test_a_walker_is_followed_with_position_and_velocity(velocity: float) -> None:
    (agent,) = follow(Tracker(PROFILE), velocity, 150)
    assert agent.x_m == pytest.approx(5.0 + velocity * 3.0, abs=0.05)
    assert agent.y_m == pytest.approx(3.0, abs=0.05)
    assert agent.velocity_x_mps == pytest.approx(velocity, abs=0.1)
    assert agent.kind is Kind.PERSON
    assert agent.seen_ns == 150 * 20_000_000


def test_a_track_is_shown_after_a_few_sights_and_kept_for_a_moment() -> None:
    tracker = Tracker(PROFILE)
    assert follow(tracker, 0.0, SEEN_N - 1) == ()
    (agent,) = follow(tracker, 0.0, 1, SEEN_N)
    steps = KEEP_NS // 20_000_000
    for k in range(SEEN_N + 1, SEEN_N + steps):
        assert [a.track for a in tracker.update(NO_DISCS, at(k))] == [agent.track]
    assert tracker.update(NO_DISCS, at(SEEN_N + steps + 2)) == ()


def test_two_people_who_pass_keep_their_numbers() -> None:
    tracker = Tracker(PROFILE)
    for k in range(1, 200):
        shift = (k - 100) * 0.02
        agents = tracker.update(legs((5.0 + shift, 3.0), (5.0 - shift, 4.2)), at(k))
    numbers = {a.track: a for a in agents}
    assert numbers[1].x_m > 6.5
    assert numbers[2].x_m < 3.5


def test_no_speed_exceeds_the_assumption_and_no_crowd_the_bound() -> None:
    tracker = Tracker(PROFILE)
    rng = np.random.default_rng(1)
    for k in range(1, 40):
        crowd = [(float(x), float(y)) for x, y in rng.uniform(-30, 30, (60, 2))]
        agents = tracker.update(legs(*crowd), at(k))
        assert len(tracker._tracks) <= TRACKS_MAX
        assert all(math.hypot(a.velocity_x_mps, a.velocity_y_mps) <= 1.6 + 1e-9 for a in agents)


def test_time_that_goes_back_is_survived() -> None:
    tracker = Tracker(PROFILE)
    follow(tracker, 0.0, 10)
    tracker.update(legs((5.0, 3.0)), at(2))
    assert len(follow(tracker, 0.0, 10, 11)) == 1

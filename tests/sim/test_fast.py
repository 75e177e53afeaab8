"""The fast tier: it sees what the skill sees, its shield is the gate's, nothing is touched behind it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from shield.contract import BaseSetPoint, Discs, EgoState, SafetyMode, SkillGoal, Snapshot
from shield.profile import load_profile
from shield.reach import footprint_array, is_safe, pack
from sim.fast import FastEnv, Outcome
from sim.fast_drive import _issue, certify
from sim.fast_people import BODY_M, box_gap
from sim.fast_sense import RANGE_M, STEP_RAD
from sim.fast_state import RAYS_N, TALLY, X, Y
from sim.layouts import Layout, random_layout
from skills.navigate import Navigate, _Run
from skills.observation import SIZE
from skills.pursuit import Pursuit
from skills.route import Route

PROFILE = load_profile(Path("launch/profiles/amr_panda.yaml"))
HALLS = [random_layout(np.random.default_rng([9, k])) for k in range(6)]
PURSUIT = Pursuit(PROFILE)


def env(count: int = 16, seed: int = 1, **options: object) -> FastEnv:
    return FastEnv(PROFILE, HALLS, count, seed, **options)  # type: ignore[arg-type] # keywords of the environment


def drive(batch: FastEnv, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes and tallies of the episodes that end within `steps`."""
    seen, outcomes, tallies = batch.reset(), [], []
    for _ in range(steps):
        step = batch.step(PURSUIT.act_all(seen))
        seen = step.seen
        over = step.outcome != Outcome.RUNNING
        outcomes.append(step.outcome[over])
        tallies.append(step.tally[over])
    return np.concatenate(outcomes), np.concatenate(tallies)


@pytest.mark.parametrize("layout", HALLS)
def test_halls_are_different_and_can_be_driven(layout: Layout) -> None:
    assert len({layout.site.bounds for layout in HALLS}) == len(HALLS)
    for route in layout.routes:
        assert not route.blocked
        assert min(layout.router.room_m(x, y) for x, y in route.points_m) > 0.4


def test_the_same_seed_gives_the_same_hall_and_the_same_drive() -> None:
    again = random_layout(np.random.default_rng([9, 0]))
    assert again.site == HALLS[0].site
    assert again.clutter == HALLS[0].clutter
    one, two = (drive(env(seed=5), 60) for _ in range(2))
    assert one[1].tobytes() == two[1].tobytes()
    batches = env(seed=5), env(seed=5)
    wants = np.random.default_rng(0).uniform(-1.0, 1.0, (40, 16, 2))
    for want in wants:
        first, second = (batch.step(want) for batch in batches)
        assert first.seen.tobytes() == second.seen.tobytes()
        assert first.reward.tobytes() == second.reward.tobytes()


def test_the_baseline_arrives_and_touches_nothing() -> None:
    outcomes, tallies = drive(env(people=3), 700)
    assert len(outcomes) > 30
    assert not np.any(outcomes == Outcome.CONTACT)
    assert np.mean(outcomes == Outcome.ARRIVED) > 0.7
    assert np.all(tallies[:, TALLY.index("contacts")] == 0.0)


def test_behind_the_shield_even_a_wild_policy_touches_nothing_in_motion() -> None:
    batch, rng = env(count=24, people=5, patience_s=15.0), np.random.default_rng(3)
    touched, corrected = 0, 0.0
    for k in range(400):
        if k % 8 == 0:
            want = rng.uniform((-0.3, -1.5), (1.5, 1.5), (24, 2))
        step = batch.step(want)
        touched += int(np.sum(step.outcome == Outcome.CONTACT))
        corrected += float(step.tally[step.outcome > 0, TALLY.index("corrected_s")].sum())
    assert touched == 0
    assert corrected > 0.0


def test_without_the_shield_a_wild_policy_does_touch_things() -> None:
    batch = env(count=24, people=5, shielded=False)
    touched = sum(
        int(np.sum(batch.step(np.full((24, 2), (1.2, 0.05))).outcome == Outcome.CONTACT)) for _ in range(150)
    )
    assert touched > 0


def test_people_keep_to_human_speed_and_out_of_walls() -> None:
    batch = env(people=5)
    fleet, halls = batch._fleet, batch._halls
    before = fleet.people.copy()
    for _ in range(200):
        step = batch.step(np.zeros((16, 2)))
        for row in np.flatnonzero(step.outcome == 0):
            for k in range(fleet.people_n[row]):
                person, last = fleet.people[row, k], before[row, k]
                moved = math.hypot(person[X] - last[X], person[Y] - last[Y])
                assert moved <= PROFILE.others.human_speed_mps * batch.step_s
                hall = fleet.hall[row]
                assert box_gap(halls.boxes[hall], halls.boxes_n[hall], person[X], person[Y]) > 0.8 * BODY_M
        before = fleet.people.copy()


def test_returns_lie_on_surfaces_and_no_ray_passes_through() -> None:
    batch = env(people=0)
    fleet, halls = batch._fleet, batch._halls
    for row in range(batch.count):
        x, y, heading = fleet.pose[row]
        boxes, count = halls.boxes[fleet.hall[row]], halls.boxes_n[fleet.hall[row]]
        seen = fleet.discs[row, : fleet.discs_n[row]][fleet.kinds[row, : fleet.discs_n[row]] < 4.0]
        angles = np.round((np.arctan2(seen[:, 1], seen[:, 0]) + math.pi) / STEP_RAD).astype(int) % RAYS_N
        reach = dict(zip(angles.tolist(), np.hypot(seen[:, 0], seen[:, 1]).tolist(), strict=True))
        for ray in range(0, RAYS_N, 7):
            angle = heading + ray * STEP_RAD - math.pi
            far = reach.get(ray, RANGE_M)
            points = [
                (x + r * math.cos(angle), y + r * math.sin(angle)) for r in np.arange(0.0, far - 0.05, 0.1)
            ]
            assert min(box_gap(boxes, count, px, py) for px, py in points) > 0.0
            if ray in reach:
                assert box_gap(boxes, count, x + far * math.cos(angle), y + far * math.sin(angle)) < 0.05


def snapshot_of(batch: FastEnv, row: int) -> Snapshot:
    fleet = batch._fleet
    n = fleet.discs_n[row]
    discs, (x, y, heading), motion = fleet.discs[row, :n], fleet.pose[row], fleet.motion[row]
    ego = EgoState(
        stamp_ns=0, x_m=float(x), y_m=float(y), heading_rad=float(heading), speed_mps=float(motion[0]),
        yaw_rate_radps=float(motion[1]), position_bound_m=0.0, heading_bound_rad=0.0, speed_bound_mps=0.0,
        yaw_rate_bound_radps=0.0,
    )  # fmt: skip
    set_point = BaseSetPoint(
        speed_mps=float(fleet.reference[row, 0]), yaw_rate_radps=float(fleet.reference[row, 1])
    )
    columns = (discs[:, k] for k in range(5))
    names = ("x_m", "y_m", "radius_m", "speed_mps", "age_s")
    seen = Discs(**dict(zip(names, columns, strict=True)), kind=fleet.kinds[row, :n])
    return Snapshot(
        robot="r", sequence=0, stamp_ns=0, ego=ego, discs=seen, mode=SafetyMode.NOMINAL,
        speed_limit_mps=float(fleet.traits[row, 3]), set_point=set_point,
    )  # fmt: skip


def test_the_skill_sees_what_the_fast_tier_trains_on() -> None:
    batch = env(people=4, seed=7)
    for _ in range(25):
        seen = batch.step(PURSUIT.act_all(batch._seen)).seen
    fleet = batch._fleet
    for row in range(batch.count):
        skill = Navigate(PROFILE, HALLS[fleet.hall[row]].site, PURSUIT, "1.0.0")
        points = fleet.path[row, : fleet.path_n[row]].copy()
        run = _Run((0.0, 0.0, 0.0), Route(points, False), 1.0, 1.0, 0, 0, 0)
        run.index = int(fleet.at[row])
        looked, left_m, _ = skill._look(run, snapshot_of(batch, row))
        assert looked.shape == (SIZE,)
        assert looked == pytest.approx(seen[row], abs=1e-12)
        assert left_m == pytest.approx(fleet.remaining[row])


@pytest.mark.parametrize(
    ("was", "asked", "command", "after"),
    [
        ((0.5, 0.1), (0.51, 0.2, 0.0), (0.51, 0.2, 0.0), (0.51, 0.102, 0.01)),
        ((0.5, 0.1), (0.51, 0.2, 0.0), (0.4, 0.2, 0.0), (0.4, 0.08, -0.1)),
        ((0.5, 0.1), (0.51, 0.2, 0.0), (0.0, 0.2, 0.0), (0.468, 0.0936, -0.032)),
        ((-0.01, 0.0), (-0.02, 0.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.01)),
        ((0.0, 0.5), (0.0, 0.0, 0.53), (0.0, 0.0, 0.0), (0.0, 0.46, 0.0)),
    ],
)
def test_the_next_wish_goes_on_from_what_the_shield_made_of_the_last(
    was: tuple[float, float],
    asked: tuple[float, ...],
    command: tuple[float, float, float],
    after: tuple[float, ...],
) -> None:
    base = PROFILE.base
    motors = np.array([base.command_accel_mps2, base.brake_command_mps2, base.turn_brake_min_radps2])
    reference = np.array([asked[0], asked[0] * asked[1] + asked[2], asked[0] - was[0]])
    _issue(reference, was, np.array(asked), command, motors, 0.02)
    assert reference == pytest.approx(after)


def test_what_the_fast_shield_lets_through_is_safe_by_reachability() -> None:
    rng, bounds, footprint = np.random.default_rng(4), pack(PROFILE), footprint_array(PROFILE)
    for _ in range(300):
        speed, yaw_rate = rng.uniform(0.0, 1.0), rng.uniform(-0.5, 0.5)
        ego = np.array([speed, yaw_rate, 0.03, 0.04, speed, speed, yaw_rate, yaw_rate])
        discs = np.zeros((12, 5))
        discs[:, :2] = rng.uniform(-3.0, 3.0, (12, 2))
        discs[:, 2], discs[:, 3] = 0.1, rng.choice((0.0, 1.6), 12)
        asked = np.array([rng.uniform(-0.2, 1.2), rng.uniform(-1.0, 1.0), 0.0])
        if rng.random() < 0.3:
            asked[:] = 0.0, 0.0, rng.uniform(-1.0, 1.0)
        command = certify(bounds, ego, asked, 0.1, discs, footprint)
        assert command == (0.0, 0.1, 0.0) or is_safe(bounds, ego, *command, discs, footprint)
        assert abs(command[0]) <= abs(asked[0])
        assert abs(command[2]) <= abs(asked[2])


def test_goals_of_a_skill_are_not_known_here() -> None:
    skill = Navigate(PROFILE, HALLS[0].site, PURSUIT, "1.0.0")
    assert "no place" in skill.refuse(SkillGoal(skill="navigate", target="x"), snapshot_of(env(), 0))

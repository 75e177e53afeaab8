from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from shield import contract as c
from shield.contract import Floats, Kind, SafetyMode, Severity
from shield.profile import Lidar, load_profile
from shield.sensors import Fusion
from shield.site import Box, Site, load_site
from shield.source_watch import Finding

ROOT = Path(__file__).parents[2]
PROFILE = load_profile(ROOT / "launch/profiles/amr_panda.yaml")
HALL = load_site(ROOT / "launch/sites/warehouse.yaml")
WALL = Box(name="wall", x_min_m=3.0, x_max_m=3.5, y_min_m=-5.0, y_max_m=5.0, height_m=2.0)
SITE = dataclasses.replace(HALL, boxes=(WALL,))
EMPTY = dataclasses.replace(HALL, boxes=())
PERIOD_NS = 20_000_000
NAMES = ("left_wheel", "right_wheel", *PROFILE.arm.joints, *PROFILE.arm.fingers)


def cast(lidar: Lidar, pose: tuple[float, float, float], site: Site, people: Floats) -> Floats:
    """Exact ranges to the site's boxes and to circles (x, y, radius)."""
    x, y, heading = pose
    cos, sin = math.cos(heading), math.sin(heading)
    ox, oy = x + cos * lidar.x_m - sin * lidar.y_m, y + sin * lidar.x_m + cos * lidar.y_m
    angles = heading + lidar.heading_rad + np.linspace(-lidar.fov_rad / 2, lidar.fov_rad / 2, lidar.beams)
    rx, ry = np.cos(angles), np.sin(angles)
    ranges = np.full(lidar.beams, np.inf)
    for box in site.boxes:
        one, two = (box.x_min_m - ox) / rx, (box.x_max_m - ox) / rx
        three, four = (box.y_min_m - oy) / ry, (box.y_max_m - oy) / ry
        near = np.maximum(np.minimum(one, two), np.minimum(three, four))
        far = np.minimum(np.maximum(one, two), np.maximum(three, four))
        ranges = np.where((near > 0) & (near <= far), np.minimum(ranges, near), ranges)
    for px, py, radius in people:
        along = (px - ox) * rx + (py - oy) * ry
        off = (px - ox) ** 2 + (py - oy) ** 2 - along**2
        near = along - np.sqrt(np.maximum(radius**2 - off, 0.0))
        ranges = np.where((along > 0) & (off < radius**2), np.minimum(ranges, near), ranges)
    ranges[ranges > lidar.range_max_m] = np.inf
    return ranges


class World:
    """Exact sensors of a robot that moves with constant speed and yaw rate."""

    def __init__(self, site: Site = SITE, people: object = ()) -> None:
        self.fusion = Fusion(PROFILE, site)
        self.site, self.people = site, np.array(people, dtype=float).reshape(-1, 3)
        self.now_ns, self.count = 1_000_000_000, 0
        self.speed, self.yaw = 0.0, 0.0
        self.pose = (0.0, 0.0, 0.0)
        self.left, self.right = 0.0, 0.0
        self.blind: dict[str, slice] = {}
        self.silent: set[str] = set()
        self.force, self.opening = 0.0, 0.04
        self.findings: list[Finding] = []
        self.rng = np.random.default_rng(1)
        self.offset = (0.0, 0.0)

    def step(self, count: int = 1) -> World:
        for _ in range(count):
            self.now_ns += PERIOD_NS
            self.count += 1
            x, y, heading = self.pose
            middle = heading + self.yaw * 0.01
            way = self.speed * 0.02
            self.pose = (x + way * math.cos(middle), y + way * math.sin(middle), heading + self.yaw * 0.02)
            base = PROFILE.base
            self.left += (self.speed - self.yaw * base.track_m / 2) / base.wheel_radius_m * 0.02
            self.right += (self.speed + self.yaw * base.track_m / 2) / base.wheel_radius_m * 0.02
            self.sense()
        return self

    def sense(self) -> None:
        for k, lidar in enumerate(PROFILE.lidars):
            if self.count % 2 == k and lidar.name not in self.silent:
                self.findings += self.fusion.scan(self.scan(lidar), self.now_ns)
        if "imu" not in self.silent:
            imu = c.Imu(stamp_ns=self.now_ns, yaw_rate_radps=self.yaw, accel_x_mps2=0.0, accel_y_mps2=0.0)
            self.findings += self.fusion.imu(imu, self.now_ns)
        if self.count % 5 == 0 and "localisation" not in self.silent:
            self.findings += self.fusion.fix(self.fix(), self.now_ns)
        if "joint_states" not in self.silent:
            self.findings += self.fusion.joints(self.joints(), self.now_ns)
        self.findings += self.fusion.watch(self.now_ns)

    def scan(self, lidar: Lidar) -> c.Scan:
        ranges = cast(lidar, self.pose, self.site, self.people)
        ranges += np.clip(self.rng.normal(0.0, 0.005, lidar.beams), -0.02, 0.02)
        if lidar.name in self.blind:
            ranges[self.blind[lidar.name]] = np.nan
        return c.Scan(
            sensor=lidar.name,
            stamp_ns=self.now_ns,
            angle_min_rad=-lidar.fov_rad / 2,
            angle_step_rad=lidar.fov_rad / (lidar.beams - 1),
            range_min_m=lidar.range_min_m,
            range_max_m=lidar.range_max_m,
            range_m=ranges,
        )

    def fix(self) -> c.PoseFix:
        x, y, heading = self.pose
        return c.PoseFix(
            stamp_ns=self.now_ns,
            x_m=x + self.offset[0],
            y_m=y + self.offset[1],
            heading_rad=math.remainder(heading, 2 * math.pi),
            position_bound_m=0.02,
            heading_bound_rad=0.01,
            speed_mps=self.speed,
            yaw_rate_radps=self.yaw,
        )

    def joints(self) -> c.JointReading:
        rates = (self.speed / 0.1, self.speed / 0.1)
        return c.JointReading(
            stamp_ns=self.now_ns,
            name=NAMES,
            position_rad=(self.left, self.right, *PROFILE.arm.stowed_rad, self.opening / 2, self.opening / 2),
            velocity_radps=(*rates, *(0.0,) * 9),
            effort_nm=(0.0,) * 9 + (self.force, -self.force),
        )

    def snapshot(self) -> c.Snapshot:
        snapshot = self.fusion.snapshot(self.now_ns, SafetyMode.NOMINAL, 1.0)
        assert snapshot is not None
        return snapshot

    def codes(self) -> set[str]:
        return {code for code, _, _ in self.findings}

    def worst(self) -> Severity:
        return max((severity for _, severity, _ in self.findings), default=Severity.INFO)


def of_kind(discs: c.Discs, kind: Kind) -> Floats:
    chosen = discs.kind == float(kind)
    return np.column_stack(
        (discs.x_m[chosen], discs.y_m[chosen], discs.radius_m[chosen], discs.speed_mps[chosen])
    )


def test_there_is_no_snapshot_until_every_source_has_spoken() -> None:
    world = World()
    world.silent.add("localisation")
    world.step(10)
    assert world.fusion.snapshot(world.now_ns, SafetyMode.NOMINAL, 1.0) is None
    assert not world.fusion.trusted(world.now_ns)
    world.silent.clear()
    world.step(5)
    assert world.snapshot().sequence == 1
    assert world.snapshot().sequence == 2
    assert world.fusion.trusted(world.now_ns)


@pytest.mark.parametrize(("speed", "yaw"), [(0.0, 0.0), (1.0, 0.0), (0.5, 1.0), (-0.3, 0.2), (0.0, 1.2)])
def test_the_truth_lies_within_the_bounds(speed: float, yaw: float) -> None:
    world = World(EMPTY)
    world.speed, world.yaw = speed, yaw
    for _ in range(150):
        world.step(1)
        if world.count <= 5:
            continue
        ego = world.snapshot().ego
        x, y, heading = world.pose
        assert math.hypot(ego.x_m - x, ego.y_m - y) <= ego.position_bound_m
        assert abs(math.remainder(ego.heading_rad - heading, 2 * math.pi)) <= ego.heading_bound_rad
        assert abs(ego.speed_mps - speed) <= ego.speed_bound_mps
        assert abs(ego.yaw_rate_radps - yaw) <= ego.yaw_rate_bound_radps
        assert ego.position_bound_m < 0.06
    assert not world.findings


def test_without_fixes_the_bounds_grow_with_the_way() -> None:
    world = World(EMPTY).step(10)
    before = world.snapshot().ego.position_bound_m
    world.silent.add("localisation")
    world.speed = 1.0
    world.step(50)
    after = world.snapshot().ego.position_bound_m
    assert after >= before + PROFILE.odometry.drift_per_m * 1.0
    assert {"localisation_late"} == world.codes()
    world.step(20)
    assert "localisation_stale" in world.codes()
    assert not world.fusion.trusted(world.now_ns)


def test_the_map_explains_walls_and_nothing_else() -> None:
    world = World(people=[(1.5, 0.3, 0.08)]).step(20)
    discs = world.snapshot().discs
    static, unknown = of_kind(discs, Kind.STATIC), of_kind(discs, Kind.UNKNOWN)
    assert np.abs(static[:, 0] - 3.0).max() < 0.05
    assert (static[:, 3] == 0.0).all()
    assert len(unknown) > 0
    assert np.hypot(unknown[:, 0] - 1.5, unknown[:, 1] - 0.3).max() < 0.12
    assert (unknown[:, 2] >= PROFILE.others.human_radius_m).all()
    assert (unknown[:, 3] == PROFILE.others.human_speed_mps).all()


def test_a_wall_that_is_not_on_the_map_is_unknown() -> None:
    world = World()
    world.fusion = Fusion(PROFILE, EMPTY)
    discs = world.step(20).snapshot().discs
    assert len(of_kind(discs, Kind.STATIC)) == 0
    assert len(of_kind(discs, Kind.UNKNOWN)) > 20


@pytest.mark.parametrize("gap", [-0.12, -0.08, 0.0, 0.1, 0.3])
def test_a_person_at_a_wall_is_seen_from_the_maps_tolerance_on(gap: float) -> None:
    world = World(people=[(3.0 - gap - 0.08, 0.0, 0.08)]).step(20)
    seen = len(of_kind(world.snapshot().discs, Kind.UNKNOWN)) > 0
    assert seen == (gap >= 0.0)


def test_discs_cover_what_was_hit_also_after_moving_on() -> None:
    world = World(people=[(2.0, -0.5, 0.08)])
    world.speed, world.yaw = 0.6, 0.4
    for _ in range(60):
        world.step(1)
        if world.count < 10:
            continue
        snapshot = world.snapshot()
        x, y, heading = world.pose
        dx, dy = 2.0 - x, -0.5 - y
        bx, by = (
            math.cos(heading) * dx + math.sin(heading) * dy,
            math.cos(heading) * dy - math.sin(heading) * dx,
        )
        unknown = of_kind(snapshot.discs, Kind.UNKNOWN)
        inside = np.hypot(unknown[:, 0] - bx, unknown[:, 1] - by) + 0.08 <= unknown[:, 2]
        assert inside.any()
        assert (snapshot.discs.age_s <= 0.021).all()


def test_a_step_of_the_range_behind_a_wall_hides_people() -> None:
    short = dataclasses.replace(WALL, x_min_m=1.0, x_max_m=1.2, y_min_m=-3.0, y_max_m=0.5)
    far = dataclasses.replace(WALL, name="far", x_min_m=6.0, x_max_m=6.2)
    site = dataclasses.replace(HALL, boxes=(short, far))
    world = World(site).step(20)
    hidden = of_kind(world.snapshot().discs, Kind.HIDDEN)
    behind = hidden[hidden[:, 1] > -1.0]
    assert len(behind) > 0
    near = np.hypot(behind[:, 0] - 1.2, behind[:, 1] - 0.5).min()
    assert near < 0.4
    assert (hidden[:, 3] == PROFILE.others.human_speed_mps).all()


def test_a_closed_room_hides_nobody() -> None:
    sides = [(3.0, 3.2, -3.0, 3.0), (-3.2, -3.0, -3.0, 3.0), (-3.2, 3.2, 3.0, 3.2), (-3.2, 3.2, -3.2, -3.0)]
    boxes = tuple(
        Box(name=f"wall{k}", x_min_m=a, x_max_m=b, y_min_m=low, y_max_m=high, height_m=2.0)
        for k, (a, b, low, high) in enumerate(sides)
    )
    world = World(dataclasses.replace(HALL, boxes=boxes)).step(20)
    assert set(world.snapshot().discs.kind) == {float(Kind.STATIC)}


def test_single_missing_beams_hide_nobody_near() -> None:
    world = World()
    world.blind["scan_front"] = slice(180, 181)
    hidden = of_kind(world.step(20).snapshot().discs, Kind.HIDDEN)
    assert len(hidden) == 0 or np.hypot(hidden[:, 0], hidden[:, 1]).min() > 2.0


def test_a_blind_sector_is_full_of_people_unless_the_other_lidar_sees_it() -> None:
    front = PROFILE.lidars[0]
    step = front.fov_rad / (front.beams - 1)
    ahead = round((front.fov_rad / 2 - front.heading_rad) / step)
    world = World(EMPTY)
    world.blind["scan_front"] = slice(ahead - 20, ahead + 20)
    hidden = of_kind(world.step(20).snapshot().discs, Kind.HIDDEN)
    assert len(hidden) > 0
    assert np.hypot(hidden[:, 0], hidden[:, 1]).min() < 0.8
    assert (hidden[:, 0] > 0).all()
    world = World(EMPTY)
    world.blind["scan_front"] = slice(260, 350)  # to the left and back: behind the robot the rear lidar looks
    hidden = of_kind(world.step(20).snapshot().discs, Kind.HIDDEN)
    assert len(hidden) > 0
    assert (hidden[:, 0] > PROFILE.lidars[1].x_m - 0.1).all()


@pytest.mark.parametrize(
    ("count", "severity"), [(20, Severity.INFO), (100, Severity.DEGRADE), (300, Severity.STOP)]
)
def test_blindness_is_answered_by_its_size(count: int, severity: Severity) -> None:
    world = World()
    world.blind["scan_rear"] = slice(0, count)
    world.step(10)
    assert world.worst() is severity


def test_own_returns_are_removed_and_close_legs_are_not() -> None:
    lidar = PROFILE.lidars[0]
    world = World(EMPTY, people=[(0.55, 0.0, 0.08)]).step(10)
    unknown = of_kind(world.snapshot().discs, Kind.UNKNOWN)
    assert len(unknown) > 0
    scan = world.scan(lidar)
    ranges = np.full(lidar.beams, np.inf)
    ranges[0:3] = 0.25  # along the inside of the front edge
    world.fusion.scan(dataclasses.replace(scan, stamp_ns=world.now_ns + 1, range_m=ranges), world.now_ns + 1)
    world.people = np.empty((0, 3))
    world.silent.add("scan_front")
    world.step(1)
    assert len(of_kind(world.snapshot().discs, Kind.UNKNOWN)) == 0


@pytest.mark.parametrize("source", ["scan_front", "scan_rear", "joint_states", "localisation", "imu"])
def test_silence_is_found_and_ends_the_trust(source: str) -> None:
    world = World().step(20)
    world.silent.add(source)
    world.step(6 if source != "localisation" else 55)
    world.findings.clear()
    world.step(2)
    assert f"{source}_stale" in world.codes()
    assert world.fusion.trusted(world.now_ns) == (source == "imu")
    assert world.worst() is (Severity.DEGRADE if source == "imu" else Severity.STOP)
    health = {entry.sensor: entry for entry in world.fusion.health(world.now_ns)}
    assert not health[source].healthy
    assert sum(not entry.healthy for entry in health.values()) == 1


def test_a_frozen_scan_is_found() -> None:
    world = World().step(20)
    lidar = PROFILE.lidars[0]
    frozen = world.scan(lidar)
    for k in range(1, 4):
        stamp_ns = world.now_ns + k * PERIOD_NS
        world.findings += world.fusion.scan(dataclasses.replace(frozen, stamp_ns=stamp_ns), stamp_ns)
    assert world.codes() == {"scan_front_frozen"}
    assert world.worst() is Severity.STOP


def test_time_that_goes_back_or_ahead_is_found() -> None:
    world = World().step(20)
    joints, lidar = world.joints(), PROFILE.lidars[0]
    assert world.fusion.joints(joints, world.now_ns)[0][0] == "joint_states_order"
    ahead = dataclasses.replace(joints, stamp_ns=world.now_ns + 10**9)
    assert world.fusion.joints(ahead, world.now_ns)[0][0] == "joint_states_future"
    late = dataclasses.replace(world.scan(lidar), stamp_ns=world.now_ns + 1)
    assert world.fusion.scan(late, world.now_ns + 10**9)[0][0] == "scan_front_old"


def test_scans_that_are_not_the_profiles_are_found() -> None:
    world = World().step(20)
    scan = world.scan(PROFILE.lidars[0])
    later = dataclasses.replace(scan, stamp_ns=world.now_ns + 1)
    for change in (
        {"range_m": np.ones(10)},
        {"angle_step_rad": 0.0},
        {"angle_step_rad": 0.5},
        {"angle_min_rad": 0.0},
    ):
        odd = dataclasses.replace(later, **change)
        assert world.fusion.scan(odd, world.now_ns)[0][0] == "scan_front_malformed"
    assert world.fusion.scan(dataclasses.replace(later, sensor="x"), world.now_ns)[0][0] == "scan_unknown"


def test_slipping_wheels_disagree_with_the_gyro() -> None:
    world = World(EMPTY).step(20)
    world.fusion._odometry._wheels = None
    for _ in range(10):
        world.step(1)
        world.left -= 0.02  # one wheel slips: 0.2 rad/s that the gyro does not see
    assert "yaw_disagreement" in world.codes()
    ego = world.snapshot().ego
    assert abs(ego.yaw_rate_radps) <= ego.yaw_rate_bound_radps


def test_an_encoder_jump_is_found_and_not_used() -> None:
    world = World(EMPTY).step(20)
    before = world.snapshot().ego
    world.left += 10.0
    world.step(1)
    assert "joint_states_jump" in world.codes()
    world.step(5)
    after = world.snapshot().ego
    assert math.hypot(after.x_m - before.x_m, after.y_m - before.y_m) < 0.05


def test_a_gyro_beyond_reason_is_not_used() -> None:
    world = World(EMPTY).step(10)
    odd = c.Imu(stamp_ns=world.now_ns + 1, yaw_rate_radps=50.0, accel_x_mps2=0.0, accel_y_mps2=0.0)
    assert world.fusion.imu(odd, world.now_ns)[0][0] == "imu_range"


def test_one_wrong_fix_is_rejected_and_many_are_a_lost_pose() -> None:
    world = World(EMPTY).step(20)
    world.offset = (0.5, 0.0)
    world.step(5)
    assert world.codes() == {"localisation_fix_jump"}
    assert abs(world.snapshot().ego.x_m) < 0.05
    world.step(20)
    assert "localisation_pose_lost" in world.codes()
    assert world.worst() is Severity.STOP
    assert world.snapshot().ego.x_m == pytest.approx(0.5, abs=0.05)


def test_fixes_without_useful_bounds_are_not_used() -> None:
    world = World(EMPTY).step(20)
    weak = dataclasses.replace(world.fix(), stamp_ns=world.now_ns + 1, position_bound_m=1.0)
    assert world.fusion.fix(weak, world.now_ns)[0][0] == "localisation_fix_weak"


def test_wheels_that_do_not_turn_while_the_robot_moves_are_found() -> None:
    world = World(EMPTY).step(20)
    base = PROFILE.base
    world.speed = 0.5
    for _ in range(30):
        world.left -= world.speed / base.wheel_radius_m * 0.02
        world.right -= world.speed / base.wheel_radius_m * 0.02
        world.step(1)
    assert "localisation_speed" in world.codes()
    assert world.worst() is Severity.STOP


def test_a_load_is_known_by_force_and_opening() -> None:
    world = World(EMPTY).step(20)
    assert not world.snapshot().ego.carrying
    world.force, world.opening = 20.0, 0.03
    for _ in range(4):
        world.step(1)
        snapshot = world.snapshot()
    assert snapshot.ego.carrying
    assert snapshot.ego.gripper_m == pytest.approx(0.03)
    world.opening = 0.0
    assert not world.step(1).snapshot().ego.carrying


def test_a_reading_without_the_arm_is_malformed() -> None:
    world = World(EMPTY).step(5)
    odd = c.JointReading(
        stamp_ns=world.now_ns + 1, name=NAMES[:2], position_rad=(0.0, 0.0), velocity_radps=(), effort_nm=()
    )
    assert world.fusion.joints(odd, world.now_ns)[0][0] == "joint_states_malformed"


def test_a_slow_source_is_found() -> None:
    world = World(EMPTY).step(20)
    for _ in range(12):
        world.silent.add("scan_rear")
        world.step(2)
        world.silent.clear()
        world.step(2)
    assert "scan_rear_rate" in world.codes()
    assert world.worst() is Severity.DEGRADE


def test_gyro_and_localiser_out_of_order_are_found() -> None:
    world = World(EMPTY).step(20)
    old = c.Imu(stamp_ns=1, yaw_rate_radps=0.0, accel_x_mps2=0.0, accel_y_mps2=0.0)
    assert world.fusion.imu(old, world.now_ns)[0][0] == "imu_order"
    assert (
        world.fusion.fix(dataclasses.replace(world.fix(), stamp_ns=1), world.now_ns)[0][0]
        == "localisation_order"
    )


def test_without_a_gyro_the_wheels_alone_bound_the_rotation() -> None:
    world = World(EMPTY)
    world.silent.add("imu")
    world.yaw = 0.5
    ego = world.step(20).snapshot().ego
    assert abs(ego.yaw_rate_radps - 0.5) <= ego.yaw_rate_bound_radps
    assert ego.yaw_rate_bound_radps > PROFILE.odometry.yaw_rate_bound_radps

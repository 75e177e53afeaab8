"""A rehearsal before activation: a core of the same kind lives through a few made-up cycles.

It compiles kernels, fills caches and loads what is loaded on first use, so that the first real cycle is as fast
as the thousandth. The rehearsing core is thrown away: nothing of it reaches the real one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from gatehouse_nodes.setting import Setting
from shield import contract as c
from shield.contract import SafetyMode
from shield.topics import SUBSCRIPTIONS, Core, Output

CYCLES_N = 30
START_NS = 1_000_000_000
CRAWL_MPS = 0.05
TOO_FAST_MPS = 3.0


def rehearse(core: Core, role: str, setting: Setting) -> None:
    """Run `CYCLES_N` control cycles of a standing robot in an open hall with one thing to do."""
    period_ns = round(setting.profile.timing.period_s * 1e9)
    for k in range(1, CYCLES_N + 1):
        now_ns = START_NS + k * period_ns
        core.tick(now_ns)
        for topic, value in _heard(k, now_ns, setting):
            if topic in SUBSCRIPTIONS[role]:
                for said in core.handle(topic, value, now_ns):
                    _answer(core, role, said, now_ns, k)


def _answer(core: Core, role: str, said: Output, now_ns: int, k: int) -> None:
    """Stand in for the autonomy: answer a snapshot with a proposal."""
    snapshot = said[1]
    if role != "safety" or not isinstance(snapshot, c.Snapshot):
        return
    commands = (
        c.BaseCommand(speed_mps=CRAWL_MPS, curvature_radpm=0.1),
        c.ArmCommand(joint_velocity_radps=(0.01,) * len(snapshot.ego.joint_position_rad), gripper_m=0.04),
        c.BaseCommand(speed_mps=TOO_FAST_MPS, curvature_radpm=0.5),  # to be corrected
    )
    proposal = c.ProposedAction(
        robot=snapshot.robot, sequence=k, stamp_ns=snapshot.stamp_ns, snapshot_sequence=snapshot.sequence,
        skill="rehearsal", version="", command=commands[k % len(commands)])  # fmt: skip
    core.handle("proposed_action", proposal, now_ns)


def _heard(k: int, now_ns: int, setting: Setting) -> Iterator[Output]:
    profile, site = setting.profile, setting.site
    if k == CYCLES_N // 2:
        place = next(place for place in site.places if place.role == "station")
        yield "order", c.Order(order="rehearsal", item=site.items[0].name, station=place.name)
    yield "safety_mode", c.ModeStatus(stamp_ns=now_ns, sequence=k, mode=SafetyMode.NOMINAL,
                                      speed_limit_mps=profile.base.speed_max_mps)  # fmt: skip
    for lidar in profile.lidars:
        yield lidar.name, c.Scan(
            sensor=lidar.name, stamp_ns=now_ns, angle_min_rad=-lidar.fov_rad / 2.0,
            angle_step_rad=lidar.fov_rad / max(lidar.beams - 1, 1), range_min_m=lidar.range_min_m,
            range_max_m=lidar.range_max_m, range_m=np.full(lidar.beams, 3.0 + 0.01 * (k % 2)))  # fmt: skip
    yield "imu", c.Imu(stamp_ns=now_ns, yaw_rate_radps=0.0, accel_x_mps2=0.0, accel_y_mps2=0.0)
    home = site.home
    yield "localisation", c.PoseFix(
        stamp_ns=now_ns, x_m=home.x_m, y_m=home.y_m, heading_rad=home.heading_rad,
        position_bound_m=profile.odometry.fix_position_m, heading_bound_rad=profile.odometry.fix_heading_rad,
        speed_mps=0.0, yaw_rate_radps=0.0)  # fmt: skip
    wheels = ("left_wheel", "right_wheel")
    names = (*wheels, *profile.arm.joints, *profile.arm.fingers)
    rest = (0.0,) * len(profile.arm.fingers)
    yield "joint_states", c.JointReading(
        stamp_ns=now_ns, name=names, position_rad=(0.0, 0.0, *profile.arm.stowed_rad, *rest),
        velocity_radps=(0.0,) * len(names), effort_nm=(0.0,) * len(names))  # fmt: skip
    yield "snapshot", _snapshot(k, now_ns, setting)


def _snapshot(k: int, now_ns: int, setting: Setting) -> c.Snapshot:
    profile, home = setting.profile, setting.site.home
    still = (0.0,) * len(profile.arm.joints)
    ego = c.EgoState(
        stamp_ns=now_ns, x_m=home.x_m, y_m=home.y_m, heading_rad=home.heading_rad, speed_mps=0.0, yaw_rate_radps=0.0,
        position_bound_m=profile.odometry.fix_position_m, heading_bound_rad=profile.odometry.fix_heading_rad,
        speed_bound_mps=profile.odometry.speed_bound_mps,
        yaw_rate_bound_radps=profile.odometry.yaw_rate_bound_radps, joint_position_rad=profile.arm.stowed_rad,
        joint_velocity_radps=still)  # fmt: skip
    angle = np.linspace(-math.pi, math.pi, 60)
    discs = c.Discs(x_m=4.0 * np.cos(angle), y_m=4.0 * np.sin(angle), radius_m=np.full(60, 0.05),
                    speed_mps=np.zeros(60), age_s=np.zeros(60), kind=np.zeros(60))  # fmt: skip
    person = c.TrackedAgent(track=1, kind=c.Kind.PERSON, x_m=home.x_m + 3.0, y_m=home.y_m, radius_m=0.3,
                            velocity_x_mps=0.0, velocity_y_mps=0.0, speed_bound_mps=1.6, seen_ns=now_ns)  # fmt: skip
    return c.Snapshot(robot=profile.robot, sequence=k, stamp_ns=now_ns, ego=ego, discs=discs, agents=(person,),
                      mode=SafetyMode.NOMINAL, speed_limit_mps=profile.base.speed_max_mps)  # fmt: skip

"""Fusion: everything sensed, as one bounded `Snapshot` at the stamp of the newest encoder reading.

Way and turn come from wheels and gyro, the pose from fixes and dead reckoning as intervals, obstacles from
the lidars as discs in B, compensated for the motion since their scan. Where nobody can be seen, people are
supposed to hide.
"""

from __future__ import annotations

import math

import numpy as np

from shield import contract as c
from shield import scan_discs as kernels
from shield.contract import Floats, Severity
from shield.hidden import HiddenSpace
from shield.odometry import Odometry, Step, relative
from shield.pose import PoseBounds, PoseFilter
from shield.profile import Lidar, RobotProfile
from shield.site import Site
from shield.source_watch import Finding, SourceWatch

BLIND_DEGRADE, BLIND_STOP = 0.2, 0.6  # share of beams without a valid return
FIX_LATE_S, FIX_LOST_S = 0.3, 1.0  # localiser silent: slower, then stop
SPEED_OFF_N = 3  # fixes in a row whose speed contradicts the wheels
GRIP_N, GRIP_OPEN_SHARE, GRIP_LEAST_M = 3.0, 0.9, 0.008  # force and opening that mean that something is held


class LidarInput:
    """The newest scan of one lidar, unpacked for the kernels."""

    def __init__(self, lidar: Lidar, timeout_s: float) -> None:
        self.lidar = lidar
        self.watch = SourceWatch(lidar.name, lidar.rate_hz, timeout_s)
        self.pose = np.array([lidar.x_m, lidar.y_m, lidar.heading_rad])
        self.limits = np.array([lidar.range_min_m, lidar.range_max_m])
        self.scan: c.Scan | None = None
        self.fresh = False  # whether the scan has not been used yet

    @property
    def stamp_ns(self) -> int:
        """Stamp of the newest scan."""
        return self.scan.stamp_ns if self.scan is not None else -1

    def take(self, scan: c.Scan, now_ns: int) -> list[Finding]:
        """Check a scan and keep it; a scan that fails a check of its form or stamp is not kept."""
        if scan.range_m.shape[0] != self.lidar.beams or not 0.0 < abs(scan.angle_step_rad) < 1.0:
            reason = f"{scan.range_m.shape[0]} beams, {self.lidar.beams} are expected"
            return [self.watch.trouble("malformed", Severity.INFO, reason, now_ns)]
        span = abs(abs(scan.angle_step_rad) * (self.lidar.beams - 1) - self.lidar.fov_rad)
        if span > 0.02 or abs(scan.angle_min_rad + self.lidar.fov_rad / 2.0) > 0.02:
            reason = f"angles from {scan.angle_min_rad:.3f} by {scan.angle_step_rad:.4f} rad are wrong"
            return [self.watch.trouble("malformed", Severity.INFO, reason, now_ns)]
        found = self.watch.accept(scan.stamp_ns, now_ns)
        if found is not None:
            return [found]
        self.scan, self.fresh = scan, True
        return self._content(scan, now_ns)

    def _content(self, scan: c.Scan, now_ns: int) -> list[Finding]:
        finite = np.isfinite(scan.range_m)
        findings: list[Finding] = []
        if finite.any():
            frozen = self.watch.frozen(scan.range_m.tobytes(), now_ns)
            findings += [frozen] if frozen is not None else []
        blind = float(np.mean(np.isnan(scan.range_m) | (scan.range_m < scan.range_min_m)))
        if blind > BLIND_DEGRADE:
            severity = Severity.STOP if blind > BLIND_STOP else Severity.DEGRADE
            findings.append(
                self.watch.trouble("blind", severity, f"{blind:.0%} of the beams see nothing", now_ns)
            )
        return findings


class Fusion:
    """Takes sensor messages, tells findings, makes snapshots.

    Args:
        profile: of the robot.
        site: with the boxes that static returns are matched against.
    """

    def __init__(self, profile: RobotProfile, site: Site) -> None:
        self._profile = profile
        timeout_s = profile.timing.sensor_timeout_s
        self._lidars = {lidar.name: LidarInput(lidar, timeout_s) for lidar in profile.lidars}
        self._joints = SourceWatch("joint_states", 1.0 / profile.timing.period_s, timeout_s)
        self._imu = SourceWatch("imu", 1.0 / profile.timing.period_s, timeout_s)
        self._fix = SourceWatch("localisation", profile.odometry.fix_rate_hz, FIX_LOST_S)
        self._odometry = Odometry(profile)
        self._poses = PoseFilter(profile)
        self._hidden = HiddenSpace(profile, site)
        self._reading: c.JointReading | None = None
        self._speed_off_n = 0
        self._carry_n = 0
        self._sequence = 0
        seen_m = min(lidar.height_m for lidar in profile.lidars)
        self._boxes = np.array(
            [(b.x_min_m, b.x_max_m, b.y_min_m, b.y_max_m) for b in site.boxes if b.height_m > seen_m]
        ).reshape(-1, 4)

    def scan(self, scan: c.Scan, now_ns: int) -> list[Finding]:
        """Take a scan of either lidar."""
        source = self._lidars.get(scan.sensor)
        if source is None:
            return [("scan_unknown", Severity.INFO, f"no lidar is called {scan.sensor:.40}")]
        return source.take(scan, now_ns)

    def imu(self, imu: c.Imu, now_ns: int) -> list[Finding]:
        """Take a gyro reading."""
        found = self._imu.accept(imu.stamp_ns, now_ns)
        if found is not None:
            return [found]
        if abs(imu.yaw_rate_radps) > 4.0 * self._profile.base.yaw_rate_max_radps:
            reason = f"{imu.yaw_rate_radps:.1f} rad/s is no rotation of this robot"
            return [self._imu.trouble("range", Severity.DEGRADE, reason, now_ns)]
        self._odometry.imu(imu)
        return []

    def fix(self, fix: c.PoseFix, now_ns: int) -> list[Finding]:
        """Take a fix of the localiser."""
        found = self._fix.accept(fix.stamp_ns, now_ns)
        if found is not None:
            return [found]
        findings: list[Finding] = []
        reason = self._poses.fix(fix, self._odometry)
        if reason:
            code, detail = reason.split(" ", 1)
            severity = Severity.STOP if code == "pose_lost" else Severity.DEGRADE
            findings.append(self._fix.trouble(code, severity, detail, now_ns))
        step = self._odometry.at(fix.stamp_ns)
        bounds = self._profile.odometry
        off = 0.0 if step is None else abs(step.speed_mps - fix.speed_mps)
        allowed = (
            2.0 * bounds.speed_bound_mps + self._profile.base.brake_max_mps2 * self._profile.timing.period_s
        )
        self._speed_off_n = self._speed_off_n + 1 if off > allowed else 0
        if self._speed_off_n >= SPEED_OFF_N:
            reason = f"speed of the localiser and of the wheels differ by {off:.2f} m/s"
            findings.append(self._fix.trouble("speed", Severity.STOP, reason, now_ns))
        return findings

    def joints(self, reading: c.JointReading, now_ns: int) -> list[Finding]:
        """Take an encoder reading and carry the pose on to its stamp."""
        found = self._joints.accept(reading.stamp_ns, now_ns)
        if found is not None:
            return [found]
        arm = self._profile.arm
        counts = {len(reading.position_rad), len(reading.velocity_radps), len(reading.effort_nm)}
        if counts != {len(reading.name)} or any(
            name not in reading.name for name in (*arm.joints, *arm.fingers)
        ):
            return [self._joints.trouble("malformed", Severity.INFO, "a joint or a value is missing", now_ns)]
        reason = self._odometry.joints(reading)
        if reason:
            return [self._joints.trouble("jump", Severity.DEGRADE, reason, now_ns)]
        self._reading = reading
        latest = self._odometry.latest
        if latest is not None:
            self._poses.advance(latest)
        if not self._odometry.yaw.agrees:
            reason = "wheels and gyro disagree about the rotation"
            return [("yaw_disagreement", Severity.DEGRADE, reason)]
        return []

    def watch(self, now_ns: int) -> list[Finding]:
        """What silence and rates say; called once a cycle."""
        findings: list[Finding] = []
        lidars = [source.watch for source in self._lidars.values()]
        for source in (*lidars, self._joints, self._imu, self._fix):
            if not source.heard:
                continue
            age_s = source.age_ns(now_ns) * 1e-9
            if source.lost(now_ns):
                severity = Severity.DEGRADE if source is self._imu else Severity.STOP
                findings.append(
                    (f"{source.name}_stale", severity, f"{source.name}: silent for {age_s:.3f} s")
                )
            elif source.slow():
                rate = f"{source.rate_hz():.1f} Hz"
                findings.append((f"{source.name}_rate", Severity.DEGRADE, f"{source.name}: only {rate}"))
        if self._fix.heard and FIX_LATE_S * 1e9 < self._fix.age_ns(now_ns) <= FIX_LOST_S * 1e9:
            findings.append(("localisation_late", Severity.DEGRADE, "localisation: no fix for 0.3 s"))
        return findings

    def trusted(self, now_ns: int) -> bool:
        """Whether a motion may be based on the snapshots: no source whose loss asks for a stop is lost."""
        needed = [source.watch for source in self._lidars.values()] + [self._joints, self._fix]
        return self._poses.pose is not None and not any(source.lost(now_ns) for source in needed)

    def health(self, now_ns: int) -> tuple[c.SensorHealth, ...]:
        """The state of every source."""
        lidars = [source.watch for source in self._lidars.values()]
        return tuple(source.health(now_ns) for source in (*lidars, self._joints, self._imu, self._fix))

    def snapshot(
        self,
        now_ns: int,
        mode: c.SafetyMode,
        speed_limit_mps: float,
        agents: tuple[c.TrackedAgent, ...] = (),
        set_point: c.BaseSetPoint = c.AT_REST,
    ) -> c.Snapshot | None:
        """The world at the stamp of the newest encoder reading; None until every source has spoken."""
        pose, reading, latest = self._poses.pose, self._reading, self._odometry.latest
        heard = all(source.scan is not None for source in self._lidars.values())
        if pose is None or reading is None or latest is None or not heard:
            return None
        self._sequence += 1
        return c.Snapshot(
            robot=self._profile.robot,
            sequence=self._sequence,
            stamp_ns=reading.stamp_ns,
            ego=self._ego(pose, reading),
            discs=self._discs(pose, latest),
            agents=agents,
            mode=mode,
            speed_limit_mps=speed_limit_mps,
            health=self.health(now_ns),
            set_point=set_point,
        )

    def _ego(self, pose: PoseBounds, reading: c.JointReading) -> c.EgoState:
        arm = self._profile.arm
        index = {name: k for k, name in enumerate(reading.name)}
        joints, fingers = [index[name] for name in arm.joints], [index[name] for name in arm.fingers]
        opening = max(0.0, sum(reading.position_rad[k] for k in fingers))
        force = sum(abs(reading.effort_nm[k]) for k in fingers) / len(fingers)
        gripped = force > GRIP_N and GRIP_LEAST_M < opening < GRIP_OPEN_SHARE * arm.gripper_max_m
        self._carry_n = min(self._carry_n + 1, 3) if gripped else 0
        yaw = self._odometry.yaw
        return c.EgoState(
            stamp_ns=reading.stamp_ns,
            x_m=pose.x_m,
            y_m=pose.y_m,
            heading_rad=pose.heading_rad,
            speed_mps=pose.step.speed_mps,
            yaw_rate_radps=yaw.value_radps,
            position_bound_m=pose.position_bound_m,
            heading_bound_rad=pose.half_heading_rad,
            speed_bound_mps=self._profile.odometry.speed_bound_mps,
            yaw_rate_bound_radps=yaw.bound_radps,
            joint_position_rad=tuple(reading.position_rad[k] for k in joints),
            joint_velocity_radps=tuple(reading.velocity_radps[k] for k in joints),
            gripper_m=opening,
            gripper_force_n=force,
            carrying=self._carry_n >= 3,
        )

    def _discs(self, pose: PoseBounds, latest: Step) -> c.Discs:
        """All discs in B at the newest encoder stamp."""
        scanned = [source for source in self._lidars.values() if source.scan is not None]
        scanned.sort(key=lambda source: source.stamp_ns)
        rows = [self._of_lidar(source, pose, latest) for source in scanned]
        at_now = np.array([pose.x_m, pose.y_m, pose.heading_rad])
        hidden = self._hidden.discs(at_now, latest.stamp_ns)
        kinds = np.full(hidden.shape[0], kernels.HIDDEN)
        rows.append(np.column_stack((hidden[:, :3], kinds, hidden[:, 3])))
        table = np.vstack(rows)
        human = self._profile.others.human_speed_mps
        return c.Discs(
            x_m=table[:, 0],
            y_m=table[:, 1],
            radius_m=table[:, 2],
            speed_mps=np.where(table[:, 3] == kernels.STATIC, 0.0, human),
            age_s=table[:, 4],
            kind=table[:, 3],
        )

    def _of_lidar(self, source: LidarInput, pose: PoseBounds, latest: Step) -> Floats:
        """Discs of one lidar, rows x, y, radius, kind, age; a new scan also cuts the hidden space."""
        scan = source.scan
        if scan is None:
            return np.empty((0, 5))
        base, others, lidar = self._profile.base, self._profile.others, source.lidar
        then = self._odometry.at(scan.stamp_ns) or latest
        shift, at_scan = _shift(then, latest, pose)
        body = np.array([base.length_m / 2.0, base.width_m / 2.0, lidar.error_m])
        first, step = scan.angle_min_rad, scan.angle_step_rad
        ends, state = kernels.returns(scan.range_m, source.limits, source.pose, first, step, body)
        bounds = np.array([others.map_tolerance_m, pose.position_bound_m, pose.half_heading_rad])
        kind = kernels.classify(ends, state, scan.range_m, at_scan, bounds, self._boxes)
        error = lidar.error_m + self._profile.odometry.drift_per_m * abs(latest.way_m - then.way_m)
        grow = np.array([error, error + others.human_radius_m])
        if source.fresh:
            source.fresh = False
            strangers = kernels.strangers(ends, state, kind, at_scan)
            angles = np.array([first, step])
            self._hidden.see(scan.stamp_ns, at_scan, source.pose, angles, scan.range_m, state, strangers)
        table = kernels.merge(ends, state, kind, scan.range_m, shift, grow)
        age_s = max(0.0, (latest.stamp_ns - scan.stamp_ns) * 1e-9)
        return np.column_stack((table, np.full(table.shape[0], age_s)))


def _shift(then: Step, latest: Step, pose: PoseBounds) -> tuple[Floats, Floats]:
    """Pose of B at `then` in B now, and in W."""
    x, y, turn = relative(latest, then)
    cos, sin = math.cos(pose.heading_rad), math.sin(pose.heading_rad)
    in_hall = np.array([pose.x_m + cos * x - sin * y, pose.y_m + sin * x + cos * y, pose.heading_rad + turn])
    return np.array([x, y, turn]), in_hall

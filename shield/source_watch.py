"""Checks that every sensor message passes before it counts: order, age, rate, frozen values."""

from __future__ import annotations

from collections import deque

from shield.contract import SensorHealth, Severity

Finding = tuple[str, Severity, str]  # code, severity, sentence

AHEAD_NS = 20_000_000  # a stamp further in the future than this is a broken clock
RATE_N = 10  # messages over which the rate is measured
SLOW = 0.6  # share of the nominal rate below which a source degrades
FROZEN_N = 3  # identical measurements in a row from a source whose noise never repeats


class SourceWatch:
    """One source of messages: when it last spoke, how often, and whether it still measures.

    Args:
        name: of the source.
        rate_hz: its nominal rate.
        timeout_s: age of its newest message from which on it counts as lost.
    """

    def __init__(self, name: str, rate_hz: float, timeout_s: float) -> None:
        self.name = name
        self._rate_hz = rate_hz
        self._timeout_ns = round(timeout_s * 1e9)
        self._stamps: deque[int] = deque(maxlen=RATE_N)
        self._last: object = None
        self._same_n = 0
        self._trouble: tuple[int, str] | None = None

    @property
    def heard(self) -> bool:
        """Whether anything was ever accepted."""
        return bool(self._stamps)

    def accept(self, stamp_ns: int, now_ns: int) -> Finding | None:
        """Check the stamp of a new message and count it in; a finding means: do not use it."""
        code, reason = "", ""
        if stamp_ns > now_ns + AHEAD_NS:
            code, reason = "future", f"stamp {(stamp_ns - now_ns) * 1e-6:.0f} ms ahead"
        elif self._stamps and stamp_ns <= self._stamps[-1]:
            code, reason = "order", f"stamp {(self._stamps[-1] - stamp_ns) * 1e-6:.0f} ms back"
        elif now_ns - stamp_ns > self._timeout_ns:
            code, reason = "old", f"{(now_ns - stamp_ns) * 1e-6:.0f} ms old on arrival"
        if code:
            self._trouble = (now_ns, reason)
            return f"{self.name}_{code}", Severity.INFO, f"{self.name}: {reason}"
        self._stamps.append(stamp_ns)
        return None

    def frozen(self, measurement: object, now_ns: int) -> Finding | None:
        """Whether the source repeats itself; `measurement` must compare by value."""
        self._same_n = self._same_n + 1 if measurement == self._last else 1
        self._last = measurement
        if self._same_n < FROZEN_N:
            return None
        return self.trouble("frozen", Severity.STOP, f"the same values {self._same_n} times", now_ns)

    def trouble(self, code: str, severity: Severity, reason: str, now_ns: int) -> Finding:
        """Note something that is wrong with the content."""
        self._trouble = (now_ns, reason)
        return f"{self.name}_{code}", severity, f"{self.name}: {reason}"

    def age_ns(self, now_ns: int) -> int:
        """Age of the newest accepted message; the largest possible one when there is none."""
        return now_ns - self._stamps[-1] if self._stamps else 2**62

    def lost(self, now_ns: int) -> bool:
        """Whether the newest accepted message is older than the timeout."""
        return self.age_ns(now_ns) > self._timeout_ns

    def rate_hz(self) -> float:
        """Rate over the last messages, by their stamps; zero while there are too few."""
        if len(self._stamps) < 2:
            return 0.0
        return (len(self._stamps) - 1) * 1e9 / (self._stamps[-1] - self._stamps[0])

    def slow(self) -> bool:
        """Whether the source speaks clearly less often than it should."""
        return len(self._stamps) == RATE_N and self.rate_hz() < SLOW * self._rate_hz

    def health(self, now_ns: int) -> SensorHealth:
        """The state of the source in one value."""
        reason = ""
        if not self.heard:
            reason = "never heard"
        elif self.lost(now_ns):
            reason = f"silent for {self.age_ns(now_ns) * 1e-6:.0f} ms"
        elif self._trouble is not None and 0 <= now_ns - self._trouble[0] <= self._timeout_ns:
            reason = self._trouble[1]
        elif self.slow():
            reason = f"{self.rate_hz():.1f} Hz, {self._rate_hz:.1f} Hz is normal"
        age_s = self.age_ns(now_ns) * 1e-9 if self.heard else -1.0
        return SensorHealth(
            sensor=self.name, healthy=not reason, age_s=age_s, rate_hz=self.rate_hz(), reason=reason
        )

"""Faults on their way out: one place that stamps them and keeps a broken input from flooding the bus."""

from __future__ import annotations

from shield.contract import Fault, Severity
from shield.topics import Output

REPEAT_NS = 200_000_000  # the same fault is told at most every 0.2 s while it lasts
CODES_MAX = 64  # different codes remembered; beyond that the oldest is forgotten


class FaultOut:
    """Publishes the faults of one process, each code and severity at a bounded rate."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._told_ns: dict[str, int] = {}

    def tell(self, code: str, severity: Severity, detail: str, now_ns: int) -> list[Output]:
        """The fault as a message, or nothing when the same code was told a moment ago."""
        key = f"{code} {int(severity)}"
        told_ns = self._told_ns.get(key)
        if told_ns is not None and 0 <= now_ns - told_ns < REPEAT_NS:
            return []
        self._told_ns.pop(key, None)
        self._told_ns[key] = now_ns
        if len(self._told_ns) > CODES_MAX:
            del self._told_ns[next(iter(self._told_ns))]
        fault = Fault(stamp_ns=now_ns, source=self._source, code=code, severity=severity, detail=detail)
        return [("fault", fault)]

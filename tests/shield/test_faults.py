from shield.contract import Fault, Severity
from shield.faults import CODES_MAX, REPEAT_NS, FaultOut


def test_a_lasting_fault_is_told_at_a_bounded_rate() -> None:
    faults = FaultOut("safety")
    told = [now for now in range(0, 10**9, 20_000_000) if faults.tell("x", Severity.STOP, "d", now)]
    assert len(told) == 10**9 // REPEAT_NS


def test_a_fault_carries_its_source_and_a_worse_one_is_told_at_once() -> None:
    faults = FaultOut("safety")
    ((topic, fault),) = faults.tell("x", Severity.DEGRADE, "why", 7)
    assert topic == "fault"
    assert fault == Fault(stamp_ns=7, source="safety", code="x", severity=Severity.DEGRADE, detail="why")
    assert faults.tell("x", Severity.STOP, "why", 8)
    assert not faults.tell("x", Severity.STOP, "why", 9)


def test_time_that_goes_back_silences_nobody() -> None:
    faults = FaultOut("safety")
    faults.tell("x", Severity.STOP, "d", 10**9)
    assert faults.tell("x", Severity.STOP, "d", 0)


def test_the_memory_is_bounded() -> None:
    faults = FaultOut("safety")
    for k in range(10 * CODES_MAX):
        faults.tell(f"code{k}", Severity.INFO, "d", 0)
    assert len(faults._told_ns) == CODES_MAX

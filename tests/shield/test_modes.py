import pytest

from shield.contract import SafetyMode as M
from shield.modes import CAUSES_MAX, TABLE, Event, ModeState, advance, transition

LATCHED = (M.MRM_COMFORT, M.MRM_PULL_OVER, M.MRM_EMERGENCY)


def test_the_table_has_every_pair() -> None:
    assert set(TABLE) == set(M)
    assert all(len(row) == len(Event) for row in TABLE.values())


@pytest.mark.parametrize("mode", M)
@pytest.mark.parametrize("event", Event)
def test_every_pair_is_defined_and_keeps_the_latches(mode: M, event: Event) -> None:
    after = transition(mode, event)
    assert isinstance(after, M)
    if mode in LATCHED:
        assert after in (*LATCHED, M.SAFE_STOP)
    if mode is M.SAFE_STOP:
        assert after is (M.RESET_PENDING if event is Event.RESET else M.SAFE_STOP)
    if after.may_drive and not mode.may_drive:
        assert (mode, event) in ((M.INIT, Event.READY), (M.RESET_PENDING, Event.COUNTDOWN))


@pytest.mark.parametrize("mode", [M.INIT, M.NOMINAL, M.DEGRADED, *LATCHED, M.RESET_PENDING])
def test_an_emergency_is_obeyed_in_every_mode_that_may_move(mode: M) -> None:
    assert transition(mode, Event.EMERGENCY) is M.MRM_EMERGENCY


@pytest.mark.parametrize("mode", [M.NOMINAL, M.DEGRADED])
def test_a_stop_is_obeyed_while_driving(mode: M) -> None:
    assert transition(mode, Event.STOP) is M.MRM_COMFORT
    assert transition(mode, Event.UNREADY) is M.MRM_COMFORT


def test_a_manoeuvre_that_takes_too_long_escalates() -> None:
    assert transition(M.MRM_COMFORT, Event.TIMEOUT) is M.MRM_EMERGENCY
    assert transition(M.MRM_PULL_OVER, Event.TIMEOUT) is M.MRM_EMERGENCY
    assert transition(M.MRM_EMERGENCY, Event.TIMEOUT) is M.SAFE_STOP


def test_from_every_mode_nominal_can_be_reached() -> None:
    for start in M:
        known, border = {start}, [start]
        while border:
            mode = border.pop()
            for event in Event:
                after = transition(mode, event)
                if after not in known:
                    known.add(after)
                    border.append(after)
        assert M.NOMINAL in known


def test_the_chain_of_causes_grows_and_ends_with_nominal() -> None:
    state = ModeState(mode=M.NOMINAL, since_ns=0)
    state = advance(state, Event.DEGRADE, "scan late", 10)
    state = advance(state, Event.STOP, "scan stale", 20)
    same = advance(state, Event.DEGRADE, "again", 25)
    assert same is state
    state = advance(state, Event.STANDSTILL, "standing", 30)
    assert state.cause == ("scan late -> DEGRADED", "scan stale -> MRM_COMFORT", "standing -> SAFE_STOP")
    assert state.since_ns == 30
    state = advance(state, Event.RESET, "reset", 40)
    assert advance(state, Event.COUNTDOWN, "over", 50).cause == ()


def test_the_chain_is_bounded_and_keeps_its_beginning() -> None:
    state = ModeState(mode=M.SAFE_STOP, since_ns=0, cause=("first", "second"))
    for k in range(30):
        state = advance(state, Event.RESET, f"reset {k}", k)
        state = advance(state, Event.STOP, f"fault {k}", k)
    assert len(state.cause) == CAUSES_MAX
    assert state.cause[:2] == ("first", "second")
    assert state.cause[-1] == "fault 29 -> SAFE_STOP"

"""The mode machine: one pure transition function, total over mode x event, with its cause chain.

Minimal-risk modes are latched: from one of them the way leads over SAFE_STOP and an operator's reset only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from shield.contract import SafetyMode

CAUSES_MAX = 8  # links of the chain that are kept: the first two and the newest


class Event(IntEnum):
    """What the supervisor may notice; its own conclusion, never another process's wish."""

    READY = 0  # everything is fresh and healthy for the start-up time
    UNREADY = 1  # something that a start or a reset needs is missing
    DEGRADE = 2  # a condition that asks for less speed
    CLEAR = 3  # no such condition for a while
    STOP = 4  # a fault that asks for a stop, steering kept
    EMERGENCY = 5  # protective field violated in motion, emergency stop, loss of safety or drive
    STANDSTILL = 6  # the encoders stand still
    TIMEOUT = 7  # a minimal-risk manoeuvre took too long
    RESET = 8  # an operator's reset, accepted
    COUNTDOWN = 9  # the warning time before moving again is over


_I, _N, _D = SafetyMode.INIT, SafetyMode.NOMINAL, SafetyMode.DEGRADED
_C, _P, _E = SafetyMode.MRM_COMFORT, SafetyMode.MRM_PULL_OVER, SafetyMode.MRM_EMERGENCY
_S, _R = SafetyMode.SAFE_STOP, SafetyMode.RESET_PENDING

# One row a mode, one column an event, in the order of `Event`.
TABLE: dict[SafetyMode, tuple[SafetyMode, ...]] = {
    # READY UNREADY DEGRADE CLEAR STOP EMERGENCY STANDSTILL TIMEOUT RESET COUNTDOWN
    _I: (_N, _I, _I, _I, _I, _E, _I, _I, _I, _I),
    _N: (_N, _C, _D, _N, _C, _E, _N, _N, _N, _N),
    _D: (_D, _C, _D, _N, _C, _E, _D, _D, _D, _D),
    _C: (_C, _C, _C, _C, _C, _E, _S, _E, _C, _C),
    _P: (_P, _C, _P, _P, _C, _E, _S, _E, _P, _P),
    _E: (_E, _E, _E, _E, _E, _E, _S, _S, _E, _E),
    _S: (_S, _S, _S, _S, _S, _S, _S, _S, _R, _S),
    _R: (_R, _S, _R, _R, _S, _E, _R, _R, _R, _N),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeState:
    """The mode, since when, and how it came to it (oldest cause first)."""

    mode: SafetyMode
    since_ns: int
    cause: tuple[str, ...] = ()


def transition(mode: SafetyMode, event: Event) -> SafetyMode:
    """The mode after `event`: defined for every pair."""
    return TABLE[mode][event]


def advance(state: ModeState, event: Event, reason: str, now_ns: int) -> ModeState:
    """Apply `event`; when the mode changes, `reason` joins the chain, which ends with a return to NOMINAL."""
    mode = transition(state.mode, event)
    if mode is state.mode:
        return state
    if mode is SafetyMode.NOMINAL:
        return ModeState(mode=mode, since_ns=now_ns)
    chain = (*state.cause, f"{reason} -> {mode.name}")
    if len(chain) > CAUSES_MAX:
        chain = (*chain[:2], *chain[len(chain) - CAUSES_MAX + 2 :])
    return ModeState(mode=mode, since_ns=now_ns, cause=chain)

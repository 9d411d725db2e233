"""Whether a day of play brought anything, from what its sessions measured themselves. Pure; the rules stand in server/README.md.

"Unknown" is not "nothing": a day is only fair to give back when every session that counts was measured, on both ways, and plausibly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

GAIN_MS = 1.0
"""From here on a session was quicker through PLG, as `plg bench` counts it."""

SAVED_SHARE = 0.001
"""Of all packets that arrived: from one in a thousand saved by a copy on, the copies were a gain."""

COUNTS_FROM_S = 120.0
"""A shorter session says nothing, unless it measured a gain: a look at the menu is no match."""

PLAYED_S = 600.0
"""So long somebody must have played that day in sessions that count, so that a day does not come back for an opened tunnel."""

WAY_ROOM_MS = 5.0
"""The whole way cannot be shorter than the player's own leg of it; both are measured at different times."""

PREDICTED_TIMES = 1.5
PREDICTED_ROOM_MS = 20.0
"""A whole way beyond 1.5 times the server's own prediction and 20 ms is more than a wrong prediction: somebody may have made it up."""


class DayVerdict(StrEnum):
    """What a day was; only FAIR is given back."""

    FAIR = "fair"
    GAIN = "gain"
    UNMEASURED = "unmeasured"
    IMPLAUSIBLE = "implausible"
    TOO_SHORT = "too_short"


@dataclass(frozen=True, slots=True)
class PlayedSession:
    """One ended session. Times in seconds by the server's clock, ways in milliseconds; None for what was not measured."""

    seconds: float
    is_measured: bool
    own_leg_ms: float | None
    total_ms: float | None
    direct_ms: float | None
    predicted_ms: float | None
    packets: int
    saved: int


def judge_day(sessions: Sequence[PlayedSession]) -> DayVerdict:
    """What all sessions that began on one day say together."""
    if any(_gained(session) for session in sessions):
        return DayVerdict.GAIN
    counting = [session for session in sessions if session.seconds >= COUNTS_FROM_S]
    if not all(_is_known(session) for session in counting):
        return DayVerdict.UNMEASURED
    if not all(_is_plausible(session) for session in counting):
        return DayVerdict.IMPLAUSIBLE
    if sum(session.seconds for session in counting) < PLAYED_S:
        return DayVerdict.TOO_SHORT
    return DayVerdict.FAIR


def best_gain_ms(sessions: Sequence[PlayedSession]) -> float:
    """The largest gain of the day, for the history; negative when the direct way was quicker. Needs a day that is FAIR."""
    gains = [
        session.direct_ms - session.total_ms
        for session in sessions
        if session.direct_ms is not None and session.total_ms is not None
    ]
    return max(gains, default=0.0)


def _gained(session: PlayedSession) -> bool:
    was_quicker = (
        session.direct_ms is not None
        and session.total_ms is not None
        and session.direct_ms - session.total_ms >= GAIN_MS
    )
    return was_quicker or (session.saved > 0 and session.saved >= session.packets * SAVED_SHARE)


def _is_known(session: PlayedSession) -> bool:
    ways = (session.own_leg_ms, session.total_ms, session.direct_ms, session.predicted_ms)
    return session.is_measured and session.packets > 0 and None not in ways


def _is_plausible(session: PlayedSession) -> bool:
    if session.total_ms is None or session.own_leg_ms is None or session.predicted_ms is None or not session.direct_ms:
        return False
    is_long_enough = session.total_ms >= session.own_leg_ms - WAY_ROOM_MS
    is_as_predicted = session.total_ms <= session.predicted_ms * PREDICTED_TIMES + PREDICTED_ROOM_MS
    return is_long_enough and is_as_predicted

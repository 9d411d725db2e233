"""Is a path alive? A failure detector from silence, in the owner's clock (SPEC section 6, several paths).

Alive -> suspect after a silence longer than the path's own rhythm allows -> three PINGs 50 ms apart -> dead when they stay unanswered
for about two round trips. Anything authentic on the path makes it alive again.
"""

from enum import Enum
from typing import Final

SUSPECT_MIN_S: Final = 0.250
SUSPECT_MAX_S: Final = 0.400
"""Implementation. A path in use hears a PONG each 250 ms even when the game is quiet: a longer silence is not its rhythm."""
RHYTHM_FACTOR: Final = 8.0
BURST_PINGS: Final = 3
BURST_SPACING_S: Final = 0.050
VERDICT_MIN_S: Final = 0.150
STANDBY_GRACE_S: Final = 0.400
"""Implementation. On top of its ping interval, for a path that carries nothing: no hurry."""
_RHYTHM_WEIGHT: Final = 1 / 8
_RTT_WEIGHT: Final = 1 / 8
_VARIANCE_WEIGHT: Final = 1 / 4


class Health(Enum):
    ALIVE = "alive"
    SUSPECT = "suspect"
    DEAD = "dead"


class PathWatch:
    """One path. `heard` per authentic datagram, `due` from the timer; smoothed RTT as in RFC 6298."""

    __slots__ = (
        "_burst_left",
        "_rhythm_s",
        "_rttvar_s",
        "_srtt_s",
        "_verdict_at_s",
        "health",
        "heard_at_s",
        "next_burst_at_s",
    )

    def __init__(self, now: float) -> None:
        self.health = Health.ALIVE
        self.heard_at_s = now
        self._rhythm_s = SUSPECT_MIN_S
        self._srtt_s: float | None = None
        self._rttvar_s = 0.0
        self._burst_left = 0
        self.next_burst_at_s: float | None = None
        """When the next PING of the burst, or the verdict, is due."""
        self._verdict_at_s = 0.0

    def heard(self, now: float) -> None:
        """Something authentic came over the path."""
        gap = now - self.heard_at_s
        self.heard_at_s = now
        if self.health is Health.ALIVE:
            self._rhythm_s += (min(gap, SUSPECT_MAX_S) - self._rhythm_s) * _RHYTHM_WEIGHT
        else:
            self.health = Health.ALIVE
            self.next_burst_at_s = None

    def measured(self, rtt_s: float) -> None:
        """A round trip over the path."""
        if self._srtt_s is None:
            self._srtt_s, self._rttvar_s = rtt_s, rtt_s / 2
        else:
            self._rttvar_s += (abs(self._srtt_s - rtt_s) - self._rttvar_s) * _VARIANCE_WEIGHT
            self._srtt_s += (rtt_s - self._srtt_s) * _RTT_WEIGHT

    def silence_limit_s(self, ping_interval_s: float, *, in_use: bool) -> float:
        """The silence after which the path is suspect."""
        if not in_use:
            return ping_interval_s + STANDBY_GRACE_S + 2 * (self._srtt_s or 0.0)
        return max(SUSPECT_MIN_S, min(SUSPECT_MAX_S, RHYTHM_FACTOR * self._rhythm_s))

    def next_look_at_s(self, ping_interval_s: float, *, in_use: bool) -> float | None:
        """When `look` is due; None for a dead path."""
        if self.health is Health.ALIVE:
            return self.heard_at_s + self.silence_limit_s(ping_interval_s, in_use=in_use)
        return self.next_burst_at_s

    def look(self, now: float, ping_interval_s: float, *, in_use: bool) -> bool:
        """Do what is due. True when a PING is to be sent now; `health` may have changed."""
        if self.health is Health.ALIVE:
            if now < self.heard_at_s + self.silence_limit_s(ping_interval_s, in_use=in_use):
                return False
            self.health = Health.SUSPECT
            self._burst_left = BURST_PINGS
            self._verdict_at_s = now + max(VERDICT_MIN_S, 2 * (self._srtt_s or 0.0) + 4 * self._rttvar_s)
            self.next_burst_at_s = now
        if self.health is Health.DEAD or self.next_burst_at_s is None or now < self.next_burst_at_s:
            return False
        if self._burst_left:
            self._burst_left -= 1
            self.next_burst_at_s = now + BURST_SPACING_S if self._burst_left else max(now, self._verdict_at_s)
            return True
        self.health = Health.DEAD
        self.next_burst_at_s = None
        return False

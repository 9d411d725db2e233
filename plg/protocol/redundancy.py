"""How much is sent twice: the modes, the ladder of levels that `adaptive` climbs, and the byte budget (SPEC section 6, copies).

Numbers behind the ladder: copies sent at once on the same path are useless against bursts, two paths cure the loss of either path,
a copy 20 ms later also cures most of what both paths lose together (their shared last mile), and repeating the previous payload
costs no packet at all. Each direction has its own ladder at its sender, fed by its receiver's reports.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from plg.protocol.errors import ProtocolMisuse

STAGGER_S: Final = 0.020
"""Implementation. Longer than most loss bursts of a last mile, shorter than two ticks of a 64 Hz game."""

FLOW_START_S: Final = 10.0
LOSS_LIMIT_PERCENT: Final = 0.3
JITTER_LIMIT_MS: Final = 8.0
UP_SPACING_S: Final = 2.0
"""Implementation. One loss window: a step must show its effect before the next one."""
CLEAN_FIRST_S: Final = 30.0
CLEAN_MAX_S: Final = 300.0
RELAPSE_S: Final = 60.0
"""Implementation. A step up this soon after a step down doubles the wait before the next step down."""
JOINT_SHARE: Final = 0.3
ENOUGH_LOST: Final = 3
"""Implementation. Staggering makes what copies save 20 ms late: not for one or two losses in ten seconds."""


class RedundancyMode(StrEnum):
    """What the player asks for."""

    OFF = "off"
    REDUNDANT = "redundant"
    ADAPTIVE = "adaptive"


MODES: Final = (RedundancyMode.OFF, RedundancyMode.REDUNDANT, RedundancyMode.ADAPTIVE)
"""By their number on the wire."""

MAX_OVERHEAD: Final = 8.0
"""Eight copies of everything: what a number may be sealed at most."""


@dataclass(frozen=True, slots=True)
class Redundancy:
    """`max_overhead` is the bound on bytes sent per byte of one copy, 1 or more."""

    mode: RedundancyMode = RedundancyMode.OFF
    max_overhead: float = 2.5

    def __post_init__(self) -> None:
        if not 1.0 <= self.max_overhead <= MAX_OVERHEAD:
            raise ProtocolMisuse(f"max_overhead {self.max_overhead} is not within 1 to {MAX_OVERHEAD:g}")


class Level(IntEnum):
    """A rung of the ladder."""

    SINGLE = 0
    REPEAT = 1
    DUAL = 2
    STAGGERED = 3
    STAGGERED_REPEAT = 4

    @property
    def copies(self) -> bool:
        """Whether every payload goes over a second path."""
        return self >= Level.DUAL

    @property
    def staggered(self) -> bool:
        return self >= Level.STAGGERED

    @property
    def repeats(self) -> bool:
        """Whether the previous payload rides along."""
        return self in {Level.REPEAT, Level.STAGGERED_REPEAT}


@dataclass(frozen=True, slots=True)
class Losses:
    """One direction lately: of the paths in use, and what was lost in spite of copies."""

    path_loss_percent: float
    residual_loss_percent: float
    jitter_ms: float
    residual_lost: int = 0
    """How many packets the residual is: one or two may be chance."""


class Ladder:
    """Chooses the level of one direction."""

    def __init__(self, mode: RedundancyMode) -> None:
        self.mode = mode
        self.level = Level.DUAL if mode is RedundancyMode.REDUNDANT else Level.SINGLE
        self._started_at_s = float("-inf")
        self._raised_at_s = float("-inf")
        self._lowered_at_s = float("-inf")
        self._clean_since_s: float | None = None
        self._clean_needed_s = CLEAN_FIRST_S

    def flow_started(self, now: float) -> None:
        """A new flow: the moment when nothing is known yet and joining a match must not fail."""
        if self.mode is RedundancyMode.ADAPTIVE:
            self._started_at_s = now
            self.level = max(self.level, Level.DUAL)

    def report(self, losses: Losses, now: float) -> bool:
        """Take a report; True when the level changed."""
        before = self.level
        if self.mode is RedundancyMode.REDUNDANT:
            self._judge_joint_loss(losses, now)
        elif self.mode is RedundancyMode.ADAPTIVE:
            self._climb(losses, now)
        return self.level is not before

    def _judge_joint_loss(self, losses: Losses, now: float) -> None:
        together = (
            losses.residual_lost >= ENOUGH_LOST
            and losses.residual_loss_percent > LOSS_LIMIT_PERCENT
            and losses.residual_loss_percent > JOINT_SHARE * losses.path_loss_percent
        )
        if together:
            self._raise_to(Level.STAGGERED, now)
            self._clean_since_s = None
        elif losses.path_loss_percent > LOSS_LIMIT_PERCENT:
            self._clean_since_s = None  # staggering may be what keeps the rest whole
        else:
            self._lower_when_clean(Level.DUAL, now)

    def _climb(self, losses: Losses, now: float) -> None:
        enough = 1 if self.level is Level.SINGLE else 2
        if losses.residual_loss_percent > LOSS_LIMIT_PERCENT and losses.residual_lost >= enough:
            self._clean_since_s = None
            if now - self._raised_at_s >= UP_SPACING_S:
                self._raise_to(Level(min(self.level + 1, Level.STAGGERED_REPEAT)), now)
        elif losses.jitter_ms > JITTER_LIMIT_MS and self.level < Level.DUAL:
            self._clean_since_s = None
            self._raise_to(Level.DUAL, now)
        elif losses.path_loss_percent > LOSS_LIMIT_PERCENT or losses.jitter_ms > JITTER_LIMIT_MS:
            self._clean_since_s = None
        elif now - self._started_at_s >= FLOW_START_S:
            if (
                self._raised_at_s < self._started_at_s
            ):  # nothing went wrong since the flow began: its first seconds are over
                self.level = Level.SINGLE
            else:
                self._lower_when_clean(Level(max(self.level - 1, Level.SINGLE)), now)

    def _raise_to(self, level: Level, now: float) -> None:
        if level <= self.level:
            return
        if now - self._lowered_at_s < RELAPSE_S:
            self._clean_needed_s = min(self._clean_needed_s * 2, CLEAN_MAX_S)
        self.level = level
        self._raised_at_s = now

    def _lower_when_clean(self, floor: Level, now: float) -> None:
        if self.level <= floor:
            return
        if self._clean_since_s is None:
            self._clean_since_s = now
        if now - self._clean_since_s >= self._clean_needed_s:
            self.level = floor
            self._clean_since_s = None
            self._lowered_at_s = now


class ByteBudget:
    """Bytes of copies against bytes of first copies: a token bucket that the first copies fill."""

    def __init__(self, max_overhead: float) -> None:
        self.max_overhead = max_overhead
        self._credit = 0.0
        self.first_bytes = 0
        self.copy_bytes = 0

    def first(self, length: int) -> None:
        """A first copy of so many bytes was sent."""
        self.first_bytes += length
        earned = length * (self.max_overhead - 1.0)
        # Credit of at most a few packets: a quiet while must not pay for a burst of copies.
        self._credit = min(self._credit + earned, max(8.0 * earned, 4.0 * length))

    def take(self, length: int) -> bool:
        """Whether a further copy may be sent; it counts at once."""
        if self._credit < length:
            return False
        self._credit -= length
        self.copy_bytes += length
        return True

    @property
    def ratio(self) -> float:
        """Bytes sent per byte of one copy so far; 1 before anything was sent."""
        return 1.0 + self.copy_bytes / self.first_bytes if self.first_bytes else 1.0

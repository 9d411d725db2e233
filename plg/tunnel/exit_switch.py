"""Whether the tunnel leaves a silent exit for its standby, and when. Pure: times in, decisions out.

A game server knows the player by the exit's address, so leaving costs the match wherever that address is bound. The exit is left only
when it alone is gone: silent on every path while another relay answers, for the whole hold. When nothing answers at all the fault
is near the player, and waiting is right.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from plg.contract.games import AddressChange

SILENT_PLAYING_S: Final = 0.6
"""Specification (multipath, egress switch): pings come every 0.25 s in play, so two in a row and their answers are missing."""
SILENT_IDLE_S: Final = 3.5
"""Implementation. Without payloads pings come once a second; three are missing then."""
ASK_BEFORE_S: Final = 0.3
"""Implementation. Others are asked so long before the silence counts, so that their answers are there when it does."""
ASK_EVERY_S: Final = 0.1
"""Specification: ten questions a second, so that an exit that comes back within the hold is heard at once."""
ASK_SLOWLY_AFTER_S: Final = 10.0
ASK_SLOWLY_EVERY_S: Final = 1.0
"""Implementation. A long outage needs no haste, and on a metered link no packets."""
ANSWER_COUNTS_S: Final = 0.5
"""Implementation. An answer older than that says nothing about the network of this moment."""
HOLD_BOUND_S: Final = 3.0
"""Specification. Game servers wait 5 to 30 s for a silent player; an exit that returns meanwhile saves the match."""
HOLD_AGILE_S: Final = 0.3
"""Specification. These games mend a change of address by themselves, so waiting only costs."""
AFTER_OUTAGE_S: Final = 1.0
"""Implementation. When the player's own network was away, the exit gets at least so long after others answer again."""


def hold_s(address_change: AddressChange) -> float:
    """How long a game's exit is waited for. Unknown counts as bound."""
    return HOLD_AGILE_S if address_change is AddressChange.AGILE else HOLD_BOUND_S


class SwitchState(StrEnum):
    """Stable names, shown in status."""

    WATCHING = "watching"
    ASKING = "asking"  # the exit is silent for a moment: others are asked
    OUTAGE = "outage"  # nobody answers: the fault is near the player
    HOLDING = "holding"  # only the exit is silent
    SWITCHED = "switched"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now: `ask` exit and others for a sign of life, `switch` to the standby; look again at `next_look_s`, or never."""

    ask: bool
    switch: bool
    next_look_s: float | None


class ExitSwitch:
    """One exit and one standby: at most one switch. All times are seconds of the same clock."""

    def __init__(self, hold_s: float) -> None:
        self._hold_s = hold_s
        self._others_since_s: float | None = None
        self._asked_at_s = float("-inf")
        self._was_outage = False
        self.state = SwitchState.WATCHING
        self.rescues = 0
        """How often the exit came back within the hold."""

    def look(
        self, now: float, *, heard_at_s: float, is_playing: bool, others_heard_at_s: float | None, is_ready: bool
    ) -> Decision:
        """Decide at `now`.

        `heard_at_s`: when the exit was last heard on any path. `others_heard_at_s`: the same for any other relay, None for
        never. `is_playing`: whether the game sent payloads lately. `is_ready`: whether there is a standby to switch to.
        """
        if self.state is SwitchState.SWITCHED:
            return Decision(ask=False, switch=False, next_look_s=None)
        limit_s = SILENT_PLAYING_S if is_playing else SILENT_IDLE_S
        silent_at_s = heard_at_s + limit_s
        if now < silent_at_s - ASK_BEFORE_S:
            self._calm_down()
            # A game may begin to play at any moment, and then a shorter silence counts.
            next_look_s = min(silent_at_s, now + SILENT_PLAYING_S) - ASK_BEFORE_S
            return Decision(ask=False, switch=False, next_look_s=next_look_s)
        others_answer = (
            others_heard_at_s is not None
            and others_heard_at_s > heard_at_s
            and now - others_heard_at_s <= ANSWER_COUNTS_S
        )
        leaves_at_s = self._weigh(now, silent_at_s, others_answer=others_answer)
        if leaves_at_s is not None and now >= leaves_at_s and is_ready:
            self.state = SwitchState.SWITCHED
            return Decision(ask=False, switch=True, next_look_s=None)
        is_urgent = others_answer or now - heard_at_s < ASK_SLOWLY_AFTER_S
        every_s = ASK_EVERY_S if is_urgent else ASK_SLOWLY_EVERY_S
        ask = now >= self._asked_at_s + every_s
        if ask:
            self._asked_at_s = now
        moments = [now + ASK_EVERY_S, silent_at_s]  # an answer is noticed soon also when questions are few
        if leaves_at_s is not None and is_ready:
            moments.append(leaves_at_s)
        return Decision(ask=ask, switch=False, next_look_s=min(moment for moment in moments if moment > now))

    def _weigh(self, now: float, silent_at_s: float, *, others_answer: bool) -> float | None:
        """The state of this moment; returns when the exit is left if nothing changes, None while it is not."""
        if not others_answer:
            self._others_since_s = None
            self._was_outage = self._was_outage or now >= silent_at_s
            self.state = SwitchState.OUTAGE if now >= silent_at_s else SwitchState.ASKING
            return None
        if self._others_since_s is None:
            self._others_since_s = now
        if now < silent_at_s:
            self.state = SwitchState.ASKING
            return silent_at_s + self._hold_s
        self.state = SwitchState.HOLDING
        hold_s = max(self._hold_s, AFTER_OUTAGE_S) if self._was_outage else self._hold_s
        return max(silent_at_s, self._others_since_s) + hold_s

    def _calm_down(self) -> None:
        """The exit is heard."""
        if self.state is SwitchState.HOLDING:
            self.rescues += 1
        self.state = SwitchState.WATCHING
        self._others_since_s = None
        self._was_outage = False

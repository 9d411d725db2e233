"""What players measured end to end corrects what relays claim: the bias of a relay's way to a game.

After a session the client tells the whole round trip as it measured it; without the player's own leg to the relay that leaves
the relay's leg as it really was. A relay whose claim is below what players find gets the difference on top, so that claiming
less wins nothing. One account's word counts at once for itself, and for others only together with another account's. Old
experience fades. Pure.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median, median_low

MAX_BIAS_MS = 200.0
HALF_LIFE_S = 3 * 24 * 3600.0
"""Routes change within days: half of what was learnt three days ago counts today."""

FORGOTTEN_AFTER_S = 14 * 24 * 3600.0
MIN_ACCOUNTS = 2
LAST_OF_ACCOUNT = 5
"""The newest few of one account: a player with a thousand sessions is still one witness."""


@dataclass(frozen=True, slots=True)
class Experience:
    """One session's finding: the relay's leg as measured through it, and as it was counted when the session began.

    `place` is the region or host where the leg ended.
    """

    account_id: str
    place: str
    measured_leg_ms: float
    counted_leg_ms: float
    age_s: float


def bias_ms(counted_leg_ms: float, place: str, experiences: Sequence[Experience], account_id: str) -> float:
    """What to add to a leg that is counted as `counted_leg_ms` now, 0 to MAX_BIAS_MS.

    The account's own experience of this place decides; else what at least two accounts found there (the lower of two, so that
    one alone cannot slander); else by how much the relay's claims were off at other places, for at least two accounts.
    """
    fresh = [entry for entry in experiences if entry.age_s < FORGOTTEN_AFTER_S]
    here = [entry for entry in fresh if entry.place == place]
    own = _newest(entry for entry in here if entry.account_id == account_id)
    if own:
        found_ms = median(entry.measured_leg_ms for entry in own) - counted_leg_ms
        return _faded(found_ms, own)
    by_account = _by_account(here)
    if len(by_account) >= MIN_ACCOUNTS:
        found_ms = median_low([median(e.measured_leg_ms for e in group) for group in by_account]) - counted_leg_ms
        return _faded(found_ms, [entry for group in by_account for entry in group])
    by_account = _by_account(fresh)
    if len(by_account) >= MIN_ACCOUNTS:
        found_ms = median_low([median(e.measured_leg_ms - e.counted_leg_ms for e in group) for group in by_account])
        return _faded(found_ms, [entry for group in by_account for entry in group])
    return 0.0


def _faded(found_ms: float, entries: list[Experience]) -> float:
    newest_s = min(entry.age_s for entry in entries)
    return min(MAX_BIAS_MS, max(0.0, found_ms) * math.exp2(-newest_s / HALF_LIFE_S))


def _newest(entries: Iterable[Experience]) -> list[Experience]:
    return sorted(entries, key=lambda entry: (entry.age_s, entry.measured_leg_ms))[:LAST_OF_ACCOUNT]


def _by_account(entries: Sequence[Experience]) -> list[list[Experience]]:
    accounts = sorted({entry.account_id for entry in entries})
    return [_newest(entry for entry in entries if entry.account_id == account) for account in accounts]

"""The relay's ways back to one client: where each path's datagrams come from, proved before the downlink goes there (as RFC 9000, section 9)."""

from dataclasses import dataclass
from typing import Final

from plg.protocol.constants import MAX_PATHS, PATH_VALIDATION_S, PATH_VALIDATION_TRIES, UNVALIDATED_FACTOR
from plg.protocol.destination import address_of, pack_address
from plg.protocol.relay_handshake import Source
from plg.protocol.session_core import Entropy
from plg.protocol.ticket import ExitTicket

NOWHERE: Final[Source] = ("", 0)
FRESH_FOR_S: Final = 3.0
"""Implementation. A path in standby is pinged each second; one unheard for three pings carries no copies."""


@dataclass(slots=True)
class Trial:
    """A new return address that must prove itself: it gets at most three bytes for each byte it sent."""

    address: Source
    challenge: bytes
    next_try_at_s: float
    tries: int
    budget_bytes: int
    seq: int


@dataclass(slots=True)
class ReturnPath:
    """One path. `address` is NOWHERE until proved; `learnt_seq` is the number that brought it."""

    path: int
    address: Source = NOWHERE
    heard_at_s: float = float("-inf")
    learnt_seq: int = -1
    pongs: int = 0
    """PONGs sent on the path since the hand-shake."""
    trial: Trial | None = None

    def spend(self, length: int) -> Source | None:
        """The address on trial for `length` more bytes, while its budget lasts."""
        trial = self.trial
        if trial is None or trial.budget_bytes < length:
            return None
        trial.budget_bytes -= length
        return trial.address


class RelayPaths:
    """All paths of a session. Indexed by path id, all eight exist; the ticket says which may be used."""

    def __init__(self, ticket: ExitTicket, entropy: Entropy) -> None:
        self._entropy = entropy
        self.by_id = [ReturnPath(path) for path in range(MAX_PATHS)]
        self.primary = 0
        self._allowed: dict[int, bytes | None] = {}
        self._seen: dict[int, str] = {}
        self.use_ticket(ticket)

    def use_ticket(self, ticket: ExitTicket) -> None:
        """Path ids and transit addresses of a (newer) ticket. A path whose transit is another now must prove itself anew."""
        allowed = {path: ticket.transit_of(path) for path in range(ticket.max_paths)}
        for path, before in self._allowed.items():
            if allowed.get(path, b"") != before:
                self.by_id[path] = ReturnPath(path)
        self._allowed = allowed
        self._seen = {}

    def allows(self, path: int, source: Source) -> bool:
        """Whether datagrams of a path may come from there: the ticket's transit for it, or anywhere where it names none."""
        if self._seen.get(path) == source[0]:
            return True
        if path not in self._allowed:
            return False
        transit = self._allowed[path]
        if transit is not None and transit != pack_address(address_of(source[0])):
            return False
        self._seen[path] = source[0]
        return True

    def restart(self, path: int, source: Source, now: float) -> None:
        """A hand-shake confirmed over `path`: its source is proved, nothing else is known."""
        self.by_id = [ReturnPath(known) for known in range(MAX_PATHS)]
        self.by_id[path].address = source
        self.by_id[path].heard_at_s = now
        self.primary = path

    @property
    def first(self) -> ReturnPath:
        return self.by_id[self.primary]

    def others(self, now: float) -> tuple[int, ...]:
        """Proved paths beside the primary that were heard lately, the freshest first."""
        fresh = [
            back
            for back in self.by_id
            if back.path != self.primary and back.address != NOWHERE and now - back.heard_at_s < FRESH_FOR_S
        ]
        return tuple(back.path for back in sorted(fresh, key=lambda back: (-back.heard_at_s, back.path)))

    def choose_primary(self, path: int, now: float) -> None:
        """The client's wish, or the best there is while that path is not proved."""
        if self.by_id[path].address != NOWHERE:
            self.primary = path
        elif self.first.address == NOWHERE and (others := self.others(now)):
            self.primary = others[0]

    # --- proving an address ------------------------------------------------------------------------------------------

    def try_address(self, back: ReturnPath, source: Source, length: int, seq: int, now: float) -> Trial | None:
        """A newer authentic datagram than the one behind the address came from elsewhere. Returns a trial that has just begun."""
        trial = back.trial
        if trial is not None:
            if trial.address == source:
                trial.budget_bytes += UNVALIDATED_FACTOR * length
            return None
        if seq <= back.learnt_seq:
            return None
        back.trial = Trial(source, self._entropy(8), now, 0, UNVALIDATED_FACTOR * length, seq)
        return back.trial

    def answered(self, back: ReturnPath, data: bytes, source: Source) -> bool:
        """PATH_RESPONSE: True when it makes the address on trial the only one."""
        trial = back.trial
        if trial is None or data != trial.challenge or source != trial.address:
            return False
        back.address, back.learnt_seq, back.trial = trial.address, trial.seq, None
        return True

    def next_timeout(self) -> float | None:
        """When a challenge is to be repeated or a trial ends."""
        moments = [back.trial.next_try_at_s for back in self.by_id if back.trial is not None]
        return min(moments, default=None)

    def due_trials(self, now: float) -> list[ReturnPath]:
        """Paths whose challenge is to be repeated; trials that are over are gone."""
        due: list[ReturnPath] = []
        for back in self.by_id:
            trial = back.trial
            if trial is not None and now >= trial.next_try_at_s:
                if trial.tries >= PATH_VALIDATION_TRIES:
                    back.trial = None
                else:
                    due.append(back)
        return due


def count_try(trial: Trial, now: float) -> None:
    """One more challenge goes out."""
    trial.tries += 1
    trial.next_try_at_s = now + PATH_VALIDATION_S / PATH_VALIDATION_TRIES

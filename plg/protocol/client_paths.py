"""The client's ways to its exit: binding them, watching them, choosing the first among them (SPEC section 6, several paths).

Path 0 is the straight one; the others go through a transit relay, which is told so by a hand-shake of its own, or through another
local interface, which needs none.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from plg.protocol.client_handshake import ClientGrant, ClientHandshake
from plg.protocol.constants import MAX_PATHS, PING_INTERVAL_IDLE_S
from plg.protocol.errors import ProtocolMisuse
from plg.protocol.path_meter import PathMeter, PathNumbers
from plg.protocol.path_watch import Health, PathWatch
from plg.protocol.session_core import Entropy
from plg.protocol.ticket import ROLE_TRANSIT

SWITCH_GAIN_MS = 10.0
SWITCH_GAIN_SHARE = 0.15
SWITCH_AFTER_S = 10.0
"""Another path becomes the first one when it has been better by both for so long: ping numbers wander."""
MS_PER_LOSS_PERCENT = 10.0
MAX_LOSS_PENALTY_MS = 100.0
REBIND_SPACING_S = 1.0


class PathState(Enum):
    """`BINDING`: the transit has not answered yet. `PROVING`: the exit has not yet. `STANDBY` and `ACTIVE` are heard; `ACTIVE` carries."""

    BINDING = "binding"
    PROVING = "proving"
    STANDBY = "standby"
    ACTIVE = "active"
    SUSPECT = "suspect"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class TransitPass:
    """The right to use one transit relay for one session: its secret (32 bytes) and the sealed transit ticket."""

    secret: bytes
    ticket: bytes


@dataclass(slots=True)
class ClientPath:
    """One way. `proved`: the exit has answered on it."""

    path: int
    transit: ClientGrant | None
    binding: ClientHandshake | None
    watch: PathWatch
    meter: PathMeter = field(default_factory=PathMeter)
    bound: bool = True
    proved: bool = False
    next_ping_at_s: float | None = None
    """None while there is no session whose path it could be."""
    ping_interval_s: float = PING_INTERVAL_IDLE_S
    carries: bool = False
    """First or further copies of every payload go this way."""
    in_use: bool = False
    """Carries while the game plays: silence is noticed at once."""
    unanswered: int = 0
    """PINGs since the last PONG."""
    rebound_at_s: float = float("-inf")
    better_since_s: float | None = None
    pong_sent_count: int | None = None
    """What the exit says it had sent on the path, not yet reported back, and `pong_arrived` of it."""
    pong_arrived: int = 0
    jitter_down_us: int = 0

    @property
    def state(self) -> PathState:
        if not self.bound:
            return PathState.BINDING
        if not self.proved:
            return PathState.PROVING
        if self.watch.health is Health.ALIVE:
            return PathState.ACTIVE if self.carries else PathState.STANDBY
        return PathState.SUSPECT if self.watch.health is Health.SUSPECT else PathState.DEAD

    @property
    def is_usable(self) -> bool:
        """Whether copies may go this way."""
        return self.bound and self.proved and self.watch.health is not Health.DEAD

    def score_ms(self, now: float) -> float | None:
        """Lower is better: ping, its spread, and 10 ms for each percent lost; None before anything is measured."""
        numbers: PathNumbers = self.meter.numbers(now)
        if numbers.rtt_ms is None or numbers.rtt_ms_p95 is None:
            return None
        loss = max(numbers.loss_up_percent or 0.0, numbers.loss_down_percent or 0.0)
        penalty_ms = min(loss * MS_PER_LOSS_PERCENT, MAX_LOSS_PENALTY_MS)
        return numbers.rtt_ms + 2 * (numbers.rtt_ms_p95 - numbers.rtt_ms) + penalty_ms


class ClientPaths:
    """All paths of one session; there is always path 0."""

    def __init__(self, cid: int, entropy: Entropy, unix_ms_offset: float, now: float) -> None:
        self._cid = cid
        self._entropy = entropy
        self._unix_ms_offset = unix_ms_offset
        self._paths = {0: ClientPath(0, None, None, PathWatch(now))}
        self.primary = 0
        """The path of first copies."""
        self._pings_removed = 0
        self.were_several = False
        """Whether there ever was another path than the straight one."""

    def __iter__(self) -> Iterator[ClientPath]:
        return iter(self._paths.values())

    def __len__(self) -> int:
        return len(self._paths)

    def get(self, path: int) -> ClientPath | None:
        return self._paths.get(path)

    @property
    def first(self) -> ClientPath:
        """The primary path."""
        return self._paths[self.primary]

    # --- which there are ---------------------------------------------------------------------------------------------

    def add(self, path: int, transit: TransitPass | None, now: float) -> bytes | None:
        """A further path, or a newer pass for one that is bound. Returns the HELLO to its transit, if it has one."""
        if not 1 <= path < MAX_PATHS:
            raise ProtocolMisuse(f"path {path} cannot be added")
        self.were_several = True
        if transit is None:
            self._paths[path] = ClientPath(path, None, None, PathWatch(now))
            return None
        grant = ClientGrant(self._cid, transit.secret, transit.ticket, 0)
        known = self._paths.get(path)
        if known is None or known.transit is None or known.binding is None:
            binding = ClientHandshake(self._entropy, self._unix_ms_offset, role=ROLE_TRANSIT, path=path)
            known = ClientPath(path, grant, binding, PathWatch(now), bound=False)
            self._paths[path] = known
        elif known.transit.secret != transit.secret:  # another transit: nothing known of the old one holds
            binding = known.binding
            known = ClientPath(path, grant, binding, PathWatch(now), bound=False)
            self._paths[path] = known
        known.transit = grant
        return known.binding.start(grant, now) if known.binding is not None else None

    def remove(self, path: int) -> None:
        """Forget a path; path 0 stays."""
        if path and path in self._paths:
            self._pings_removed += self._paths.pop(path).unanswered
            if self.primary == path:
                self.primary = 0

    def rebind(self, path: ClientPath, now: float) -> bytes | None:
        """Say HELLO to the transit again, at most once a second; the path goes on meanwhile."""
        if path.binding is None or path.transit is None or now - path.rebound_at_s < REBIND_SPACING_S:
            return None
        path.rebound_at_s = now
        return path.binding.start(path.transit, now)

    def repeat_bindings(self, now: float) -> list[tuple[int, bytes]]:
        """HELLOs to transits that are due."""
        out: list[tuple[int, bytes]] = []
        for path in self._paths.values():
            if path.binding is not None and path.transit is not None:
                hello = path.binding.repeat(path.transit, now)
                if hello is not None:
                    out.append((path.path, hello))
        return out

    def stop(self) -> None:
        """The session is over: nothing is repeated any more."""
        for path in self._paths.values():
            path.next_ping_at_s = None
            if path.binding is not None:
                path.binding.stop()

    # --- which to use ------------------------------------------------------------------------------------------------

    def usable(self) -> tuple[int, ...]:
        """Paths that carry, best first; the primary before all others while it does."""
        ready = [path for path in self._paths.values() if path.is_usable]
        ready.sort(key=lambda path: (path.watch.health is not Health.ALIVE, path.path != self.primary, path.path))
        return tuple(path.path for path in ready)

    @property
    def pings_given_up(self) -> int:
        """PINGs since the hand-shake that nobody will answer: their numbers, or their PONGs', are missing, but no payload is."""
        silent = (path.unanswered for path in self._paths.values() if path.watch.health is not Health.ALIVE)
        return self._pings_removed + sum(silent)

    def all_silent(self) -> bool:
        """No proved path is alive: the exit, or our own network, is away."""
        return not any(path.proved and path.watch.health is not Health.DEAD for path in self._paths.values())

    def choose_primary(self, now: float) -> bool:
        """Move to a path that has been clearly better for ten seconds, at once from one that is dead. True when it moved."""
        if len(self._paths) == 1:
            return False
        first = self.first
        alive = [path for path in self._paths.values() if path.is_usable and path.watch.health is Health.ALIVE]
        if not first.is_usable:
            if not alive:
                return False
            self._move_to(min(alive, key=lambda path: (path.score_ms(now) or float("inf"), path.path)))
            return True
        own_ms = first.score_ms(now)
        for path in alive:
            score_ms = path.score_ms(now)
            wins = (
                path is not first
                and own_ms is not None
                and score_ms is not None
                and own_ms - score_ms > max(SWITCH_GAIN_MS, SWITCH_GAIN_SHARE * own_ms)
            )
            if not wins:
                path.better_since_s = None
            elif path.better_since_s is None:
                path.better_since_s = now
            elif now - path.better_since_s >= SWITCH_AFTER_S:
                self._move_to(path)
                return True
        return False

    def _move_to(self, path: ClientPath) -> None:
        self.primary = path.path
        for other in self._paths.values():
            other.better_since_s = None

    def restart(self, heard_on: int, now: float) -> None:
        """A new hand-shake with the exit, over path `heard_on`: it knows no other path of ours yet, and counts from zero."""
        if not self.first.proved or self.first.watch.health is Health.DEAD:
            self.primary = heard_on
        self._pings_removed = 0
        for path in self._paths.values():
            path.proved = path.path == heard_on
            path.unanswered = 0
            path.meter.reset()
            path.pong_sent_count = None
            path.watch = PathWatch(now)
            path.next_ping_at_s = now

    # --- time --------------------------------------------------------------------------------------------------------

    def pace(self, active_s: float, standby_s: float) -> None:
        """Ping intervals from now on: of the paths that carry, and of the others. A path that is due earlier now is pinged so."""
        for path in self._paths.values():
            path.in_use = path.carries and active_s < standby_s
            interval_s = active_s if path.carries else standby_s
            if path.next_ping_at_s is not None and interval_s < path.ping_interval_s:
                path.next_ping_at_s -= path.ping_interval_s - interval_s
            path.ping_interval_s = interval_s

    def next_timeout(self) -> float | None:
        """The earliest moment at which a binding, a ping or a watch wants something."""
        moments: list[float] = []
        for path in self._paths.values():
            if path.binding is not None and path.binding.next_timeout is not None:
                moments.append(path.binding.next_timeout)
            if path.bound and path.next_ping_at_s is not None:
                moments.append(path.next_ping_at_s)
                look = path.watch.next_look_at_s(path.ping_interval_s, in_use=path.in_use)
                if path.proved and look is not None:
                    moments.append(look)
        return min(moments, default=None)

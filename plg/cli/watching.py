"""What `plg watch` does at each look: which game is to be boosted now, what has ended, when to try again. No clock, process or socket of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from plg.cli.exit_codes import ExitCode
from plg.contract.cli_output import StatusDocument

GONE_LOOKS: Final = 2
"""Implementation. A game that hands over to another process of its own is away for a moment."""
FIRST_WAIT_S: Final = 5.0
LONGEST_WAIT_S: Final = 300.0
"""Implementation. Between two tries to connect: doubled each time, so that a server that is away all night is asked 12 times an hour."""

NOT_AGAIN: Final = frozenset(
    {
        ExitCode.USAGE,
        ExitCode.SUBSCRIPTION_NEEDED,
        ExitCode.NEEDS_PRIVILEGES,
        ExitCode.NOT_FOUND,
        ExitCode.BAD_CONFIGURATION,
        ExitCode.DIRECT_IS_BETTER,
    }
)
"""Trying again changes nothing before the person does something, or the game starts anew."""
NOT_AGAIN_CODES: Final = frozenset({"tcp_only", "target_needed", "bad_profile", "game_not_supported", "target_refused"})

Detail = dict[str, str | int | float | list[int] | None]
Tell = Callable[[str, Detail], None]
"""A stable name and what belongs to it."""


@dataclass(frozen=True, slots=True)
class Refused:
    """`plg connect` ended: its exit code, and its error's code, sentence and next step."""

    exit_code: int
    code: str
    message: str
    next_step: str | None = None


class TunnelSilent(Exception):
    """A tunnel is there and does not answer now."""


class Tunnel(Protocol):
    """The machine's one tunnel."""

    def status(self) -> StatusDocument | None:
        """None when there is none. Raises TunnelSilent."""

    def connect(self, game: str) -> StatusDocument | Refused:
        """Start it; returns when it is connected or has failed."""

    def leave(self) -> bool:
        """End it when no match is live any more; False when it did not answer."""

    def broke_off(self) -> bool:
        """Whether the last one ended without putting its door away: killed, not ended by somebody."""


@dataclass(slots=True)
class _Run:
    """A game that runs now. `next_try_s` is none when nothing more is to be tried for it."""

    pids: Sequence[int]
    gone: int = 0
    next_try_s: float | None = 0.0
    wait_s: float = FIRST_WAIT_S
    told_busy: bool = False


@dataclass(slots=True)
class Watcher:
    """`look` gives the games that run (game -> numbers of processes), `clock` seconds that never go back."""

    look: Callable[[], Mapping[str, Sequence[int]]]
    tunnel: Tunnel
    tell: Tell
    clock: Callable[[], float]
    _runs: dict[str, _Run] = field(default_factory=dict)
    _ours: str | None = None
    _our_pid: int | None = None
    _told_direct: bool = False

    @property
    def boosting(self) -> str | None:
        """The game whose tunnel this one has started and not yet ended."""
        return self._ours

    def step(self) -> None:
        """One look, and what follows from it."""
        self._note_games(self.look())
        try:
            status = self.tunnel.status()
        except TunnelSilent:
            return  # it is starting, ending or busy: the next look tells
        if self._ours is not None and self._still_ours(status):
            return
        if status is not None:
            self._note_busy(status)
            return
        waiting = [
            game
            for game, run in self._runs.items()
            if not run.gone and run.next_try_s is not None and run.next_try_s <= self.clock()
        ]
        if waiting:
            self._connect(waiting[0])

    def _note_games(self, running: Mapping[str, Sequence[int]]) -> None:
        for game, pids in running.items():
            run = self._runs.get(game)
            if run is None:
                self._runs[game] = _Run(pids)
                self.tell("game_started", {"game": game, "pids": list(pids)})
            else:
                run.pids, run.gone = pids, 0
        for game, run in list(self._runs.items()):
            if game not in running:
                run.gone += 1
                if run.gone >= GONE_LOOKS:
                    del self._runs[game]
                    self.tell("game_ended", {"game": game})

    def _still_ours(self, status: StatusDocument | None) -> bool:
        """Whether our tunnel is there, which is looked after then; otherwise what became of it is noted."""
        game = self._ours or ""
        if status is not None and status.pid == self._our_pid:
            left = sum(flow.why == "alive_before_connect" for flow in status.flows)
            if left and not self._told_direct:
                self._told_direct = True
                self.tell("match_left_direct", {"game": game, "flows": left})
            if game not in self._runs:
                self.tell("leaving", {"game": game})
                if self.tunnel.leave():
                    self.tell("disconnected", {"game": game})
                    self._ours = self._our_pid = None
            return True
        self._ours = self._our_pid = None
        run = self._runs.get(game)
        if status is None and self.tunnel.broke_off():
            self.tell("tunnel_lost", {"game": game})
            if run is not None:
                run.next_try_s = self.clock() + run.wait_s
                run.wait_s = min(LONGEST_WAIT_S, 2 * run.wait_s)
        else:
            # Somebody has ended it: that is respected until the game starts anew.
            self.tell("tunnel_ended", {"game": game})
            if run is not None:
                run.next_try_s = None
        return False

    def _note_busy(self, status: StatusDocument) -> None:
        """Another tunnel is there: it stays what it is, and ours comes when it has ended."""
        for game, run in self._runs.items():
            if run.next_try_s is not None and not run.told_busy:
                run.told_busy = True
                self.tell("tunnel_busy", {"game": game, "carries": status.game})

    def _connect(self, game: str) -> None:
        run = self._runs[game]
        self.tell("connecting", {"game": game})
        found = self.tunnel.connect(game)
        if isinstance(found, StatusDocument):
            self._ours, self._our_pid, self._told_direct = game, found.pid, False
            run.wait_s, run.told_busy = FIRST_WAIT_S, False
            relay = found.relay.name if found.relay is not None else None
            self.tell("connected", {"game": game, "relay": relay, "capture": found.capture, "message": found.message})
            return
        again_in_s: float | None = run.wait_s
        if found.exit_code in NOT_AGAIN or found.code in NOT_AGAIN_CODES:
            again_in_s = run.next_try_s = None
        else:
            run.next_try_s = self.clock() + run.wait_s
            run.wait_s = min(LONGEST_WAIT_S, 2 * run.wait_s)
        self.tell(
            "not_connected",
            {
                "game": game,
                "code": found.code,
                "exit_code": found.exit_code,
                "message": found.message,
                "next_step": found.next_step,
                "again_in_s": again_in_s,
            },
        )

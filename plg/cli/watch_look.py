"""Which games `plg watch` looks for, and what it sees of them: the list is kept up to date while it runs."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Protocol

from plg.api.errors import ApiError
from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.language import _
from plg.cli.profile_files import FOLDER
from plg.machine.game_processes import GameLook
from plg.machine.steam_library import installed_apps

if TYPE_CHECKING:
    from plg.api.game_catalogue import KnownGame
    from plg.cli.invocation import Invocation
    from plg.cli.watching import Detail

RENEW_EVERY_S: Final = 6 * 3600.0
"""Implementation. The kept list is asked for anew once a day; a server that is away then is asked again at the next of these."""


class TellOnce(Protocol):
    """Says something the first time only."""

    def once(self, key: str, event: str, detail: "Detail") -> None: ...


class WatchLook:
    """`choose` gives the games to look for; it raises ApiError or CliError. `clock` is in seconds and never goes back."""

    def __init__(
        self, run: "Invocation", choose: "Callable[[], list[KnownGame]]", tell: TellOnce, clock: Callable[[], float]
    ) -> None:
        self._run = run
        self._choose = choose
        self._tell = tell
        self._clock = clock
        self._own_at = self._own_changed()
        self._renew_at_s = clock() + RENEW_EVERY_S
        self._look = GameLook({})
        self.games = 0
        self._use(choose())

    def running(self) -> Mapping[str, Sequence[int]]:
        """The games that run now, told apart."""
        own_at = self._own_changed()
        if own_at != self._own_at or self._clock() >= self._renew_at_s:
            self._own_at = own_at
            self._renew_at_s = self._clock() + RENEW_EVERY_S
            with contextlib.suppress(ApiError, CliError):  # what was known still holds
                self._use(self._choose())
        return self._settled(self._look.running())

    def _use(self, games: "list[KnownGame]") -> None:
        self.games = len(games)
        self._look = GameLook(
            {game.slug: game.executables for game in games},
            steam_apps={game.slug: game.steam_app for game in games if game.steam_app is not None},
            installed=installed_apps(self._run.environ),
        )

    def _own_changed(self) -> int:
        """Changes when the person adds or removes a profile of their own; one look at a folder."""
        try:
            return (self._run.settings.directory / FOLDER).stat().st_mtime_ns
        except OSError:
            return 0

    def _settled(self, running: Mapping[str, Sequence[int]]) -> dict[str, Sequence[int]]:
        """Games of one process are told apart by the person: until then neither is boosted, which is said once."""
        owners: dict[int, list[str]] = {}
        for game, pids in running.items():
            for pid in pids:
                owners.setdefault(pid, []).append(game)
        doubtful = {game for games in owners.values() if len(games) > 1 for game in games}
        for pid, games in owners.items():
            if len(games) > 1:
                self._tell.once(f"{pid}", "several_games_fit", {"games": ", ".join(games), "pids": [pid]})
        return {game: pids for game, pids in running.items() if game not in doubtful}


def choose_games(known: "Sequence[KnownGame]", wished: Sequence[str], unwanted: Sequence[str]) -> "list[KnownGame]":
    """The games to wait for. Raises CliError for a name that the server does not know, or whose programs nobody knows."""
    from difflib import get_close_matches

    chosen: dict[str, KnownGame] = {}
    for name in wished:
        game = next((game for game in known if game.is_called(name)), None)
        if game is None:
            raise CliError(
                _("no game is called '{name}'").format(name=name),
                code="game_not_found",
                exit_code=ExitCode.NOT_FOUND,
                next_step=_("see: plg games; for a game of your own: plg profile learn"),
                nearest=tuple(get_close_matches(name.casefold(), [game.slug for game in known])),
            )
        if not game.executables:
            raise CliError(
                _("the programs of {game} are not known, so it cannot be recognised").format(game=game.name),
                code="programs_unknown",
                exit_code=ExitCode.FAILURE,
                next_step=_("connect by hand: plg connect {game}").format(game=game.slug),
            )
        chosen[game.slug] = game
    if wished:
        return list(chosen.values())
    return [game for game in known if game.boostable and game.executables and not any(map(game.is_called, unwanted))]

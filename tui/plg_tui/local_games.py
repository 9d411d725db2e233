"""Which of the listed games run or are installed on this machine. Blocking: run it in a thread."""

from collections.abc import Iterable
from dataclasses import dataclass

from plg.contract.games import GameSummary


@dataclass(frozen=True, slots=True)
class LocalGames:
    """Slugs; both empty where nothing is known."""

    running: frozenset[str] = frozenset()
    installed: frozenset[str] = frozenset()


def look_around(games: Iterable[GameSummary]) -> LocalGames:
    """Processes by the names in the profiles, and the libraries of Steam by its numbers. What cannot be read counts as absent."""
    from plg.machine.game_processes import running_games
    from plg.machine.steam_library import installed_apps

    listed = list(games)
    running = running_games({game.slug: game.executables for game in listed if game.executables})
    apps = installed_apps()
    return LocalGames(
        frozenset(slug for slug, pids in running.items() if pids),
        frozenset(game.slug for game in listed if game.steam_appid in apps),
    )

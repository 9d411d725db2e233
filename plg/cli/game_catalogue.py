"""The games that can be recognised on this machine: the server's, kept in a file, and the person's own profiles."""

import contextlib
import time
from typing import TYPE_CHECKING

import msgspec

from plg.api.errors import ApiError
from plg.api.game_catalogue import (
    MAX_EXECUTABLES,
    GameCatalogue,
    KnownGame,
    keep_catalogue,
    make_catalogue,
    read_catalogue,
)
from plg.cli.invocation import Invocation
from plg.cli.profile_files import list_profiles

if TYPE_CHECKING:
    from plg.cli.settings import ServerAddress


def known_games(run: Invocation, address: "ServerAddress") -> GameCatalogue:
    """The server's games and the person's own, which go before those of the same identifier.

    Raises ApiError when the server is away, was never asked, and the person has none.
    """
    own = [
        KnownGame(
            slug=profile.slug,
            name=profile.name,
            executables=list(profile.executables)[:MAX_EXECUTABLES],
            steam_app=profile.steam_app,
        )
        for profile in list_profiles(run.settings.directory)[0]
    ]
    try:
        catalogue = server_games(run, address)
    except ApiError:
        if not own:
            raise
        return make_catalogue(address.url, own, lambda: 0.0)
    slugs = {game.slug for game in own}
    return msgspec.structs.replace(
        catalogue, games=[*own, *(game for game in catalogue.games if game.slug not in slugs)]
    )


def server_games(run: Invocation, address: "ServerAddress") -> GameCatalogue:
    """From the file when it is of today, else from the server; the old file when the server is away. Raises ApiError without either."""
    kept = read_catalogue(run.settings.directory, address.url)
    if kept is not None and kept.is_fresh(time.time()):
        return kept
    try:
        return fetch_games(run, address)
    except ApiError:
        if kept is None:
            raise
        return kept


def fetch_games(run: Invocation, address: "ServerAddress") -> GameCatalogue:
    """Ask the server and keep the answer. Raises ApiError; a file that cannot be written is no failure."""
    # Only here: aiohttp is half of what a process that waits for games would weigh.
    from plg.cli.games import all_games
    from plg.cli.server_access import anonymous_client, run_async

    async def ask() -> GameCatalogue:
        async with anonymous_client(address) as client:
            found = await all_games(client, None, None)
        games = [
            KnownGame(
                slug=game.slug,
                name=game.name[:200],
                executables=[name for name in game.executables if 0 < len(name) <= 128][:MAX_EXECUTABLES],
                aliases=[alias for alias in game.aliases if 0 < len(alias) <= 128][:MAX_EXECUTABLES],
                steam_app=game.steam_appid if game.steam_appid and 0 < game.steam_appid <= 2**32 else None,
                boostable=game.boostable,
            )
            for game in found
        ]
        return make_catalogue(address.url, games)

    catalogue = run_async(ask())
    with contextlib.suppress(ApiError):
        keep_catalogue(run.settings.directory, catalogue)
    return catalogue

"""The server's games as they were seen last, in a file: games on this machine are recognised without a server and without a request.

The file is no secret and nothing is lost with it: a damaged or strange one counts as none.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from plg.api.errors import TokenFileUnusable
from plg.api.private_file import MAX_BYTES, make_private_directory, read_private, replace_private
from plg.contract.schema import Slug

FRESH_S: Final = 24 * 3600.0
"""Implementation. Profiles change with a new version of the server; a day late is early enough."""

MAX_GAMES: Final = 5_000
MAX_EXECUTABLES: Final = 64
"""Implementation. Of one game; the server's own bound for names is smaller."""

_Name = Annotated[str, Meta(min_length=1, max_length=128)]


class KnownGame(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to recognise a game. `boostable` is false where play is TCP."""

    slug: Slug
    name: Annotated[str, Meta(max_length=200)]
    executables: Annotated[list[_Name], Meta(max_length=MAX_EXECUTABLES)]
    aliases: Annotated[list[_Name], Meta(max_length=MAX_EXECUTABLES)] = []
    steam_app: Annotated[int, Meta(ge=1, le=2**32)] | None = None
    boostable: bool = True

    def is_called(self, name: str) -> bool:
        """Whether a person may mean this game by that name; case does not matter."""
        wanted = " ".join(name.casefold().split())
        return wanted in {self.slug, self.name.casefold()} or wanted in self.aliases


class GameCatalogue(msgspec.Struct, frozen=True, kw_only=True):
    """The games of one server, and when they were asked for (Unix time)."""

    server: str
    fetched_at_s: float
    games: Annotated[list[KnownGame], Meta(max_length=MAX_GAMES)]

    def is_fresh(self, now_s: float) -> bool:
        """A clock that was put back does not make a file fresh for ever."""
        return 0 <= now_s - self.fetched_at_s < FRESH_S


def catalogue_file(directory: Path, server: str) -> Path:
    """The file of one server below the configuration directory."""
    return directory / "games" / f"{hashlib.blake2s(server.encode(), digest_size=8).hexdigest()}.json"


def read_catalogue(directory: Path, server: str) -> GameCatalogue | None:
    """What was kept for this server; None when there is nothing that can be used. Raises nothing."""
    try:
        content = read_private(catalogue_file(directory, server))
        if content is None or len(content) > MAX_BYTES:
            return None
        found = msgspec.json.decode(content, type=GameCatalogue)
    except (TokenFileUnusable, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if found.server == server else None


def keep_catalogue(directory: Path, catalogue: GameCatalogue) -> None:
    """Replaces the file, whole or not at all. Raises TokenFileUnusable."""
    file = catalogue_file(directory, catalogue.server)
    make_private_directory(directory)
    make_private_directory(file.parent)
    content = msgspec.json.encode(catalogue)
    if len(content) <= MAX_BYTES:
        replace_private(file, content)


def make_catalogue(server: str, games: Sequence[KnownGame], clock: Callable[[], float] = time.time) -> GameCatalogue:
    """The answer of now; what is beyond the bounds is left out."""
    return GameCatalogue(server=server, fetched_at_s=clock(), games=list(games[:MAX_GAMES]))

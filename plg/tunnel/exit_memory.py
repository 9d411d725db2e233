"""What this machine remembers of exits between runs: the last one of each game, and those whose claims turned out false.

A small private file beside the settings. It is a convenience: damaged or unreadable it counts as empty, and nothing fails.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from plg.api.errors import TokenFileUnusable
from plg.api.private_file import close_to_others, make_private_directory, read_private, replace_private

DISTRUST_S: Final = 24 * 3600.0
"""Implementation. A relay's way to a game may change within a day, and an operator mends what is wrong with it."""
MAX_DISTRUSTED: Final = 64
MAX_GAMES: Final = 256
MAX_FILE_BYTES: Final = 64 * 1024
FILE_VERSION: Final = 1

_Name = Annotated[str, Meta(max_length=128)]


class _Content(msgspec.Struct, frozen=True, kw_only=True):
    """`distrusted`: relay -> Unix time until which it is passed over; `previous`: game -> relay."""

    version: int = FILE_VERSION
    distrusted: Annotated[dict[_Name, float], Meta(max_length=MAX_DISTRUSTED)] = {}
    previous: Annotated[dict[_Name, _Name], Meta(max_length=MAX_GAMES)] = {}


class ExitMemory:
    """The file `exits.json` in `directory`; None remembers nothing beyond this run. `now_unix_s` tells the wall clock."""

    def __init__(self, directory: Path | None, now_unix_s: Callable[[], float]) -> None:
        self._directory = directory
        self._now_unix_s = now_unix_s
        self._content = _Content() if directory is None else _read(directory / "exits.json")

    def distrusted(self) -> frozenset[str]:
        """Relays to pass over now."""
        now = self._now_unix_s()
        # A clock that was set back must not make a day into years.
        return frozenset(node for node, until in self._content.distrusted.items() if now < until <= now + DISTRUST_S)

    def previous(self, game: str) -> str | None:
        """The exit of the game's last session."""
        return self._content.previous.get(game)

    def distrust(self, node_id: str) -> None:
        """Pass this relay over for a day."""
        still = {node: self._content.distrusted[node] for node in self.distrusted()}
        still.pop(node_id, None)
        while len(still) >= MAX_DISTRUSTED:
            del still[min(still, key=lambda node: still[node])]
        still[node_id] = self._now_unix_s() + DISTRUST_S
        self._replace(msgspec.structs.replace(self._content, distrusted=still))

    def remember(self, game: str, node_id: str) -> None:
        """The game's session runs there now."""
        if self._content.previous.get(game) == node_id:
            return
        previous = dict(self._content.previous)
        previous.pop(game, None)
        while len(previous) >= MAX_GAMES:
            del previous[next(iter(previous))]
        previous[game] = node_id
        self._replace(msgspec.structs.replace(self._content, previous=previous))

    def _replace(self, content: _Content) -> None:
        self._content = content
        if self._directory is None:
            return
        try:
            make_private_directory(self._directory)
            replace_private(self._directory / "exits.json", msgspec.json.encode(content))
        except TokenFileUnusable:
            return  # a read-only home: it is remembered for this run


def _read(path: Path) -> _Content:
    try:
        close_to_others(path)
        raw = read_private(path)
        if raw is None or len(raw) > MAX_FILE_BYTES:
            return _Content()
        content = msgspec.json.decode(raw, type=_Content)
    except (TokenFileUnusable, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Content()
    return content if content.version == FILE_VERSION else _Content()

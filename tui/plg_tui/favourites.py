"""The games that a person marked, in `favourites.json` beside dashboard.json. A crash leaves the old or the new file, whole."""

from pathlib import Path
from typing import Annotated, Final

import msgspec

from plg.api.errors import TokenFileUnusable
from plg.api.file_lock import FileLock
from plg.api.private_file import make_private_directory, read_private, replace_private

FILE_NAME: Final = "favourites.json"
LOCK_NAME: Final = ".favourites.lock"
LOCK_WAIT_S: Final = 2.0
"""Implementation. Another dashboard holds the lock for the time of one small write."""
MOST_FAVOURITES: Final = 500
"""Implementation. As many games as the server gives at once; the file stays small whatever happens."""

Slug = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class _Kept(msgspec.Struct, frozen=True):
    games: Annotated[list[Slug], msgspec.Meta(max_length=MOST_FAVOURITES)] = []


class FavouritesNotKept(Exception):
    """`why` is one line, in the operating system's words."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def load_favourites(directory: Path) -> frozenset[str]:
    """The slugs; none when there is no file yet, or one that is not ours (it is replaced at the next mark)."""
    try:
        content = read_private(directory / FILE_NAME)
        return frozenset(msgspec.json.decode(content or b"{}", type=_Kept).games)
    except (TokenFileUnusable, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return frozenset()


def toggle_favourite(directory: Path, slug: str) -> frozenset[str]:
    """Marks `slug`, or takes its mark away, and gives all that are marked now. Raises FavouritesNotKept; then nothing changed.

    The file is read again under a lock: what another dashboard marked meanwhile stays.
    """
    try:
        make_private_directory(directory)
        with FileLock(directory / LOCK_NAME, timeout_s=LOCK_WAIT_S):
            marked = load_favourites(directory) ^ {slug}
            if len(marked) > MOST_FAVOURITES:
                raise FavouritesNotKept(f"more than {MOST_FAVOURITES}")
            replace_private(directory / FILE_NAME, msgspec.json.encode(_Kept(sorted(marked))))
    except TokenFileUnusable as error:
        raise FavouritesNotKept(str(error)) from error
    return marked

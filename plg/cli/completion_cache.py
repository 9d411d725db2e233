"""Names of games and relays that commands have seen, kept for completion: it may not ask the network."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Literal

FILE_NAME: Final = "completion.json"
MAX_NAMES: Final = 5000
"""Implementation. Of each kind; what is seen first stays. A list of all games is a tenth of it."""
MAX_BYTES: Final = 1_000_000
MAX_TITLE_CHARS: Final = 80
NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")
"""Only names that no shell reads anything into."""

Subject = Literal["games", "nodes"]


def names(directory: Path, subject: Subject) -> dict[str, str]:
    """Name and title of what was seen; empty when nothing was, or when the file is no longer ours."""
    return _read(directory / FILE_NAME).get(subject, {})


def remember(directory: Path, subject: Subject, seen: Iterable[tuple[str, str]], *, is_all: bool) -> None:
    """Keeps names with their titles, as a server gave them. `is_all` forgets those that are gone.

    A convenience: what cannot be written is not, and nobody is told.
    """
    file = directory / FILE_NAME
    before = _read(file)
    fitting = {name: _title(title) for name, title in seen if NAME.fullmatch(name)}
    merged = fitting if is_all else before.get(subject, {}) | fitting
    after = {**before, subject: dict(list(merged.items())[:MAX_NAMES])}
    if after == before or not directory.is_dir():
        return
    from plg.api.errors import TokenFileUnusable
    from plg.api.private_file import replace_private

    try:
        replace_private(file, json.dumps(after, ensure_ascii=False).encode())
    except TokenFileUnusable:
        return


def _read(file: Path) -> dict[str, dict[str, str]]:
    """What the file holds of the form that we write; anything else is as if it was not there."""
    try:
        with file.open("rb") as stream:
            found = json.loads(stream.read(MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {subject: _checked(entries) for subject, entries in found.items() if isinstance(entries, dict)}


def _checked(entries: Mapping[object, object]) -> dict[str, str]:
    return {
        name: _title(title)
        for name, title in entries.items()
        if isinstance(name, str) and isinstance(title, str) and NAME.fullmatch(name)
    }


def _title(text: str) -> str:
    """One short line that cannot steer a terminal."""
    return "".join(letter for letter in text if letter.isprintable())[:MAX_TITLE_CHARS]

"""What a person chose in the dashboard: theme, language, the marks of the graph. Kept in `dashboard.json` beside config.toml."""

import locale
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from plg.api.errors import TokenFileUnusable
from plg.api.private_file import make_private_directory, read_private, replace_private
from plg.cli.language import Language
from plg_tui.graph_drawing import Marks
from plg_tui.themes import DARK, TITLES

FILE_NAME: Final = "dashboard.json"
DAMAGED_NAME: Final = "dashboard.json.damaged"
"""What stood in the file when it could not be read."""


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """None: nothing was chosen yet."""

    theme: str = DARK
    language: Language | None = None
    marks: Marks | None = None


def load_preferences(directory: Path) -> Preferences:
    """The file's choices; a missing or damaged file means none (`damage` says what is wrong)."""
    try:
        found = _read(directory)
    except (TokenFileUnusable, ValueError, RecursionError):
        return Preferences()
    return found if found.theme in TITLES else msgspec.structs.replace(found, theme=DARK)


def damage(directory: Path) -> str | None:
    """Why the file cannot be read, in English, or None."""
    try:
        _read(directory)
    except (TokenFileUnusable, ValueError, RecursionError) as error:
        return str(error) or type(error).__name__
    return None


def save_preferences(directory: Path, chosen: Preferences) -> str | None:
    """None, or one line that says why it could not be kept. A damaged file is kept beside the new one."""
    try:
        make_private_directory(directory)
        if damage(directory) is not None:
            replace_private(directory / DAMAGED_NAME, read_private(directory / FILE_NAME) or b"")
        replace_private(directory / FILE_NAME, msgspec.json.format(msgspec.json.encode(chosen)))
    except TokenFileUnusable as error:
        return str(error)
    return None


def _read(directory: Path) -> Preferences:
    """Raises TokenFileUnusable, ValueError (msgspec's DecodeError and UnicodeDecodeError are some) or RecursionError."""
    return msgspec.json.decode(read_private(directory / FILE_NAME) or b"{}", type=Preferences)


def usual_marks(environ: Mapping[str, str]) -> Marks:
    """What this terminal can show: the Linux console has no braille, a locale without UTF-8 no blocks."""
    encoding = locale.getpreferredencoding(False).lower().replace("-", "")
    if encoding != "utf8":
        return Marks.ASCII
    legacy_windows = os.name == "nt" and "WT_SESSION" not in environ
    return Marks.BLOCK if environ.get("TERM") == "linux" or legacy_windows else Marks.BRAILLE

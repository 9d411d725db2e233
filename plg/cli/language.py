"""English and Russian: which one is spoken, and the translation of marked strings.

`_` translates now, `ngettext` picks a plural form, `N_` only marks a string that is translated when it is shown. English is the text in
the source; Russian lies in the catalogues `locale/ru/LC_MESSAGES/*.po`, each compiled to a `.mo` beside it. JSON keys and codes are never
translated.
"""

import gettext
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

LOCALE_DIR = Path(__file__).with_name("locale")

_RUSSIAN_LANGID = 0x19
"""Specification (Windows): the primary language number of Russian."""


class Language(StrEnum):
    """What plg can speak."""

    EN = "en"
    RU = "ru"


class _Spoken:
    """The language of this process: chosen once, at the start of a command."""

    catalogue: gettext.NullTranslations = gettext.NullTranslations()
    language: Language = Language.EN


def speak(language: Language) -> None:
    """Makes `language` the one that `_` and `ngettext` answer in."""
    _Spoken.language = language
    _Spoken.catalogue = gettext.NullTranslations()
    for path in sorted((LOCALE_DIR / language / "LC_MESSAGES").glob("*.mo")):
        with path.open("rb") as stream:
            catalogue = gettext.GNUTranslations(stream)
        catalogue.add_fallback(_Spoken.catalogue)
        _Spoken.catalogue = catalogue


def spoken() -> Language:
    """The language in use."""
    return _Spoken.language


def _(message: str) -> str:
    """`message` in the language in use. The empty string stays empty (a catalogue keeps its header there)."""
    return _Spoken.catalogue.gettext(message) if message else ""


def ngettext(one: str, many: str, number: int) -> str:
    """The form that goes with `number`: Russian has three."""
    return _Spoken.catalogue.ngettext(one, many, number)


def N_(message: str) -> str:  # noqa: N802 - the name that every gettext tool looks for
    """Marks `message` for translation and gives it back as it is."""
    return message


def named_language(name: str) -> Language | None:
    """The language that a person or a locale names: "ru", "ru_RU.UTF-8", "en-GB"; None when plg does not speak it."""
    short = name.replace("-", "_").partition("_")[0].partition(".")[0].lower()
    if short in {"c", "posix"}:
        return Language.EN
    return Language(short) if short in set(Language) else None


def system_language(environ: Mapping[str, str]) -> Language:
    """The language of the person's system: LC_ALL, LC_MESSAGES, LANG in this order, or Windows' own setting; English otherwise."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environ.get(name):
            return named_language(value) or Language.EN
    if sys.platform == "win32":
        import ctypes

        if ctypes.windll.kernel32.GetUserDefaultUILanguage() & 0x3FF == _RUSSIAN_LANGID:
            return Language.RU
    return Language.EN

"""The languages of the pages: which one is meant, and its words.

English is the text in the templates and the source; Russian lies in `locale/ru/LC_MESSAGES/*.po`, each compiled to a `.mo` beside it.
"""

import functools
import gettext
from pathlib import Path

from plg_server.services.mail_kinds import MailLanguage as PageLanguage

LOCALE_DIR = Path(__file__).with_name("locale")

LANGUAGES = tuple(language.value for language in PageLanguage)


@functools.cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The words of a language: all its compiled catalogues as one."""
    found = gettext.NullTranslations()
    for path in sorted((LOCALE_DIR / language / "LC_MESSAGES").glob("*.mo")):
        with path.open("rb") as stream:
            words = gettext.GNUTranslations(stream)
        words.add_fallback(found)
        found = words
    return found


def translated(language: str, message: str) -> str:
    """`message` in this language. The empty text stays empty (a catalogue keeps its header there)."""
    return catalogue(language).gettext(message) if message else ""


def N_(message: str) -> str:  # noqa: N802 - the name that every gettext tool looks for
    """Marks `message` for translation and gives it back as it is."""
    return message

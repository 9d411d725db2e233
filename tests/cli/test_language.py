"""Everything that a person reads exists in English and Russian."""

import io
import re
from collections.abc import Iterator
from gettext import GNUTranslations

import pytest

from plg.cli.language import N_, Language, _, named_language, ngettext, speak, spoken, system_language
from support.translations import PAGES, TERMINAL, Room, compiled, identity, read_catalogue, translations

PLACEHOLDER = re.compile(r"{[a-z_]*}|%\([a-z_]*\)[sd]")


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    yield
    speak(Language.EN)


@pytest.fixture(params=[TERMINAL, PAGES], ids=["terminal", "pages"], scope="module")
def room(request: pytest.FixtureRequest) -> Room:
    assert isinstance(request.param, Room)
    return request.param


def test_every_marked_string_has_a_russian_translation(room: Room) -> None:
    translated = {
        identity(message.id)
        for path in room.catalogue_files()
        for message in read_catalogue(path)
        if message.id and all(translations(message)) and not message.fuzzy
    }
    missing = {str(message): place for message, place in room.marked_strings().items() if message not in translated}
    assert missing == {}


def test_no_translation_is_left_of_a_string_that_is_gone(room: Room) -> None:
    marked = room.marked_strings()
    left = [
        (path.name, message.id)
        for path in room.catalogue_files()
        for message in read_catalogue(path)
        if message.id and identity(message.id) not in marked
    ]
    assert left == []


def test_each_translation_has_the_placeholders_of_the_original(room: Room) -> None:
    wrong = []
    for path in room.catalogue_files():
        for message in read_catalogue(path):
            original = message.id if isinstance(message.id, str) else message.id[1]
            wanted = set(PLACEHOLDER.findall(original))
            wrong += [
                (path.name, text)
                for text in translations(message)
                if message.id and text and set(PLACEHOLDER.findall(text)) != wanted
            ]
    assert wrong == []


def test_each_compiled_catalogue_is_up_to_date(room: Room) -> None:
    stale = [
        path.name
        for path in room.catalogue_files()
        if strings(path.with_suffix(".mo").read_bytes()) != strings(compiled(read_catalogue(path)))
    ]
    assert stale == []


def strings(mo: bytes) -> dict[object, str]:
    """What a compiled catalogue says, without its header (which names Babel's version)."""
    found: dict[object, str] = vars(GNUTranslations(io.BytesIO(mo)))["_catalog"]
    return {message: text for message, text in found.items() if message}


@pytest.mark.parametrize(
    ("number", "text"), [(1, "1 игра"), (2, "2 игры"), (5, "5 игр"), (11, "11 игр"), (21, "21 игра"), (0, "0 игр")]
)
def test_russian_has_three_plural_forms(number: int, text: str) -> None:
    speak(Language.RU)
    assert ngettext("{n} game", "{n} games", number).format(n=number) == text


def test_english_is_the_text_of_the_source() -> None:
    speak(Language.EN)
    assert (_("List relays."), N_("List relays."), ngettext("{n} game", "{n} games", 2)) == (
        "List relays.",
        "List relays.",
        "{n} games",
    )


def test_the_language_can_change_and_an_empty_text_stays_empty() -> None:
    speak(Language.RU)
    assert (spoken(), _("List relays."), _("")) == (Language.RU, "Показать ретрансляторы.", "")
    speak(Language.EN)
    assert (spoken(), _("List relays.")) == (Language.EN, "List relays.")


@pytest.mark.parametrize(
    ("name", "language"),
    [("ru", Language.RU), ("ru_RU.UTF-8", Language.RU), ("RU-ru", Language.RU), ("en_GB", Language.EN), ("C", Language.EN), ("C.UTF-8", Language.EN), ("fr", None), ("", None)],
)  # fmt: skip
def test_languages_are_known_by_name_and_locale(name: str, language: Language | None) -> None:
    assert named_language(name) is language


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({"LC_ALL": "ru_RU.UTF-8", "LANG": "en_US.UTF-8"}, Language.RU),
        ({"LC_MESSAGES": "en_US", "LANG": "ru_RU"}, Language.EN),
        ({"LC_ALL": "", "LANG": "ru_RU"}, Language.RU),
        ({"LANG": "fr_FR"}, Language.EN),
        ({}, Language.EN),
    ],
)
def test_the_system_s_language_follows_the_locale_variables(environ: dict[str, str], language: Language) -> None:
    assert system_language(environ) is language

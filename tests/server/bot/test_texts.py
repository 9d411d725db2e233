"""The words: both languages have all of them, facts are safe, and a message fits."""

import re
from importlib.resources import files

import pytest
from jinja2 import UndefinedError

from plg_server.bot.answers import MOST_TEXT_CHARS
from plg_server.bot.texts import (
    LANGUAGES,
    MOST_FACT_CHARS,
    fitting,
    language_of,
    plural,
    say,
    shown_chars,
    traffic,
    word,
)
from plg_server.services.telegram_queue import MessageKind

MACRO = re.compile(r"(?:%%|\{%) macro (\w+\([^)]*\))")


def macros(language: str) -> dict[str, list[str]]:
    """The names and arguments of every text, by file."""
    folder = files("plg_server.bot") / "templates" / language
    return {file.name: MACRO.findall(file.read_text(encoding="utf-8")) for file in folder.iterdir()}


def test_both_languages_have_the_same_texts_with_the_same_facts() -> None:
    english = macros("en")
    assert macros("ru") == english
    assert sum(map(len, english.values())) > 40
    notices = {text.partition("(")[0] for text in english["notices.html"]}
    assert notices == set(MessageKind)


def test_a_fact_is_one_escaped_line_of_bounded_length() -> None:
    text = say("en", "account.known", name="<b>&\n\u202e" + "x" * 500)
    assert "&lt;b&gt;&amp; x" in text
    assert "\n" not in text
    assert text.count("x" * (MOST_FACT_CHARS - 10)) == 1
    assert "x" * MOST_FACT_CHARS not in text


def test_a_button_is_plain_text() -> None:
    assert word("en", "plan", name="<b>'&", days=1) == "<b>'&, 1 day"


def test_a_missing_fact_is_our_fault_and_seen() -> None:
    with pytest.raises((UndefinedError, TypeError)):
        say("en", "account.status")


@pytest.mark.parametrize(
    ("count", "form"),
    [
        (0, "дней"),
        (1, "день"),
        (2, "дня"),
        (5, "дней"),
        (11, "дней"),
        (12, "дней"),
        (21, "день"),
        (112, "дней"),
        (-3, "дня"),
    ],
)
def test_russian_numbers_take_their_form(count: int, form: str) -> None:
    assert plural(count, "день", "дня", "дней") == form


def test_english_numbers_and_traffic_read_as_usual() -> None:
    assert [plural(count, "day", "days") for count in (0, 1, 2)] == ["days", "day", "days"]
    assert [traffic(amount) for amount in (0, 999, 1500, 2_500_000, 3e9, 4e15)] == [
        "0 B", "999 B", "1.5 kB", "2.5 MB", "3.0 GB", "4000.0 TB",
    ]  # fmt: skip


def test_a_long_message_loses_whole_lines_at_its_end() -> None:
    line = "<b>" + "🟢&lt;" * 20 + "</b>"
    fitted = fitting("\n".join([line] * 200))
    assert 0 < shown_chars(fitted) <= MOST_TEXT_CHARS
    assert set(fitted.split("\n")) == {line}


@pytest.mark.parametrize(("name", "language"), [("ru-RU", "ru"), ("RU", "ru"), ("de", "en"), ("", "en")])
def test_a_language_is_one_of_ours(name: str, language: str) -> None:
    assert language_of(name) == language
    assert language_of(name) in LANGUAGES

"""Commands as people write them."""

import pytest

from plg_server.bot.asking import MOST_TYPED_CHARS, asker_of, read_command


@pytest.mark.parametrize(
    ("text", "name", "argument"),
    [
        ("/games cs", "games", "cs"),
        ("  /GAMES@plg_test_bot   half life ", "games", "half life"),
        ("/start\nABCD", "start", "ABCD"),
        ("/help", "help", ""),
        ("hello", "", "hello"),
        ("", "", ""),
        ("/", "", ""),
        ("//games", "/games", ""),
    ],
)
def test_a_command_is_read(text: str, name: str, argument: str) -> None:
    command = read_command(text)
    assert (command.name, command.argument) == (name, argument)


def test_no_more_than_a_line_of_it_is_read() -> None:
    assert len(read_command("/games " + "x" * 5000).argument) < MOST_TYPED_CHARS


@pytest.mark.parametrize(("code", "language"), [("ru", "ru"), ("ru-RU", "ru"), ("de", "en"), ("", "en"), ("<b>", "en")])
def test_without_a_link_the_language_is_that_of_the_telegram(code: str, language: str) -> None:
    assert asker_of(7, None, code).language == language

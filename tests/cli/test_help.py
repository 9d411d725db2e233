"""`plg help`."""

import pytest

from plg.cli.help_topics import TOPICS
from support.inside import Inside


def test_without_a_topic_all_are_listed(plg: Inside) -> None:
    done = plg("help")
    assert [line.split()[0] for line in done.out.splitlines()] == list(TOPICS)


@pytest.mark.parametrize("topic", TOPICS)
def test_each_topic_is_explained_in_both_languages(plg: Inside, topic: str) -> None:
    english, russian = plg("help", topic), plg("help", topic, "--lang", "ru")
    assert (english.code, russian.code) == (0, 0)
    assert english.out.isascii()
    assert english.out != russian.out
    document = plg("help", topic, "--json").document()
    assert (document["schema"], document["topics"][0]["text"] + "\n") == ("plg.help/1", english.out)


def test_an_unknown_topic_offers_the_nearest(plg: Inside) -> None:
    done = plg("help", "exit-code")
    assert done.code == 2
    assert "did you mean exit-codes?" in done.err


def test_help_on_a_command_points_to_its_page(plg: Inside) -> None:
    assert "plg games --help" in plg("help", "games").err

"""What is said about a draft."""

from pathlib import Path

import pytest

from plg.cli.profile_words import doubt_sentences
from plg.machine.profile_learning import Doubt, draft_profile
from support.command_line import plg_at


def test_a_draft_says_how_sure_it_is_and_what_to_check() -> None:
    draft = draft_profile("game", ["game"], [], 5)
    sentences = doubt_sentences(draft, tapped=True)
    assert sentences[0] == "Learned; how sure: low; busiest: not counted"
    assert len(sentences) == 1 + len(draft.doubts)
    assert "sudo" in " ".join(doubt_sentences(draft, tapped=False))


@pytest.mark.parametrize("doubt", Doubt)
def test_every_doubt_has_a_sentence(doubt: Doubt) -> None:
    import dataclasses

    draft = dataclasses.replace(draft_profile("game", ["game"], [], 60), doubts=(doubt,))
    assert doubt_sentences(draft, tapped=True)[1].startswith("Check: ")


def test_the_help_page_of_the_group_is_in_the_persons_language(tmp_path: Path) -> None:
    page = plg_at(tmp_path)("profile", "--help", "--lang", "ru").out
    commands = [line for line in page.partition("Команды:")[2].splitlines() if line.strip()]
    assert len(commands) >= 6
    assert not [line for line in commands if line.isascii()]

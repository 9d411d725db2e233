"""Games as people and programs see them."""

from pathlib import Path

import msgspec
import pytest

from plg.cli.game_view import destinations_text, show_game, show_games
from support.contract_bodies import game_detail, game_summary
from support.inside import invocation_at


def test_a_list_has_a_row_for_each_game_and_counts_them_aside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_games(
        invocation_at(tmp_path), [game_summary(), game_summary("cs2", "Counter-Strike\x1b[2J 2")], searched=False
    )
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        "Name       Game                     Category  Carried  Transport",
        "openarena  OpenArena                shooter   yes      UDP",
        "cs2        Counter-Strike\\x1b[2J 2  shooter   yes      UDP",
    ]
    assert captured.err == "2 games\n"


@pytest.mark.parametrize(("searched", "said"), [(True, "No game matches"), (False, "no games yet")])
def test_an_empty_list_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], searched: bool, said: str
) -> None:
    show_games(invocation_at(tmp_path), [], searched=searched)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err


def test_programs_get_all_games_in_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_games(invocation_at(tmp_path, as_json=True), [game_summary()], searched=False)
    captured = capsys.readouterr()
    document = msgspec.json.decode(captured.out)
    assert (document["schema"], document["total"], document["games"][0]["slug"]) == ("plg.games/1", 1, "openarena")
    assert captured.err == ""


def test_one_game_shows_what_is_known_and_how_surely(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_game(invocation_at(tmp_path), game_detail())
    text = capsys.readouterr().out
    assert text.startswith("OpenArena (openarena)\n")
    assert "27960-27969 (certain)" in text
    assert "2 networks" in text
    assert "Publisher" not in text


def test_one_game_as_a_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_game(invocation_at(tmp_path, as_json=True), game_detail())
    assert msgspec.json.decode(capsys.readouterr().out)["game"] == msgspec.to_builtins(game_detail())


def test_destinations_that_are_not_known_say_where_they_come_from() -> None:
    bare = msgspec.structs.replace(game_detail(), destinations=[])
    assert "--target" in destinations_text(bare)
    assert "approved" in destinations_text(msgspec.structs.replace(bare, observed_targets=True))

"""`plg games`."""

from pathlib import Path

import msgspec
import pytest

from plg.cli.games import needs_a_name
from support.contract_bodies import game_detail, game_page, game_summary
from support.inside import Inside
from support.local_server import Script, json_answer, problem_answer, real_server, serving

OPENARENA = json_answer(msgspec.json.encode(game_detail()))


def page(*slugs: str, total: int) -> bytes:
    return msgspec.json.encode(game_page(*(game_summary(slug, slug.upper()) for slug in slugs), total=total))


def test_every_page_of_the_list_is_fetched(plg: Inside) -> None:
    script = Script({"GET /v1/games": [json_answer(page("a", "b", total=3)), json_answer(page("c", total=3))]})
    with serving(script.app()) as url:
        document = plg("games", "--json", PLG_SERVER=url).document()
    assert [game["slug"] for game in document["games"]] == ["a", "b", "c"]
    assert document["total"] == 3
    assert [seen.query["offset"] for seen in script.seen] == ["0", "2"]


def test_a_list_that_never_ends_is_stopped(plg: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plg.cli.games.MAX_GAMES", 4)
    script = Script({"GET /v1/games": [json_answer(page("a", "b", total=10**9))]})
    with serving(script.app()) as url:
        assert len(plg("games", "--json", PLG_SERVER=url).document()["games"]) == 4


def test_words_and_category_are_searched_for(plg: Inside) -> None:
    script = Script({"GET /v1/games": [json_answer(page(total=0))]})
    with serving(script.app()) as url:
        done = plg("games", "контр", "страйк", "--category", "shooter", PLG_SERVER=url)
    assert (script.seen[0].query["query"], script.seen[0].query["category"]) == ("контр страйк", "shooter")
    assert (done.code, done.out, "No game matches" in done.err) == (0, "", True)


@pytest.mark.parametrize("line", [["show", "openarena"], ["openarena", "--details"], ["show", "OpenArena"]])
def test_one_game_is_shown_by_name(plg: Inside, line: list[str]) -> None:
    with serving(Script({"GET /v1/games/openarena": [OPENARENA]}).app()) as url:
        assert plg("games", *line, PLG_SERVER=url).out.startswith("OpenArena (openarena)\n")


def test_an_unknown_game_offers_the_nearest_names(plg: Inside) -> None:
    refusal = problem_answer(404, "game_not_found", "unknown game 'openarna'", nearest=["openarena"])
    with serving(Script({"GET /v1/games/openarna": [refusal]}).app()) as url:
        done = plg("games", "show", "openarna", PLG_SERVER=url)
        russian = plg("games", "show", "openarna", "--lang", "ru", PLG_SERVER=url)
        document = plg("games", "show", "openarna", "--json", PLG_SERVER=url)
    assert (done.code, done.err.splitlines()[0]) == (8, "plg: unknown game 'openarna': did you mean openarena?")
    assert russian.err.splitlines()[0] == "plg: неизвестная игра: может быть, openarena?"
    assert document.error()["nearest"] == ["openarena"]


def test_the_real_server_s_list_search_and_nearest_names(plg: Inside, tmp_path: Path) -> None:
    with serving(real_server(tmp_path / "server")) as url:
        everything = plg("games", "--json", PLG_SERVER=url).document()
        assert everything["total"] == len(everything["games"]) >= 200
        found = plg("games", "опен арена", "--json", PLG_SERVER=url).document()
        assert found["games"][0]["slug"] == "openarena"
        typo = plg("games", "show", "openarna", PLG_SERVER=url)
        assert (typo.code, "openarena" in typo.err) == (8, True)
        assert "OpenArena (openarena)" in plg("games", "show", "openarena", PLG_SERVER=url).out
        shooters = plg("games", "--category", "fps", "--json", PLG_SERVER=url).document()
        assert 0 < shooters["total"] < everything["total"]


def test_one_game_needs_a_name(plg: Inside) -> None:
    assert plg("games", "show").code == plg("games", "--details").code == 2
    assert "NAME" in str(needs_a_name())


def test_a_list_of_games_needs_no_login_and_looks_for_none(plg: Inside) -> None:
    (plg.home / "credentials").mkdir(parents=True)
    (plg.home / "credentials" / "tokens.json").write_text("{ damaged")
    with serving(Script({"GET /v1/games": [json_answer(page("a", total=1))]}).app()) as url:
        assert plg("games", PLG_SERVER=url).code == 0

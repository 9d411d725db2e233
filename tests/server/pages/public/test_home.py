"""/: the landing page."""

from importlib.resources import files
from pathlib import Path

import pytest

from plg_server.pages.public.home import SHOWN_GAMES, recording_size, shown_games, transcript
from plg_server.services.game_catalog import build_catalog
from plg_server.services.game_files import load_game_files
from support.api_driver import PASSWORD
from support.public_site import SELLING, hand_in
from support.shared_server import shared_server
from support.site_visitor import SiteVisitor


async def test_a_server_that_sells_nothing_and_has_no_figures_says_so_in_both_languages(tmp_path: Path) -> None:
    async with shared_server(tmp_path) as api:
        visitor = SiteVisitor(api)
        english, russian = await visitor.open("/en/"), await visitor.open("/ru/")
    assert "Nothing is sold here" in english.text
    assert "Nobody has handed in a benchmark here" in english.text
    assert "Здесь ничего не продаётся" in russian.text
    assert "никто не прислал сюда измерений" in russian.text
    for shown in (english, russian):
        assert shown.form("/games").method == "get"
        assert any(link.startswith(f"/{shown.path.split('/')[1]}/games/") for link in shown.links)


async def test_prices_come_from_the_database_and_results_with_their_number_of_voices(tmp_path: Path) -> None:
    async with shared_server(tmp_path, SELLING) as api:
        await hand_in(api, "cs2", "fra", "improved", "improved", "no_difference", "worse")
        shown = await SiteVisitor(api).open("/en/")
        russian = await SiteVisitor(api).open("/ru/")
    assert "$5.99" in shown.text
    assert "499.00 ₽" in russian.text
    assert "4 voices of the last 30 days" in shown.text
    assert "2 of 4 gained, 1 had no difference, 1 were better off direct" in shown.text
    assert "50 % gained (2)" in shown.text


async def test_a_kept_copy_never_shows_who_is_signed_in(tmp_path: Path) -> None:
    async with shared_server(tmp_path) as api:
        await api.register()
        visitor, stranger = SiteVisitor(api), SiteVisitor(api)
        await visitor.sign_in("player@example.org", PASSWORD)
        for path in ("/en/", "/en/games", "/en/plans", "/en/results", "/en/privacy", "/en/games/cs2"):
            own = await visitor.open(path)
            others = await stranger.open(path)
            assert "/en/account" in own.links, path
            assert own.headers["Cache-Control"] == "no-store", path
            assert "/en/account" not in others.links, path
            assert "/en/sign-in" in others.links, path


async def test_links_to_projects_and_source_are_the_operators(tmp_path: Path) -> None:
    own = {"source_url": "https://example.org/source", "projects": ["Map <b>=https://example.org/map"]}
    async with shared_server(tmp_path, own) as api:
        shown = await SiteVisitor(api).open("/en/")
    assert {"https://example.org/source", "https://example.org/map"} <= set(shown.links)
    assert "Map &lt;b&gt;" in shown.html


def test_what_players_measured_comes_first_then_popular_games_and_all_of_them_are_carried() -> None:
    catalog = build_catalog(load_game_files())
    games = shown_games(catalog, ["xonotic", "hearthstone", "no-such-game"])
    assert len(games) == SHOWN_GAMES
    assert games[0].slug == "xonotic"
    assert {game.transport.value for game in games} == {"udp"}
    assert {game.badge for game in games[1:]} == {"popular"}


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_recording_has_its_words_beside_it(language: str) -> None:
    words = transcript(language)
    assert words.startswith("$ plg demo")
    assert "PLG" in words


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_recording_is_small_and_its_size_is_known_beforehand(language: str) -> None:
    width, height = recording_size(language)
    assert 600 < width < 800
    assert 300 < height < 700
    drawing = (files("plg_server") / "pages" / "static" / f"terminal_{language}.svg").read_bytes()
    assert len(drawing) < 60_000
    assert b"prefers-reduced-motion" in drawing

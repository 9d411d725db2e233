"""What a profile says, in words."""

from importlib.resources import files

from plg.contract.games import Transport
from plg_server.pages.public import game_words
from plg_server.pages.static_files import asset
from plg_server.services.game_catalog import build_catalog
from plg_server.services.game_files import load_game_files

ICONS = (files("plg_server") / "pages" / "static" / "icons.svg").read_text(encoding="utf-8")


def test_every_game_of_the_catalogue_has_words_and_a_picture_that_is_there() -> None:
    for profile in build_catalog(load_game_files()).profiles:
        game = profile.detail
        assert game.category in game_words.CATEGORIES, game.slug
        assert f'id="{game_words.category_icon(game.category)}"' in ICONS
        assert game.capture in game_words.CAPTURES, game.slug
        assert game.badge is None or game.badge in game_words.BADGES, game.slug
        assert game.linux_status is None or game.linux_status in game_words.LINUX, game.slug
        assert game_words.carried(game).short


def test_a_category_of_the_operators_own_is_shown_by_its_name() -> None:
    assert game_words.category_name("ru", "100% mine") == "100% mine"
    assert game_words.category_name("ru", "racing") == "Гонки"
    assert f'id="{game_words.category_icon("mine")}"' in ICONS
    assert asset("icons.svg")


def test_every_transport_is_told_and_tcp_is_no_good_news() -> None:
    assert set(game_words.CARRIED) == set(Transport)
    assert game_words.CARRIED[Transport.TCP].tone == "warn"

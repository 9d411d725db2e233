"""Finding games the way people type them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg_server.services.game_catalog import build_catalog
from plg_server.services.game_files import load_game_files
from plg_server.services.game_search import GameSearch

SEARCH = GameSearch(build_catalog(load_game_files()))


def first(query: str) -> str:
    found = SEARCH.search(query)
    assert found, query
    return found[0].slug


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("cs2", "cs2"),
        ("Counter-Strike 2", "cs2"),
        ("csgo", "cs2"),
        ("кс2", "cs2"),
        ("контра", "cs2"),
        ("rust", "rust"),
        ("open arena", "openarena"),
        ("minetest", "luanti"),
        ("фортнайт", "fortnite"),
    ],
)
def test_slugs_names_and_aliases_in_both_alphabets_come_first(query: str, slug: str) -> None:
    assert first(query) == slug


@pytest.mark.parametrize(
    ("query", "slug"),
    [("valor", "valorant"), ("openar", "openarena"), ("siege", "rainbow-six-siege"), ("Варфе", "warface")],
)
def test_a_beginning_or_a_part_is_enough(query: str, slug: str) -> None:
    assert first(query) == slug


@pytest.mark.parametrize(
    ("query", "slug"),
    [
        ("opnearena", "openarena"),
        ("fortnit", "fortnite"),
        ("counter stirke", "cs2"),
        ("genshn imapct", "genshin-impact"),
    ],
)
def test_typing_errors_are_forgiven(query: str, slug: str) -> None:
    assert first(query) == slug


@pytest.mark.parametrize(("query", "slug"), [("rc2", "cs2"), ("ge,u", "pubg"), ("djkjhfyn", "valorant")])
def test_the_wrong_keyboard_layout_is_understood(query: str, slug: str) -> None:
    assert first(query) == slug


@pytest.mark.parametrize(("query", "slug"), [("опенспадес", "openspades"), ("tanki", "world-of-tanks")])
def test_transliteration_goes_both_ways(query: str, slug: str) -> None:
    assert first(query) == slug


def test_an_exact_name_brings_no_lookalikes() -> None:
    assert [game.slug for game in SEARCH.search("openarena")] == ["openarena"]


def test_an_unknown_game_gets_the_nearest_names() -> None:
    assert "openarena" in SEARCH.nearest("openxarenaz")
    assert len(SEARCH.nearest("warr thundr", 3)) <= 3
    assert SEARCH.nearest("") == []


def test_an_empty_query_gives_every_game_by_slug_and_a_category_filters() -> None:
    everything = SEARCH.search("")
    assert [game.slug for game in everything] == sorted(game.slug for game in everything)
    racing = SEARCH.search("", "racing")
    assert "supertuxkart" in [game.slug for game in racing]
    assert {game.detail.category for game in racing} == {"racing"}


def test_popular_games_come_before_others_that_match_as_well() -> None:
    badges = [game.detail.badge == "popular" for game in SEARCH.search("world of")]
    assert badges[0]


@given(st.text(max_size=200))
def test_no_query_fails_and_each_game_stands_once(query: str) -> None:
    found = SEARCH.search(query)
    assert len({game.slug for game in found}) == len(found)


def test_a_search_costs_less_than_5_ms() -> None:
    queries = ["cs2", "opnearena", "валорант", "djkjhfyn", "counter stirke", "w", "zzzz", "x" * 200]
    best = min(_seconds(queries) for _ in range(5))
    assert best / len(queries) < 0.005


def _seconds(queries: list[str]) -> float:
    started = time.process_time()
    for query in queries:
        SEARCH.search(query)
    return time.process_time() - started

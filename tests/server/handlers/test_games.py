"""/v1/games over HTTP."""

from pathlib import Path

import pytest

from plg_server.config import ConfigError
from support.api_driver import ApiDriver, StartServer


async def test_a_search_finds_a_game_in_either_alphabet_and_with_slips(api: ApiDriver) -> None:
    for query in ("openarena", "опенарена", "opnearena"):
        reply = await api.get("/v1/games", params={"query": query})
        assert reply.status == 200
        assert reply.json["games"][0]["slug"] == "openarena"


async def test_the_list_is_paged_and_filtered_by_category(api: ApiDriver) -> None:
    first = (await api.get("/v1/games", params={"limit": 2, "category": "racing"})).json
    second = (await api.get("/v1/games", params={"limit": 2, "offset": 2, "category": "racing"})).json

    assert len(first["games"]) == len(second["games"]) == 2
    assert first["total"] == second["total"] > 4
    assert not {game["slug"] for game in first["games"]} & {game["slug"] for game in second["games"]}
    assert (await api.get("/v1/games", params={"limit": 500})).json["total"] >= 263


async def test_a_game_is_shown_by_slug_and_by_alias(api: ApiDriver) -> None:
    by_slug = await api.get("/v1/games/cs2")
    by_alias = await api.get("/v1/games/кс2")

    assert by_slug.status == by_alias.status == 200
    assert by_slug.json == by_alias.json
    assert by_slug.json["destinations"][0]["cidrs"]
    assert by_slug.json["confidence"]["server_cidrs"] == "high"


async def test_an_unknown_game_is_answered_with_the_nearest_names(api: ApiDriver) -> None:
    reply = await api.get("/v1/games/openxarena")

    assert (reply.status, reply.code) == (404, "game_not_found")
    assert "openarena" in reply.json["nearest"]
    assert "did you mean" in reply.json["detail"]


async def test_what_the_query_cannot_mean_is_told(api: ApiDriver) -> None:
    unknown = await api.get("/v1/games", params={"category": "chess"})
    assert (unknown.status, unknown.code) == (422, "invalid_query")
    assert "battle-royale" in unknown.json["detail"]
    for params in ({"limit": "0"}, {"limit": "x"}, {"offset": "-1"}, {"query": "x" * 65}, {"sort": "name"}):
        assert (await api.get("/v1/games", params=params)).code == "invalid_query"
    assert (await api.get("/v1/games/" + "x" * 65)).status == 404


async def test_an_operators_file_is_part_of_the_catalogue(start_server: StartServer, tmp_path: Path) -> None:
    overlay = tmp_path / "games.toml"
    overlay.write_text('[[game]]\nslug = "pong"\nname = "Pong"\ncategory = "sports"\nserver_cidrs = ["10.0.0.0/24"]\n')

    api = await start_server(games_file=str(overlay), allow_private_targets=True)

    assert (await api.get("/v1/games/pong")).json["destinations"][0]["cidrs"] == ["10.0.0.0/24"]


async def test_a_broken_operators_file_stops_the_start_with_file_and_line(
    start_server: StartServer, tmp_path: Path
) -> None:
    overlay = tmp_path / "games.toml"
    overlay.write_text('[[game]]\nslug = "pong"\nname = "Pong"\ncategory = "sports"\nserver_cidrs = ["10.0.0.0/24"]\n')

    with pytest.raises(ConfigError, match=r"games\.toml:5: '10\.0\.0\.0/24' lies in 10\.0\.0\.0/8"):
        await start_server(games_file=str(overlay))

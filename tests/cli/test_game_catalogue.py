"""Games to recognise: asked for once a day, known without the server too."""

import time
from pathlib import Path

import msgspec
import pytest

from plg.api.errors import ServerUnreachable
from plg.api.game_catalogue import FRESH_S, KnownGame, keep_catalogue, make_catalogue, read_catalogue
from plg.cli.game_catalogue import known_games
from plg.cli.invocation import GlobalFlags, Invocation
from plg.cli.settings import ServerAddress
from support.contract_bodies import game_page, game_summary
from support.local_server import Script, json_answer, serving

NOWHERE = ServerAddress("http://127.0.0.1:9", is_loopback=True, is_encrypted=False)
CS2 = KnownGame(slug="cs2", name="Counter-Strike 2", executables=["cs2"])


def run_at(home: Path) -> Invocation:
    return Invocation(GlobalFlags(), {"PLG_CONFIG_DIR": str(home), "HOME": str(home)})


def test_a_file_of_today_costs_no_request(tmp_path: Path) -> None:
    kept = make_catalogue(NOWHERE.url, [CS2])
    keep_catalogue(tmp_path, kept)
    assert known_games(run_at(tmp_path), NOWHERE) == kept


def test_without_the_server_an_old_file_is_better_than_none(tmp_path: Path) -> None:
    old = make_catalogue(NOWHERE.url, [CS2], lambda: time.time() - 2 * FRESH_S)
    keep_catalogue(tmp_path, old)
    assert known_games(run_at(tmp_path), NOWHERE) == old


def test_without_server_and_file_the_failure_is_the_servers(tmp_path: Path) -> None:
    with pytest.raises(ServerUnreachable):
        known_games(run_at(tmp_path), NOWHERE)


def test_the_servers_answer_is_kept_for_the_next_time(tmp_path: Path) -> None:
    page = msgspec.json.encode(game_page(game_summary("cs2", "Counter-Strike 2"), total=1))
    script = Script({"GET /v1/games": [json_answer(page)]})
    with serving(script.app()) as url:
        address = ServerAddress(url, is_loopback=True, is_encrypted=False)
        found = known_games(run_at(tmp_path), address)
        assert [game.slug for game in found.games] == ["cs2"]
        assert known_games(run_at(tmp_path), address) == found
    assert len(script.seen) == 1
    assert read_catalogue(tmp_path, url) == found


def test_games_of_ones_own_are_known_too_and_go_first(tmp_path: Path) -> None:
    file = tmp_path / "profiles" / "cs2.toml"
    file.parent.mkdir()
    file.write_text('[[game]]\nslug = "cs2"\nname = "Mine"\ncategory = "fps"\nlinux = ["mycs"]\n')
    assert [game.name for game in known_games(run_at(tmp_path), NOWHERE).games] == ["Mine"]
    dota = KnownGame(slug="dota-2", name="Dota 2", executables=["dota2"])
    keep_catalogue(tmp_path, make_catalogue(NOWHERE.url, [CS2, dota]))
    assert [game.name for game in known_games(run_at(tmp_path), NOWHERE).games] == ["Mine", "Dota 2"]

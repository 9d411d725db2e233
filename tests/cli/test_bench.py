"""`plg bench`: its command line. (What it measures: tests/netns/test_measuring_commands.)"""

from pathlib import Path

import msgspec
import pytest

from plg.cli.bench import Query, blocks_in, protocol_of, relay_ended
from plg.cli.bench_run import Experiment, ExperimentPlan
from plg.cli.exit_codes import ExitCode
from plg.probe.game_query import QueryProtocol
from support.contract_bodies import game_detail
from support.inside import Inside
from support.local_server import Script, json_answer, problem_answer, serving
from support.route_bodies import route_report
from support.talking_tunnel import talking_tunnel


def test_blocks_and_minutes_exclude_each_other(plg: Inside) -> None:
    done = plg("bench", "openarena", "--blocks", "5", "--minutes", "1", "--json")
    assert (done.code, done.error()["code"]) == (2, "usage")


@pytest.mark.parametrize("option", [("--blocks", "3"), ("--minutes", "0"), ("--samples", "1"), ("--query", "ftp")])
def test_numbers_out_of_their_range_are_usage_errors(plg: Inside, option: tuple[str, str]) -> None:
    assert plg("bench", "openarena", *option).code == 2


def test_minutes_are_turned_into_as_many_blocks_as_fit() -> None:
    assert blocks_in(None, 8, 0.6) == 10
    assert blocks_in(5.0, 8, 0.6) == 27
    assert blocks_in(0.1, 8, 0.6) == 4
    assert blocks_in(240, 2, 0.05) == 500


def test_the_question_is_the_games_own_unless_told_otherwise() -> None:
    assert protocol_of(Query.AUTO, "openarena") is QueryProtocol.QUAKE3
    assert protocol_of(Query.AUTO, "valorant") is None
    assert protocol_of(Query.A2S, "openarena") is QueryProtocol.A2S
    assert protocol_of(Query.OFF, "openarena") is None


def test_beside_a_running_tunnel_nothing_is_measured(plg: Inside, tmp_path: Path) -> None:
    with talking_tunnel(tmp_path / "run"):
        done = plg("bench", "openarena", "--json", PLG_RUNTIME_DIR=str(tmp_path / "run"), PLG_TOKEN="abc")
    assert (done.code, done.error()["code"]) == (9, "already_connected")


def test_without_a_relay_it_says_where_to_look(plg: Inside, tmp_path: Path) -> None:
    script = Script(
        {
            "GET /v1/games/openarena": [json_answer(msgspec.json.encode(game_detail()))],
            "GET /v1/nodes": [json_answer(b'{"nodes":[]}')],
            "POST /v1/routes": [json_answer(msgspec.json.encode(route_report()))],
        }
    )
    with serving(script.app()) as url:
        done = plg("bench", "openarena", "--json", PLG_SERVER=url, PLG_TOKEN="abc", PLG_RUNTIME_DIR=str(tmp_path))
    assert (done.code, done.error()["code"]) == (7, "no_relay_free")
    assert done.error()["next_step"] == "see: plg explain openarena"


def test_an_account_that_may_not_start_a_session_hears_why(plg: Inside, tmp_path: Path) -> None:
    refusal = problem_answer(404, "game_not_found", "unknown game 'x'")
    with serving(Script({"GET /v1/games/x": [refusal]}).app()) as url:
        done = plg("bench", "x", "--json", PLG_SERVER=url, PLG_TOKEN="abc", PLG_RUNTIME_DIR=str(tmp_path))
    assert done.code == 8


def test_a_relay_that_goes_early_is_told_with_the_number_of_blocks() -> None:
    error = relay_ended(Experiment(ExperimentPlan(10, 8, 0.5, 1)))
    assert (error.exit_code, "after 0 blocks each way" in error.message) == (ExitCode.UNREACHABLE, True)

"""Relays as people and programs see them."""

from pathlib import Path

import msgspec
import pytest

from plg.cli.node_view import leg_text, milliseconds, node_row, show_nodes, show_nodes_for
from plg.contract.nodes import Node
from plg.contract.routes import RouteVerdict
from plg.probe.node_ranking import RankedNode, rank_nodes
from plg.probe.relay_ping import RelayPing
from support.contract_bodies import node
from support.found_routes import found_routes
from support.inside import invocation_at
from support.route_bodies import route_candidate


def ranked(only: Node, rtt_ms: float | None = None, *, measured: bool = True) -> list[RankedNode]:
    lost = 100.0 if rtt_ms is None else 0.0
    return rank_nodes([only], [RelayPing(only.id, rtt_ms, 0.4, lost)] if measured else [])


def test_a_row_for_each_relay_with_the_whole_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_nodes(invocation_at(tmp_path), ranked(node(leg_ms=11.6), 8.04), for_game=True)
    assert capsys.readouterr().out.splitlines() == [
        "Relay  Name         Place          State  Load    Ping  Lost  To the game  Whole way",
        "fra1   Frankfurt 1  Frankfurt, DE  up     12 %  8.0 ms   0 %        12 ms      20 ms",
    ]


def test_a_relay_that_does_not_answer_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_nodes(invocation_at(tmp_path), ranked(node()), for_game=False)
    row = capsys.readouterr().out.splitlines()[1]
    assert row.endswith("no answer  100 %")


def test_without_a_login_nothing_is_measured_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_nodes(invocation_at(tmp_path), ranked(node(leg_ms=11.6), measured=False), for_game=False)
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        "Relay  Name         Place          State  Load",
        "fra1   Frankfurt 1  Frankfurt, DE  up     12 %",
    ]
    assert "plg login" in captured.err


def test_no_relay_says_what_an_operator_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_nodes(invocation_at(tmp_path), [], for_game=False)
    captured = capsys.readouterr()
    assert (captured.out, "plg relay run" in captured.err) == ("", True)


def test_programs_get_a_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entries = ranked(node(leg_ms=10.0), 8.0)
    show_nodes(invocation_at(tmp_path, as_json=True), entries, for_game=True)
    document = msgspec.json.decode(capsys.readouterr().out)
    assert (document["schema"], document["nodes"]) == ("plg.nodes/1", [msgspec.to_builtins(node_row(entries[0]))])
    assert (document["nodes"][0]["rtt_ms"], document["nodes"][0]["total_ms"]) == (8.0, 18.0)


def test_the_whole_way_is_null_when_a_part_of_it_is_not_known() -> None:
    assert node_row(ranked(node(), 8.0)[0]).total_ms is None
    unmeasured = node_row(ranked(node(leg_ms=10.0), measured=False)[0])
    assert (unmeasured.total_ms, unmeasured.rtt_ms, unmeasured.loss_percent) == (None, None, None)


def test_a_measurement_nearby_is_marked() -> None:
    assert [leg_text(node()), leg_text(node(leg_ms=12.0)), leg_text(node(leg_ms=12.0, estimated=True))] == [
        "not known",
        "12 ms",
        "~12 ms",
    ]


def test_times_are_as_exact_as_they_are_worth() -> None:
    assert [milliseconds(None), milliseconds(0.04), milliseconds(9.94), milliseconds(120.4)] == [
        "",
        "0.0 ms",
        "9.9 ms",
        "120 ms",
    ]


def test_for_a_game_every_relay_stands_beside_the_direct_way_and_the_choice_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = found_routes(
        route_candidate("fra1", client_ms=12, game_leg_ms=9), route_candidate("ams1", client_ms=30, game_leg_ms=41)
    )
    show_nodes_for(invocation_at(tmp_path), found)
    shown = capsys.readouterr().out
    lines = shown.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["fra1", "ams1"]
    assert ("+37 ms" in lines[1], "chosen" in lines[1], "-13 ms" in lines[2]) == (True, True, True)
    assert "Direct: 58 ms" in shown
    assert "plg connect would take Fra1" in shown
    show_nodes_for(invocation_at(tmp_path, as_json=True), found)
    document = msgspec.json.decode(capsys.readouterr().out)
    assert (document["chosen"], document["verdict"], document["direct_ms"]) == ("fra1", "boost", 58)
    assert [(row["id"], row["rank"], row["total_ms"], row["gain_ms"]) for row in document["nodes"]] == [
        ("fra1", 1, 21, 37),
        ("ams1", 2, 71, -13),
    ]


def test_it_is_said_when_the_game_would_stay_on_its_own_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_nodes_for(invocation_at(tmp_path), found_routes(route_candidate("far", client_ms=80, game_leg_ms=40)))
    assert "Direct is better" in capsys.readouterr().out


def test_a_relay_that_cannot_be_used_is_listed_without_a_whole_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = found_routes(route_candidate("full1", verdict=RouteVerdict.FULL))
    show_nodes_for(invocation_at(tmp_path, as_json=True), found)
    document = msgspec.json.decode(capsys.readouterr().out)
    assert (document["chosen"], document["nodes"][0]["rank"], document["nodes"][0]["total_ms"]) == (None, None, None)
    show_nodes_for(invocation_at(tmp_path), found_routes(direct_ms=None))
    assert "No relay is up" in capsys.readouterr().err

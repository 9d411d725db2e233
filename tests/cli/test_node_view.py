"""Relays as people and programs see them."""

from pathlib import Path

import msgspec
import pytest

from plg.cli.node_view import leg_text, milliseconds, node_row, show_nodes
from plg.contract.nodes import Node
from plg.probe.node_ranking import RankedNode, rank_nodes
from plg.probe.relay_ping import RelayPing
from support.contract_bodies import node
from support.inside import invocation_at


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
    assert document == {"schema": "plg.nodes/1", "nodes": [msgspec.to_builtins(node_row(entries[0]))]}
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

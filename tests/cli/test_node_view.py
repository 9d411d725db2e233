"""Relays as people and programs see them."""

from pathlib import Path

import msgspec
import pytest

from plg.cli.node_view import leg_text, node_row, show_nodes
from support.contract_bodies import node
from support.inside import invocation_at


def test_a_row_for_each_relay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_nodes(invocation_at(tmp_path), [node(leg_ms=11.6)], for_game=True)
    assert capsys.readouterr().out.splitlines() == [
        "Relay  Name         Place          State  Load  To the game",
        "fra1   Frankfurt 1  Frankfurt, DE  up     12 %        12 ms",
    ]


def test_the_way_to_a_game_stands_there_only_when_it_was_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_nodes(invocation_at(tmp_path), [node(leg_ms=11.6)], for_game=False)
    assert "To the game" not in capsys.readouterr().out


def test_no_relay_says_what_an_operator_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_nodes(invocation_at(tmp_path), [], for_game=False)
    captured = capsys.readouterr()
    assert (captured.out, "plg relay run" in captured.err) == ("", True)


def test_programs_get_a_document_with_null_for_what_is_not_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_nodes(invocation_at(tmp_path, as_json=True), [node()], for_game=False)
    document = msgspec.json.decode(capsys.readouterr().out)
    assert document == {"schema": "plg.nodes/1", "nodes": [msgspec.to_builtins(node_row(node()))]}
    assert document["nodes"][0]["rtt_ms"] is None


def test_a_measurement_nearby_is_marked() -> None:
    assert [leg_text(node()), leg_text(node(leg_ms=12.0)), leg_text(node(leg_ms=12.0, estimated=True))] == [
        "not known",
        "12 ms",
        "~12 ms",
    ]

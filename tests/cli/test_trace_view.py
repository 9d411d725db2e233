"""Two lanes side by side."""

import os
from pathlib import Path

import msgspec
import pytest

from plg.cli.trace_view import COLUMNS, LANE_COLUMNS, show_traces, side_by_side, stacked, trace_document
from plg.contract.routes import RouteVerdict
from plg.probe.route_trace import Hop, RouteTrace
from plg.tunnel.grants import HostPort
from support.found_routes import found_routes
from support.inside import invocation_at
from support.route_bodies import route_candidate

FOUND = found_routes(route_candidate("fra1", client_ms=12, game_leg_ms=9), target=HostPort("192.0.2.7", 27960))


def trace(host: str, *addresses: str | None, reached: bool = True) -> RouteTrace:
    hops = tuple(
        Hop(number, address, [] if address is None else [number * 3.0] * 3, 3)
        for number, address in enumerate(addresses, 1)
    )
    return RouteTrace(host, host, "udp", hops, reached)


DIRECT = trace("192.0.2.7", "10.0.0.1", None, "198.51.100.1", "192.0.2.7")
BOOSTED = trace("192.0.2.10", "10.0.0.1", "192.0.2.10")


def shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], direct: RouteTrace, boosted: RouteTrace | None, **names: str
) -> list[str]:
    show_traces(invocation_at(tmp_path), FOUND, direct, boosted, names)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > COLUMNS] == []
    return lines


def test_both_ways_stand_beside_each_other_from_you_to_the_game(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = shown(tmp_path, capsys, DIRECT, BOOSTED)
    assert lines[0].split(" | ")[0].strip() == "Direct to 192.0.2.7"
    assert lines[0].split(" | ")[1] == "Through Fra1"
    assert lines[2].count("10.0.0.1") == 2
    assert "2  *" in lines[3]
    assert "relay 192.0.2.10" in lines[3]
    assert any("its own way to the game" in line and "9.0 ms" in line for line in lines)
    assert sum("game, the whole way" in line for line in lines) == 2
    assert lines[-1].startswith("Boosted by 37 ms")
    left, right = lines[2].split(" | ")
    assert len(left) == LANE_COLUMNS
    assert len(right) <= LANE_COLUMNS


def test_a_narrow_terminal_gets_one_lane_below_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "COLUMNS", "60")
    lines = shown(tmp_path, capsys, DIRECT, BOOSTED)
    assert not any(" | " in line for line in lines)
    assert "Through Fra1" in lines


def test_ends_that_stay_silent_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = "\n".join(
        shown(
            tmp_path,
            capsys,
            trace("192.0.2.7", "10.0.0.1", reached=False),
            trace("192.0.2.10", "10.0.0.1", reached=False),
        )
    )
    assert "the game's host stays silent" in text
    assert "the relay stays silent" in text


def test_without_a_relay_there_is_one_lane(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = found_routes(route_candidate("fra1", verdict=RouteVerdict.FULL))
    show_traces(invocation_at(tmp_path), found, DIRECT, None, {})
    out = capsys.readouterr().out
    assert "No relay can be used" in out
    assert " | " not in out


def test_long_and_hostile_names_stay_in_their_lane(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    evil = "core-router-1.backbone.example.net\x1b[2J" * 3
    lines = shown(tmp_path, capsys, trace("h", "2001:db8:1111:2222:3333:4444:5555:6666"), BOOSTED, **{"10.0.0.1": evil})
    assert "\x1b" not in "".join(lines)
    assert any(".." in line for line in lines)


def test_programs_get_every_hop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_traces(invocation_at(tmp_path, as_json=True), FOUND, DIRECT, BOOSTED, {"10.0.0.1": "home.example"})
    document = msgspec.json.decode(capsys.readouterr().out)
    assert (document["schema"], document["game"], document["target"]) == (
        "plg.trace/1",
        "openarena",
        "192.0.2.7:27960",
    )
    direct, boosted = document["direct"], document["boosted"]
    assert [(hop["number"], hop["kind"], hop["address"]) for hop in direct["hops"]] == [
        (1, "hop", "10.0.0.1"),
        (2, "hop", None),
        (3, "hop", "198.51.100.1"),
        (4, "end", "192.0.2.7"),
    ]
    assert direct["hops"][0]["name"] == "home.example"
    assert (boosted["node_id"], boosted["game_leg_ms"], boosted["total_ms"]) == ("fra1", 9, 21)
    assert boosted["hops"][-1]["kind"] == "relay"


def test_an_end_that_was_not_reached_is_a_hop_like_the_others() -> None:
    document = trace_document(FOUND, trace("192.0.2.7", "10.0.0.1", reached=False), None, {})
    assert (document.direct.reached, document.direct.hops[-1].kind, document.boosted) == (False, "hop", None)


def test_lanes_of_different_length_are_filled_up() -> None:
    assert side_by_side([["a"], ["b", "c"]]) == [f"{'a':<38} | b", f"{'':<38} | c"]
    assert stacked([["a"], ["b", "c"]]) == ["a", "", "b", "c"]

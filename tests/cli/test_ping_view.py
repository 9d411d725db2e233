"""Regions before and after."""

from pathlib import Path

import msgspec
import pytest

from plg.cli.ping_view import PingView, region_view
from plg.contract.games import GameRegion, RegionPing
from plg.contract.nodes import NodeGameLeg
from plg.probe.region_ping import BestWay, RegionWays, Tally
from support.contract_bodies import game_detail, node
from support.inside import invocation_at


def tally(rtt_ms: float | None, *, lost: float = 0.0, method: str = "icmp") -> Tally:
    made = Tally(method=method)
    made.add(rtt_ms, None if rtt_ms is None else 1.2, 100.0 if rtt_ms is None else lost, 10)
    return made


def way(code: str, direct_ms: float | None, boosted_ms: float | None, *, proxy: bool = False) -> RegionWays:
    host = RegionPing(host=f"{code}.example.org", method="icmp", port=None, proxy=proxy)
    best = None
    if boosted_ms is not None:
        leg = NodeGameLeg(region=code, rtt_ms=boosted_ms - 10, loss_percent=0.0, estimated=False)
        best = BestWay(node(), tally(10.0), leg, boosted_ms, 0.0)
    return RegionWays(GameRegion(code=code, name=code.title(), ping=[host]), host, tally(direct_ms, lost=10.0), best)


WAYS = [way("asia", 190.0, 150.0, proxy=True), way("europe", 51.0, 20.0), way("mars", None, None)]


def test_in_a_pipe_the_result_is_one_table_with_the_nearest_region_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    view = PingView(invocation_at(tmp_path), game_detail(), 2)
    view.show_round(1, WAYS)
    assert capsys.readouterr().out == ""
    view.show_result(WAYS)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["Europe", "Asia", "Mars"]
    assert lines[1].split() == ["Europe", "51", "ms", "20", "ms", "+31", "ms", "1.2", "/", "1.2", "10", "/", "0", "%", "Frankfurt", "1"]  # fmt: skip
    assert "~190 ms" in lines[2]
    assert "no answer" in lines[3]
    assert lines[-1] == "~ the host measured only stands for the region."
    assert [line for line in lines if len(line) > 80] == []


def test_programs_get_a_document_for_each_round_and_the_sum(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    view = PingView(invocation_at(tmp_path, as_json=True), game_detail(), 2)
    view.show_round(1, WAYS)
    view.show_result(WAYS)
    first, last = (msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines())
    assert (first["schema"], first["round"], first["final"]) == ("plg.ping/1", 1, False)
    assert (last["round"], last["final"]) == (2, True)
    europe = last["regions"][1]
    assert (europe["gain_ms"], europe["relay_ms"], europe["game_leg_ms"], europe["node_id"]) == (31, 10, 10, "fra1")
    assert (europe["direct"]["loss_percent"], europe["boosted"]["method"]) == (10, "relay")


def test_what_is_not_known_is_null() -> None:
    view = region_view(way("mars", None, None))
    assert (view.gain_ms, view.node_id, view.boosted.rtt_ms, view.boosted.method) == (None, None, None, None)
    assert (view.direct.rtt_ms, view.direct.loss_percent) == (None, 100)

"""The relays measured again and again: a scripted server, real pings to relays on loopback."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
from aiohttp import web

from plg.api.credentials import FixedToken
from plg.api.server_client import ServerClient, open_server
from plg.contract.games import Transport
from plg.contract.nodes import NodeList
from plg.contract.routes import RouteVerdict
from plg.tunnel.capture_plan import GameNotCarried
from plg_tui.relay_board import RelayBoard, RelayLine
from plg_tui.relay_watch import RelayWatch
from support.contract_bodies import game_detail
from support.dashboard_pilot import until
from support.local_server import Script, json_answer, serving
from support.loopback_relay import LoopbackRelay
from support.loopback_server import LoopbackServer
from support.route_bodies import route_candidate, route_report


@dataclass(frozen=True, slots=True)
class Stage:
    watch: RelayWatch
    script: Script
    answers: dict[str, list[web.Response]]
    relays: dict[str, LoopbackRelay]


def lines(stage: Stage) -> list[RelayLine]:
    return stage.watch.board.lines()


@asynccontextmanager
async def watching(folder: Path, *names: str, tcp_only: bool = False) -> AsyncIterator[Stage]:
    relays = {name: LoopbackRelay().open() for name in names}
    candidates = [route_candidate(name, client_ms=1, game_leg_ms=2, verdict=RouteVerdict.CHOSEN) for name in names[:1]]
    game = game_detail()
    if tcp_only:
        game = msgspec.structs.replace(game, transport=Transport.TCP, boostable=False)
    answers = {
        "GET /v1/games/openarena": [json_answer(msgspec.json.encode(game))],
        "GET /v1/nodes": [json_answer(msgspec.json.encode(await LoopbackServer(relays).nodes()))],
        "POST /v1/routes": [json_answer(msgspec.json.encode(route_report(*candidates)))],
    }
    script = Script(answers)
    with serving(script.app()) as url:

        @asynccontextmanager
        async def door() -> AsyncIterator[ServerClient]:
            async with open_server(url, FixedToken(url, "abc")) as client:
                yield client

        watch = RelayWatch(RelayBoard(), door, folder, asyncio.get_running_loop().time, lambda: None)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(watch.run())
            try:
                yield Stage(watch, script, answers, relays)
            finally:
                running.cancel()
    for relay in relays.values():
        relay.close()


async def test_nothing_is_asked_or_measured_while_nobody_looks(tmp_path: Path) -> None:
    async with watching(tmp_path, "fra1") as stage:
        await asyncio.sleep(0.3)
        assert stage.script.seen == []
        stage.watch.visible.set()
        await until(lambda: lines(stage)[:1] != [], "the list")
        assert stage.watch.state.listed


async def test_relays_are_measured_round_after_round(tmp_path: Path) -> None:
    async with watching(tmp_path, "fra1", "ams1") as stage:
        stage.watch.visible.set()
        await until(lambda: bool(lines(stage)) and len(lines(stage)[0].strip_ms) >= 2, "two rounds")
        by_id = {line.node.id: line for line in lines(stage)}
        assert set(by_id) == {"fra1", "ams1"}
        assert all(line.row.rtt_ms is not None and line.row.rtt_ms < 500 and line.answers for line in by_id.values())
        assert stage.watch.state.signed_in is True


async def test_a_relay_that_dies_shows_no_ping_and_loss(tmp_path: Path) -> None:
    async with watching(tmp_path, "fra1") as stage:
        stage.watch.visible.set()
        await until(lambda: lines(stage)[:1] != [] and lines(stage)[0].answers is True, "an answer")
        stage.relays["fra1"].close()
        await until(lambda: (lines(stage)[0].row.loss_percent or 0) > 0, "loss")
        assert lines(stage)[0].strip_ms[-1] is None


async def test_the_ways_to_a_chosen_game_are_found(tmp_path: Path) -> None:
    async with watching(tmp_path, "fra1") as stage:
        stage.watch.choose_game("openarena")
        stage.watch.visible.set()
        await until(lambda: stage.watch.board.found is not None, "the ways")
        assert [line.is_chosen for line in lines(stage)] == [True]
        stage.watch.choose_game(None)
        assert stage.watch.board.found is None


async def test_a_game_that_cannot_be_carried_is_said(tmp_path: Path) -> None:
    async with watching(tmp_path, "fra1", tcp_only=True) as stage:
        stage.watch.choose_game("openarena")
        stage.watch.visible.set()
        await until(lambda: isinstance(stage.watch.state.game_trouble, GameNotCarried), "the reason")
        assert lines(stage)[0].answers is True


async def test_a_server_that_comes_back_is_found_again(tmp_path: Path) -> None:
    async with watching(tmp_path, "fra1") as stage:
        good = stage.answers["GET /v1/nodes"]
        stage.answers["GET /v1/nodes"] = [json_answer(b"{", status=200)]
        stage.watch.visible.set()
        await until(lambda: stage.watch.state.trouble is not None, "the trouble")
        assert not stage.watch.state.listed
        stage.answers["GET /v1/nodes"] = good
        stage.watch.look_again()
        await until(lambda: stage.watch.state.listed and stage.watch.state.trouble is None, "the list")


async def test_without_a_login_there_is_a_list_and_no_ping(tmp_path: Path) -> None:
    async with watching(tmp_path, "fra1") as stage:
        nodes = (await LoopbackServer(stage.relays).nodes()).nodes
        listed = NodeList(nodes=[msgspec.structs.replace(node, ping_token=None) for node in nodes])
        stage.answers["GET /v1/nodes"] = [json_answer(msgspec.json.encode(listed))]
        stage.watch.visible.set()
        await until(lambda: stage.watch.state.listed, "the list")
        assert stage.watch.state.signed_in is False
        assert lines(stage)[0].answers is None

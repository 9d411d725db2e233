"""Two workers on one port, as real processes: each session stays with one of them, and a dead one is replaced."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from plg.contract.relay_control import RegisterSessionRequest
from plg.protocol.events import Established, RelayDraining, SessionClosed
from plg_relay.plane_identity import PlaneIdentity
from plg_relay.start_plane import open_plane
from plg_relay.worker_pool import WorkerPool
from support.live_relay import LivePlayer, game_socket, lab_config, lab_policy, live_grant
from support.relay_bench import RELAY_ID


@pytest.fixture
async def pool(tmp_path: Path) -> AsyncIterator[tuple[WorkerPool, int]]:
    identity = PlaneIdentity(
        relay_id=RELAY_ID,
        boot_id=os.urandom(8),
        boot_parity=0,
        own_addresses=frozenset(),
        own_networks=(),
        own_ports=frozenset(),
    )
    async with AsyncExitStack() as stack:
        plane, port = await open_plane(stack, lab_config(tmp_path, workers=2), identity, lab_policy(), lambda: None)
        assert isinstance(plane, WorkerPool)
        yield plane, port


async def test_sessions_are_shared_out_by_their_ids_and_stay_when_the_address_changes(
    pool: tuple[WorkerPool, int],
) -> None:
    plane, port = pool
    game = game_socket()
    players = [LivePlayer.at(port, live_grant(cid=cid)) for cid in (0x10, 0x11, 0x12, 0x13)]
    for player in players:
        await player.connect()
        player.send(b"open", game.getsockname())
        await player.game_receives(game, b"open")
    status = await plane.status()
    assert (status.sessions, status.flows, status.drops) == (4, 4, {})
    assert [plane._last[number].sessions for number in (0, 1)] == [2, 2]
    roamer = players[1]
    roamer.opened.close()
    roamer.opened = game_socket()
    roamer.send(b"from elsewhere", game.getsockname())
    await roamer.game_receives(game, b"from elsewhere")
    assert (await plane.status()).drops == {}
    assert len(await plane.sessions()) == 4
    for player in players:
        player.close()
    game.close()


async def test_control_reaches_the_worker_that_has_the_session(pool: tuple[WorkerPool, int]) -> None:
    plane, port = pool
    player = LivePlayer.at(port, live_grant(cid=0x21))
    await player.connect()
    await plane.register(RegisterSessionRequest(cid=f"{0x21:016x}", packets_per_second=5))
    assert not await plane.end_session(0x20)
    assert await plane.end_session(0x21)
    await player.until(lambda: any(isinstance(event, SessionClosed) for event in player.events), "CLOSE")
    await plane.drain(30)
    assert (await plane.status()).draining
    player.close()


async def test_a_policy_and_a_drain_reach_every_worker(pool: tuple[WorkerPool, int]) -> None:
    plane, port = pool
    players = [LivePlayer.at(port, live_grant(cid=cid)) for cid in (0x30, 0x31)]
    for player in players:
        await player.connect()
    await plane.apply_policy(msgspec.structs.replace(lab_policy(), revoked_cids=[f"{0x30:016x}"]))
    await players[0].until(lambda: any(isinstance(one, SessionClosed) for one in players[0].events), "CLOSE")
    await plane.drain(30)
    await players[1].until(lambda: any(isinstance(one, RelayDraining) for one in players[1].events), "DRAIN")
    for player in players:
        player.close()


async def test_a_worker_that_dies_is_replaced_and_its_player_keeps_its_port(pool: tuple[WorkerPool, int]) -> None:
    plane, port = pool
    player, game = LivePlayer.at(port, live_grant(cid=0x40)), game_socket()
    await player.connect()
    player.send(b"before", game.getsockname())
    seen_from = await player.game_receives(game, b"before")
    packets = (await plane.status()).packets_up
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(plane.run())
        process = plane._workers[0].process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        await player.until(lambda: sum(isinstance(one, Established) for one in player.events) == 2, "second session")
        player.send(b"after", game.getsockname())
        assert await player.game_receives(game, b"after") == seen_from
        assert (await plane.status()).packets_up > packets, "counters never go backwards"
        running.cancel()
    player.close()
    game.close()


async def test_closing_the_pool_tells_the_players_and_leaves_no_process(tmp_path: Path) -> None:
    identity = PlaneIdentity(
        relay_id=RELAY_ID,
        boot_id=os.urandom(8),
        boot_parity=0,
        own_addresses=frozenset(),
        own_networks=(),
        own_ports=frozenset(),
    )
    async with AsyncExitStack() as stack:
        plane, port = await open_plane(stack, lab_config(tmp_path, workers=2), identity, lab_policy(), lambda: None)
        assert isinstance(plane, WorkerPool)
        player = LivePlayer.at(port)
        await player.connect()
        processes = [worker.process for worker in plane._workers]
    assert [process.returncode for process in processes if process is not None] == [0, 0]
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and not any(isinstance(one, SessionClosed) for one in player.events):
        player.step()
    assert any(isinstance(one, SessionClosed) for one in player.events)
    player.close()

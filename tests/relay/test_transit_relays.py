"""Two relays on real sockets: a session that reaches its exit through another relay."""

import asyncio
import signal
import time
import urllib.request
from contextlib import AsyncExitStack
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest

from plg.contract.relay_control import RELAY_AUTH_HEADER, RelayHealth, RelaySessionList
from plg.protocol.client_handshake import ClientGrant, ClientHandshake
from plg.protocol.destination import pack_address
from plg.protocol.errors import DropReason, WelcomeStatus
from plg.protocol.handshake import Welcome
from plg.protocol.ticket import ROLE_TRANSIT, TransitTicket, seal_transit_ticket
from plg_relay.plane_identity import PlaneIdentity
from plg_relay.start_plane import open_plane
from plg_relay.worker_pool import WorkerPool
from support.live_relay import (
    CONTROL_KEY,
    PATIENCE_S,
    LivePlayer,
    RelayProcess,
    enrolled_identity,
    game_socket,
    lab_config,
    lab_policy,
    live_grant,
    live_plane,
    relay_process,
)
from support.relay_bench import KEY_ID, RELAY_ID, TICKET_KEY, unix_now

HOST = "127.0.0.1"


def live_pass(cid: int, exit_port: int, *, host: str = HOST, life_s: int = 3600) -> ClientGrant:
    """What the server hands out for a path through a transit, of now."""
    now_s = int(unix_now())
    packed = pack_address(ip_address(host))
    ticket = TransitTicket(cid, now_s, now_s + life_s, b"T" * 32, packed, exit_port, 60_000, 60_000, 60_000)
    return ClientGrant(
        cid, ticket.secret, seal_transit_ticket(ticket, TICKET_KEY, KEY_ID, RELAY_ID, bytes(12)), RELAY_ID
    )


async def bind(player: LivePlayer, transit_port: int, exit_port: int, *, host: str = HOST) -> Welcome:
    """Ask for a path from the player's own socket; from here on his session speaks to the transit."""
    grant = live_pass(player.session.cid, exit_port, host=host)
    handshake = ClientHandshake(
        lambda length: time.monotonic_ns().to_bytes(8, "big").ljust(length, b"\0"),
        (time.time() - time.monotonic()) * 1000,
        role=ROLE_TRANSIT,
        path=1,
    )
    player.relay = (host, transit_port)
    deadline_s = time.monotonic() + PATIENCE_S
    hello: bytes | None = handshake.start(grant, time.monotonic())
    while time.monotonic() < deadline_s:
        if hello is not None:
            player.opened.sendto(hello, player.relay)
        try:
            answer = handshake.receive_welcome(player.opened.recv(2048), grant)
        except BlockingIOError:
            await asyncio.sleep(0.005)
            hello = handshake.repeat(grant, time.monotonic())
            continue
        if not isinstance(answer, DropReason):  # else something that the session before had still on its way
            return answer[0]
        hello = None
    raise AssertionError(f"no WELCOME from the transit within {PATIENCE_S:g} s")


def control(relay: RelayProcess, path: str, method: str = "GET") -> bytes:
    request = urllib.request.Request(
        f"http://127.0.0.1:{relay.control_port}/v1{path}", headers={RELAY_AUTH_HEADER: CONTROL_KEY}, method=method
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return bytes(answer.read())


def metrics(relay: RelayProcess) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{relay.metrics_port}/metrics", timeout=5) as answer:
        return str(answer.read().decode())


def rows(relay: RelayProcess) -> RelaySessionList:
    return msgspec.json.decode(control(relay, "/sessions"), type=RelaySessionList)


def two_data_dirs(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("exit", "transit"):
        (tmp_path / name).mkdir(mode=0o700)
        enrolled_identity(tmp_path / name)
    return tmp_path / "exit", tmp_path / "transit"


async def test_a_game_is_played_through_two_relay_processes_and_the_transit_tells_of_it(tmp_path: Path) -> None:
    exit_dir, transit_dir = two_data_dirs(tmp_path)
    game = game_socket()
    with relay_process(exit_dir) as exit_, relay_process(transit_dir) as transit:
        player = LivePlayer.at(transit.port, live_grant(cid=0xA5))
        welcome = await bind(player, transit.port, exit_.port)
        assert welcome.status is WelcomeStatus.OK
        assert (str(welcome.observed_address), welcome.observed_port) == player.opened.getsockname()
        await player.connect()
        player.send(b"open", game.getsockname())
        seen_from = await player.game_receives(game, b"open")
        for number in range(50):
            player.send(b"up %d" % number, game.getsockname())
            assert await player.game_receives(game, b"up %d" % number) == seen_from
            game.sendto(b"down %d" % number, seen_from)
        await player.until(lambda: len(player.payloads) == 50, "50 answers")
        (row,) = rows(transit).transits
        assert (row.cid, row.client, row.next_hop) == (
            f"{0xA5:016x}",
            f"{HOST}:{player.opened.getsockname()[1]}",
            f"{HOST}:{exit_.port}",
        )
        assert row.packets_up > 50
        assert row.packets_down > 50
        assert rows(transit).sessions == []
        (at_exit,) = rows(exit_).sessions
        assert at_exit.client == f"{HOST}:{transit.port}"
        health = msgspec.json.decode(control(transit, "/health"), type=RelayHealth)
        assert (health.sessions, health.transits, health.drops) == (0, 1, {})
        text = metrics(transit)
        assert "plg_relay_transits 1.0" in text
        assert 'plg_relay_transit_packets_total{direction="down"}' in text
        control(transit, f"/sessions/{0xA5:016x}", "DELETE")
        assert rows(transit).transits == []
        player.close()
        game.close()


async def test_a_transit_killed_and_started_again_takes_its_client_back_with_the_same_ticket(tmp_path: Path) -> None:
    exit_dir, transit_dir = two_data_dirs(tmp_path)
    game = game_socket()
    with relay_process(exit_dir) as exit_:
        with relay_process(transit_dir) as transit:
            player = LivePlayer.at(transit.port, live_grant(cid=0xA6))
            await bind(player, transit.port, exit_.port)
            await player.connect()
            player.send(b"open", game.getsockname())
            seen_from = await player.game_receives(game, b"open")
            transit.process.kill()
            transit.process.wait()
        with relay_process(transit_dir, port=transit.port):
            assert (await bind(player, transit.port, exit_.port)).status is WelcomeStatus.OK
            player.send(b"after", game.getsockname())
            assert await player.game_receives(game, b"after") == seen_from, "the game saw nothing of it"
    player.close()
    game.close()


async def test_a_draining_transit_takes_nobody_new_and_carries_on_to_the_end(tmp_path: Path) -> None:
    exit_dir, transit_dir = two_data_dirs(tmp_path)
    game = game_socket()
    with relay_process(exit_dir) as exit_, relay_process(transit_dir, "--drain-seconds", "4") as transit:
        player, late = LivePlayer.at(transit.port, live_grant(cid=0xA7)), LivePlayer.at(0, live_grant(cid=0xA8))
        await bind(player, transit.port, exit_.port)
        await player.connect()
        transit.process.send_signal(signal.SIGTERM)
        while (welcome := await bind(late, transit.port, exit_.port)).status is WelcomeStatus.OK:
            control(transit, f"/sessions/{0xA8:016x}", "DELETE")  # the signal was not heard yet
        assert welcome.status is WelcomeStatus.DRAINING
        player.send(b"open", game.getsockname())
        await player.game_receives(game, b"open")
        assert await asyncio.to_thread(transit.process.wait, 15) == 0
        player.close()
        late.close()
        game.close()


async def test_the_family_of_the_transits_socket_does_not_matter(tmp_path: Path) -> None:
    game = game_socket()
    (tmp_path / "exit").mkdir()
    async with live_plane(tmp_path / "exit") as exit_, live_plane(tmp_path, host="::") as transit:
        player = LivePlayer.at(transit.port, live_grant(cid=0xA9))
        assert (await bind(player, transit.port, exit_.port)).status is WelcomeStatus.OK
        await player.connect()
        player.send(b"open", game.getsockname())
        await player.game_receives(game, b"open")
        assert transit.plane.status_now().drops == {}
        player.close()
        game.close()


async def test_an_operator_who_refuses_is_no_transit(tmp_path: Path) -> None:
    async with live_plane(tmp_path, transit=False) as relay:
        player = LivePlayer.at(relay.port)
        assert (await bind(player, relay.port, 9)).status is WelcomeStatus.NO_TRANSIT
        player.close()


async def test_a_relay_does_not_forward_to_itself(tmp_path: Path) -> None:
    async with live_plane(tmp_path) as relay:
        player = LivePlayer.at(relay.port)
        assert (await bind(player, relay.port, relay.port)).status is WelcomeStatus.NEXT_HOP_DENIED
        player.close()


@pytest.mark.parametrize("exit_workers", [1, 2])
async def test_with_several_workers_client_and_exit_meet_at_the_one_that_has_the_session(
    tmp_path: Path, exit_workers: int
) -> None:
    identity = PlaneIdentity(
        relay_id=RELAY_ID,
        boot_id=bytes(8),
        boot_parity=0,
        own_addresses=frozenset(),
        own_networks=(),
        own_ports=frozenset(),
    )
    game = game_socket()
    async with AsyncExitStack() as stack:
        for name in ("exit", "transit"):
            (tmp_path / name).mkdir()
        transit, port = await open_plane(
            stack, lab_config(tmp_path / "transit", workers=2), identity, lab_policy(), lambda: None
        )
        exit_identity = msgspec.structs.replace(identity, boot_id=b"12345678")
        _, exit_port = await open_plane(
            stack, lab_config(tmp_path / "exit", workers=exit_workers), exit_identity, lab_policy(), lambda: None
        )
        assert isinstance(transit, WorkerPool)
        players = [LivePlayer.at(port, live_grant(cid=cid)) for cid in (0x20, 0x21, 0x22, 0x23)]
        for player in players:
            assert (await bind(player, port, exit_port)).status is WelcomeStatus.OK
            await player.connect()
            player.send(b"%x" % player.session.cid, game.getsockname())
            seen_from = await player.game_receives(game, b"%x" % player.session.cid)
            game.sendto(b"answer", seen_from)
            await player.until(lambda player=player: player.payloads == [b"answer"], "the answer")  # type: ignore[misc]  # bound now
        status = await transit.status()
        assert (status.transits, status.sessions, status.drops) == (4, 0, {})
        assert [transit._last[number].transits for number in (0, 1)] == [2, 2]
        assert len(await transit.transits()) == 4
        await transit.apply_policy(msgspec.structs.replace(lab_policy(), revoked_cids=[f"{0x21:016x}"]))
        assert sorted(row.cid for row in await transit.transits()) == [f"{cid:016x}" for cid in (0x20, 0x22, 0x23)]
        assert await transit.end_session(0x22)
        assert (await transit.status()).transits == 2
        for player in players:
            player.close()
    game.close()


async def test_a_transit_ticket_that_has_run_out_is_met_with_silence(tmp_path: Path) -> None:
    async with live_plane(tmp_path) as relay:
        player = LivePlayer.at(relay.port)
        grant = live_pass(player.session.cid, 9, life_s=1)
        handshake = ClientHandshake(bytes, (time.time() + 100 - time.monotonic()) * 1000, role=ROLE_TRANSIT, path=1)
        late = replace(grant, ticket=live_pass(player.session.cid, 9, life_s=1).ticket)
        player.opened.sendto(handshake.start(late, time.monotonic()), player.relay)
        await player.until(lambda: bool(relay.plane.status_now().drops), "a drop")
        assert set(relay.plane.status_now().drops) <= {"hello_skew", "ticket_expired"}
        player.close()

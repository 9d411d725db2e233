"""The stand-in's server: ticks, timeouts, and its opinion on players whose address changes."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from plg.lab.game_addresses import Address, AddressPolicy
from plg.lab.game_client import GameClient
from plg.lab.game_packets import Claim, ClaimKind, Input, now_us, pack_claim, pack_input, read_claim, read_snapshot
from plg.lab.game_server import MAX_CHANNELS, GameServer
from plg.lab.impairment_proxy import ImpairmentProxy


def packet(sequence: int, *, player: int = 7, channel: int = 0) -> bytes:
    return pack_input(Input(player, channel, sequence, now_us()), 31)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - another socket's receive is not an event here
            await asyncio.sleep(0.005)


@asynccontextmanager
async def bound_socket(host: str = "127.0.0.1") -> AsyncIterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((host, 0))
        sock.setblocking(False)
        yield sock


async def test_a_player_gets_snapshots_that_echo_the_newest_input_once() -> None:
    loop = asyncio.get_running_loop()
    async with GameServer(ticks_per_s=100) as server, bound_socket() as sock:
        sock.sendto(packet(1), server.address)
        first = read_snapshot(await asyncio.wait_for(loop.sock_recv(sock, 2000), 5))
        second = read_snapshot(await asyncio.wait_for(loop.sock_recv(sock, 2000), 5))
    assert first is not None
    assert second is not None
    assert (first.sequence, first.received, first.highest) == (1, 1, 1)
    assert first.echoed_us > 0
    assert (second.sequence, second.echoed_us) == (2, 0)


@pytest.mark.parametrize(
    ("policy", "follows_port", "follows_host"),
    [
        (AddressPolicy.BOUND, False, False),
        (AddressPolicy.PORT_ONLY, True, False),
        (AddressPolicy.AGILE, False, False),
        (AddressPolicy.SDR, False, False),
    ],
)
async def test_without_a_proof_a_changed_source_address_is_followed_as_the_policy_says(
    policy: AddressPolicy, follows_port: bool, follows_host: bool
) -> None:
    async with GameServer(policy=policy) as server:
        home: Address = ("192.0.2.1", 5000)
        for source, expected in ((("192.0.2.1", 5001), follows_port), (("192.0.2.9", 5000), follows_host)):
            player = 1 if source[0] == home[0] else 2
            server.receive(packet(1, player=player), home)
            server.receive(packet(2, player=player), source)
            report = next(channel for channel in server.report() if channel.player == player)
            assert (report.moves, report.refused) == ((1, 0) if expected else (0, 1))
            assert report.received == (2 if expected else 1)
            assert report.addresses == sorted([f"{home[0]}:{home[1]}", f"{source[0]}:{source[1]}"])


@pytest.mark.parametrize(
    ("policy", "steps"),
    [
        (AddressPolicy.AGILE, [ClaimKind.RESTART, ClaimKind.CHALLENGE]),
        (AddressPolicy.SDR, [ClaimKind.CHALLENGE]),
    ],
)
async def test_who_proves_a_new_address_and_shows_what_the_old_one_was_given_goes_on_there(
    policy: AddressPolicy, steps: list[ClaimKind]
) -> None:
    loop = asyncio.get_running_loop()
    async with GameServer(ticks_per_s=50, policy=policy) as server, bound_socket() as old, bound_socket() as new:
        old.sendto(packet(1), server.address)
        snapshot = read_snapshot(await asyncio.wait_for(loop.sock_recv(old, 2000), 5))
        assert snapshot is not None
        new.sendto(packet(2), server.address)
        proof = 0
        for step in steps:
            claim = read_claim(await asyncio.wait_for(loop.sock_recv(new, 2000), 5))
            assert claim is not None
            assert claim.kind is step
            proof = claim.proof
            if step is ClaimKind.RESTART:
                new.sendto(pack_claim(Claim(ClaimKind.ASK, 7, 0)), server.address)
        for wrong in (
            Claim(ClaimKind.ANSWER, 7, 0, proof, snapshot.credential ^ 1),
            Claim(ClaimKind.ANSWER, 7, 0, proof ^ 1, snapshot.credential),
        ):
            server.receive(pack_claim(wrong), new.getsockname())
        assert server.report()[0].moves == 0
        new.sendto(pack_claim(Claim(ClaimKind.ANSWER, 7, 0, proof, snapshot.credential)), server.address)
        new.sendto(packet(3), server.address)
        await until(lambda: server.report()[0].received == 2)
        assert (server.report()[0].moves, server.report()[0].refused) == (1, 1)
        assert read_snapshot(await asyncio.wait_for(loop.sock_recv(new, 2000), 5)) is not None


@pytest.mark.parametrize("policy", [AddressPolicy.BOUND, AddressPolicy.PORT_ONLY])
async def test_strict_servers_listen_to_no_claim(policy: AddressPolicy) -> None:
    async with GameServer(policy=policy) as server:
        server.receive(packet(1), ("192.0.2.1", 5000))
        server.receive(pack_claim(Claim(ClaimKind.ANSWER, 7, 0)), ("192.0.2.9", 5000))
        server.receive(pack_claim(Claim(ClaimKind.ASK, 8, 0)), ("192.0.2.9", 5000))
        assert server.report()[0].moves == 0
        assert server.strangers == 1  # a claim of nobody


@pytest.mark.parametrize("policy", [AddressPolicy.AGILE, AddressPolicy.SDR])
async def test_the_stand_ins_player_moves_by_itself_when_the_way_to_the_server_changes(policy: AddressPolicy) -> None:
    async with GameServer(policy=policy) as server, ImpairmentProxy(server.address) as first:
        async with GameClient([first.address], player=9, connected=False) as client:
            await until(lambda: client.report().packets_down > 10)
            async with ImpairmentProxy(server.address) as second:
                client.go_to(second.address)
                await until(lambda: server.report()[0].moves == 1)
                before = client.report().packets_down
                await until(lambda: client.report().packets_down > before + 10)
        assert len(server.report()) == 1
        assert len(server.report()[0].addresses) == 2


async def test_gaps_and_silences_are_those_since_the_last_look() -> None:
    async with GameServer() as server:
        server.receive(packet(1), ("127.0.0.1", 9))
        await asyncio.sleep(0.1)
        server.receive(packet(2), ("127.0.0.1", 10))
        await asyncio.sleep(0.1)
        server.receive(packet(3), ("127.0.0.1", 9))
        seen = server.report()[0]
        assert seen.recent_gap_ms is not None
        assert seen.recent_silence_ms is not None
        assert seen.recent_gap_ms >= 200 > seen.recent_silence_ms >= 100
        server.forget_recent()
        assert server.report()[0].recent_gap_ms is None
        assert server.report()[0].longest_gap_ms == seen.recent_gap_ms


async def test_lost_late_and_doubled_inputs_are_counted_per_channel() -> None:
    async with GameServer() as server:
        for sequence in (1, 2, 5, 4, 5):
            server.receive(packet(sequence), ("127.0.0.1", 9))
        server.receive(packet(1, channel=1), ("127.0.0.1", 10))
        first, second = server.report()
    assert (first.received, first.lost, first.late, first.doubled) == (4, 1, 1, 1)
    assert (second.received, second.lost, second.late, second.doubled) == (1, 0, 0, 0)


async def test_strangers_are_counted_and_get_no_answer_and_a_crowd_is_bounded() -> None:
    async with GameServer() as server:
        server.receive(b"what is this", ("127.0.0.1", 9))
        for player in range(MAX_CHANNELS + 5):
            server.receive(packet(1, player=player), ("127.0.0.1", 9))
        assert server.strangers == 6
        assert len(server.report()) == MAX_CHANNELS


async def test_a_silent_player_leaves_and_stays_in_the_report() -> None:
    async with GameServer(timeout_s=0.05) as server, bound_socket() as sock:
        sock.sendto(packet(1), server.address)
        await until(lambda: bool(server.report()))
        await asyncio.sleep(0.2)
        server.receive(packet(1), ("127.0.0.1", 9))
        assert [channel.received for channel in server.report()] == [1, 1]


async def test_snapshots_keep_to_the_asked_sizes() -> None:
    loop = asyncio.get_running_loop()
    async with GameServer(ticks_per_s=500, snapshot_bytes=(1400, 1400)) as server, bound_socket() as sock:
        sock.sendto(packet(1), server.address)
        sizes = {len(await asyncio.wait_for(loop.sock_recv(sock, 2000), 5)) for _ in range(5)}
    assert sizes == {1400}
    with pytest.raises(ValueError, match="snapshots have 60 to 1400 bytes"):
        GameServer(snapshot_bytes=(10, 500))


def test_an_unopened_server_has_no_address() -> None:
    with pytest.raises(RuntimeError, match="not open"):
        _ = GameServer().address

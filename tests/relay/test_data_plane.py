"""The data plane on loopback with real sockets: carrying, foreign replies, resumed ports, what the control API sees."""

import asyncio
import socket
import time
from pathlib import Path

import msgspec
import pytest

from plg.contract.relay_control import RegisterSessionRequest
from plg.protocol.events import FlowRefused, RelayDraining, SessionClosed
from plg.protocol.header import DATA_UP
from plg.protocol.keys import mask_key, probe_key
from plg.protocol.mask import HeaderMask
from plg.protocol.probe import ProbeReply, build_probe, make_probe_token, read_probe_reply
from plg_relay.data_plane import destination_text
from support.live_relay import LivePlayer, game_socket, lab_policy, live_grant, live_plane
from support.relay_bench import TICKET_KEY, unix_now

MASK_KEY = mask_key("control key")


def reply(game: socket.socket, payload: bytes, to: tuple[str, int]) -> None:
    game.sendto(payload, to)


async def test_a_game_is_played_through_real_sockets(tmp_path: Path) -> None:
    async with live_plane(tmp_path) as relay:
        player, game = LivePlayer.at(relay.port), game_socket()
        await player.connect()
        player.send(b"open", game.getsockname())
        seen_from = await player.game_receives(game, b"open")
        assert 40_000 <= seen_from[1] <= 59_999
        for number in range(50):
            player.send(b"up %d" % number, game.getsockname())
            assert await player.game_receives(game, b"up %d" % number) == seen_from
            reply(game, b"down %d" % number, seen_from)
        await player.until(lambda: len(player.payloads) == 50, "50 answers")
        status = relay.plane.status_now()
        assert (status.sessions, status.flows, status.game_sockets, status.packets_down) == (1, 1, 1, 50)
        assert status.drops == {}
        player.close()
        game.close()


async def test_one_port_talks_to_two_servers_and_hears_both_and_nobody_else(tmp_path: Path) -> None:
    async with live_plane(tmp_path) as relay:
        player, first, second, stranger = LivePlayer.at(relay.port), game_socket(), game_socket(), game_socket()
        await player.connect()
        player.send(b"one", first.getsockname())
        port_of_first = await player.game_receives(first, b"one")
        player.send(b"two", second.getsockname())
        assert await player.game_receives(second, b"two") == port_of_first
        for game, text in ((first, b"1"), (stranger, b"intruder"), (second, b"2")):
            reply(game, text, port_of_first)
        await player.until(lambda: sorted(player.payloads) == [b"1", b"2"], "both answers")
        player.send(b"one again", first.getsockname())
        assert await player.game_receives(first, b"one again") == port_of_first
        assert relay.plane.status_now().drops == {"foreign_reply": 1}
        for one in (player, first, second, stranger):
            one.close()


async def test_while_there_is_one_server_the_kernel_keeps_strangers_out(tmp_path: Path) -> None:
    async with live_plane(tmp_path) as relay:
        player, game, stranger = LivePlayer.at(relay.port), game_socket(), game_socket()
        await player.connect()
        player.send(b"open", game.getsockname())
        port = await player.game_receives(game, b"open")
        reply(stranger, b"intruder", port)
        reply(game, b"answer", port)
        await player.until(lambda: player.payloads == [b"answer"], "the answer")
        for one in (player, game, stranger):
            one.close()


async def test_a_game_server_that_is_down_and_comes_back_costs_no_later_datagram(tmp_path: Path) -> None:
    async with live_plane(tmp_path) as relay:
        player, game = LivePlayer.at(relay.port), game_socket()
        address = game.getsockname()
        await player.connect()
        player.send(b"open", address)
        await player.game_receives(game, b"open")
        game.close()
        for _ in range(5):
            player.send(b"into the void", address)
            await asyncio.sleep(0.01)
        again = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        again.setblocking(False)
        again.bind(address)
        player.send(b"back", address)
        await player.game_receives(again, b"back")
        player.close()
        again.close()


async def test_ipv6_games_are_carried_beside_ipv4_ones(tmp_path: Path) -> None:
    try:
        six = game_socket("::1")
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    async with live_plane(tmp_path) as relay:
        player, four = LivePlayer.at(relay.port), game_socket()
        await player.connect()
        player.send(b"four", four.getsockname())
        player.send(b"six", six.getsockname()[:2])
        from_four = await player.game_receives(four, b"four")
        from_six = await player.game_receives(six, b"six")
        assert from_four[1] == from_six[1], "one port number for both families"
        reply(six, b"answer", from_six)
        await player.until(lambda: player.payloads == [b"answer"], "the answer over IPv6")
        for one in (player, four, six):
            one.close()


async def test_players_reach_a_relay_that_listens_for_both_families(tmp_path: Path) -> None:
    async with live_plane(tmp_path, host="::") as relay:
        player, game = LivePlayer.at(relay.port), game_socket()
        await player.connect()
        player.send(b"open", game.getsockname())
        reply(game, b"answer", await player.game_receives(game, b"open"))
        await player.until(lambda: player.payloads == [b"answer"], "the answer")
        assert player.session.welcome is not None
        assert str(player.session.welcome.observed_address) == "127.0.0.1"
        player.close()
        game.close()


async def test_the_session_list_says_who_plays_where(tmp_path: Path) -> None:
    async with live_plane(tmp_path) as relay:
        player, game = LivePlayer.at(relay.port, live_grant(cid=0xABC)), game_socket()
        await player.connect()
        player.send(b"open", game.getsockname())
        port = (await player.game_receives(game, b"open"))[1]
        (row,) = await relay.plane.sessions()
        (flow,) = row.flows
        assert (row.cid, row.client) == (f"{0xABC:016x}", destination_text(player.opened.getsockname()))
        assert (flow.destination, flow.local_port, flow.egress_port, flow.packets_up) == (
            destination_text(game.getsockname()),
            27005,
            port,
            1,
        )
        player.close()
        game.close()


async def test_a_session_may_be_ended_and_its_caps_changed_from_outside(tmp_path: Path) -> None:
    async with live_plane(tmp_path) as relay:
        player = LivePlayer.at(relay.port)
        await relay.plane.register(RegisterSessionRequest(cid=f"{0x55:016x}", packets_per_second=7))
        await player.connect()
        player.step()
        await player.until(lambda: bool(relay.plane.sessions_now()), "a listed session")
        assert relay.plane.forwarder.table.by_cid[0x55].up.packets_per_s == 7
        assert not await relay.plane.end_session(0x56)
        assert await relay.plane.end_session(0x55)
        await player.until(lambda: any(isinstance(event, SessionClosed) for event in player.events), "CLOSE")
        assert await relay.plane.sessions() == []
        player.close()


async def test_a_new_policy_is_in_force_at_once(tmp_path: Path) -> None:
    async with live_plane(tmp_path) as relay:
        player, game = LivePlayer.at(relay.port), game_socket()
        await player.connect()
        await relay.plane.apply_policy(msgspec.structs.replace(lab_policy(), profiles=[]))
        player.send(b"open", game.getsockname())
        await player.game_receives(game, b"open")
        await relay.plane.apply_policy(msgspec.structs.replace(lab_policy(), revoked_cids=[f"{0x55:016x}"]))
        await player.until(lambda: any(isinstance(event, SessionClosed) for event in player.events), "CLOSE")
        assert not any(isinstance(event, FlowRefused) for event in player.events)
        player.close()
        game.close()


async def test_a_drain_ends_what_is_left_when_its_time_is_over(tmp_path: Path) -> None:
    async with live_plane(tmp_path) as relay:
        player = LivePlayer.at(relay.port)
        await player.connect()
        player.step()
        await relay.plane.drain(1)
        await player.until(lambda: any(isinstance(event, RelayDraining) for event in player.events), "DRAIN")
        await player.until(lambda: any(isinstance(event, SessionClosed) for event in player.events), "CLOSE")
        assert (await relay.plane.status()).sessions == 0
        player.close()


async def test_a_masking_relay_plays_with_who_has_its_mask_key(tmp_path: Path) -> None:
    async with live_plane(tmp_path, mask_key=MASK_KEY) as relay:
        player, game = LivePlayer.at(relay.port), game_socket()
        player.mask = HeaderMask(MASK_KEY)
        await player.connect()
        player.send(b"open", game.getsockname())
        seen_from = await player.game_receives(game, b"open")
        for size in (10, 1400):
            reply(game, b"x" * size, seen_from)
        await player.until(lambda: player.payloads == [b"x" * 10, b"x" * 1400], "both answers, the long one in pieces")
        assert relay.plane.status_now().drops == {}
        player.close()
        game.close()


async def test_a_masking_relay_answers_nothing_that_is_not_masked(tmp_path: Path) -> None:
    token = make_probe_token(probe_key(TICKET_KEY), int(unix_now()) + 60, bytes(8))
    probe, mask = build_probe(5, token, 0, 1), HeaderMask(MASK_KEY)
    player = LivePlayer.at(0)
    player.session.connect(time.monotonic())
    hellos = [datagram for _, datagram in player.session.datagrams_to_send()]
    of_no_session = mask.apply(bytes([DATA_UP]) + bytes(99))
    masked_probe = mask.apply(probe)
    assert hellos
    assert of_no_session is not None
    assert masked_probe is not None
    async with live_plane(tmp_path, mask_key=MASK_KEY) as relay:
        with game_socket() as client:
            for datagram in (*hellos, probe, b"short", of_no_session, masked_probe):
                client.sendto(datagram, ("127.0.0.1", relay.port))
            answer = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(client, 2048), 10)
            # Answers leave in the order of the questions: the first that comes is that of the last question.
            reply_to_probe = read_probe_reply(mask.apply(answer) or b"")
            assert isinstance(reply_to_probe, ProbeReply)
            assert reply_to_probe.nonce == 5
            with pytest.raises(BlockingIOError):
                client.recv(2048)
        status = relay.plane.status_now()
        assert (status.probes_answered, status.handshakes, status.cookies_sent) == (1, 0, 0)
        assert status.drops["unknown_session"] >= 1, "the masked DATA, read and not answered"
        assert sum(status.drops.values()) == len(hellos) + 3
    player.close()


def test_addresses_are_written_with_their_ports() -> None:
    assert destination_text(("1.2.3.4", 5)) == "1.2.3.4:5"
    assert destination_text(("::1", 5)) == "[::1]:5"

"""One session over two relays on real sockets: what the game and the player notice when one of the ways goes."""

import asyncio
import time
from pathlib import Path

import pytest

from plg.protocol.client_session import PathState
from plg.protocol.errors import WelcomeStatus
from plg.protocol.events import Established, PathDown, PathUp, TransitRefused
from plg.protocol.redundancy import RedundancyMode
from support.live_relay import LivePlane, enrolled_identity, game_socket, live_plane, relay_process
from support.relay_bench import Source
from support.two_way_player import VIA_TRANSIT, TwoWayPlayer, enrolled_transit, live_transit

TICK_S = 1 / 64


class EchoGame:
    """Answers each datagram, and writes down what came and from where."""

    def __init__(self) -> None:
        self.opened = game_socket()
        self.got: list[bytes] = []
        self.sources: set[Source] = set()

    @property
    def address(self) -> Source:
        host, port = self.opened.getsockname()
        return str(host), int(port)

    def step(self) -> None:
        try:
            while True:
                payload, source = self.opened.recvfrom(2048)
                self.got.append(payload)
                self.sources.add(source)
                self.opened.sendto(b"re:" + payload, source)
        except BlockingIOError:
            return


async def play(player: TwoWayPlayer, game: EchoGame, name: str, count: int) -> list[bytes]:
    """`count` payloads at 64 a second; gives back those that went."""
    sent: list[bytes] = []
    for number in range(count):
        payload = f"{name} {number}".encode()
        player.send(payload, game.address)
        sent.append(payload)
        until_s = time.monotonic() + TICK_S
        while time.monotonic() < until_s:
            game.step()
            player.step()
            await asyncio.sleep(0.002)
    return sent


async def settle(player: TwoWayPlayer, game: EchoGame, sent: list[bytes]) -> None:
    """Until everything is there, once, both ways."""

    def all_there() -> bool:
        game.step()
        return set(sent) <= set(game.got) and {b"re:" + payload for payload in sent} <= set(player.payloads)

    await player.until(all_there, "every payload at the game and every answer at the player")
    assert len(game.got) == len(set(game.got)), "the game got nothing twice"
    assert len(player.payloads) == len(set(player.payloads)), "the player got nothing twice"
    assert len(game.sources) == 1, "the game sees one address"


async def test_a_transit_that_is_killed_and_comes_back_costs_no_datagram_and_the_game_sees_one_address(
    tmp_path: Path,
) -> None:
    for name, enrol in (("exit", enrolled_identity), ("transit", enrolled_transit)):
        (tmp_path / name).mkdir(mode=0o700)
        enrol(tmp_path / name)
    game = EchoGame()
    with relay_process(tmp_path / "exit") as exit_:
        with relay_process(tmp_path / "transit") as transit:
            player = TwoWayPlayer.between(exit_.port, transit.port, 0xB1, RedundancyMode.REDUNDANT)
            await player.connect_both()
            sent = await play(player, game, "both", 64)
            assert player.session.redundancy_figures.bytes_ratio_up > 1.5
            transit.process.kill()
            transit.process.wait()
        sent += await play(player, game, "one", 128)
        await player.until(lambda: player.session.paths[VIA_TRANSIT] is PathState.DEAD, "the dead path noticed")
        assert PathDown(VIA_TRANSIT) in player.events
        with relay_process(tmp_path / "transit", port=transit.port):
            player.events = [event for event in player.events if not isinstance(event, PathUp)]
            await player.until(lambda: PathUp(VIA_TRANSIT) in player.events, "the path again")
            sent += await play(player, game, "both again", 64)
            await settle(player, game, sent)
    player.close()
    game.opened.close()


@pytest.mark.parametrize("cut", [0, VIA_TRANSIT])
async def test_a_way_that_goes_dark_costs_no_datagram(tmp_path: Path, cut: int) -> None:
    (tmp_path / "exit").mkdir()
    game = EchoGame()
    async with live_plane(tmp_path / "exit") as exit_, live_transit(tmp_path) as transit:
        player = TwoWayPlayer.between(exit_.port, transit.port, 0xB2, RedundancyMode.REDUNDANT)
        await player.connect_both()
        sent = await play(player, game, "before", 32)
        player.cut.add(cut)
        sent += await play(player, game, "dark", 128)
        player.cut.clear()
        sent += await play(player, game, "after", 32)
        await settle(player, game, sent)
        status = transit.plane.status_now()
        assert (status.transits, status.sessions) == (1, 0)
        assert status.transit_packets_up > 32
        assert status.transit_packets_down > 32
        assert status.drops == {}
        player.close()
    game.opened.close()


async def test_an_exit_that_has_forgotten_the_session_is_met_again_through_the_transit(tmp_path: Path) -> None:
    (tmp_path / "exit").mkdir()
    game = EchoGame()
    async with live_transit(tmp_path) as transit, live_plane(tmp_path / "exit") as exit_:
        player = TwoWayPlayer.between(exit_.port, transit.port, 0xB3, RedundancyMode.REDUNDANT)
        await player.connect_both()
        await play(player, game, "before", 16)
        player.cut.add(0)
        await player.until(lambda: player.session.paths[0] is PathState.DEAD, "the straight way's end")
        forget(exit_, 0xB3)
        player.events.clear()
        await play(player, game, "unheard", 32)
        await player.until(lambda: any(isinstance(one, Established) for one in player.events), "a new hand-shake")
        (row,) = exit_.plane.sessions_now()
        assert row.client == f"127.0.0.1:{transit.port}"
        before = len(game.got)
        await play(player, game, "after", 32)
        assert len(game.got) > before
        player.close()
    game.opened.close()


def forget(exit_: LivePlane, cid: int) -> None:
    """What a crash does: no word to the client."""
    forwarder = exit_.plane.forwarder
    session = forwarder.table.by_cid[cid]
    forwarder.desk.close_all(session)
    del forwarder.table.by_cid[cid]


async def test_a_clients_new_address_towards_the_transit_is_bound_again(tmp_path: Path) -> None:
    (tmp_path / "exit").mkdir()
    game = EchoGame()
    async with live_plane(tmp_path / "exit") as exit_, live_transit(tmp_path) as transit:
        player = TwoWayPlayer.between(exit_.port, transit.port, 0xB4, RedundancyMode.REDUNDANT)
        await player.connect_both()
        sent = await play(player, game, "here", 32)
        old, address = player.ways[VIA_TRANSIT]
        moved = game_socket()
        player.ways[VIA_TRANSIT] = (moved, address)
        old.close()
        sent += await play(player, game, "moving", 128)
        expected = f"127.0.0.1:{moved.getsockname()[1]}"
        await player.until(lambda: transit.plane.transits_now()[0].client == expected, "the new address at the transit")
        sent += await play(player, game, "there", 32)
        await settle(player, game, sent)
        assert player.session.paths[VIA_TRANSIT] is PathState.ACTIVE
        player.close()
    game.opened.close()


async def test_a_transit_that_refuses_is_told_and_the_session_goes_on(tmp_path: Path) -> None:
    (tmp_path / "exit").mkdir()
    game = EchoGame()
    async with live_plane(tmp_path / "exit") as exit_, live_transit(tmp_path, transit=False) as transit:
        player = TwoWayPlayer.between(exit_.port, transit.port, 0xB5, RedundancyMode.REDUNDANT)
        await player.connect()
        player.add_transit()
        refused = TransitRefused(VIA_TRANSIT, WelcomeStatus.NO_TRANSIT)
        await player.until(lambda: refused in player.events, "the transit's no")
        await settle(player, game, await play(player, game, "alone", 16))
        player.close()
    game.opened.close()

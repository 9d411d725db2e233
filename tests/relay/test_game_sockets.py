"""Game-facing sockets: wanted ports, taken ports, the switch between one destination and several."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from ipaddress import ip_address

import pytest
import uvloop

from plg.protocol.relay_session import RelaySession
from plg.protocol.ticket import ExitTicket, TicketCaps
from plg_relay import game_sockets
from plg_relay.game_ports import GamePorts
from plg_relay.game_sockets import GameSockets
from plg_relay.keeper_claims import GameClaims
from plg_relay.keeper_messages import GameName
from plg_relay.limits import TokenBucket
from plg_relay.session_table import DestinationBudget, Flow, Session, SocketGroup
from support.live_relay import game_socket

Heard = list[tuple[bytes, bool]]


def a_group(local_port: int = 1) -> SocketGroup:
    ticket = ExitTicket(1, 1, 0, 1, b"k" * 32, 1, 1)
    bucket = TokenBucket(1, 1, 0.0)
    session = Session(RelaySession(ticket, 1, bytes(8), bytes), TicketCaps(), [], ("127.0.0.1", 1), bucket, bucket, 0.0)
    return SocketGroup(session, local_port, 0.0)


def a_flow(group: SocketGroup, game: socket.socket, flow_id: int = 1) -> Flow:
    host, port = game.getsockname()[:2]
    return Flow(flow_id, group, ip_address(host), (host, port), DestinationBudget(1, 0.0), 0, 0.0)


@pytest.fixture
async def heard() -> Heard:
    return []


@pytest.fixture
async def sockets(heard: Heard) -> AsyncIterator[GameSockets]:
    def on_readable(_: SocketGroup, opened: socket.socket, only: Flow | None) -> None:
        heard.append((opened.recv(2048), only is not None))

    made = GameSockets(
        asyncio.get_running_loop(),
        GamePorts(40000, 59999, 0, 0.0),
        on_readable,
        bind_ipv4="127.0.0.1",
        bind_ipv6="::1",
    )
    yield made
    made.close_all()


async def test_the_wanted_port_is_bound_and_otherwise_another(sockets: GameSockets) -> None:
    first, second = a_group(1), a_group(2)
    assert sockets.open(first, None, 0.0)
    assert first.egress_port % 2 == 0
    assert sockets.open(second, first.egress_port, 0.0)
    assert second.egress_port != first.egress_port
    wanted = first.egress_port
    sockets.close(first)
    third = a_group(3)
    assert sockets.open(third, wanted, 0.0)
    assert third.egress_port == wanted


async def test_a_port_that_another_program_holds_is_passed_over(sockets: GameSockets) -> None:
    holder = game_socket()
    group = a_group()
    port = holder.getsockname()[1]
    assert sockets.open(group, port, 0.0)
    assert group.egress_port != port
    holder.close()


async def test_one_flow_is_connected_and_the_second_one_opens_the_socket_again(
    sockets: GameSockets, heard: Heard
) -> None:
    group, first, second = a_group(), game_socket(), game_socket()
    assert sockets.open(group, None, 0.0)
    one, two = a_flow(group, first), a_flow(group, second, 2)
    assert sockets.attach(one)
    assert one.is_connected
    one.send(b"connected")
    ours = ("127.0.0.1", group.egress_port)
    assert first.recvfrom(99) == (b"connected", ours)
    second.sendto(b"refused by the kernel", ours)
    first.sendto(b"heard", ours)
    await asyncio.sleep(0.05)
    assert heard == [(b"heard", True)]
    assert sockets.attach(two)
    assert (one.is_connected, two.is_connected) == (False, False)
    one.send(b"1", one.destination)
    two.send(b"2", two.destination)
    assert first.recvfrom(99) == (b"1", ours)
    assert second.recvfrom(99) == (b"2", ours)
    second.sendto(b"heard too", ours)
    await asyncio.sleep(0.05)
    assert heard[1:] == [(b"heard too", False)]
    first.close()
    second.close()


async def test_what_strangers_sent_before_the_flow_is_thrown_away(sockets: GameSockets, heard: Heard) -> None:
    group, game, stranger = a_group(), game_socket(), game_socket()
    assert sockets.open(group, None, 0.0)
    stranger.sendto(b"early intruder", ("127.0.0.1", group.egress_port))
    flow = a_flow(group, game)
    assert sockets.attach(flow)
    game.sendto(b"answer", ("127.0.0.1", group.egress_port))
    await asyncio.sleep(0.05)
    assert heard == [(b"answer", True)]
    game.close()
    stranger.close()


async def test_after_its_flow_has_ended_a_socket_serves_the_next_one(sockets: GameSockets) -> None:
    group, first, second = a_group(), game_socket(), game_socket()
    assert sockets.open(group, None, 0.0)
    flow = a_flow(group, first)
    assert sockets.attach(flow)
    sockets.detach(flow)
    following = a_flow(group, second, 2)
    assert sockets.attach(following)
    assert following.is_connected
    following.send(b"hi")
    assert second.recvfrom(99) == (b"hi", ("127.0.0.1", group.egress_port))
    sockets.close(group)
    sockets.close(group)
    assert len(sockets) == 0
    first.close()
    second.close()


# --- under a keeper --------------------------------------------------------------------------------------------------


class Recorder:
    """A keeper that holds copies, as the real one does."""

    def __init__(self) -> None:
        self.kept: dict[str, socket.socket] = {}

    def keep(self, name: str, opened: socket.socket) -> None:
        self.kept[name] = opened.dup()

    def drop(self, name: str) -> None:
        self.kept.pop(name).close()

    def inheritance(self) -> dict[GameName, socket.socket]:
        """What the next process gets."""
        names = {name: GameName(int(name[4]), int(name[6:11]), int(name[12:], 16)) for name in self.kept}
        return {game: self.kept[name].dup() for name, game in names.items()}


def kept_sockets(keeper: Recorder, parity: int = 0) -> GameSockets:
    return GameSockets(
        asyncio.get_running_loop(),
        GamePorts(40000, 59999, parity, 0.0),
        lambda *_: None,
        bind_ipv4="127.0.0.1",
        bind_ipv6="::1",
        claims=GameClaims(keeper, keeper.inheritance()),
    )


async def test_the_next_process_gives_a_session_its_socket_back_in_both_families() -> None:
    keeper, game4, game6 = Recorder(), game_socket(), game_socket("::1")
    before = kept_sockets(keeper)
    group = a_group()
    assert before.open(group, None, 0.0)
    assert before.attach(a_flow(group, game4))
    assert before.attach(a_flow(group, game6, 2))
    port = group.egress_port
    assert {name[:5] for name in keeper.kept} == {"game4", "game6"}
    # The process dies: its own copies close, the keeper's stay.
    after = kept_sockets(keeper, parity=1)
    again = a_group()
    assert after.open(again, port, 0.0)
    flow4, flow6 = a_flow(again, game4), a_flow(again, game6, 2)
    assert after.attach(flow4)
    assert after.attach(flow6)
    assert (again.egress_port, flow4.is_connected, flow6.is_connected) == (port, True, True)
    flow4.send(b"4")
    flow6.send(b"6")
    assert game4.recvfrom(99) == (b"4", ("127.0.0.1", port))
    assert game6.recvfrom(99)[1][:2] == ("::1", port)
    after.close_all()
    assert keeper.kept == {}
    for faces in before._faces.values():
        for face in faces.by_version.values():
            asyncio.get_running_loop().remove_reader(face.socket.fileno())
            face.socket.close()
    game4.close()
    game6.close()


async def test_a_port_that_waits_for_its_session_is_given_to_no_other() -> None:
    keeper = Recorder()
    first = kept_sockets(keeper)
    group = a_group()
    assert first.open(group, None, 0.0)
    after = kept_sockets(keeper)
    stranger = a_group()
    stranger.session.cid = 99
    assert after.open(stranger, group.egress_port, 0.0)
    assert stranger.egress_port != group.egress_port
    after.close_all()
    assert keeper.kept == {}, "what nobody claimed is dropped when the process ends in order"
    first._claims = None
    first.close_all()


async def test_what_nobody_claims_is_closed_after_a_while_and_its_port_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(game_sockets, "UNCLAIMED_S", 0.05)
    keeper = Recorder()
    first = kept_sockets(keeper)
    group = a_group()
    assert first.open(group, None, 0.0)
    after = kept_sockets(keeper)
    first._claims = None
    first.close_all()
    await asyncio.sleep(0.2)
    assert keeper.kept == {}
    late = a_group()
    late.session.cid = 99
    assert after.open(late, group.egress_port, 0.0)
    assert late.egress_port == group.egress_port
    after.close_all()


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_game_server_that_refused_is_heard_again_on_either_loop(
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """libuv stops watching a socket after its error: a game server that starts again would never be heard."""

    async def refused_then_answered() -> list[bytes]:
        heard: list[bytes] = []

        def on_readable(group: SocketGroup, opened: socket.socket, _: Flow | None) -> None:
            try:
                heard.append(opened.recv(2048))
            except ConnectionRefusedError:
                made.watch_again(group, opened)

        made = GameSockets(
            asyncio.get_running_loop(),
            GamePorts(40000, 59999, 0, 0.0),
            on_readable,
            bind_ipv4="127.0.0.1",
            bind_ipv6="::1",
        )
        group = a_group()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as game:
            game.bind(("127.0.0.1", 0))
            flow, address = a_flow(group, game), game.getsockname()
        assert made.open(group, None, 0.0)
        assert made.attach(flow)
        flow.send(b"nobody there")
        await asyncio.sleep(0.05)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as game:
            game.bind(address)
            game.sendto(b"here again", ("127.0.0.1", group.egress_port))
            async with asyncio.timeout(2):
                while not heard:  # noqa: ASYNC110 - the loop calls back
                    await asyncio.sleep(0.005)
        made.close_all()
        return heard

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(refused_then_answered()) == [b"here again"]

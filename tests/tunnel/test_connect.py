"""A whole run: server in memory, relay on loopback, the test as the game and as the game's server's relay side."""

import asyncio
import os
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from plg.api.errors import ServerUnreachable, UnreachableReason
from plg.capture.packet_source import CaptureSpec, CaptureUnavailable, FlowKey, PacketSource, Verdict
from plg.capture.proxy_source import ProxySource, single_target
from plg.contract.cli_output import DisconnectDocument
from plg.contract.games import Transport
from plg.contract.nodes import NodeGameLeg
from plg.tunnel.capture_plan import GameNotCarried
from plg.tunnel.connect import AlreadyRunning, Tunnel
from plg.tunnel.connect_request import ConnectRequest, TargetUnknown
from plg.tunnel.control_protocol import StopMode
from plg.tunnel.exit_memory import ExitMemory
from plg.tunnel.grants import HostPort
from plg.tunnel.local_interfaces import LocalInterface
from plg.tunnel.planning import DirectIsBetter
from plg.tunnel.run_lock import RunLock
from plg.tunnel.runtime_place import RuntimePlace, make_private
from plg.tunnel.session_opening import RelaysUnreachable
from plg.tunnel.tunnel_event import Happening, TunnelEvent
from support.loopback_relay import LoopbackRelay
from support.loopback_server import GAME as PROFILE
from support.loopback_server import LoopbackServer
from support.requirements import require_linux, require_root
from support.scripted_source import ScriptedSource

GAME = FlowKey(50000, "198.20.0.7", 27015)
WISH = ConnectRequest(game="lab-game", client_version="1")


def wish_with(wish: ConnectRequest, **changes: object) -> ConnectRequest:
    return replace(wish, **changes)  # type: ignore[arg-type]  # a table of valid values


class Run:
    """A tunnel on its way; `source` is what it captures with."""

    def __init__(
        self,
        folder: Path,
        server: LoopbackServer,
        request: ConnectRequest = WISH,
        source: ScriptedSource | None = None,
        open_source: Callable[[CaptureSpec], object] | None = None,
        memory: ExitMemory | None = None,
    ) -> None:
        self.source = source or ScriptedSource()
        self.events: list[TunnelEvent] = []
        self.place = RuntimePlace(folder / "run", os.geteuid())

        async def open_scripted(spec: CaptureSpec) -> PacketSource:
            if open_source is not None:
                open_source(spec)
            await self.source.open(spec)
            return self.source

        self.tunnel = Tunnel(request, server, self.place, open_scripted, self.events.append, memory)
        self.running = asyncio.ensure_future(self.tunnel.run())

    async def connected(self) -> "Run":
        await self.until(lambda: self.tunnel.is_connected)
        return self

    async def until(self, condition: Callable[[], object], seconds: float = 15.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition() and not self.running.done():  # noqa: ASYNC110 - the conditions are of many kinds
                await asyncio.sleep(0.01)
        if self.running.done():
            await self.running

    async def match(self, packets: int = 40) -> None:
        for _ in range(packets):
            self.source.game_sends(GAME, b"x")
            await asyncio.sleep(0.005)

    async def leave(self, mode: StopMode = StopMode.NOW) -> DisconnectDocument:
        self.tunnel.request_stop(mode)
        return await asyncio.wait_for(self.running, 15)

    def what(self) -> list[Happening]:
        return [event.what for event in self.events]


@pytest.fixture
async def relay() -> LoopbackRelay:
    return LoopbackRelay().open()


async def test_from_the_wish_to_the_last_byte(tmp_path: Path, relay: LoopbackRelay) -> None:
    server = LoopbackServer({"one": relay})
    run = await Run(tmp_path, server).connected()
    assert run.source.spec is not None
    assert run.source.spec.executables == ("lab-game",)
    assert run.source.spec.excluded == ("127.0.0.1",)
    await run.match()
    status = run.tunnel.status()
    assert (status.state, status.game, status.capture) == ("connected", "lab-game", "scripted")
    assert status.traffic is not None
    assert status.traffic.packets_up == 40
    assert status.flows[0].route == "relay"
    assert run.tunnel.live_flow_count() == 1
    done = await run.leave()
    assert (done.disconnected, done.was_live) == (True, True)
    assert run.source.closed
    assert server.stops["session-1"].reason == "user"
    assert run.tunnel.status().state == "off"
    assert [path.name for path in run.place.directory.iterdir()] == ["tunnel.lock"]
    assert [entry.node_id for entry in server.starts[0].measurements] == ["one"]
    relay.close()


async def test_nothing_is_diverted_before_the_relay_has_shaken_hands(tmp_path: Path, relay: LoopbackRelay) -> None:
    server = LoopbackServer({"one": relay})
    run = Run(tmp_path, server)
    while not run.tunnel.is_connected:
        assert (run.source.handler is None) or relay.brain.members
        await asyncio.sleep(0.001)
    assert relay.brain.members
    await run.leave()
    relay.close()


async def test_a_match_that_runs_already_stays_direct_and_is_said(tmp_path: Path, relay: LoopbackRelay) -> None:
    run = await Run(tmp_path, LoopbackServer({"one": relay}), source=ScriptedSource(frozenset({GAME}))).connected()
    assert run.source.game_sends(GAME, b"x") is Verdict.DIRECT
    assert Happening.FLOWS_LEFT_DIRECT in run.what()
    await run.leave()
    relay.close()


async def test_a_match_whose_socket_was_closed_has_ended(tmp_path: Path, relay: LoopbackRelay) -> None:
    require_linux()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as game:
        game.bind(("127.0.0.1", 0))
        flow = FlowKey(game.getsockname()[1], "198.20.0.7", 27015)
        run = await Run(tmp_path, LoopbackServer({"one": relay}), source=ScriptedSource(frozenset({flow}))).connected()
        assert run.source.game_sends(flow, b"x") is Verdict.DIRECT
    await run.until(lambda: run.source.game_sends(flow, b"x") is Verdict.TAKEN, 5)
    await run.leave()
    relay.close()


async def test_take_over_moves_it(tmp_path: Path, relay: LoopbackRelay) -> None:
    wish = wish_with(WISH, take_over=True)
    run = await Run(tmp_path, LoopbackServer({"one": relay}), wish, ScriptedSource(frozenset({GAME}))).connected()
    assert run.source.game_sends(GAME, b"x") is Verdict.TAKEN
    await run.leave()
    relay.close()


async def test_waiting_leaves_when_the_match_is_over(
    tmp_path: Path, relay: LoopbackRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plg.tunnel.flow_routes.LIVE_S", 0.5)
    run = await Run(tmp_path, LoopbackServer({"one": relay})).connected()
    await run.match()
    run.tunnel.request_stop(StopMode.WAIT)
    await asyncio.sleep(0.2)
    assert not run.running.done()
    assert Happening.WAITING_FOR_MATCH in run.what()
    done = await asyncio.wait_for(run.running, 10)
    assert done.was_live
    assert done.waited_s > 0
    relay.close()


async def test_now_overrides_waiting(tmp_path: Path, relay: LoopbackRelay) -> None:
    run = await Run(tmp_path, LoopbackServer({"one": relay})).connected()
    await run.match()
    run.tunnel.request_stop(StopMode.WAIT)
    assert (await run.leave()).disconnected
    relay.close()


async def test_a_second_tunnel_is_refused_and_the_first_goes_on(tmp_path: Path, relay: LoopbackRelay) -> None:
    server = LoopbackServer({"one": relay})
    first = await Run(tmp_path, server).connected()
    with pytest.raises(AlreadyRunning):
        await Run(tmp_path, server).running
    await first.match()
    assert first.source.delivered
    await first.leave()
    relay.close()


@pytest.mark.parametrize("step", ["game", "nodes", "start_session"])
async def test_a_server_that_fails_at_any_step_leaves_nothing_behind(
    tmp_path: Path, relay: LoopbackRelay, step: str
) -> None:
    server = LoopbackServer({"one": relay})
    server.refuses[step] = ServerUnreachable("http://server.test", UnreachableReason.REFUSED)
    run = Run(tmp_path, server)
    with pytest.raises(ServerUnreachable):
        await run.running
    assert run.source.spec is None or run.source.closed
    assert run.source.handler is None
    assert not run.place.control_socket.exists()
    lock = RunLock(run.place.lock_file)
    assert lock.try_acquire()
    lock.release()
    relay.close()


async def test_without_the_rights_to_capture_no_session_is_started(tmp_path: Path, relay: LoopbackRelay) -> None:
    def refuse(_spec: CaptureSpec) -> None:
        raise CaptureUnavailable("a right is missing", "get it")

    server = LoopbackServer({"one": relay})
    with pytest.raises(CaptureUnavailable):
        await Run(tmp_path, server, open_source=refuse).running
    assert server.starts == []
    relay.close()


async def test_a_relay_that_never_answers_ends_the_run_and_the_game_was_never_touched(
    tmp_path: Path, relay: LoopbackRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plg.protocol.client_session.HANDSHAKE_TIMEOUT_S", 0.3)
    relay.close()
    run = Run(tmp_path, LoopbackServer({"one": relay}))
    with pytest.raises(RelaysUnreachable):
        await run.running
    assert run.source.handler is None
    assert run.source.closed


async def test_leaving_while_it_still_connects_gives_everything_back(tmp_path: Path, relay: LoopbackRelay) -> None:
    relay.close()
    server = LoopbackServer({"one": relay})
    run = Run(tmp_path, server)
    await run.until(lambda: server.starts)
    assert (await run.leave()).disconnected
    assert server.stops["session-1"].reason == "not_connected"
    assert run.source.closed


async def test_a_game_that_cannot_be_carried_and_an_unknown_host_say_so(tmp_path: Path, relay: LoopbackRelay) -> None:
    tcp = LoopbackServer({"one": relay}, game_detail=msgspec.structs.replace(PROFILE, transport=Transport.TCP))
    with pytest.raises(GameNotCarried):
        await Run(tmp_path, tcp).running
    wish = wish_with(WISH, target=HostPort("no-such-host.invalid", 1))
    with pytest.raises(TargetUnknown):
        await Run(tmp_path, LoopbackServer({"one": relay}), wish).running
    relay.close()


async def test_a_relay_is_chosen_by_its_name(tmp_path: Path, relay: LoopbackRelay) -> None:
    server = LoopbackServer({"one": relay, "two": relay})
    run = await Run(tmp_path, server, wish_with(WISH, node="TWO")).connected()
    assert server.starts[0].node_id == "two"
    await run.leave()
    relay.close()


async def test_with_the_proxy_a_program_plays_through_it(tmp_path: Path, relay: LoopbackRelay) -> None:
    events: list[TunnelEvent] = []
    server = LoopbackServer({"one": relay}, targets=["198.20.0.7:27015"])

    async def open_proxy(spec: CaptureSpec) -> PacketSource:
        source = ProxySource(single_target(spec), 0)
        await source.open(spec)
        return source

    wish = wish_with(WISH, target=HostPort("198.20.0.7", 27015), capture="proxy")
    place = RuntimePlace(tmp_path / "run", os.geteuid())
    make_private(place)
    tunnel = Tunnel(wish, server, place, open_proxy, events.append)
    running = asyncio.ensure_future(tunnel.run())
    async with asyncio.timeout(15):
        while Happening.POINT_GAME_HERE not in [event.what for event in events]:  # noqa: ASYNC110 - events are a list
            await asyncio.sleep(0.01)
    told = next(event for event in events if event.what is Happening.POINT_GAME_HERE)
    host, _, port = str(told.detail["address"]).rpartition(":")
    received: asyncio.Queue[bytes] = asyncio.Queue()

    class Program(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            received.put_nowait(data)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Program, remote_addr=(host, int(port)))
    transport.sendto(b"hello")
    assert await asyncio.wait_for(received.get(), 5) == b"re:hello"
    assert relay.brain.arrived[0][1:] == (("198.20.0.7", 27015), b"hello")
    transport.close()
    tunnel.request_stop(StopMode.NOW)
    await running
    relay.close()


HERE = HostPort("127.0.0.5", 27015)
FAR = NodeGameLeg(region=None, rtt_ms=40.0, loss_percent=0.0, estimated=False)


async def test_when_direct_is_better_the_game_is_never_touched_and_no_session_begun(
    tmp_path: Path, relay: LoopbackRelay
) -> None:
    require_root()  # ICMP
    server = LoopbackServer({"one": relay}, legs={"one": FAR})
    run = Run(tmp_path, server, wish_with(WISH, target=HERE))
    with pytest.raises(DirectIsBetter) as caught:
        await run.running
    assert caught.value.direct_ms < 40.0 < caught.value.boosted_ms
    assert (run.source.handler, run.source.closed, server.starts) == (None, True, [])
    relay.close()


async def test_whoever_insists_is_boosted_and_sees_both_ways_and_the_server_hears_of_them(
    tmp_path: Path, relay: LoopbackRelay
) -> None:
    require_root()  # ICMP
    server = LoopbackServer({"one": relay}, legs={"one": FAR}, targets=["127.0.0.5:27015"])
    run = await Run(tmp_path, server, wish_with(WISH, target=HERE, force=True)).connected()
    await run.until(lambda: (found := run.tunnel.status().comparison) is not None and found.gain_ms is not None)
    run.source.game_sends(FlowKey(50000, HERE.host, HERE.port), b"x")
    await run.until(lambda: run.source.delivered)
    shown = run.tunnel.status().comparison
    assert shown is not None
    assert shown.now_ms is not None
    assert shown.direct_ms is not None
    assert shown.now_ms > 40.0 > shown.direct_ms
    assert shown.method == "icmp"
    assert shown.measured_total_ms is not None
    await run.leave()
    told = server.stops["session-1"]
    assert told.direct_ms is not None
    assert told.measured_total_ms == pytest.approx(shown.measured_total_ms, abs=0.001)
    assert told.measured_target == "127.0.0.5:27015"
    relay.close()


async def test_the_wish_for_ways_reaches_the_server_and_the_exit_is_remembered(
    tmp_path: Path, relay: LoopbackRelay
) -> None:
    server = LoopbackServer({"one": relay})
    memory = ExitMemory(tmp_path / "config", time.time)
    wish = wish_with(WISH, mode="adaptive", standby=False, interfaces=(LocalInterface("lo"),))
    run = await Run(tmp_path, server, wish, memory=memory).connected()
    told = server.starts[0]
    assert (told.mode, told.standby, told.interfaces, told.exit_ids) == ("adaptive", False, 1, ["one"])
    assert memory.previous("lab-game") == "one"
    status = run.tunnel.status()
    assert status.redundancy is not None
    assert status.redundancy.mode == "adaptive"
    assert status.paths[0].via == "lo"
    await run.leave()
    relay.close()


async def test_a_relay_whose_claim_the_game_itself_disproves_is_passed_over_for_a_day(
    tmp_path: Path, relay: LoopbackRelay, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_root()  # ICMP
    monkeypatch.setattr("plg.tunnel.live_judge.WINDOW_S", 0.3)
    liar = NodeGameLeg(region=None, rtt_ms=1.0, loss_percent=0.0, estimated=False)
    server = LoopbackServer({"one": relay}, legs={"one": liar})
    memory = ExitMemory(tmp_path / "config", time.time)
    run = await Run(tmp_path, server, memory=memory).connected()
    relay.brain.echoes = False
    for port in (50000, 50001):
        run.source.game_sends(FlowKey(port, "198.20.0.7", 27015), b"x")
    await asyncio.sleep(0.4)
    relay.brain.echoes = True
    for port in (50000, 50001):
        run.source.game_sends(FlowKey(port, "198.20.0.7", 27015), b"y")
    await run.until(lambda: Happening.RELAY_DISTRUSTED in run.what())
    assert memory.distrusted() == {"one"}
    await run.leave()
    relay.close()

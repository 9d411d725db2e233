"""The threats of the protocol's design that need a whole relay: floods, replayed captures, exhausted descriptors, long outages.

Which test proves which threat: relay/README.md.
"""

import asyncio
import resource
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from plg.contract.relay_control import RELAY_AUTH_HEADER, RelayHealth, TicketKey
from plg.protocol.client_handshake import ClientGrant
from plg.protocol.client_session import SessionState
from plg.protocol.constants import TYPE_HELLO
from plg.protocol.errors import DropReason, FlowDenial
from plg.protocol.events import FlowAccepted, FlowRefused, PayloadReceived, TicketRenewed
from plg.protocol.ticket import ExitTicket, seal_ticket
from support.live_relay import (
    CONTROL_KEY,
    LivePlayer,
    RelayProcess,
    enrolled_identity,
    game_socket,
    live_grant,
    relay_process,
)
from support.relay_bench import PROFILE_ID, RELAY_ID, UNIX_S, WIDE, RelayBench, a_grant, a_policy
from support.requirements import require_linux

FLOOD_PER_S = 20_000
FLOOD_S = 2.0
FLOODER = """
import random, socket, sys, time
port, rate, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
opened.setblocking(False)
junk = [random.Random(n).randbytes(640 if n % 2 else 64 + n % 1300) for n in range(512)]
# Half HELLO by its first byte, half DATA of unknown sessions and noise.
junk = [bytes([0x48]) + one[1:] if n % 2 else bytes([0x40]) + one[1:] if n % 4 else one for n, one in enumerate(junk)]
began = time.monotonic()
sent = 0
while (now := time.monotonic() - began) < seconds:
    while sent < now * rate:
        try:
            opened.sendto(junk[sent % 512], ("127.0.0.1", port))
        except BlockingIOError:
            pass
        sent += 1
    time.sleep(0.001)
print(sent)
"""


def health(relay: RelayProcess) -> RelayHealth:
    request = urllib.request.Request(
        f"http://127.0.0.1:{relay.control_port}/v1/health", headers={RELAY_AUTH_HEADER: CONTROL_KEY}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return msgspec.json.decode(answer.read(), type=RelayHealth)


def echo(game: socket.socket) -> None:
    try:
        while True:
            payload, source = game.recvfrom(4096)
            game.sendto(payload, source)
    except BlockingIOError:
        pass


async def play(player: LivePlayer, game: socket.socket, seconds: float, name: str) -> tuple[int, list[float]]:
    """128 datagrams a second, echoed by the game: how many were sent, and how long each took to come back, ms."""
    sent_at: dict[bytes, float] = {}
    took_ms: list[float] = []
    seen = 0
    began = time.monotonic()
    end = began + seconds
    while (now := time.monotonic()) < end + 5.0 and (now < end or len(took_ms) < len(sent_at)):
        if now < end and len(sent_at) < (now - began) * 128:
            payload = f"{name} {len(sent_at)}".encode()
            sent_at[payload] = time.monotonic()
            player.send(payload, game.getsockname())
        echo(game)
        player.step()
        came = [event.payload for event in player.events[seen:] if isinstance(event, PayloadReceived)]
        took_ms += [(time.monotonic() - sent_at[payload]) * 1000 for payload in came if payload in sent_at]
        seen = len(player.events)
        await asyncio.sleep(0.0005)
    return len(sent_at), took_ms


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


async def test_a_flood_of_junk_leaves_no_state_and_the_player_plays_on(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    enrolled_identity(tmp_path)
    with relay_process(tmp_path) as relay:
        player, game = LivePlayer.at(relay.port), game_socket()
        await player.connect()
        _, calm_ms = await play(player, game, FLOOD_S, "calm")
        before = await asyncio.to_thread(health, relay)
        command = [sys.executable, "-c", FLOODER, str(relay.port), str(FLOOD_PER_S), str(FLOOD_S)]
        async with asyncio.TaskGroup() as group:
            flood = group.create_task(asyncio.to_thread(subprocess.check_output, command))
            sent, flooded_ms = await play(player, game, FLOOD_S, "flooded")
        flooded = int(flood.result())
        after = await asyncio.to_thread(health, relay)
        dropped = sum(after.drops.values()) - sum(before.drops.values())
        record_property("junk_sent", flooded)
        record_property("junk_seen_by_relay", dropped)
        record_property("p95_rise_ms", round(p95(flooded_ms) - p95(calm_ms), 2))
        record_property("lost", sent - len(flooded_ms))
        assert after.sessions == before.sessions == 1
        assert dropped > 1000
        assert len(flooded_ms) >= 0.5 * sent, "on a machine with nothing else to do none is lost"
        player.close()
        game.close()


class Ear:
    """A player's socket that writes down what goes out."""

    def __init__(self) -> None:
        self.opened = game_socket()
        self.captured: list[bytes] = []

    def sendto(self, datagram: bytes, address: tuple[str, int]) -> int:
        self.captured.append(datagram)
        return self.opened.sendto(datagram, address)

    def recv(self, size: int) -> bytes:
        return self.opened.recv(size)

    def close(self) -> None:
        self.opened.close()


async def test_a_whole_capture_replayed_at_a_running_relay_does_nothing(tmp_path: Path) -> None:
    enrolled_identity(tmp_path)
    with relay_process(tmp_path) as relay:
        player, ear = LivePlayer.at(relay.port), Ear()
        player.opened.close()
        player.opened = ear  # type: ignore[assignment]  # the three methods that it uses
        game, elsewhere = game_socket(), game_socket()
        await player.connect()
        sent, took_ms = await play(player, game, 0.5, "first")
        assert len(took_ms) == sent
        before = await asyncio.to_thread(health, relay)
        captured = list(ear.captured)
        for number, datagram in enumerate(captured * 2):
            elsewhere.sendto(datagram, ("127.0.0.1", relay.port))
            if number % 16 == 0:
                await asyncio.sleep(0.01)
        sent, took_ms = await play(player, game, 0.5, "second")
        assert len(took_ms) == sent
        after = await asyncio.to_thread(health, relay)
        hellos = sum(datagram[0] >> 3 & 7 == TYPE_HELLO for datagram in captured)
        assert after.sessions == before.sessions == 1
        assert after.drops["duplicate"] - before.drops.get("duplicate", 0) == 2 * (len(captured) - hellos)
        assert len(everything(elsewhere)) == 2 * hellos, "a WELCOME for each HELLO, and not one datagram more"
        for one in (player, game, elsewhere):
            one.close()


def everything(opened: socket.socket) -> list[bytes]:
    """What waits in a socket."""
    waiting = []
    try:
        while True:
            waiting.append(opened.recv(2048))
    except BlockingIOError:
        return waiting


def lowest_free_descriptor(pid: int) -> int:
    used = {int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir()}
    return next(number for number in range(len(used) + 1) if number not in used)


def carrying_process(keeper_pid: int) -> int:
    """The process that has the players: the keeper's first child."""
    return int(Path(f"/proc/{keeper_pid}/task/{keeper_pid}/children").read_text(encoding="ascii").split()[0])


def has_verdicts(player: LivePlayer, count: int) -> bool:
    return sum(isinstance(event, FlowAccepted | FlowRefused) for event in player.events) >= count


def has_no_port(player: LivePlayer) -> bool:
    return any(isinstance(event, FlowRefused) and event.reason == FlowDenial.NO_PORT for event in player.events)


async def test_without_descriptors_new_flows_are_refused_and_everything_open_goes_on(tmp_path: Path) -> None:
    require_linux()
    enrolled_identity(tmp_path)
    with relay_process(tmp_path) as relay:
        pid = carrying_process(relay.process.pid)
        player, game = LivePlayer.at(relay.port), game_socket()
        await player.connect()
        player.send(b"open", game.getsockname())
        await player.game_receives(game, b"open")
        usual = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest_free_descriptor(pid), usual[1]))

        # One does not do: a heartbeat's descriptor may have become free just now.
        for number, local_port in enumerate(range(30_001, 30_011), start=2):
            player.send(b"too many", game.getsockname(), local_port=local_port)
            await player.until(partial(has_verdicts, player, number), "answer")
            if has_no_port(player):
                break
        assert has_no_port(player)
        player.send(b"still", game.getsockname())
        await player.game_receives(game, b"still")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, usual)
        player.send(b"room again", game.getsockname(), local_port=30_020)
        await player.game_receives(game, b"room again")
        newcomer = LivePlayer.at(relay.port, live_grant(cid=0x77))
        await newcomer.connect()
        for one in (player, newcomer):
            one.close()
        game.close()


# --- in fake time -----------------------------------------------------------------------------------------------------


def test_an_hour_without_the_control_server_ends_no_game_and_lets_ticket_holders_in() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    bench.game_says(b"answer")
    for minute in range(60):
        for _ in range(4):
            bench.pass_time(15.0, 0.25)
            assert bench.say(player, b"minute %d" % minute)
        bench.game_says(b"answer %d" % minute)
    assert player.payloads[-1] == b"answer 59"
    assert player.session.state is SessionState.ESTABLISHED
    late = bench.player(a_grant(cid=2), source=("84.17.10.3", 1))
    assert bench.say(late, b"late")
    assert bench.game_side.sent[-1].payload == b"late"


NEW_KEY_ID, NEW_KEY = 2, bytes(range(50, 82))


def _grant_under_new_key(grant: ClientGrant, life_s: int) -> ClientGrant:
    ticket = ExitTicket(grant.cid, 5, int(UNIX_S), int(UNIX_S) + life_s, grant.secret, PROFILE_ID, 1, caps=WIDE)
    token = seal_ticket(ticket, NEW_KEY, NEW_KEY_ID, RELAY_ID, b"another once")
    return ClientGrant(grant.cid, grant.secret, token, RELAY_ID)


def test_ticket_keys_rotate_while_somebody_plays() -> None:
    bench = RelayBench()
    grant = a_grant(life_s=7200)
    player = bench.player(grant)
    bench.say(player, b"open")
    old = bench.policy.ticket_keys
    new = [TicketKey(key_id=NEW_KEY_ID, key=b64encode(NEW_KEY).decode())]
    bench.apply(msgspec.structs.replace(a_policy(), ticket_keys=old + new))
    assert bench.say(player, b"both keys live")
    player.session.renew_ticket(_grant_under_new_key(grant, 14_400).ticket, bench.now_s)
    bench.carry()
    assert player.saw(TicketRenewed)
    bench.apply(msgspec.structs.replace(a_policy(), ticket_keys=new))
    assert bench.say(player, b"the old key is gone")
    assert bench.game_side.sent[-1].payload == b"the old key is gone"
    assert bench.drops == {}
    stranger = bench.player(a_grant(cid=3), source=("84.17.10.3", 1))
    assert stranger.session.state is SessionState.CONNECTING
    assert bench.drops == {DropReason.TICKET_FORGED: 1}
    welcome = bench.player(_grant_under_new_key(a_grant(cid=4), 3600), source=("84.17.10.4", 1))
    assert welcome.session.state is SessionState.ESTABLISHED

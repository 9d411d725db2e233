"""Mutated datagrams for the whole relay, from strangers and from clients that went mad; mutated bodies for its control API.

The parsers alone: tests/protocol/test_fuzz.py. How to run a million: tests/README.md.
"""

import time
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path

from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plg.contract.relay_control import RELAY_AUTH_HEADER
from plg.protocol.client_handshake import ClientGrant
from plg.protocol.constants import HELLO_LENGTH, MAX_PENDING_FRAGMENTS, TYPE_HELLO, TYPE_LPING, UNVALIDATED_FACTOR
from plg.protocol.destination import special_range
from plg.protocol.frames import FlowClose, FlowOpen, Fragment, PathResponse, Ping, TicketRenewal, encode_frame
from plg.protocol.header import outer_byte
from plg.protocol.keys import probe_key
from plg.protocol.probe import build_probe, make_probe_token
from plg.protocol.ticket import TicketCaps
from plg_relay.control_api import control_app
from plg_relay.profile_cache import PolicyStore
from plg_relay.relay_status import RelayStatus
from support.live_relay import live_plane
from support.mutation import Mutator, fuzz_inputs
from support.relay_bench import (
    GAME,
    HOME,
    KEY_ID,
    RELAY_ID,
    TICKET_KEY,
    UNIX_S,
    RelayBench,
    Source,
    a_grant,
    a_target,
)

CAPS = TicketCaps(600, 1500, 6000, 8, 4)
TICKET_AAD = b"PLG1 ticket" + RELAY_ID.to_bytes(4, "big") + b"\0"
SPACING_S = 0.001
PROFILE = (ip_network("93.184.216.0/24"), ip_network("2606:2800:220::/48"))


def sent_and_received(bench: RelayBench, datagram: bytes, source: Source) -> int:
    """Bytes that the relay sends because of `datagram`; all of them must go to `source`."""
    answers = bench.receive(datagram, source)
    assert all(address == source for _, address in answers)
    weight = sum(len(answer) for answer, _ in answers)
    bench.to_clients.clear()
    bench.all_sent.clear()
    return weight


def test_fuzz_strangers_get_no_more_than_they_sent_and_leave_nothing_behind() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    hello = _hello_of(bench)
    (data,) = bench.datagrams_of(player, b"payload" * 20)
    bench.receive(data)
    down = bench.forwarder.table.by_cid[player.session.cid].protocol.seal_payload(1, b"down" * 30)
    token = make_probe_token(probe_key(TICKET_KEY), int(UNIX_S) + 3600, b"8 bytes!")
    probe = build_probe(1, token, 2, 3)
    bench.to_clients.clear()
    asking = build_probe(1, token, 2, 3, ask_address=True)
    mutator = Mutator([hello, hello, data, data, down, probe, asking, b"\x40" + b"?" * 100], seed=1)
    forwarder = bench.forwarder
    sessions = dict(forwarder.table.by_cid)
    session = sessions[player.session.cid]
    before = (dict(session.flows), dict(session.groups), session.protocol.address, len(bench.game_side.sent))
    for number, datagram in enumerate(mutator.inputs(fuzz_inputs(60_000))):
        source = HOME if number % 7 == 0 else (f"203.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}", 1000)
        assert sent_and_received(bench, datagram, source) <= len(datagram)
        bench.now_s += SPACING_S
        if number % 1000 == 0:
            # At a million inputs this takes a quarter of an hour of the relay's time: the player is not meant to time out.
            session.protocol.heard_at_s = session.flows[1].used_at_s = bench.now_s
            forwarder.tick(bench.now_s)
            assert bench.to_clients == []
    assert forwarder.table.by_cid == sessions
    assert len(forwarder._handshake._newest_hello_ms) <= 1
    assert (session.flows, session.groups, session.protocol.address, len(bench.game_side.sent)) == before
    assert session.protocol.outbox == []
    assert len(forwarder._admission._hellos_of) <= 65_536
    assert bench.say(player, b"still here")
    assert bench.game_side.sent[-1].payload == b"still here"


def _hello_of(bench: RelayBench) -> bytes:
    """A genuine HELLO of a session that is open: its repetition opens nothing."""
    player = bench.players[0]
    player.session._say_hello(bench.now_s)
    ((_, hello),) = player.session.datagrams_to_send()
    player.session._handshake.stop()
    assert len(hello) == HELLO_LENGTH
    return hello


def test_fuzz_a_client_that_went_mad_stays_within_its_limits() -> None:
    bench = RelayBench()
    player = bench.player(a_grant(caps=CAPS))
    bench.say(player, b"open")
    bench.players.clear()
    renewal = a_grant(caps=CAPS, life_s=5 * 3600).ticket
    home = ip_address(GAME[0])
    frames = [
        encode_frame(frame)
        for frame in (
            Ping(1, 2, 3),
            FlowOpen(1, 27005, 0, home, GAME[1], b"first"),
            FlowOpen(2, 27006, 0, home, GAME[1] + 1, b"second"),
            FlowOpen(3, 27007, 0, IPv6Address("2606:2800:220::1"), 27015, b"third"),
            FlowOpen(4, 27008, 0, ip_address("127.0.0.1"), 27015, b"never"),
            FlowOpen(5, 27009, 0, ip_address("8.8.8.8"), 53, b"never"),
            FlowClose(1),
            Fragment(1, 0, 1, b"half"),
            Fragment(1, 1, 1, b"half"),
            Fragment(2, 0, 1, bytes(1390)),
            Fragment(2, 1, 1, bytes(1380)),
            PathResponse(b"8 bytes!"),
            TicketRenewal(renewal),
        )
    ]
    mutator = Mutator([*frames, b"".join(frames[:8]), frames[0] * 16, frames[1] * 16], seed=2, longest=1390)
    random = mutator.random
    forwarder = bench.forwarder
    session = forwarder.table.by_cid[player.session.cid]
    sealer = player.session._channel.sealer  # type: ignore[union-attr]  # established
    received: dict[Source, int] = {}
    sent: dict[Source, int] = {}
    began_s = bench.now_s
    for number, body in enumerate(mutator.inputs(fuzz_inputs(20_000))):
        if forwarder.table.by_cid.get(session.cid) is not session:  # it said CLOSE, or its ticket ran out
            bench.now_s += 20.0
            bench.game_side.sent.clear()
            player = bench.player(a_grant(cid=number + 1, caps=CAPS, unix_s=UNIX_S - 1000 + bench.now_s))
            bench.players.clear()
            session = forwarder.table.by_cid[number + 1]
            sealer = player.session._channel.sealer  # type: ignore[union-attr]  # established
        source = ("203.0.114.9", number // 40 & 0xFFFF) if random.random() < 0.2 else HOME
        datagram = sealer.seal(bytes([int(random.random() * 4)]) + body)
        received[source] = received.get(source, 0) + len(datagram)
        for answer, address in bench.receive(datagram, source):
            sent[address] = sent.get(address, 0) + len(answer)
        bench.to_clients.clear()
        bench.all_sent.clear()
        bench.now_s += SPACING_S
        forwarder.tick(bench.now_s)
        for answer, address in bench.to_clients:
            sent[address] = sent.get(address, 0) + len(answer)
        bench.to_clients.clear()
        assert session.protocol.outbox == []
        assert session.closed or not session.protocol.events
        assert len(session.flows) <= CAPS.flows
        assert len(session.groups) <= CAPS.local_ports
        assert len(session.protocol._fragments._halves) <= MAX_PENDING_FRAGMENTS
        for up in bench.game_side.sent:
            assert special_range(ip_address(up.destination[0]), allow_private=False) is None
            assert any(ip_address(up.destination[0]) in net for net in PROFILE)
        bench.game_side.sent.clear()
    for address, total in sent.items():
        if address != HOME:
            assert total <= UNVALIDATED_FACTOR * received.get(address, 0), address
    seconds = bench.now_s - began_s
    assert sent[HOME] <= 1.05 * (CAPS.kbit_per_second_down * 125) * (seconds + 1.0)
    assert len(forwarder.desk._budgets) <= 64
    assert forwarder.desk.flow_count == sum(len(one.flows) for one in forwarder.table.by_cid.values())


def test_fuzz_whatever_a_sealed_ticket_says_special_addresses_stay_closed() -> None:
    """Only the server seals tickets. Should it ever seal nonsense, the relay still reaches no address that is never allowed."""
    aead = AESGCM(TICKET_KEY)
    grant = a_grant(
        targets=(a_target("127.0.0.0/8", 1, 65535), a_target("::/1", 0, 65535), a_target("8.0.0.0/8", 1, 65535))
    )
    nonce, sealed = grant.ticket[1:13], grant.ticket[13:]
    body = aead.decrypt(nonce, sealed, TICKET_AAD)
    opened = 0
    bench = RelayBench()
    for number, odd in enumerate(Mutator([body], seed=3, longest=400).inputs(fuzz_inputs(4_000, at_most=200_000))):
        if number % 500 == 0:
            bench = RelayBench(seed=number)
        ticket = bytes([KEY_ID]) + nonce + aead.encrypt(nonce, odd, TICKET_AAD)
        cid, secret = int.from_bytes(odd[4:12], "big"), odd[28:60]
        player = bench.player(
            ClientGrant(cid, secret, ticket, RELAY_ID), source=(f"84.17.{number >> 8 & 255}.{number & 255}", 1)
        )
        for to in (("127.0.0.1", 27015), ("::1", 27015), ("8.8.8.8", 53), ("8.8.8.8", 9000), ("10.0.0.1", 9000)):
            bench.say(player, b"?", to=to)
        bench.pass_time(0.3)
        bench.players.clear()
        opened += len(bench.forwarder.table) > 0
        for up in bench.game_side.sent:
            assert up.destination == ("8.8.8.8", 9000)
    assert opened


def test_fuzz_a_game_port_lets_nobody_in_but_the_flow_s_destination() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    group = bench.forwarder.table.by_cid[player.session.cid].groups[27005]
    mutator = Mutator([b"reply" * 100, b"", bytes(2650), bytes(3000)], seed=4, longest=4096)
    for number, payload in enumerate(mutator.inputs(fuzz_inputs(20_000))):
        genuine = number % 10 == 0
        source = (
            GAME if genuine else (GAME[0], 1 + number % 60_000) if number % 3 else (f"93.184.216.{number % 256}", 1)
        )
        if not genuine and source == GAME:
            continue
        bench.forwarder.from_anybody(group, [(payload, source)], bench.now_s)
        assert genuine or bench.to_clients == []
        assert sum(len(answer) for answer, _ in bench.to_clients) <= len(payload) + 2 * 60
        bench.to_clients.clear()
        bench.all_sent.clear()
        bench.now_s += SPACING_S


def test_the_corpus_holds_each_type_that_a_relay_takes() -> None:
    bench = RelayBench()
    bench.player()
    assert _hello_of(bench)[0] == outer_byte(TYPE_HELLO)
    assert build_probe(1, bytes(28), 2, 3)[0] == outer_byte(TYPE_LPING)


async def test_fuzz_no_body_makes_the_control_api_fail(tmp_path: Path) -> None:
    bodies = (
        b'{"cid":"0011223344556677","packets_per_second":600,"kbit_per_second_up":1500}',
        b'{"user_ref":"0011223344556677","expires_at_s":1800000000}',
        b'{"seconds":60}',
        b'[[[[{"a":1e308,"\\ud800":"\xff"}]]]]',
    )
    mutator = Mutator(bodies, seed=5)
    async with live_plane(tmp_path) as relay:
        status = RelayStatus(
            relay.plane, node_id="node-1", boot_id="00" * 8, version="1", max_sessions=9, started_s=time.monotonic()
        )
        app = control_app(status, PolicyStore(tmp_path, []), control_key="key", drain=relay.plane.drain)
        async with TestServer(app) as server, ClientSession(headers={RELAY_AUTH_HEADER: "key"}) as http:
            for number, body in enumerate(mutator.inputs(fuzz_inputs(600, at_most=20_000))):
                path = ("/v1/sessions", "/v1/revocations", "/v1/drain")[number % 3]
                kind = {"Content-Type": "application/json"}
                async with http.post(server.make_url(path), data=body, headers=kind) as answer:
                    assert answer.status in {200, 204, 400, 413, 422}, body
                    assert len(await answer.read()) < 4096
        assert len(relay.plane.forwarder._caps) <= 1000
        assert relay.plane.sessions_now() == []

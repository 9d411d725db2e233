"""Mutated bytes for every parser and both session cores: nothing raises, nothing outweighs its question, nothing piles up.

The other half of the relay's own fuzzing is in tests/relay/test_fuzz.py. How to run a million: tests/README.md.
"""

from hashlib import blake2s
from ipaddress import IPv6Address, ip_address, ip_network
from random import Random

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plg.protocol.constants import (
    HELLO_LENGTH,
    MAX_FRAMES,
    MAX_PENDING_FRAGMENTS,
    UNVALIDATED_FACTOR,
    WELCOME_MAX_LENGTH,
)
from plg.protocol.errors import DropReason, WelcomeStatus
from plg.protocol.frames import (
    Close,
    Drain,
    Egress,
    FlowClose,
    FlowDeny,
    FlowOk,
    FlowOpen,
    Fragment,
    PathChallenge,
    PathChoice,
    PathResponse,
    Payload,
    Ping,
    Pong,
    Repeat,
    Stats,
    TicketAccepted,
    TicketRenewal,
    encode_frame,
    read_frames,
)
from plg.protocol.handshake import (
    Hello,
    ResumeState,
    Welcome,
    build_cookie,
    build_hello,
    build_no_session,
    hello_is_genuine,
    open_resume_token,
    open_welcome,
    parse_cookie,
    parse_hello,
    seal_resume_token,
    seal_welcome,
)
from plg.protocol.header import DATA_HEADER, parse_outer
from plg.protocol.keys import hello_mac_key, probe_key, resume_key, welcome_key
from plg.protocol.mask import HeaderMask
from plg.protocol.probe import Seen, answer_probe, build_probe, make_probe_token, read_probe_reply
from plg.protocol.relay_handshake import HelloAccepted, RelayHandshake, TransitAccepted
from plg.protocol.relay_session import RelaySession
from plg.protocol.ticket import (
    MAX_TARGETS,
    ROLE_TRANSIT,
    ExitTicket,
    TicketTarget,
    TransitTicket,
    open_ticket,
    open_transit_ticket,
    seal_ticket,
    seal_transit_ticket,
)
from support.mutation import Mutator, fuzz_inputs
from support.protocol_pair import CID, FLOW, RELAY_ID, SECRET, TICKET_KEY, UNIX_S, Pair, seal

TRANSIT = TransitTicket(CID, int(UNIX_S), int(UNIX_S) + 60, SECRET, bytes(16), 443, 600, 1500, 6000)
TICKET_AAD = b"PLG1 ticket" + RELAY_ID.to_bytes(4, "big") + b"\0"
NONCE = b"client nonce 16b"
GAME = ip_address("198.20.0.7")
TARGETS = (TicketTarget(ip_network("9.9.9.0/24"), 1000, 2000), TicketTarget(ip_network("2606:2800::/32"), 1, 65535))
TICKET = ExitTicket(
    CID, 7, int(UNIX_S), int(UNIX_S) + 3600, SECRET, 3, 1, max_paths=2, transits=((1, bytes(16)),), targets=TARGETS
)
WELCOME = Welcome(WelcomeStatus.OK, bytes(16), 1, b"boot id!", GAME, 40000, 600, 1500, 6000, 64, 16, b"resume token")
TOKEN = make_probe_token(probe_key(TICKET_KEY), int(UNIX_S) + 60, b"8 bytes!")
SEEN = Seen(ip_address("198.20.0.9"), 54321)
RESUME = seal_resume_token(
    ResumeState(CID, int(UNIX_S), ((27005, 40000), (27006, 40002))), resume_key(TICKET_KEY), RELAY_ID, b"resume nonce"
)
FRAMES = [
    encode_frame(frame)
    for frame in (
        Ping(1, 2, 3),
        Pong(1, 2, 3, 4, 5, 6, 7, 8),
        FlowOpen(1, 27005, 0, GAME, 27015, b"first payload"),
        FlowOpen(254, 27005, 0, IPv6Address("2606:2800::1"), 27015, b""),
        FlowOk(1, b"resume"),
        FlowOk(1, b"a resume token longer than HELLO has room for" * 5),
        FlowDeny(1, 5),
        FlowClose(1),
        PathChallenge(b"8 bytes!"),
        PathResponse(b"8 bytes!"),
        Stats(0, 1, 2, 3, 4, 5, 6, 7),
        Drain(30),
        Egress(1),
        Close(1),
        TicketRenewal(seal(TICKET)),
        TicketAccepted(1),
        Fragment(1, 0, 1, b"a half"),
        Repeat(1, 1, b"the payload before"),
        Payload(1, b"a payload"),
        PathChoice(1, True, 1, 250),
        Fragment(1, 1, 1, b"other half"),
    )
]
BODIES = [*FRAMES, b"".join(FRAMES[:8]), b"".join(FRAMES[8:]), FRAMES[0] * 16, FRAMES[2] * 16]


def a_hello(ticket: bytes = b"") -> bytes:
    return build_hello(Hello(CID, 0, int(UNIX_S * 1000), NONCE, ticket or seal(TICKET), RESUME), SECRET)


def every_datagram() -> list[bytes]:
    """One genuine datagram of each kind, and what is sealed inside them."""
    pair = Pair().established()
    pair.send(b"payload")
    pair.run(1.0)
    data = pair.sent_up[-3:] + [datagram for datagram, _ in pair.sent_down[-3:]]
    probe = build_probe(1, TOKEN, 2, 3)
    reply = answer_probe(probe, (probe_key(TICKET_KEY),), UNIX_S, 4, 5)
    asking = build_probe(1, TOKEN, 2, 3, ask_address=True)
    told = answer_probe(asking, (probe_key(TICKET_KEY),), UNIX_S, 4, 5, seen=SEEN)
    assert isinstance(reply, bytes)
    assert isinstance(told, bytes)
    cookie = build_cookie(CID, parse_cookie(bytes([0b0101_1000]) + bytes(29)))  # type: ignore[arg-type]  # 30 bytes parse
    welcome = seal_welcome(WELCOME, CID, 0, SECRET, NONCE, b"12 byte nonc")
    transit_token = seal_transit_ticket(TRANSIT, TICKET_KEY, 1, RELAY_ID, b"ticket nonce")
    return [
        *data, a_hello(), welcome, cookie, build_no_session(CID), probe, reply, asking, told, seal(TICKET), transit_token, RESUME, *BODIES,
    ]  # fmt: skip


def test_fuzz_no_bytes_make_a_parser_raise_and_nothing_forged_is_taken() -> None:
    tickets = {1: AESGCM(TICKET_KEY)}
    mask = HeaderMask(TICKET_KEY)
    corpus = every_datagram()
    genuine = set(corpus)
    for datagram in Mutator(corpus, seed=1).inputs(fuzz_inputs(100_000)):
        parse_outer(datagram)
        parse_cookie(datagram)
        hello = parse_hello(datagram)
        assert isinstance(hello, DropReason) or len(hello.ticket) + len(hello.resume_token) <= HELLO_LENGTH
        frames = list(read_frames(datagram))
        assert len(frames) <= MAX_FRAMES + 1
        masked = mask.apply(datagram)
        assert masked is None or len(masked) == len(datagram)
        read_probe_reply(datagram, TOKEN)
        if datagram in genuine:
            continue
        answer = answer_probe(datagram, (probe_key(TICKET_KEY),), UNIX_S, 4, 5, seen=SEEN)
        assert isinstance(answer, DropReason) or (len(answer) == len(datagram) and datagram[10:38] == TOKEN)
        assert isinstance(open_ticket(datagram, tickets, RELAY_ID, UNIX_S), DropReason)
        assert isinstance(open_transit_ticket(datagram, tickets, RELAY_ID, UNIX_S), DropReason)
        assert isinstance(open_welcome(datagram, SECRET, NONCE), DropReason)
        assert open_resume_token(datagram, (resume_key(TICKET_KEY),), RELAY_ID) is None


def test_fuzz_an_odd_hello_with_a_right_mac_is_answered_by_less_than_it_weighs() -> None:
    handshake = RelayHandshake(RELAY_ID, {1: TICKET_KEY}, b"boot id!", Random(1).randbytes)
    session = RelaySession(TICKET, RELAY_ID, b"boot id!", Random(2).randbytes)
    mac_key = hello_mac_key(SECRET)
    accepted = 0
    for number, mutated in enumerate(Mutator([a_hello()[:-16]], seed=2).inputs(fuzz_inputs(30_000))):
        unsigned = mutated[: HELLO_LENGTH - 16].ljust(HELLO_LENGTH - 16, b"\0")
        datagram = unsigned + blake2s(unsigned, key=mac_key, digest_size=16).digest()
        assert hello_is_genuine(datagram, SECRET)
        source = ("192.0.2.9", number & 0xFFFF)
        answer = handshake.receive_hello(datagram, source, UNIX_S, under_load=number % 4 == 0)
        assert not isinstance(answer, TransitAccepted), "no exit ticket opens as a transit's"
        if isinstance(answer, HelloAccepted):
            accepted += 1
            assert answer.hello.cid == answer.ticket.cid == CID
            answer = session.answer_hello(answer.hello, answer.ticket, source, GAME, b"r" * 112, number / 1000, UNIX_S)
            assert len(answer) <= WELCOME_MAX_LENGTH
            refusal = handshake.refuse(
                HelloAccepted(Hello(CID, 0, 1, NONCE, b""), TICKET, None), source, WelcomeStatus.FULL, GAME, UNIX_S
            )
            assert len(refusal) <= WELCOME_MAX_LENGTH
        assert isinstance(answer, DropReason) or len(answer) < len(datagram)
        assert session.datagrams_to_send() == []
    assert accepted
    assert len(handshake._newest_hello_ms) == 1
    assert not session.is_confirmed


def test_fuzz_a_sealed_ticket_with_an_odd_body_is_refused_or_read_within_its_bounds() -> None:
    aead = AESGCM(TICKET_KEY)
    body = aead.decrypt(b"ticket nonce", seal(TICKET)[13:], TICKET_AAD)
    read = 0
    for odd in Mutator([body], seed=3, longest=419).inputs(fuzz_inputs(40_000)):
        token = b"\1ticket nonce" + aead.encrypt(b"ticket nonce", odd, TICKET_AAD)
        ticket = open_ticket(token, {1: aead}, RELAY_ID, UNIX_S)
        if isinstance(ticket, ExitTicket):
            read += 1
            assert len(ticket.targets) <= MAX_TARGETS
            assert all(0 <= target.first_port <= target.last_port <= 65535 for target in ticket.targets)
            # What the relay reads the server can say: nothing is lost or invented between the two.
            again = seal_ticket(ticket, TICKET_KEY, 1, RELAY_ID, b"ticket nonce")
            assert open_ticket(again, {1: aead}, RELAY_ID, UNIX_S) == ticket
    assert read


def test_fuzz_an_odd_transit_hello_with_a_right_mac_is_answered_by_less_than_it_weighs() -> None:
    handshake = RelayHandshake(RELAY_ID, {1: TICKET_KEY}, b"boot id!", Random(1).randbytes)
    token = seal_transit_ticket(TRANSIT, TICKET_KEY, 1, RELAY_ID, b"ticket nonce")
    genuine = build_hello(Hello(CID, 3, int(UNIX_S * 1000), NONCE, token, role=ROLE_TRANSIT), SECRET)
    mac_key = hello_mac_key(SECRET)
    accepted = 0
    for number, mutated in enumerate(Mutator([genuine[:-16]], seed=9).inputs(fuzz_inputs(30_000))):
        unsigned = mutated[: HELLO_LENGTH - 16].ljust(HELLO_LENGTH - 16, b"\0")
        datagram = unsigned + blake2s(unsigned, key=mac_key, digest_size=16).digest()
        source = ("192.0.2.9", number & 0xFFFF)
        answer = handshake.receive_hello(datagram, source, UNIX_S, under_load=number % 4 == 0)
        assert not isinstance(answer, HelloAccepted), "no transit ticket opens as an exit's"
        if isinstance(answer, TransitAccepted):
            accepted += 1
            assert (answer.ticket, answer.hello.cid, answer.hello.resume_token) == (TRANSIT, CID, b"")
            assert 1 <= answer.hello.path < 8
            answer = handshake.answer_transit(answer, source, WelcomeStatus.OK, GAME, UNIX_S)
        assert isinstance(answer, DropReason) or len(answer) < len(datagram)
    assert accepted
    assert len(handshake._newest_hello_ms) == 1


def test_fuzz_a_sealed_transit_ticket_with_an_odd_body_is_refused_or_read_within_its_bounds() -> None:
    aead = AESGCM(TICKET_KEY)
    associated = TICKET_AAD[:-1] + bytes([ROLE_TRANSIT])
    sealed = seal_transit_ticket(TRANSIT, TICKET_KEY, 1, RELAY_ID, b"ticket nonce")
    body = aead.decrypt(b"ticket nonce", sealed[13:], associated)
    read = 0
    for odd in Mutator([body], seed=10, longest=120).inputs(fuzz_inputs(40_000)):
        token = b"\1ticket nonce" + aead.encrypt(b"ticket nonce", odd, associated)
        ticket = open_transit_ticket(token, {1: aead}, RELAY_ID, UNIX_S)
        if isinstance(ticket, TransitTicket):
            read += 1
            assert ticket.next_hop_address.version in (4, 6)
            # What the relay reads the server can say.
            assert seal_transit_ticket(ticket, TICKET_KEY, 1, RELAY_ID, b"ticket nonce") == token
    assert read


def test_fuzz_a_sealed_resume_token_with_an_odd_body_is_refused_or_read() -> None:
    aead = AESGCM(resume_key(TICKET_KEY))
    associated = b"PLG1 resume" + RELAY_ID.to_bytes(4, "big")
    body = aead.decrypt(RESUME[:12], RESUME[12:], associated)
    for odd in Mutator([body], seed=4, longest=84).inputs(fuzz_inputs(40_000)):
        state = open_resume_token(
            RESUME[:12] + aead.encrypt(RESUME[:12], odd, associated), (resume_key(TICKET_KEY),), RELAY_ID
        )
        assert state is None or len(odd) == 13 + 4 * len(state.ports)


def test_fuzz_forged_data_changes_neither_side() -> None:
    pair = Pair().established()
    pair.send(b"payload")
    pair.run(1.0)
    client, relay = pair.client, pair.session
    corpus = (
        [datagram for datagram in every_datagram() if len(datagram) > 13]
        + pair.sent_up
        + [datagram for datagram, _ in pair.sent_down]
    )
    counts, top = list(relay.reception.new), relay._channel.opener.top  # type: ignore[union-attr]  # established
    state, address, token = client.state, relay.address, client._handshake.resume_token
    while client.next_event() is not None:
        pass
    for number, datagram in enumerate(Mutator(corpus, seed=5).inputs(fuzz_inputs(100_000))):
        if len(datagram) >= DATA_HEADER.size:
            t, _, p, seq32 = DATA_HEADER.unpack_from(datagram)
            body = relay.open(datagram, t, p, seq32, ("203.0.114.1", number & 0xFFFF), pair.now)
            assert isinstance(body, DropReason)
        client.receive_datagram(datagram, 0, pair.now)
        if client._handshake.is_under_way:  # a NO_SESSION, which proves nothing: one HELLO and no more
            assert len(client.datagrams_to_send()) <= 1
            client._handshake.stop()
        assert client.datagrams_to_send() == []
        assert relay.datagrams_to_send() == []
        assert client.next_event() is None
        assert relay.next_event() is None
    assert (relay.reception.new, relay._channel.opener.top, relay.address) == (counts, top, address)  # type: ignore[union-attr]  # established
    assert (client.state, client._handshake.resume_token) == (state, token)
    assert pair.send(b"after it all")
    pair.run(0.5)
    assert pair.up_payloads[-1][1] == b"after it all"


def test_fuzz_authentic_junk_from_a_client_is_bounded_in_answers_and_memory() -> None:
    pair = Pair().established()
    pair.client.close(pair.now)
    relay = pair.session
    sealer = pair.client._channel.sealer  # type: ignore[union-attr]  # established
    mutator = Mutator(BODIES, seed=6, longest=1390)
    random = mutator.random
    received: dict[tuple[str, int], int] = {relay.address: 1 << 60}
    sent: dict[tuple[str, int], int] = {}
    for number, body in enumerate(mutator.inputs(fuzz_inputs(60_000))):
        flow = bytes([int(random.random() * 3)])
        datagram = sealer.seal(flow + body, int(random.random() * 256) if random.random() < 0.1 else 0)
        t, _, p, seq32 = DATA_HEADER.unpack_from(datagram)
        source = ("203.0.114.1", number // 50 & 0xFFFF) if random.random() < 0.3 else relay.address
        verdict = relay.open(datagram, t, p, seq32, source, pair.now)
        assert isinstance(verdict, (bytes, DropReason))
        received[source] = received.get(source, 0) + len(datagram)
        relay.handle_timeout(pair.now)
        pair.now += 0.01
        events = 0
        while relay.next_event() is not None:
            events += 1
        assert events <= MAX_FRAMES + 1
        for answer, address in relay.datagrams_to_send():
            assert len(answer) <= 1400
            sent[address] = sent.get(address, 0) + len(answer)
        assert len(relay._fragments._halves) <= MAX_PENDING_FRAGMENTS
    for address, total in sent.items():
        assert total <= UNVALIDATED_FACTOR * received.get(address, 0), address


def test_fuzz_authentic_junk_from_a_relay_never_breaks_the_client() -> None:
    pair = Pair().established()
    client = pair.client
    sealer = pair.session._channel.sealer  # type: ignore[union-attr]  # established
    mutator = Mutator(BODIES, seed=7, longest=1390)
    for body in mutator.inputs(fuzz_inputs(60_000)):
        datagram = sealer.seal(bytes([int(mutator.random.random() * 3)]) + body, 0)
        client.receive_datagram(datagram, 0, pair.now)
        client.receive_datagram(build_no_session(CID), 0, pair.now)  # so that it says HELLO with what it was given
        pair.now += 0.01
        due = client.next_timeout()
        if due is not None and due <= pair.now:
            client.handle_timeout(pair.now)
        client.send_payload(FLOW, b"x", pair.now)
        assert len(client.datagrams_to_send()) <= MAX_FRAMES + 4
        while client.next_event() is not None:
            pass
        assert len(client._fragments._halves) <= MAX_PENDING_FRAGMENTS
        if client.next_timeout() is None or client.state.value != "established":  # it was told to close: begin anew
            pair = Pair(seed=len(body)).established()
            client, sealer = pair.client, pair.session._channel.sealer  # type: ignore[union-attr]  # established


def test_fuzz_an_odd_welcome_under_the_right_key_never_breaks_the_client() -> None:
    genuine = seal_welcome(WELCOME, CID, 0, SECRET, NONCE, b"12 byte nonc")
    body = AESGCM(welcome_key(SECRET, NONCE)).decrypt(genuine[10:22], genuine[22:], genuine[:22])
    for number, odd in enumerate(Mutator([body], seed=8, longest=474).inputs(fuzz_inputs(10_000))):
        pair = Pair(seed=number)
        pair.client.connect(0.0)
        ((_, hello),) = pair.client.datagrams_to_send()
        key = welcome_key(SECRET, hello[20:36])
        pair.client.receive_datagram(genuine[:22] + AESGCM(key).encrypt(genuine[10:22], odd, genuine[:22]), 0, 0.01)
        for moment in (0.3, 3.9, 6.1, 7.2, 20.0):
            pair.client.handle_timeout(moment)
            pair.client.send_payload(FLOW, b"payload", moment)
            pair.client.numbers(moment)
            assert all(len(datagram) <= HELLO_LENGTH for _, datagram in pair.client.datagrams_to_send())


def test_every_frame_of_the_fuzz_corpus_is_read_back() -> None:
    assert all(None not in list(read_frames(body)) for body in BODIES)
    assert len(list(read_frames(b"".join(FRAMES[:MAX_FRAMES])))) == MAX_FRAMES

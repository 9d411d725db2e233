"""The relay's end of a session."""

from hypothesis import given
from hypothesis import strategies as st

from plg.protocol.constants import TYPE_HELLO
from plg.protocol.errors import DropReason, FlowDenial
from plg.protocol.events import Confirmed, FlowEnded, FlowRequested, PayloadReceived, SessionClosed
from plg.protocol.frames import FlowClose, PathChallenge, PathResponse, Ping, encode_frame, read_frames
from plg.protocol.header import DATA_HEADER, path_byte
from plg.protocol.payload_sender import FLOW_BYTES
from plg.protocol.relay_session import HANDLED
from support.protocol_pair import FLOW, Pair, keep_in, make_ticket


def inject(pair: Pair, body: bytes, p: int = 0) -> bytes | DropReason:
    """Something an authentic but odd client might send."""
    channel = pair.client._channel
    assert channel is not None
    datagram = channel.sealer.seal(body, p)
    t, _, p, seq32 = DATA_HEADER.unpack_from(datagram)
    return pair.session.open(datagram, t, p, seq32, pair.source, pair.now)


def test_before_the_client_shows_its_keys_nothing_may_go_down() -> None:
    pair = Pair()
    pair.client.connect(0.0)
    pair.run(pair.delay_s)
    assert not pair.session.is_confirmed
    assert pair.session.send_large_payload(1, bytes(1400), pair.now) == []


def test_a_path_that_the_ticket_does_not_grant_is_refused() -> None:
    pair = Pair().established()
    assert inject(pair, b"\1x", path_byte(1, 0)) is DropReason.FOREIGN_PATH


def test_a_flow_request_that_comes_late_shows_by_its_number() -> None:
    pair = Pair().established()
    held: list[bytes] = []
    pair.up_fate = keep_in(held)
    pair.send(b"early")
    pair.up_fate = lambda _d, _h: True
    pair.send(b"later")
    pair.run(0.1)
    pair.arrive_at_relay(held[0], pair.source)
    pair._flush()
    requests = [event for event in pair.relay_events if isinstance(event, FlowRequested)]
    assert [request.payload for request in requests] == [b"later", b"early"]
    assert requests[1].seq < requests[0].seq


def test_a_flow_request_after_a_repeated_hand_shake_is_newer_though_numbers_restart() -> None:
    pair = Pair().established()
    for _ in range(20):
        pair.send(b"x", (50000, "198.20.0.7", 1))
    pair.send(b"before", FLOW)
    pair.run(0.1)
    pair.client._say_hello(pair.now)
    pair.run(0.1)
    pair.session.deny_flow(2, FlowDenial.UNKNOWN_FLOW)
    pair.run(0.1)
    pair.send(b"after", FLOW)
    pair.run(0.1)
    before, after = [event for event in pair.relay_events if isinstance(event, FlowRequested) and event.flow == 2]
    assert (before.payload, after.payload) == (b"before", b"after")
    assert after.seq > before.seq


def test_a_flow_that_the_client_ends_is_told() -> None:
    pair = Pair().established()
    inject(pair, FLOW_BYTES[0] + encode_frame(FlowClose(9)))
    assert pair.session.next_event() == FlowEnded(9)


def test_a_captured_session_replayed_whole_delivers_nothing_twice() -> None:
    pair = Pair().established()
    for i in range(50):
        pair.send(bytes([i]))
        pair.run(0.02)
    delivered = list(pair.up_payloads)
    for datagram in pair.sent_up:
        pair.arrive_at_relay(datagram, pair.source)
        pair.arrive_at_relay(datagram, ("203.0.113.66", 666))
    pair._flush()
    assert pair.up_payloads == delivered
    assert pair.session.address == pair.source


def test_after_a_nat_change_nothing_is_lost_up_and_the_new_address_is_proved_first() -> None:
    pair = Pair().established()
    pair.send(b"x")
    pair.run(0.1)
    old = pair.source
    pair.source = ("192.0.2.9", 41000)
    pair.send(b"moved")
    pair.run(pair.delay_s + 0.001)
    assert (1, b"moved") in pair.up_payloads
    assert pair.session.address == old
    pair.reply(1, b"to both")
    assert [address for _, address in pair.sent_down[-2:]] == [old, pair.source]
    pair.run(0.1)
    assert pair.session.address == pair.source
    assert PayloadReceived(FLOW, b"to both") in pair.client_events
    pair.reply(1, b"to the new one")
    assert pair.sent_down[-1][1] == pair.source
    assert pair.session.trial_address(1) is None


def test_a_spoofed_new_address_gets_at_most_three_bytes_a_byte_and_never_the_session() -> None:
    pair = Pair().established()
    pair.send(b"x")
    pair.run(0.1)
    captured: list[bytes] = []
    pair.up_fate = keep_in(captured)
    for i in range(5):
        pair.send(bytes(100) + bytes([i]))
    pair.up_fate = lambda _d, _h: True
    victim = ("203.0.113.66", 666)
    pair.sent_down.clear()
    received = 0
    for datagram in captured:  # an attacker on the path delivers them first, from the victim's address
        pair.arrive_at_relay(datagram, victim)
        received += len(datagram)
        for _ in range(20):
            pair.reply(1, bytes(200))
    pair.run(2.0)
    to_victim = sum(len(datagram) for datagram, address in pair.sent_down if address == victim)
    assert to_victim <= 3 * received
    assert pair.session.address == pair.source
    assert pair.session.trial_address(1) is None


def test_a_guessed_path_response_proves_nothing() -> None:
    pair = Pair().established()
    pair.source = ("192.0.2.9", 41000)
    pair.down_fate = lambda _d, _h: False
    pair.send(b"moved")
    pair.run(pair.delay_s + 0.001)
    inject(pair, FLOW_BYTES[0] + encode_frame(PathResponse(b"guessed!")))
    assert pair.session.address != pair.source


def test_a_challenge_of_the_client_is_answered() -> None:
    pair = Pair().established()
    inject(pair, FLOW_BYTES[0] + encode_frame(PathChallenge(b"12345678")))
    ((datagram, address),) = pair.session.datagrams_to_send()
    channel = pair.client._channel
    assert channel is not None
    t, _, p, seq32 = DATA_HEADER.unpack_from(datagram)
    body = channel.opener.open(datagram, t, p, seq32)
    assert isinstance(body, bytes)
    assert list(read_frames(body[1:])) == [PathResponse(b"12345678")]
    assert address == pair.source


def test_a_repeated_hand_shake_keeps_the_flow_of_packets() -> None:
    pair = Pair().established()
    pair.send(b"x")
    pair.run(0.1)
    pair.client._say_hello(pair.now)
    pair._flush()
    pair.run(pair.delay_s)
    pair.reply(1, b"under the old keys")
    pair.run(0.1)
    pair.reply(1, b"under the new keys")
    pair.run(0.1)
    payloads = [event.payload for event in pair.client_events if isinstance(event, PayloadReceived)]
    assert payloads == [b"under the old keys", b"under the new keys"]
    assert Confirmed(first=False) in pair.relay_events


def test_a_newer_ticket_must_be_for_the_same_session_and_secret() -> None:
    pair = Pair().established()
    assert not pair.session.replace_ticket(make_ticket(cid=1))
    assert pair.session.replace_ticket(make_ticket(expires_in_s=7200))
    assert pair.session.ticket.expires_at_s == make_ticket(expires_in_s=7200).expires_at_s


def test_an_older_ticket_is_confirmed_without_going_back() -> None:
    pair = Pair().established()
    newest = pair.session.ticket
    assert pair.session.replace_ticket(make_ticket(expires_in_s=60))
    assert pair.session.ticket == newest


@given(st.binary(min_size=1, max_size=300))
def test_authentic_junk_never_raises(junk: bytes) -> None:
    pair = Pair().established()
    assert inject(pair, FLOW_BYTES[0] + junk) in {HANDLED, DropReason.MALFORMED}
    pair.run(0.1)
    pair.send(b"x")
    pair.run(0.1)
    closed = any(isinstance(event, SessionClosed) for event in pair.relay_events)
    assert closed or (1, b"x") in pair.up_payloads


@given(st.integers(min_value=0))
def test_a_mutated_packet_is_never_accepted(bit: int) -> None:
    pair = Pair().established()
    pair.up_fate = lambda _d, _h: False
    pair.send(b"payload")
    packet = bytearray(next(datagram for datagram in reversed(pair.sent_up) if datagram[0] >> 3 & 7 != TYPE_HELLO))
    bit %= len(packet) * 8
    if 1 <= bit // 8 <= 8:
        return  # the session id: looked up before, finds no session
    packet[bit // 8] ^= 1 << bit % 8
    t, _, p, seq32 = DATA_HEADER.unpack_from(packet)
    assert isinstance(pair.session.open(bytes(packet), t, p, seq32, pair.source, pair.now), DropReason)


def test_a_hello_sent_in_a_victims_name_first_never_makes_the_victims_address_ours() -> None:
    pair = Pair()
    victim, attacker = ("198.51.100.7", 9), pair.source
    pair.client.connect(0.0)
    ((_, hello),) = pair.client.datagrams_to_send()
    pair.arrive_at_relay(hello, victim)
    pair.arrive_at_relay(hello, attacker)
    (to_victim, _), (to_attacker, address) = pair.sent_down
    assert address == attacker
    assert to_attacker != to_victim
    pair.client.receive_datagram(to_attacker, 0, 0.1)
    ((_, ping),) = pair.client.datagrams_to_send()
    pair.arrive_at_relay(ping, victim)  # the confirmation, again in the victim's name
    assert pair.session.is_confirmed
    assert pair.session.address == attacker


def test_what_the_frames_before_an_unreadable_one_asked_for_is_handed_out_with_the_same_datagram() -> None:
    pair = Pair().established()
    sealer = pair.client._channel.sealer  # type: ignore[union-attr]  # established
    for body in (encode_frame(Ping(1, 2, 3)) + b"\x0f", encode_frame(Ping(1, 2, 3)) * 17):
        datagram = sealer.seal(b"\0" + body)
        t, _, p, seq32 = DATA_HEADER.unpack_from(datagram)
        assert pair.session.open(datagram, t, p, seq32, pair.source, pair.now) == b""
        assert len(pair.session.datagrams_to_send()) == min(16, len(body) // 13)
    datagram = sealer.seal(b"\0\x0f")
    t, _, p, seq32 = DATA_HEADER.unpack_from(datagram)
    assert pair.session.open(datagram, t, p, seq32, pair.source, pair.now) is DropReason.MALFORMED
    assert pair.session.datagrams_to_send() == []

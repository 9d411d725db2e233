"""The client's end, joined to a real relay core in fake time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.protocol.client_session import SessionState
from plg.protocol.constants import HANDSHAKE_TIMEOUT_S, LOST_AFTER_S, MAX_PAYLOAD, SUSPECT_AFTER_S, TYPE_HELLO
from plg.protocol.errors import DropReason, FlowDenial, WelcomeStatus
from plg.protocol.events import (
    Confirmed,
    Established,
    FlowAccepted,
    FlowRefused,
    FlowRequested,
    HandshakeRefused,
    HandshakeTimedOut,
    PayloadReceived,
    RelayDraining,
    RelayLost,
    RelaySilent,
    SessionClosed,
    TicketRenewed,
)
from plg.protocol.handshake import build_no_session
from plg.protocol.relay_handshake import HelloAccepted
from support.protocol_pair import FLOW, UNIX_S, Pair, make_ticket, seal


def hellos(pair: Pair) -> int:
    return sum(datagram[0] >> 3 & 7 == TYPE_HELLO for datagram in pair.sent_up)


def test_one_round_trip_establishes_and_tells_how_the_relay_sees_us() -> None:
    pair = Pair().established()
    assert pair.client.state is SessionState.ESTABLISHED
    assert pair.client_events == [Established(False, "192.0.2.9", 40000)]
    assert pair.relay_events == [Confirmed(first=True)]


def test_a_relay_under_load_costs_one_more_round_trip_and_keeps_no_state_before_it() -> None:
    pair = Pair(under_load=True)
    pair.client.connect(0.0)
    pair.run(2 * pair.delay_s)
    assert pair.relay is None
    pair.run(4 * pair.delay_s)
    assert pair.client.state is SessionState.ESTABLISHED


@pytest.mark.parametrize("suite", [1, 2])
def test_the_first_payload_travels_inside_flow_open_and_costs_no_round_trip(suite: int) -> None:
    pair = Pair(suite=suite).established()
    assert pair.send(b"first")
    pair.run(pair.delay_s)
    assert pair.up_payloads == [(1, b"first")]
    pair.run(pair.delay_s)
    assert pair.send(b"second")
    pair.reply(1, b"answer")
    pair.run(2 * pair.delay_s)
    assert pair.up_payloads == [(1, b"first"), (1, b"second")]
    assert FlowAccepted(FLOW) in pair.client_events
    assert PayloadReceived(FLOW, b"answer") in pair.client_events


def test_payloads_sent_before_flow_ok_all_name_the_destination_and_all_arrive() -> None:
    pair = Pair().established()
    for i in range(5):
        pair.send(bytes([i]))
    pair.run(0.1)
    assert pair.up_payloads == [(1, bytes([i])) for i in range(5)]
    assert sum(isinstance(event, FlowRequested) for event in pair.relay_events) == 5


def test_a_lost_flow_open_loses_one_payload_and_no_more() -> None:
    pair = Pair().established()
    pair.up_fate = lambda _d, _h: False
    pair.send(b"lost")
    pair.up_fate = lambda _d, _h: True
    pair.send(b"kept")
    pair.run(0.1)
    assert pair.up_payloads == [(1, b"kept")]


def test_without_a_session_a_payload_must_go_direct() -> None:
    pair = Pair()
    assert not pair.client.send_payload(FLOW, b"x", 0.0)
    pair.client.connect(0.0)
    assert not pair.client.send_payload(FLOW, b"x", 0.0)


def test_a_payload_over_the_carried_length_must_go_direct() -> None:
    pair = Pair().established()
    assert not pair.send(b"x" * (MAX_PAYLOAD + 1))


def test_hello_is_repeated_until_it_gets_through() -> None:
    pair = Pair()
    pair.up_fate = lambda _d, _h: pair.now > 1.0
    pair.client.connect(0.0)
    pair.run(2.5)
    assert pair.client.state is SessionState.ESTABLISHED
    assert hellos(pair) >= 3


def test_no_answer_at_all_is_said_after_the_timeout() -> None:
    pair = Pair(up_fate=lambda _d, _h: False)
    pair.client.connect(0.0)
    pair.run(HANDSHAKE_TIMEOUT_S + 1)
    assert pair.client_events == [HandshakeTimedOut()]
    assert pair.client.next_timeout() is None


def test_a_lost_welcome_is_sent_again_in_the_same_bytes() -> None:
    pair = Pair()
    pair.down_fate = lambda _d, _h: pair.now > 0.2
    pair.client.connect(0.0)
    pair.run(1.0)
    welcomes = {datagram for datagram, _ in pair.sent_down if datagram[0] >> 3 & 7 == 2}
    assert len(welcomes) == 1
    assert pair.client.state is SessionState.ESTABLISHED


def test_a_refusal_is_told_with_its_reason() -> None:
    pair = Pair()
    pair.client.connect(0.0)
    ((_, hello),) = pair.client.datagrams_to_send()
    accepted = pair.handshake.receive_hello(hello, pair.source, UNIX_S, under_load=False)
    assert isinstance(accepted, HelloAccepted)
    from ipaddress import ip_address

    refusal = pair.handshake.refuse(accepted, pair.source, WelcomeStatus.FULL, ip_address("192.0.2.9"), UNIX_S)
    pair.client.receive_datagram(refusal, 0, 0.1)
    assert pair.client.next_event() == HandshakeRefused(WelcomeStatus.FULL)
    assert pair.client.state is SessionState.REFUSED


def test_a_restarted_relay_gets_the_same_flows_again() -> None:
    pair = Pair().established()
    pair.send(b"before")
    pair.run(0.1)
    pair.start_relay()
    for _ in range(60):
        pair.send(b"tick")
        pair.run(0.05)
    assert RelaySilent() in pair.client_events
    assert pair.client_events.count(Established(False, "192.0.2.9", 40000)) == 2
    assert pair.client.state is SessionState.ESTABLISHED
    pair.up_payloads.clear()
    pair.send(b"after")
    pair.run(0.1)
    assert pair.up_payloads == [(1, b"after")]
    last_hello = [datagram for datagram in pair.sent_up if datagram[0] >> 3 & 7 == TYPE_HELLO][-1]
    assert b"resume" in last_hello


def test_silence_in_play_is_noticed_within_a_quarter_second_of_its_limit() -> None:
    pair = Pair().established()
    pair.send(b"x")
    pair.run(0.5)
    pair.down_fate = lambda _d, _h: False
    began = pair.now
    while RelaySilent() not in pair.client_events:
        pair.send(b"x")
        pair.run(0.05)
        assert pair.now - began < SUSPECT_AFTER_S + 0.6


def test_a_relay_that_stays_silent_is_reported_lost_once_and_still_tried() -> None:
    pair = Pair().established()
    pair.down_fate = lambda _d, _h: False
    pair.run(LOST_AFTER_S + 5)
    before = hellos(pair)
    pair.run(5)
    assert pair.client_events.count(RelayLost()) == 1
    assert hellos(pair) > before
    pair.down_fate = lambda _d, _h: True
    pair.run(5)
    assert pair.client.state is SessionState.ESTABLISHED


def test_no_session_is_only_a_hint_and_spoofed_floods_make_at_most_one_hello_a_second() -> None:
    pair = Pair().established()
    before = hellos(pair)
    for _ in range(200):
        pair.client.receive_datagram(build_no_session(pair.client.cid), 0, pair.now)
        pair.run(0.01)
    assert pair.client.state is SessionState.ESTABLISHED
    assert hellos(pair) - before <= 4


def test_a_refused_flow_goes_direct_and_is_said() -> None:
    pair = Pair().established()
    pair.send(b"x")
    pair.session.deny_flow(1, FlowDenial.NOT_ALLOWED)
    pair.run(0.1)
    assert FlowRefused(FLOW, FlowDenial.NOT_ALLOWED) in pair.client_events
    assert not pair.send(b"y")


def test_a_flow_that_the_relay_forgot_is_opened_again() -> None:
    pair = Pair().established()
    pair.send(b"x")
    pair.run(0.1)
    pair.session.deny_flow(1, FlowDenial.UNKNOWN_FLOW)
    pair.run(0.1)
    requests = sum(isinstance(event, FlowRequested) for event in pair.relay_events)
    assert pair.send(b"y")
    pair.run(0.1)
    assert sum(isinstance(event, FlowRequested) for event in pair.relay_events) == requests + 1


def test_live_figures_come_from_pings() -> None:
    pair = Pair(delay_s=0.02).established()
    pair.send(b"x")
    pair.run(3.0)
    numbers = pair.client.numbers(pair.now)
    assert numbers.rtt_ms == pytest.approx(40.0, abs=0.5)
    assert numbers.loss_up_percent == 0.0
    assert numbers.loss_down_percent == 0.0


def test_loss_on_the_way_up_shows_as_such() -> None:
    pair = Pair().established()
    pair.send(b"x")
    pair.run(0.2)
    counter = iter(range(10**6))
    pair.up_fate = lambda _d, _h: next(counter) % 10 != 0
    for _ in range(900):
        pair.send(b"x")
        pair.run(1 / 64)
    numbers = pair.client.numbers(pair.now)
    assert numbers.loss_up_percent == pytest.approx(10.0, abs=2.0)
    assert numbers.loss_down_percent == 0.0


def test_a_newer_ticket_is_taken_and_confirmed_even_if_the_first_message_is_lost() -> None:
    pair = Pair().established()
    newer = make_ticket(expires_in_s=9000)
    pair.up_fate = lambda _d, _h: False
    pair.client.renew_ticket(seal(newer), pair.now)
    pair._flush()
    pair.up_fate = lambda _d, _h: True
    pair.run(2.5)
    assert pair.session.ticket == newer
    assert pair.client_events.count(TicketRenewed(newer.expires_at_s)) == 1


def test_close_is_said_three_times_and_the_relay_forgets() -> None:
    pair = Pair().established()
    pair.client.close(pair.now)
    sent = len(pair.sent_up)
    pair.run(0.2)
    assert len(pair.sent_up) - sent == 3
    assert pair.relay is None
    assert pair.client.next_timeout() is None
    assert not pair.send(b"x")


def test_a_close_of_the_relay_ends_the_session_with_its_reason() -> None:
    from plg.protocol.errors import CloseReason

    pair = Pair().established()
    pair.session.close(CloseReason.REVOKED)
    pair.run(0.1)
    assert SessionClosed(CloseReason.REVOKED) in pair.client_events
    assert pair.client.state is SessionState.CLOSED


def test_what_the_relay_dropped_over_a_limit_is_told_with_the_next_pong() -> None:
    pair = Pair().established()
    pair.session.over_cap_up, pair.session.over_cap_down = 3, 4
    pair.run(2.5)
    assert (pair.client.over_cap_up, pair.client.over_cap_down) == (3, 4)


def test_a_draining_relay_is_announced() -> None:
    pair = Pair().established()
    pair.session.announce_drain(30)
    pair.run(0.1)
    assert RelayDraining(30) in pair.client_events


@pytest.mark.parametrize("skew_s", [-55, 55])
def test_a_client_clock_within_a_minute_is_good_enough(skew_s: int) -> None:
    pair = Pair()
    pair.client._handshake._unix_ms_offset += skew_s * 1000
    pair.established()


@given(st.binary(max_size=700))
def test_junk_is_counted_and_changes_nothing(junk: bytes) -> None:
    pair = Pair().established()
    for kind in range(8):
        datagram = bytes([0x40 | kind << 3 | 2]) + pair.client.cid.to_bytes(8, "big") + junk
        pair.client.receive_datagram(datagram, 0, pair.now)
        pair.client.receive_datagram(junk, 0, pair.now)
    assert pair.client.state is SessionState.ESTABLISHED
    assert sum(pair.client.drops.values()) > 0


def test_every_replayed_down_packet_is_dropped() -> None:
    pair = Pair().established()
    pair.send(b"x")
    pair.run(0.1)
    pair.reply(1, b"once")
    pair.run(0.1)
    for datagram, _ in pair.sent_down:
        pair.client.receive_datagram(datagram, 0, pair.now)
    pair._flush()
    assert pair.client_events.count(PayloadReceived(FLOW, b"once")) == 1
    assert pair.client.drops[DropReason.DUPLICATE] >= 2


def test_a_day_of_play_changes_keys_and_loses_nothing() -> None:
    pair = Pair(ticket=make_ticket(expires_in_s=90_000)).established()
    for _ in range(25):
        pair.send(b"x")
        pair.run(3600.0)
    pair.up_payloads.clear()
    pair.send(b"still here")
    pair.run(0.1)
    assert pair.up_payloads == [(1, b"still here")]
    assert pair.client._channel is not None


def test_asked_for_a_sign_of_life_the_relay_answers_at_once_between_two_pings() -> None:
    pair = Pair().established()
    pair.run(1.5)
    silent_s = pair.client.silent_for_s(pair.now)
    assert silent_s > 0.1
    pair.client.probe(pair.now)
    pair.run(0.1)
    assert pair.client.silent_for_s(pair.now) < 0.1


def test_a_standby_pings_seldom_and_closer_when_it_becomes_the_exit() -> None:
    pair = Pair().established()
    pair.client.replace_idle_ping_interval(15.0, pair.now)
    sent = len(pair.sent_up)
    pair.run(61)
    assert pair.client.state is SessionState.ESTABLISHED
    assert len(pair.sent_up) - sent <= 5
    pair.client.replace_idle_ping_interval(1.0, pair.now)
    pair.run(5)
    assert pair.client.silent_for_s(pair.now) < 1.5

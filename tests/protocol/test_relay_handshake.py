"""The relay before there is a session."""

from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.protocol.constants import COOKIE_ROTATION_S
from plg.protocol.errors import DropReason, WelcomeStatus
from plg.protocol.handshake import (
    WELCOME_PATH_AT,
    Cookie,
    Hello,
    ResumeState,
    build_hello,
    open_welcome,
    parse_cookie,
)
from plg.protocol.keys import probe_key
from plg.protocol.probe import ProbeReply, Seen, build_probe, make_probe_token, read_probe_reply
from plg.protocol.relay_handshake import HelloAccepted, RelayHandshake, TransitAccepted
from plg.protocol.ticket import ROLE_TRANSIT, TransitTicket, seal_transit_ticket
from support.protocol_pair import CID, RELAY_ID, SECRET, TICKET_KEY, UNIX_S, Pair, make_ticket, seal

SOURCE = ("192.0.2.9", 40000)
NONCE = b"n" * 16


def relay() -> RelayHandshake:
    counter = iter(range(1, 10**6))
    return RelayHandshake(RELAY_ID, {1: TICKET_KEY}, b"boot id!", lambda n: next(counter).to_bytes(n, "big"))


def hello(ts_ms: float = UNIX_S * 1000, *, cid: int = CID, cookie: Cookie = Cookie(), resume: bytes = b"") -> bytes:  # noqa: B008 - frozen
    return build_hello(Hello(cid, 0, int(ts_ms), NONCE, seal(make_ticket()), resume, cookie), SECRET)


def ask(handshake: RelayHandshake, datagram: bytes, at: float = UNIX_S, *, under_load: bool = False) -> object:
    return handshake.receive_hello(datagram, SOURCE, at, under_load=under_load)


def test_a_genuine_hello_is_accepted_with_its_ticket() -> None:
    accepted = ask(relay(), hello())
    assert isinstance(accepted, HelloAccepted)
    assert accepted.ticket == make_ticket()


def test_who_has_the_ticket_but_not_the_secret_is_refused() -> None:
    stolen = build_hello(Hello(CID, 0, int(UNIX_S * 1000), NONCE, seal(make_ticket())), bytes(32))
    assert ask(relay(), stolen) is DropReason.HELLO_FORGED


def test_a_ticket_works_for_its_own_session_only() -> None:
    assert ask(relay(), hello(cid=CID + 1)) is DropReason.HELLO_FORGED


def test_hello_must_be_of_now_and_not_older_than_the_last() -> None:
    handshake = relay()
    assert ask(handshake, hello((UNIX_S - 61) * 1000)) is DropReason.HELLO_SKEW
    assert ask(handshake, hello((UNIX_S + 61) * 1000)) is DropReason.HELLO_SKEW
    assert isinstance(ask(handshake, hello((UNIX_S + 10) * 1000)), HelloAccepted)
    assert ask(handshake, hello((UNIX_S + 9) * 1000)) is DropReason.HELLO_STALE


def test_after_the_end_of_a_session_its_last_hello_cannot_be_replayed() -> None:
    handshake = relay()
    ask(handshake, hello())
    handshake.session_ended(CID)
    assert ask(handshake, hello()) is DropReason.HELLO_STALE
    assert isinstance(ask(handshake, hello(UNIX_S * 1000 + 2)), HelloAccepted)


def test_what_the_clock_refuses_need_not_be_remembered() -> None:
    handshake = relay()
    ask(handshake, hello())
    handshake.forget_old_hellos(UNIX_S + 300)
    assert handshake._newest_hello_ms == {}


def test_under_load_a_cookie_is_asked_before_any_ticket_is_opened() -> None:
    handshake = relay()
    answer = ask(handshake, hello(), under_load=True)
    assert isinstance(answer, bytes)
    cookie = parse_cookie(answer)
    assert isinstance(cookie, Cookie)
    assert isinstance(ask(handshake, hello(cookie=cookie), under_load=True), HelloAccepted)
    assert isinstance(handshake.receive_hello(hello(cookie=cookie), ("192.0.2.10", 1), UNIX_S, under_load=True), bytes)


def test_a_cookie_lives_ten_seconds_also_over_a_change_of_secrets() -> None:
    handshake = relay()
    ask(handshake, hello(), under_load=True)
    at = UNIX_S + COOKIE_ROTATION_S - 1
    cookie = parse_cookie(ask(handshake, hello(at * 1000), at, under_load=True))  # type: ignore[arg-type]  # bytes here
    assert isinstance(cookie, Cookie)
    assert isinstance(ask(handshake, hello(at * 1000, cookie=cookie), at + 5, under_load=True), HelloAccepted)
    assert isinstance(ask(handshake, hello(at * 1000, cookie=cookie), at + 11, under_load=True), bytes)


def test_a_resume_token_of_another_session_is_ignored() -> None:
    handshake = relay()
    mine = handshake.seal_resume_token(ResumeState(CID, 1, ((50000, 40001),)))
    other = handshake.seal_resume_token(ResumeState(CID + 1, 1, ((50000, 40001),)))
    accepted = ask(handshake, hello(resume=mine))
    assert isinstance(accepted, HelloAccepted)
    assert accepted.resume == ResumeState(CID, 1, ((50000, 40001),))
    accepted = ask(handshake, hello(UNIX_S * 1000 + 1, resume=other))
    assert isinstance(accepted, HelloAccepted)
    assert accepted.resume is None


def test_keys_rotate_without_breaking_tickets_and_tokens_of_the_key_before() -> None:
    handshake = relay()
    token = handshake.seal_resume_token(ResumeState(CID, 1, ()))
    handshake.set_ticket_keys({1: TICKET_KEY, 2: b"2" * 32})
    accepted = ask(handshake, hello(resume=token))
    assert isinstance(accepted, HelloAccepted)
    assert accepted.resume is not None
    handshake.set_ticket_keys({2: b"2" * 32})
    assert ask(handshake, hello(UNIX_S * 1000 + 1)) is DropReason.TICKET_FORGED


def test_a_refusal_reads_as_one_and_is_shorter_than_the_question() -> None:
    handshake = relay()
    accepted = ask(handshake, hello())
    assert isinstance(accepted, HelloAccepted)
    refusal = handshake.refuse(accepted, SOURCE, WelcomeStatus.DRAINING, ip_address(SOURCE[0]), UNIX_S)
    welcome = open_welcome(refusal, SECRET, NONCE)
    assert not isinstance(welcome, DropReason)
    assert welcome.status is WelcomeStatus.DRAINING
    assert len(refusal) < 640


def test_probes_are_answered_for_token_holders() -> None:
    token = make_probe_token(probe_key(TICKET_KEY), int(UNIX_S) + 9, b"serial 8")
    assert isinstance(relay().answer_probe(build_probe(1, token, 1, 1), SOURCE, UNIX_S, 1, 2), bytes)
    assert relay().answer_probe(build_probe(1, bytes(28), 1, 1), SOURCE, UNIX_S, 1, 2) is DropReason.PROBE_EXPIRED


def test_a_probe_that_asks_is_told_its_source_in_its_own_form() -> None:
    token = make_probe_token(probe_key(TICKET_KEY), int(UNIX_S) + 9, b"serial 8")
    asking = build_probe(1, token, 1, 1, ask_address=True)
    answer = relay().answer_probe(asking, ("::ffff:192.0.2.9", 40000), UNIX_S, 1, 2)
    assert isinstance(answer, bytes)
    reply = read_probe_reply(answer, token)
    assert isinstance(reply, ProbeReply)
    assert reply.seen == Seen(ip_address("192.0.2.9"), 40000)


@given(st.binary(max_size=640), st.booleans())
def test_junk_leaves_no_state_and_no_answer_is_longer_than_its_question(junk: bytes, under_load: bool) -> None:
    handshake = relay()
    for datagram in (junk, (b"\x48" + bytes(8) + b"\1\0\0" + junk).ljust(640, b"\0")[:640]):
        answer = ask(handshake, datagram, under_load=under_load)
        assert isinstance(answer, bytes | DropReason)
        assert not isinstance(answer, bytes) or len(answer) < len(datagram)
    assert handshake._newest_hello_ms == {}


def test_a_replayed_hello_cannot_displace_a_running_session() -> None:
    pair = Pair().established()
    pair.send(b"x")
    pair.run(0.1)
    captured = pair.sent_up[0]
    address = pair.session.address
    for _ in range(20):
        pair.arrive_at_relay(captured, ("203.0.113.66", 666))
    assert pair.session.address == address
    pair.reply(1, b"still mine")
    assert pair.sent_down[-1][1] == address
    pair.up_payloads.clear()
    pair.send(b"y")
    pair.run(0.1)
    assert pair.up_payloads == [(1, b"y")]


# --- transit ---------------------------------------------------------------------------------------------------------

TRANSIT_SECRET = b"t" * 32
TRANSIT = TransitTicket(CID, int(UNIX_S), int(UNIX_S) + 3600, TRANSIT_SECRET, bytes(16), 443, 100, 200, 300)


def transit_hello(
    ts_ms: float = UNIX_S * 1000,
    *,
    ticket: TransitTicket = TRANSIT,
    cookie: Cookie = Cookie(),  # noqa: B008 - frozen
    secret: bytes = TRANSIT_SECRET,
    relay_id: int = RELAY_ID,
    cid: int = CID,
) -> bytes:
    token = seal_transit_ticket(ticket, TICKET_KEY, 1, relay_id, b"ticket nonce")
    return build_hello(Hello(cid, 2, int(ts_ms), NONCE, token, b"", cookie, ROLE_TRANSIT), secret)


def test_a_genuine_transit_hello_is_accepted_with_its_ticket() -> None:
    accepted = ask(relay(), transit_hello())
    assert isinstance(accepted, TransitAccepted)
    assert (accepted.ticket, accepted.hello.path, accepted.address_proved) == (TRANSIT, 2, False)


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (transit_hello(secret=SECRET), DropReason.HELLO_FORGED),
        (transit_hello(cid=CID + 1), DropReason.HELLO_FORGED),
        (transit_hello(relay_id=RELAY_ID + 1), DropReason.TICKET_FORGED),
        (transit_hello(ticket=replace(TRANSIT, expires_at_s=int(UNIX_S) + 1)), None),
        (transit_hello((UNIX_S + 61) * 1000), DropReason.HELLO_SKEW),
        (build_hello(Hello(CID, 2, int(UNIX_S * 1000), NONCE, seal(make_ticket()), role=1), SECRET), None),
    ],
    ids=["secret", "cid", "relay", "short-lived", "clock", "exit-ticket"],
)
def test_a_transit_hello_passes_the_same_checks_as_the_exits(datagram: bytes, reason: DropReason | None) -> None:
    late = relay()
    if reason is None:
        verdict = ask(late, datagram, UNIX_S + 62)
        assert isinstance(verdict, DropReason)
        assert verdict in {DropReason.TICKET_EXPIRED, DropReason.TICKET_MALFORMED}
    else:
        assert ask(late, datagram) is reason
    assert late._newest_hello_ms == {}


def test_an_exit_ticket_does_not_open_a_hello_of_a_transit_nor_the_other_way() -> None:
    token = seal_transit_ticket(TRANSIT, TICKET_KEY, 1, RELAY_ID, b"ticket nonce")
    as_exit = build_hello(Hello(CID, 0, int(UNIX_S * 1000), NONCE, token), TRANSIT_SECRET)
    assert ask(relay(), as_exit) in {DropReason.TICKET_MALFORMED, DropReason.TICKET_FORGED}


def test_transit_hellos_of_a_session_only_get_newer_and_none_is_taken_after_its_end() -> None:
    handshake = relay()
    ask(handshake, transit_hello((UNIX_S + 1) * 1000))
    assert ask(handshake, transit_hello()) is DropReason.HELLO_STALE
    handshake.session_ended(CID)
    assert ask(handshake, transit_hello((UNIX_S + 1) * 1000)) is DropReason.HELLO_STALE


def test_under_load_a_transit_too_asks_for_a_cookie_and_one_that_is_good_proves_the_address_at_any_time() -> None:
    handshake = relay()
    answer = ask(handshake, transit_hello(), under_load=True)
    assert isinstance(answer, bytes)
    cookie = parse_cookie(answer)
    assert isinstance(cookie, Cookie)
    for under_load in (True, False):
        accepted = ask(handshake, transit_hello(cookie=cookie), under_load=under_load)
        assert isinstance(accepted, TransitAccepted)
        assert accepted.address_proved
    elsewhere = handshake.receive_hello(transit_hello(cookie=cookie), ("192.0.2.10", 1), UNIX_S, under_load=False)
    assert isinstance(elsewhere, TransitAccepted)
    assert not elsewhere.address_proved


@pytest.mark.parametrize("status", [WelcomeStatus.OK, WelcomeStatus.NEXT_HOP_DENIED])
def test_a_transit_answers_under_its_own_secret_with_the_caps_of_its_ticket(status: WelcomeStatus) -> None:
    handshake = relay()
    accepted = ask(handshake, transit_hello())
    assert isinstance(accepted, TransitAccepted)
    datagram = handshake.answer_transit(accepted, SOURCE, status, ip_address(SOURCE[0]), UNIX_S)
    welcome = open_welcome(datagram, TRANSIT_SECRET, NONCE)
    assert not isinstance(welcome, DropReason)
    assert (welcome.status, datagram[WELCOME_PATH_AT]) == (status, 2)
    assert (welcome.packets_per_second, welcome.kbit_per_second_up, welcome.kbit_per_second_down) == (100, 200, 300)
    assert (welcome.flows, welcome.local_ports, welcome.resume_token) == (0, 0, b"")
    assert (str(welcome.observed_address), welcome.observed_port) == SOURCE
    assert len(datagram) < 640


def test_a_hello_for_the_exit_may_come_on_a_path_of_its_ticket_only() -> None:
    ticket = replace(make_ticket(), max_paths=3, transits=((1, ip_address("::ffff:198.20.0.77").packed),))

    def on(path: int, source: str) -> object:
        datagram = build_hello(Hello(CID, path, int(UNIX_S * 1000), NONCE, seal(ticket)), SECRET)
        return relay().receive_hello(datagram, (source, 443), UNIX_S, under_load=False)

    assert isinstance(on(0, "192.0.2.9"), HelloAccepted)
    assert isinstance(on(2, "192.0.2.9"), HelloAccepted)
    assert isinstance(on(1, "198.20.0.77"), HelloAccepted)
    assert isinstance(on(1, "::ffff:198.20.0.77"), HelloAccepted)
    assert on(1, "192.0.2.9") is DropReason.FOREIGN_PATH
    assert on(3, "192.0.2.9") is DropReason.FOREIGN_PATH

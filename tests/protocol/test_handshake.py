"""Layouts of HELLO, WELCOME, COOKIE, NO_SESSION and the resume token."""

import json
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.protocol.constants import MAX_RESUME_TOKEN_LENGTH, MAX_TICKET_LENGTH
from plg.protocol.errors import DropReason, ProtocolMisuse, WelcomeStatus
from plg.protocol.handshake import (
    MAX_RESUME_PORTS,
    Cookie,
    Hello,
    ResumeState,
    Welcome,
    build_cookie,
    build_hello,
    build_no_session,
    cookie_mac,
    hello_is_genuine,
    open_resume_token,
    open_welcome,
    parse_cookie,
    parse_hello,
    seal_resume_token,
    seal_welcome,
)
from plg.protocol.ticket import ROLE_TRANSIT

SECRET = bytes(range(32))
NONCE = bytes(range(16))
TRANSIT_HELLO = Hello(0x1234, 3, 1_800_000_000_000, NONCE, b"t" * 106, role=ROLE_TRANSIT)
HELLO = Hello(0x1234, 0, 1_800_000_000_000, NONCE, b"t" * 133, b"r" * 40, Cookie(5, b"m" * 16))
WELCOME = Welcome(
    WelcomeStatus.OK, b"n" * 16, 1_800_000_000_001, b"boot id!", ip_address("192.0.2.1"), 4000, 600, 1500, 6000, 64, 16, b"tok"
)  # fmt: skip


@pytest.mark.parametrize(
    "hello",
    [
        HELLO,
        TRANSIT_HELLO,
        replace(HELLO, ticket=b"t" * MAX_TICKET_LENGTH, resume_token=b"r" * MAX_RESUME_TOKEN_LENGTH),
    ],
)
def test_hello_is_640_bytes_and_reads_back(hello: Hello) -> None:
    datagram = build_hello(hello, SECRET)
    assert len(datagram) == 640
    assert parse_hello(datagram) == hello
    assert hello_is_genuine(datagram, SECRET)


@given(st.integers(min_value=0, max_value=640 * 8 - 1))
def test_a_flipped_bit_anywhere_breaks_the_mac(bit: int) -> None:
    datagram = bytearray(build_hello(HELLO, SECRET))
    datagram[bit // 8] ^= 1 << bit % 8
    assert not hello_is_genuine(bytes(datagram), SECRET)


def test_the_ticket_alone_does_not_make_a_hello() -> None:
    assert not hello_is_genuine(build_hello(HELLO, bytes(32)), SECRET)


@given(st.binary(max_size=700))
def test_junk_never_raises(junk: bytes) -> None:
    for datagram in (junk, junk.ljust(640, b"\0")[:640]):
        assert isinstance(parse_hello(datagram), Hello | DropReason)
    assert isinstance(parse_cookie(junk), Cookie | DropReason)
    assert isinstance(open_welcome(junk, SECRET, NONCE), DropReason)
    assert open_resume_token(junk, (SECRET,), 1) is None


def test_too_long_a_ticket_is_our_own_mistake() -> None:
    with pytest.raises(ProtocolMisuse):
        build_hello(replace(HELLO, ticket=bytes(MAX_TICKET_LENGTH + 1)), SECRET)


@pytest.mark.parametrize(
    "odd",
    [replace(HELLO, role=2), replace(TRANSIT_HELLO, path=0), replace(TRANSIT_HELLO, resume_token=b"r")],
    ids=["no-such-role", "path-0", "resume-token"],
)
def test_a_hello_of_no_role_or_a_transits_with_what_only_an_exit_has_is_our_own_mistake(odd: Hello) -> None:
    with pytest.raises(ProtocolMisuse):
        build_hello(odd, SECRET)


REFUSED = json.loads((Path(__file__).parents[1] / "vectors" / "handshake.json").read_text("utf-8"))["hello_refused"]


@pytest.mark.parametrize("entry", REFUSED, ids=lambda entry: entry["why"])
def test_a_hello_that_breaks_one_rule_is_refused(entry: dict[str, str]) -> None:
    datagram = bytes.fromhex(entry["datagram"])
    genuine = hello_is_genuine(datagram, bytes.fromhex(entry["K"]))
    assert not genuine or parse_hello(datagram) is DropReason.MALFORMED


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_welcome_opens_under_this_attempts_nonce_only(address: str) -> None:
    welcome = replace(WELCOME, observed_address=ip_address(address))
    datagram = seal_welcome(welcome, 0x1234, 0, SECRET, NONCE, b"x" * 12)
    assert open_welcome(datagram, SECRET, NONCE) == welcome
    assert open_welcome(datagram, SECRET, bytes(16)) is DropReason.FORGED
    assert len(datagram) <= 512


@given(st.integers(min_value=0))
def test_a_mutated_welcome_is_refused(bit: int) -> None:
    datagram = bytearray(seal_welcome(WELCOME, 0x1234, 0, SECRET, NONCE, b"x" * 12))
    bit %= len(datagram) * 8
    datagram[bit // 8] ^= 1 << bit % 8
    assert isinstance(open_welcome(bytes(datagram), SECRET, NONCE), DropReason)


def test_cookies_are_30_bytes_and_bound_to_address_nonce_and_time() -> None:
    cookie = Cookie(99, cookie_mac(SECRET, ("192.0.2.1", 5), NONCE, 99))
    datagram = build_cookie(7, cookie)
    assert len(datagram) == 30
    assert parse_cookie(datagram) == cookie
    others = [
        cookie_mac(SECRET, ("192.0.2.1", 6), NONCE, 99),
        cookie_mac(SECRET, ("192.0.2.2", 5), NONCE, 99),
        cookie_mac(SECRET, ("192.0.2.1", 5), bytes(16), 99),
        cookie_mac(SECRET, ("192.0.2.1", 5), NONCE, 98),
    ]
    assert cookie.mac not in others


def test_no_session_is_nine_bytes() -> None:
    assert build_no_session(0x0102030405060708) == bytes.fromhex("60 0102030405060708")


def test_a_resume_token_is_for_its_relay_alone_and_bounded() -> None:
    state = ResumeState(1, 2, tuple((port, 40000 + port) for port in range(20)))
    token = seal_resume_token(state, SECRET, 1, b"n" * 12)
    assert len(token) <= MAX_RESUME_TOKEN_LENGTH
    opened = open_resume_token(token, (bytes(32), SECRET), 1)
    assert opened == replace(state, ports=state.ports[:MAX_RESUME_PORTS])
    assert open_resume_token(token, (SECRET,), 2) is None
    assert open_resume_token(token[:-1] + b"\0", (SECRET,), 1) is None

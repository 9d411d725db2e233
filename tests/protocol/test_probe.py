"""LPING and LPONG."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.protocol.errors import DropReason, ProtocolMisuse
from plg.protocol.keys import probe_key
from plg.protocol.probe import (
    FLAG_ADDRESS,
    FLAG_DRAINING,
    ProbeReply,
    Seen,
    answer_probe,
    build_probe,
    make_probe_token,
    read_probe_reply,
)
from support.protocol_pair import TICKET_KEY, UNIX_S

KEY = probe_key(TICKET_KEY)
TOKEN = make_probe_token(KEY, int(UNIX_S) + 60, b"serial 8")


def test_the_answer_has_the_length_of_the_question_and_the_relays_stamps() -> None:
    ping = build_probe(0xABCDEF, TOKEN, 7, 1000)
    pong = answer_probe(ping, (KEY,), UNIX_S, 5000, 5010, FLAG_DRAINING)
    assert isinstance(pong, bytes)
    assert len(pong) == len(ping) == 64
    assert read_probe_reply(pong) == ProbeReply(0xABCDEF, 7, 1000, 5000, 5010, draining=True, full=False)


def test_a_token_works_under_the_key_before_while_keys_rotate() -> None:
    assert isinstance(answer_probe(build_probe(1, TOKEN, 1, 1), (bytes(32), KEY), UNIX_S, 1, 2), bytes)


def test_an_expired_token_gets_no_answer() -> None:
    assert answer_probe(build_probe(1, TOKEN, 1, 1), (KEY,), UNIX_S + 61, 1, 2) is DropReason.PROBE_EXPIRED


@given(st.integers(min_value=10 * 8, max_value=38 * 8 - 1))
def test_a_token_with_one_flipped_bit_gets_no_answer(bit: int) -> None:
    ping = bytearray(build_probe(1, TOKEN, 1, 1))
    ping[bit // 8] ^= 1 << bit % 8
    assert isinstance(answer_probe(bytes(ping), (KEY,), UNIX_S, 1, 2), DropReason)


@given(st.binary(max_size=100))
def test_junk_never_raises_nor_gets_an_answer(junk: bytes) -> None:
    assert isinstance(answer_probe(junk, (KEY,), UNIX_S, 1, 2), DropReason)
    assert isinstance(read_probe_reply(junk), DropReason | ProbeReply)


def test_a_token_of_wrong_length_is_our_own_mistake() -> None:
    with pytest.raises(ProtocolMisuse):
        build_probe(1, b"short", 1, 1)
    with pytest.raises(ProtocolMisuse):
        make_probe_token(KEY, 1, b"short")


def test_a_question_is_no_answer() -> None:
    assert read_probe_reply(build_probe(1, TOKEN, 1, 1)) is DropReason.WRONG_TYPE


# --- the address as seen ----------------------------------------------------------------------------------------------


def told(seen: Seen | None, *, asking: bool = True) -> bytes:
    """The answer of a relay that sees the asker there."""
    ping = build_probe(0xABCDEF, TOKEN, 7, 1000, ask_address=asking)
    pong = answer_probe(ping, (KEY,), UNIX_S, 5000, 5010, FLAG_DRAINING, seen)
    assert isinstance(pong, bytes)
    assert len(pong) == len(ping)
    return pong


@given(st.ip_addresses(), st.integers(min_value=1, max_value=65535))
def test_who_asks_hears_under_which_address_the_relay_sees_him(address: IPv4Address | IPv6Address, port: int) -> None:
    reply = read_probe_reply(told(Seen(address, port)), TOKEN)
    assert isinstance(reply, ProbeReply)
    assert (reply.nonce, reply.probe_id, reply.draining) == (0xABCDEF, 7, True)
    assert reply.seen is not None
    plain = address.ipv4_mapped if isinstance(address, IPv6Address) and address.ipv4_mapped else address
    assert (reply.seen.address, reply.seen.port) == (plain, port)


def test_the_address_does_not_stand_there_in_the_clear() -> None:
    address = ip_address("198.20.0.9")
    assert address.packed not in told(Seen(address, 54321))


def test_who_does_not_ask_is_not_told_and_gets_the_answer_of_before() -> None:
    assert told(Seen(ip_address("198.20.0.9"), 54321), asking=False) == told(None, asking=False)
    assert told(None)[9] & FLAG_ADDRESS == 0
    reply = read_probe_reply(told(None), TOKEN)
    assert isinstance(reply, ProbeReply)
    assert reply.seen is None


def test_without_the_token_of_the_question_no_address_is_read() -> None:
    pong = told(Seen(ip_address("198.20.0.9"), 54321))
    unread = read_probe_reply(pong)
    assert isinstance(unread, ProbeReply)
    assert unread.seen is None
    other = make_probe_token(KEY, int(UNIX_S) + 60, b"8 serial")
    assert read_probe_reply(pong, other) is DropReason.MALFORMED
    assert read_probe_reply(told(Seen(ip_address("198.20.0.9"), 0)), TOKEN) is DropReason.MALFORMED


@pytest.mark.parametrize("flags", [1, 2, 3, 5, 8, 0xFF])
def test_a_question_has_no_other_flag(flags: int) -> None:
    ping = bytearray(build_probe(1, TOKEN, 1, 1))
    ping[9] = flags
    assert answer_probe(bytes(ping), (KEY,), UNIX_S, 1, 2) is DropReason.MALFORMED

"""LPING and LPONG."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.protocol.errors import DropReason, ProtocolMisuse
from plg.protocol.keys import probe_key
from plg.protocol.probe import FLAG_DRAINING, ProbeReply, answer_probe, build_probe, make_probe_token, read_probe_reply
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

"""One connection to the ping endpoint, as bytes: what is answered, what is refused, and that nothing else ever happens."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg_relay.web_ping_talk import HEAD_LIMIT_BYTES, PONG, REQUESTS_PER_CONNECTION, PingTalk

HOST = b"Host: relay1.example:8444\r\n"
GOOD = b"GET /ping HTTP/1.1\r\n" + HOST + b"\r\n"


def talk() -> PingTalk:
    return PingTalk(Counter())


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS"])
def test_a_ping_is_answered_for_every_origin_and_the_connection_stays(method: bytes) -> None:
    answer, ends = talk().feed(method + b" /ping?3 HTTP/1.1\r\n" + HOST + b"Origin: https://plg.example\r\n\r\n")
    assert (status(answer), ends) == (204, False)
    lines = answer.split(b"\r\n")
    for line in (b"Access-Control-Allow-Origin: *", b"Timing-Allow-Origin: *", b"Cache-Control: no-store"):
        assert line in lines
    assert answer.endswith(b"\r\n\r\n")
    assert len(answer) < 250


def test_it_does_not_matter_how_the_bytes_are_cut_or_how_many_come_together() -> None:
    one = talk()
    answers = b"".join(one.feed(GOOD[at : at + 1])[0] for at in range(len(GOOD)))
    together, ends = talk().feed(GOOD * 3)
    assert (together, ends) == (answers * 3, False)
    assert answers == PONG + b"\r\n"


@pytest.mark.parametrize("head", [b"GET /ping HTTP/1.0\r\n\r\n", GOOD[:-2] + b"Connection: keep-alive, Close\r\n\r\n"])
def test_who_wants_the_connection_to_end_is_obeyed(head: bytes) -> None:
    answer, ends = talk().feed(head)
    assert (status(answer), ends, b"Connection: close" in answer) == (204, True, True)


def test_one_connection_gets_so_many_answers_and_no_more() -> None:
    outcomes: Counter[str] = Counter()
    answer, ends = PingTalk(outcomes).feed(GOOD * (REQUESTS_PER_CONNECTION + 5))
    assert (answer.count(b"204"), ends) == (REQUESTS_PER_CONNECTION, True)
    assert outcomes == {"answered": REQUESTS_PER_CONNECTION}


@pytest.mark.parametrize(
    ("sent", "code", "reason"),
    [
        (b"GET / HTTP/1.1\r\n" + HOST + b"\r\n", 404, "not_found"),
        (b"GET /ping/../x HTTP/1.1\r\n" + HOST + b"\r\n", 404, "not_found"),
        (b"POST /ping HTTP/1.1\r\n" + HOST + b"\r\n", 405, "method"),
        (b"POST /ping HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nGET /", 400, "body"),
        (b"GET /ping HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n", 400, "body"),
        (b"GET /ping HTTP/1.1\r\n" + HOST + b"Content-Length: 0, 4\r\n\r\n", 400, "body"),
        (b"GET /ping HTTP/1.1\r\n\r\n", 400, "malformed"),
        (b"GET /ping HTTP/1.1\r\n" + HOST * 2 + b"\r\n", 400, "malformed"),
        (b"GET /ping HTTP/1.1\r\n" + HOST + b"no colon\r\n\r\n", 400, "malformed"),
        (b"GET /ping HTTP/1.1\r\n" + HOST + b" folded: x\r\n\r\n", 400, "malformed"),
        (b"GET /ping HTTP/1.1\r\nX: a\nb\r\n" + HOST + b"\r\n", 400, "malformed"),
        (b"GET /p\xffing HTTP/1.1\r\n\r\n", 400, "malformed"),
        (b"GET  /ping HTTP/1.1\r\n\r\n", 400, "malformed"),
        (b"GET /ping HTTP/2.0\r\n\r\n", 400, "malformed"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n", 400, "malformed"),
        (b"GET /ping HTTP/1.1\r\nX: " + b"a" * HEAD_LIMIT_BYTES, 431, "too_long"),
        (b"\r\n" * HEAD_LIMIT_BYTES, 400, "malformed"),
    ],
)
def test_everything_else_is_refused_counted_and_the_end(sent: bytes, code: int, reason: str) -> None:
    outcomes: Counter[str] = Counter()
    answer, ends = PingTalk(outcomes).feed(sent)
    assert (status(answer), ends, outcomes) == (code, True, {reason: 1})
    assert b"Connection: close" in answer


@given(
    st.lists(st.one_of(st.binary(max_size=300), st.sampled_from([GOOD, GOOD[:9], b"\r\n", b"\r\n\r\n"])), max_size=12)
)
def test_no_bytes_make_it_fail_or_answer_more_than_it_was_asked(pieces: list[bytes]) -> None:
    outcomes: Counter[str] = Counter()
    one = PingTalk(outcomes)
    answered = 0
    for piece in pieces:
        answer, ends = one.feed(piece)
        answered += answer.count(b"HTTP/1.1 ")
        if ends:
            break
    assert answered == outcomes.total() <= REQUESTS_PER_CONNECTION

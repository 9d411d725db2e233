"""The client's hand-shake attempts. (Whole hand-shakes with a relay: test_client_session.)"""

from dataclasses import dataclass
from ipaddress import ip_address
from itertools import pairwise
from random import Random

from plg.protocol.client_handshake import ClientGrant, ClientHandshake
from plg.protocol.constants import HELLO_ATTEMPT_S, MAX_RESUME_TOKEN_LENGTH
from plg.protocol.errors import DropReason, WelcomeStatus
from plg.protocol.handshake import Cookie, Hello, Welcome, build_cookie, parse_hello, seal_welcome
from plg.protocol.ticket import ROLE_TRANSIT
from support.protocol_pair import CID, RELAY_ID, SECRET, UNIX_S

GRANT = ClientGrant(CID, SECRET, b"ticket", RELAY_ID)
WELCOME = Welcome(WelcomeStatus.OK, bytes(16), 1, b"boot id!", ip_address("192.0.2.9"), 9, 600, 1500, 6000, 0, 0)


def make() -> ClientHandshake:
    return ClientHandshake(Random(1).randbytes, UNIX_S * 1000)


def parsed(datagram: bytes | DropReason | None) -> Hello:
    assert isinstance(datagram, bytes)
    hello = parse_hello(datagram)
    assert isinstance(hello, Hello)
    return hello


def test_repeats_within_an_attempt_are_identical_and_come_ever_more_slowly() -> None:
    handshake = make()
    first = handshake.start(GRANT, 0.0)
    moments = []
    for _ in range(4):
        due = handshake.next_timeout
        assert due is not None
        assert handshake.repeat(GRANT, due - 0.001) is None
        assert handshake.repeat(GRANT, due) == first
        moments.append(due)
    gaps = [b - a for a, b in pairwise(moments)]
    assert gaps == sorted(gaps)


def test_a_fresh_attempt_has_a_fresh_nonce_and_a_later_time() -> None:
    handshake = make()
    first = parsed(handshake.start(GRANT, 0.0))
    second = parsed(handshake.repeat(GRANT, HELLO_ATTEMPT_S))
    assert second.client_nonce != first.client_nonce
    assert second.hello_ts_ms > first.hello_ts_ms


def test_time_never_stands_still_even_when_the_clock_does() -> None:
    handshake = make()
    stamps = [parsed(handshake.start(GRANT, 0.0)).hello_ts_ms for _ in range(3)]
    assert stamps == sorted(set(stamps))


def test_a_cookie_goes_into_the_same_attempt() -> None:
    handshake = make()
    first = parsed(handshake.start(GRANT, 0.0))
    cookie = Cookie(5, b"m" * 16)
    second = parsed(handshake.receive_cookie(build_cookie(CID, cookie), GRANT, 0.1))
    assert second.cookie == cookie
    assert (second.client_nonce, second.hello_ts_ms) == (first.client_nonce, first.hello_ts_ms)


def test_a_flood_of_cookies_makes_four_hellos_and_no_more() -> None:
    handshake = make()
    handshake.start(GRANT, 0.0)
    answers = [handshake.receive_cookie(build_cookie(CID, Cookie(i, bytes(16))), GRANT, 0.1) for i in range(50)]
    assert sum(isinstance(answer, bytes) for answer in answers) == 4


def test_nothing_is_answered_when_no_attempt_is_under_way() -> None:
    handshake = make()
    assert handshake.receive_cookie(build_cookie(CID, Cookie()), GRANT, 0.0) is DropReason.NOT_ESTABLISHED
    assert handshake.receive_welcome(bytes(100), GRANT) is DropReason.NOT_ESTABLISHED
    handshake.start(GRANT, 0.0)
    handshake.stop()
    assert handshake.next_timeout is None
    assert handshake.repeat(GRANT, 100.0) is None


def test_a_forged_welcome_does_not_end_the_attempt() -> None:
    handshake = make()
    handshake.start(GRANT, 0.0)
    assert handshake.receive_welcome(bytes(100), GRANT) is DropReason.FORGED
    assert handshake.is_under_way


def test_a_resume_token_that_no_hello_has_room_for_is_not_kept() -> None:
    handshake = make()
    for token in (b"first", b"", b"x" * (MAX_RESUME_TOKEN_LENGTH + 1)):
        handshake.keep_resume_token(token)
        assert parsed(handshake.start(GRANT, 0.0)).resume_token == b"first"


def test_an_attempt_travels_on_the_path_that_it_was_started_on_and_so_do_its_repeats() -> None:
    handshake = make()
    assert parsed(handshake.start(GRANT, 0.0)).path == 0
    assert parsed(handshake.start(GRANT, 0.0, path=2)).path == handshake.path == 2
    assert parsed(handshake.repeat(GRANT, 0.25)).path == 2
    assert parsed(handshake.start(GRANT, 1.0)).path == 2
    assert parsed(handshake.start(GRANT, 1.0, path=0)).path == handshake.path == 0


def test_a_path_is_bound_at_a_transit_with_its_own_role_and_no_resume_token() -> None:
    handshake = ClientHandshake(Random(1).randbytes, UNIX_S * 1000, role=ROLE_TRANSIT, path=3)
    handshake.keep_resume_token(b"of the exit")
    hello = parsed(handshake.start(GRANT, 0.0))
    assert (hello.role, hello.path, hello.resume_token) == (ROLE_TRANSIT, 3, b"")


def test_a_transit_binding_needs_no_more_than_session_secret_and_ticket() -> None:
    @dataclass(frozen=True)
    class Pass:
        cid: int
        secret: bytes
        ticket: bytes

    given = Pass(CID, SECRET, b"transit ticket")
    handshake = ClientHandshake(Random(1).randbytes, UNIX_S * 1000, role=ROLE_TRANSIT, path=1)
    hello = parsed(handshake.start(given, 0.0))
    datagram = seal_welcome(WELCOME, CID, 1, SECRET, hello.client_nonce, bytes(12))
    assert handshake.receive_welcome(datagram, given) == (WELCOME, hello.client_nonce)
    assert not handshake.is_under_way


def test_a_welcome_of_another_path_does_not_end_the_attempt() -> None:
    handshake = make()
    nonce = parsed(handshake.start(GRANT, 0.0, path=1)).client_nonce
    other = seal_welcome(WELCOME, CID, 2, SECRET, nonce, bytes(12))
    assert handshake.receive_welcome(other, GRANT) is DropReason.MALFORMED
    assert handshake.is_under_way

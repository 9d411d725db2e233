"""What comes in over several paths. The single path's rules are in test_client_session and test_bad_paths."""

from plg.protocol.client_session import PathState, SessionState
from plg.protocol.constants import TYPE_HELLO
from plg.protocol.errors import DropReason
from plg.protocol.frames import Payload, Repeat
from plg.protocol.handshake import build_no_session
from plg.protocol.redundancy import Redundancy, RedundancyMode
from support.protocol_pair import CID, Pair, transit_pass

REDUNDANT = Redundancy(RedundancyMode.REDUNDANT)


def opened() -> Pair:
    pair = Pair.over_two_paths(REDUNDANT)
    pair.send(b"open")
    pair.run(0.1)
    return pair


def hellos(pair: Pair, since: int) -> int:
    return sum(datagram[0] >> 3 & 7 == TYPE_HELLO for datagram in pair.sent_up[since:])


def test_a_datagram_on_a_path_that_we_do_not_have_is_dropped() -> None:
    pair = opened()
    pair.client.receive_datagram(build_no_session(CID), 5, pair.now)
    assert pair.client.drops[DropReason.FOREIGN_PATH] == 1


def test_a_datagram_that_names_another_path_than_it_came_by_is_dropped_and_may_still_come_by_its_own() -> None:
    pair = opened()
    (_, first), *_ = pair.session.send_payload(1, b"hello", pair.now)
    pair.client.receive_datagram(first, 1, pair.now)
    assert pair.client.drops[DropReason.FOREIGN_PATH] == 1
    pair.client.receive_datagram(first, 0, pair.now)
    pair.run(0.0)
    assert pair.down_payloads() == [b"hello"]


def test_the_second_copy_is_dropped_as_such_and_shows_that_its_path_lives() -> None:
    pair = opened()
    copies = pair.session.send_payload(1, b"hello", pair.now)
    for path, datagram in copies:
        pair.client.receive_datagram(datagram, path, pair.now)
    pair.run(0.0)
    assert pair.down_payloads() == [b"hello"]
    way = pair.client.way(1)
    assert way is not None
    assert way.watch.heard_at_s == pair.now


def test_a_repeated_payload_is_delivered_once_and_before_the_newer_one() -> None:
    pair = opened()
    channel = pair.session._channel
    assert channel is not None
    lost = channel.sealer.seal(b"\x01old")
    both = pair.session._seal_frames(channel, (Repeat(1, 1, b"old"), Payload(1, b"new")), 0)
    for datagram in (both, lost):
        pair.client.receive_datagram(datagram, 0, pair.now)
    pair.run(0.0)
    assert pair.down_payloads() == [b"old", b"new"]
    assert pair.client.drops[DropReason.DUPLICATE] >= 1


def test_a_repeat_of_a_number_that_has_come_is_nothing() -> None:
    pair = opened()
    channel = pair.session._channel
    assert channel is not None
    channel.sealer.next_seq = 40
    for delta in (20, 1):  # the second one names the first one's own number
        datagram = pair.session._seal_frames(channel, (Repeat(delta, 1, b"once"),), 0)
        pair.client.receive_datagram(datagram, 0, pair.now)
    pair.run(0.0)
    assert pair.down_payloads() == [b"once"]


def test_no_session_over_a_transit_makes_us_bind_again_and_greet_the_exit() -> None:
    pair = opened()
    before = len(pair.sent_up)
    pair.client.receive_datagram(build_no_session(CID), 1, pair.now)
    pair.client.receive_datagram(build_no_session(CID), 1, pair.now)
    pair.run(0.0)
    assert hellos(pair, before) == 2


def test_a_session_that_was_closed_is_not_woken_up_by_no_session() -> None:
    pair = opened()
    pair.client.close(pair.now)
    before = len(pair.sent_up)
    pair.client.receive_datagram(build_no_session(CID), 0, pair.now)
    pair.run(1.0)
    assert hellos(pair, before) == 0
    assert (pair.client.state, pair.client.next_timeout()) == (SessionState.CLOSED, None)


def test_a_binding_that_is_renewed_does_not_disturb_the_path() -> None:
    pair = opened()
    pair.client.add_path(1, transit_pass(), pair.now)
    assert pair.client.paths[1] is PathState.ACTIVE
    pair.run(0.2)
    assert pair.client.paths[1] is PathState.ACTIVE

"""Strangers: nothing they send makes state, and no answer is longer than its question."""

import random
import struct

import pytest

from plg.protocol.client_session import ClientSession, SessionState
from plg.protocol.constants import HELLO_LENGTH, NO_SESSION_LENGTH
from plg.protocol.errors import CloseReason, DropReason
from plg.protocol.header import outer_byte
from plg.protocol.keys import probe_key
from plg.protocol.probe import ProbeReply, build_probe, make_probe_token, read_probe_reply
from plg_relay.admission import observed_address
from support.relay_bench import TICKET_KEY, UNIX_S, RelayBench, a_grant

DATA = outer_byte(0)


def a_hello(bench: RelayBench, cid: int = 77, *, skew_s: float = 0.0) -> bytes:
    session = ClientSession(
        a_grant(cid=cid), entropy=bench.random.randbytes, unix_ms_offset=(UNIX_S - 1000.0 + skew_s) * 1000
    )
    session.connect(bench.now_s)
    return session.datagrams_to_send()[0][1]


def a_probe(expires_s: float = UNIX_S + 60, key: bytes | None = None) -> bytes:
    token = make_probe_token(key or probe_key(TICKET_KEY), int(expires_s), b"serial--")
    return build_probe(0x1234, token, 5, 77)


def test_random_junk_makes_no_state_and_no_answer_outweighs_it() -> None:
    bench = RelayBench()
    chance = random.Random(3)
    for _ in range(5000):
        length = chance.choice([0, 1, 8, 9, 14, 30, 31, 63, 64, 100, 512, HELLO_LENGTH, 1400])
        junk = bytearray(chance.randbytes(length))
        if junk and chance.random() < 0.8:
            junk[0] = outer_byte(chance.randrange(8), chance.randrange(8))
        answers = bench.receive(bytes(junk), (f"84.1.{chance.randrange(250)}.1", chance.randrange(1, 65535)))
        assert sum(len(answer) for answer, _ in answers) <= length
        bench.now_s += 0.0002
    assert len(bench.forwarder.table) == 0
    assert bench.game_side.in_use == set()


def test_a_flood_of_junk_hellos_is_answered_by_cookies_only_and_keeps_nothing() -> None:
    bench = RelayBench()
    template = a_hello(bench)
    for number in range(5000):  # one second at 5000/s, every one from another source
        forged = template[:20] + struct.pack(">I", number) + template[24:]
        answers = bench.receive(forged, (f"90.{number >> 8}.{number & 255}.1", 9))
        assert all(len(answer) < len(forged) for answer, _ in answers)
        bench.now_s += 0.0002
    assert len(bench.forwarder.table) == 0
    assert bench.forwarder.counters.cookies_sent >= 4700
    player = bench.player()
    assert player.session.state is SessionState.ESTABLISHED, "who shows his address comes through the flood"


def test_one_source_is_slowed_to_cookies_after_its_share_and_then_to_silence() -> None:
    bench = RelayBench(hellos_per_second=1e6)
    answers = [bench.receive(a_hello(bench, cid=number), ("90.1.1.1", 5)) for number in range(1, 400)]
    kinds = [None if not sent else (sent[0][0][0] >> 3) & 7 for sent in answers]
    assert kinds[:5] == [2] * 5, "WELCOME for the burst"
    assert 3 in kinds, "then COOKIE"
    assert kinds[-1] is None, "then nothing"
    assert bench.drops[DropReason.HELLO_RATE] > 0


@pytest.mark.parametrize("length", [HELLO_LENGTH - 1, HELLO_LENGTH + 1, 512])
def test_a_hello_of_another_length_is_malformed(length: int) -> None:
    bench = RelayBench()
    assert bench.receive(a_hello(bench).ljust(length, b"\0")[:length]) == []
    assert bench.drops == {DropReason.MALFORMED: 1}


def test_no_byte_of_a_hello_may_be_changed() -> None:
    bench = RelayBench(hellos_per_second=1e6)
    hello = a_hello(bench)
    for at in range(0, HELLO_LENGTH, 7):
        mutated = hello[:at] + bytes([hello[at] ^ 0x10]) + hello[at + 1 :]
        bench.receive(mutated, (f"90.2.{at & 255}.{at >> 8}", 5))
    assert len(bench.forwarder.table) == 0


def test_a_hello_replayed_after_the_session_ended_opens_nothing() -> None:
    bench = RelayBench()
    hello = a_hello(bench)
    bench.receive(hello)
    (session,) = bench.forwarder.table.by_cid.values()
    bench.forwarder.end_session(session, CloseReason.USER, bench.now_s)
    bench.receive(hello)
    assert len(bench.forwarder.table) == 0
    assert bench.drops == {DropReason.HELLO_STALE: 1}


# --- DATA of unknown sessions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("length", "answered"), [(30, False), (31, True), (1400, True)])
def test_unknown_data_is_answered_only_where_the_answer_is_shorter(length: int, answered: bool) -> None:
    bench = RelayBench()
    answers = bench.receive(bytes([DATA]) + bytes(length - 1))
    assert [len(answer) for answer, _ in answers] == ([NO_SESSION_LENGTH] if answered else [])
    assert bench.drops == {DropReason.UNKNOWN_SESSION: 1}


def test_unknown_data_is_answered_at_most_fifty_times_a_second() -> None:
    bench = RelayBench()
    answered = 0
    for _ in range(2000):
        answered += len(bench.receive(bytes([DATA]) + bytes(99)))
        bench.now_s += 0.001
    assert 140 <= answered <= 151


def test_data_of_a_session_that_has_just_closed_is_dropped_in_silence() -> None:
    bench = RelayBench()
    player = bench.player()
    (datagram,) = bench.datagrams_of(player, b"x" * 100)
    session = bench.forwarder.table.by_cid[player.session.cid]
    bench.forwarder.end_session(session, CloseReason.USER, bench.now_s)
    assert bench.receive(datagram) == []
    bench.players.clear()
    bench.pass_time(17)
    assert len(bench.receive(datagram)) == 1
    assert bench.drops == {DropReason.TOMBSTONE: 1, DropReason.UNKNOWN_SESSION: 1}


@pytest.mark.parametrize("kind", [2, 3, 4, 6, 7])
def test_types_that_only_relays_send_are_dropped(kind: int) -> None:
    bench = RelayBench()
    assert bench.receive(bytes([outer_byte(kind)]) + bytes(99)) == []
    assert bench.drops == {DropReason.WRONG_TYPE: 1}


# --- probes -----------------------------------------------------------------------------------------------------------


def test_a_probe_with_a_token_is_answered_in_its_own_length_with_our_state() -> None:
    bench = RelayBench(max_sessions=1)
    probe = a_probe()
    ((answer, _),) = bench.receive(probe)
    reply = read_probe_reply(answer)
    assert isinstance(reply, ProbeReply)
    assert (len(answer), reply.t1_us, reply.draining, reply.full) == (len(probe), 77, False, False)
    bench.player()
    bench.forwarder.start_drain(1)
    bench.to_clients.clear()
    ((answer, _),) = bench.receive(probe, ("90.1.1.1", 1))
    reply = read_probe_reply(answer)
    assert isinstance(reply, ProbeReply)
    assert (reply.draining, reply.full) == (True, True)


@pytest.mark.parametrize("source", [("90.1.1.1", 4321), ("::ffff:90.1.1.1", 4321), ("2600::7", 65535)])
def test_who_asks_is_told_where_the_relay_sees_him_in_the_length_of_his_question(source: tuple[str, int]) -> None:
    bench = RelayBench()
    token = make_probe_token(probe_key(TICKET_KEY), int(UNIX_S) + 60, b"serial--")
    asking = build_probe(1, token, 5, 77, ask_address=True)
    ((answer, to),) = bench.receive(asking, source)
    reply = read_probe_reply(answer, token)
    assert isinstance(reply, ProbeReply)
    assert (len(answer), to) == (len(asking), source)
    assert reply.seen is not None
    assert (str(reply.seen.address), reply.seen.port) == (source[0].removeprefix("::ffff:"), source[1])


@pytest.mark.parametrize(
    ("probe", "reason"),
    [
        (a_probe(UNIX_S - 1), DropReason.PROBE_EXPIRED),
        (a_probe(key=b"another key of 32 bytes.........."[:32]), DropReason.PROBE_FORGED),
        (a_probe()[:-1], DropReason.MALFORMED),
        (a_probe() + b"\0", DropReason.MALFORMED),
    ],
)
def test_a_probe_without_a_good_token_is_not_answered(probe: bytes, reason: DropReason) -> None:
    bench = RelayBench()
    assert bench.receive(probe) == []
    assert bench.drops == {reason: 1}


def test_probes_of_one_source_are_limited() -> None:
    bench = RelayBench()
    answered = sum(len(bench.receive(a_probe())) for _ in range(200))
    assert answered == 50
    assert len(bench.receive(a_probe(), ("90.1.1.1", 1))) == 1


def test_a_client_is_told_its_ipv4_address_also_on_a_socket_for_both_families() -> None:
    assert str(observed_address(("::ffff:192.0.2.1", 5))) == "192.0.2.1"
    assert str(observed_address(("2001:db8::1", 5))) == "2001:db8::1"
    assert str(observed_address(("fe80::1%eth0", 5))) == "fe80::1"

"""What a transit forwards: between two addresses, unchanged, in order, within caps, and never anywhere else (SPEC section 10)."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plg.protocol.constants import DATA_OVERHEAD, HELLO_LENGTH
from plg.protocol.errors import DropReason
from plg.protocol.header import DATA_DOWN, DATA_UP, outer_byte
from plg.protocol.keys import probe_key
from plg.protocol.probe import build_probe, make_probe_token
from plg_relay.counters import Counters
from plg_relay.transit_path import MAX_TRANSIT_DATAGRAM, TransitPath
from plg_relay.transit_table import HELLOS_BURST, HELLOS_PER_S
from support.mutation import Mutator, fuzz_inputs
from support.relay_bench import HOME, TICKET_KEY, UNIX_S, RelayBench, Source, a_grant
from support.transit_bench import (
    CID,
    EXIT,
    OTHER_EXIT,
    STRANGER,
    TransitBench,
    a_transit_ticket,
    data_down,
    data_up,
    exit_hello,
    exits_policy,
    frame,
    limits,
    of_the_exit,
    transit_hello,
    with_caps,
)


def bound(bench: TransitBench | None = None) -> TransitBench:
    bench = bench or TransitBench.make()
    bench.bind()
    return bench


def test_what_a_client_may_say_to_its_exit_goes_to_the_next_hop_as_it_is() -> None:
    bench = bound()
    for datagram in (
        data_up(DATA_OVERHEAD),
        data_up(MAX_TRANSIT_DATAGRAM, fill=b"x"),
        frame(DATA_UP | 0b100, 99),
        exit_hello(),
    ):
        assert bench.says(HOME, datagram) == [(datagram, EXIT)]
    assert bench.drops == {}


def test_what_an_exit_may_say_to_its_client_goes_to_the_bound_client_as_it_is() -> None:
    bench = bound()
    for datagram in (*of_the_exit(), frame(DATA_DOWN | 0b100, 99), frame(outer_byte(2), 512)):
        assert bench.says(EXIT, datagram) == [(datagram, HOME)]
    assert bench.drops == {}


@pytest.mark.parametrize("source", [STRANGER, (HOME[0], HOME[1] + 1), (EXIT[0], EXIT[1] + 1), OTHER_EXIT])
def test_from_any_other_address_nothing_is_forwarded_and_nothing_answered(source: Source) -> None:
    bench = bound()
    datagrams = [data_up(), exit_hello(), *of_the_exit()]
    assert bench.says(source, *datagrams) == []
    assert bench.drops == {DropReason.TRANSIT_FOREIGN: len(datagrams)}


def test_each_end_is_kept_to_its_own_direction_and_types() -> None:
    bench = bound()
    wrong_up = [
        *of_the_exit(),
        data_up(DATA_OVERHEAD - 1),
        data_up(MAX_TRANSIT_DATAGRAM + 1),
        frame(DATA_UP | 0b001, 99),
    ]
    wrong_down = [data_up(), exit_hello(), data_down(DATA_OVERHEAD - 1), data_down(MAX_TRANSIT_DATAGRAM + 1)]
    wrong_down += [
        frame(outer_byte(2), 99),
        frame(outer_byte(2), 513),
        frame(outer_byte(3), 31),
        frame(outer_byte(4), 10),
    ]
    assert bench.says(HOME, *wrong_up) == []
    assert bench.says(EXIT, *wrong_down) == []
    assert bench.drops == {DropReason.MALFORMED: len(wrong_up) + len(wrong_down)}


def test_probes_with_the_number_of_a_bound_session_are_still_the_relays_own() -> None:
    bench = bound()
    token = make_probe_token(probe_key(TICKET_KEY), int(UNIX_S) + 60, b"serial--")
    ((answer, address),) = bench.says(STRANGER, build_probe(CID, token, 1, 2))
    assert (address, len(answer)) == (STRANGER, 64)


def test_other_sessions_of_this_relay_are_none_of_the_transits_business() -> None:
    bench = bound()
    player = bench.relay.player(a_grant(cid=CID + 1))
    assert bench.relay.say(player, b"to the game")
    assert [sent.payload for sent in bench.relay.game_side.sent] == [b"to the game"]
    assert len(bench) == 1


def test_datagrams_of_one_wake_up_leave_together_for_each_address_in_their_order() -> None:
    calls: list[tuple[list[bytes], Source]] = []
    bench = TransitBench.make()
    for cid in (CID, CID + 1):
        bench.bind(a_transit_ticket(cid), (HOME[0], cid & 0xFF))
    path = bench.relay.forwarder.transits.path

    def send(datagrams: list[bytes], address: Source) -> int:
        calls.append((list(datagrams), address))
        return len(datagrams)

    path._send = send
    first, second = [(data_up(40 + n, CID), (HOME[0], 8)) for n in range(3)], [(data_up(50, CID + 1), (HOME[0], 9))]
    down = [(data_down(60 + n, CID), EXIT) for n in range(2)]
    bench.relay.forwarder.from_clients([first[0], *second, down[0], first[1], down[1], first[2]], bench.relay.now_s)
    assert calls == [
        ([first[0][0], second[0][0], first[1][0], first[2][0]], EXIT),
        ([down[0][0], down[1][0]], (HOME[0], 8)),
    ]


def test_the_exits_own_packets_wait_for_nothing_and_find_no_transit_work() -> None:
    bench = TransitBench.make()
    player = bench.relay.player()
    bench.relay.say(player, b"open")
    path = bench.relay.forwarder.transits.path

    def never(*_: object) -> bool:
        raise AssertionError("the transit was asked about a session of our own")

    path.forward = never  # type: ignore[method-assign,assignment]  # the test's alarm
    assert bench.relay.say(player, b"game packet")
    assert bench.relay.game_side.sent[-1].payload == b"game packet"


def test_forwarded_packets_and_bytes_are_counted_each_way() -> None:
    bench = bound()
    bench.says(HOME, data_up(100), data_up(50))
    bench.says(EXIT, data_down(70))
    counters = bench.relay.forwarder.counters
    assert (counters.transit_packets_up, counters.transit_bytes_up) == (3, 100 + 50 + DATA_OVERHEAD)
    assert (counters.transit_packets_down, counters.transit_bytes_down) == (1, 70)
    (binding,) = bench.relay.forwarder.transits.table.bindings()
    assert (binding.packets_up, binding.bytes_up, binding.packets_down, binding.bytes_down) == (3, 181, 1, 70)


@pytest.mark.parametrize(
    ("error", "reason"),
    [(BlockingIOError(), DropReason.SEND_BUFFER), (OSError(101, "unreachable"), DropReason.SEND_ERROR)],
)
def test_what_the_system_does_not_send_is_counted_and_never_raised(error: OSError, reason: DropReason) -> None:
    bench = bound()

    def fail(*_: object) -> int:
        raise error

    bench.relay.forwarder.transits.path._send = fail
    assert bench.says(HOME, data_up(), data_up()) == []
    assert bench.drops == {reason: 2}


def test_what_the_system_sends_in_part_is_counted_in_part() -> None:
    bench = bound()
    path = bench.relay.forwarder.transits.path
    path._send = lambda _datagrams, _address: 1
    before = bench.relay.forwarder.counters.transit_packets_up
    bench.says(HOME, data_up(), data_up(), data_up())
    assert bench.relay.forwarder.counters.transit_packets_up - before == 1
    assert bench.drops == {DropReason.SEND_BUFFER: 2}


@pytest.mark.parametrize(("source", "make"), [(HOME, data_up), (EXIT, data_down)], ids=["up", "down"])
def test_the_tickets_caps_hold_each_way_and_for_itself(source: Source, make: object) -> None:
    for ticket, length, most, reason in (
        (with_caps(50, 60_000, 60_000), 100, 50 * 11, DropReason.RATE_PACKETS),
        (with_caps(60_000, 80, 80), 1000, 10 * 11, None),
    ):
        bench = TransitBench.make()
        bench.bind(ticket)
        passed = 0
        for _ in range(2000):  # ten seconds
            passed += len(bench.says(source, make(length)))  # type: ignore[operator]  # one of the two builders
            bench.relay.now_s += 0.005
        assert most * 0.95 <= passed <= most
        assert reason is None or bench.drops == {reason: 2000 - passed}
        other, counter = (EXIT, data_down) if source == HOME else (HOME, data_up)
        assert bench.says(other, counter(100)), "the other direction has its own"


def test_one_client_cannot_use_up_the_exits_patience_for_hellos_from_the_transits_address() -> None:
    bench = bound()
    passed = 0
    for _ in range(1000):  # ten seconds of a flood
        passed += len(bench.says(HOME, exit_hello()))
        bench.relay.now_s += 0.01
    assert HELLOS_PER_S * 9.5 <= passed <= HELLOS_BURST + HELLOS_PER_S * 10
    assert bench.drops == {DropReason.HELLO_RATE: 1000 - passed}
    assert bench.says(HOME, data_up()) == [(data_up(), EXIT)], "its packets go on"


def test_before_the_client_has_shown_that_it_receives_no_more_goes_to_it_than_came_from_it() -> None:
    bench = TransitBench.make()
    hello = transit_hello(a_transit_ticket(), bench.unix_s)
    sent = bench.says(HOME, hello)
    for number in range(50):
        sent += bench.says(EXIT, data_down(31 + number * 20))
    assert sum(len(datagram) for datagram, _ in sent) <= len(hello)
    assert {address for _, address in sent} == {HOME}
    assert bench.drops[DropReason.TRANSIT_UNPROVED] >= 40
    bench.says(HOME, data_up())
    assert len(bench.says(EXIT, *[data_down(1400)] * 20)) == 20


def test_repeated_hellos_from_a_spoofed_address_never_gain_bytes_for_it() -> None:
    bench = TransitBench.make()
    received = sent = 0
    for _ in range(30):
        hello = transit_hello(a_transit_ticket(), UNIX_S)
        received += len(hello)
        sent += sum(len(datagram) for datagram, _ in bench.says(HOME, hello))
        for _ in range(20):
            sent += sum(len(datagram) for datagram, _ in bench.says(EXIT, data_down(200)))
        assert sent <= received


EVERYBODY = [HOME, EXIT, OTHER_EXIT, STRANGER, (HOME[0], 9), (EXIT[0], 9), ("127.0.0.1", 443)]
KINDS = st.sampled_from(
    [DATA_UP, DATA_DOWN, DATA_UP | 4, DATA_UP | 1, *(outer_byte(kind) for kind in range(8)), 0x88, 0]
)
LENGTHS = st.sampled_from([0, 8, 9, 30, 31, 64, 100, 101, 512, 640, 1472, 1473, 2688])


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(st.sampled_from(EVERYBODY), KINDS, LENGTHS, st.sampled_from([CID, CID + 1]), st.integers(0, 255)),
        max_size=60,
    ),
    st.lists(st.tuples(st.sampled_from(EVERYBODY), st.booleans()), max_size=4),
)
def test_whatever_comes_the_bytes_of_a_session_reach_its_client_or_its_next_hop_alone(
    arrivals: list[tuple[Source, int, int, int, int]], hellos: list[tuple[Source, bool]]
) -> None:
    bench = TransitBench.make()
    bench.bind()
    for step, (source, renew) in enumerate(hellos, start=1):
        nonce, later_s = (bytes([step]) * 16, float(step)) if renew else (bytes(16), 0.0)
        bench.ask(source=source, later_s=later_s, nonce=nonce)
    (binding,) = bench.relay.forwarder.transits.table.bindings()
    client = binding.client
    for source, first, length, cid, byte_11 in arrivals:
        datagram = bytearray(frame(first, length, cid)[:length])
        if length > 11:
            datagram[11] = byte_11
        for sent, address in bench.says(source, bytes(datagram)):
            if cid != CID or (first >> 3) & 7 in (5, 6):
                assert address == source, "an answer of the relay's own goes to who asked"
                assert len(sent) <= length
                continue
            assert (source, address) in {(client, EXIT), (EXIT, client)}
            assert sent == bytes(datagram)


def test_fuzz_mutated_traffic_of_a_bound_session_reaches_its_two_ends_alone() -> None:
    bench = TransitBench.make(exits_policy(), limits(per_address=10**6))
    bench.bind()
    corpus = [data_up(99), data_down(99), exit_hello(), *of_the_exit(), transit_hello(a_transit_ticket(), UNIX_S)]
    random = Random(3)
    forwarded = 0
    for datagram in Mutator(corpus, seed=11).inputs(fuzz_inputs(60_000)):
        if datagram == corpus[-1]:
            continue  # the one genuine HELLO may move the binding
        source = EVERYBODY[int(random.random() * len(EVERYBODY))]
        for sent, address in bench.says(source, datagram):
            assert len(sent) <= len(datagram)
            if (source, address) in {(HOME, EXIT), (EXIT, HOME)}:
                assert sent == datagram
                forwarded += 1
            else:
                assert address == source, "an answer of the relay's own goes to who asked"
                assert sent != datagram
        bench.relay.now_s += 0.001
    assert forwarded > 1000
    assert [(binding.client, binding.next_hop) for binding in bench.relay.forwarder.transits.table.bindings()] == [
        (HOME, EXIT)
    ]


def test_a_path_without_bindings_takes_nothing() -> None:
    path = TransitPath({}, Counters(), lambda _datagrams, _address: 0)
    arrivals = [(b"", HOME), (data_up(), HOME)]
    assert path.forward(arrivals, 0.0) == arrivals


def test_a_relay_that_forwards_for_nobody_treats_all_as_strangers() -> None:
    bench = RelayBench()
    assert bench.receive(data_up(100)) == [(frame(outer_byte(4), 9), HOME)], "NO_SESSION"
    assert len(bench.receive(exit_hello())) == 0
    assert len(exit_hello()) == HELLO_LENGTH

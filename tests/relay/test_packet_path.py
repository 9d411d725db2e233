"""What leaves and what is counted when sockets fail; the rest of the packet path is told by test_forwarder."""

import pytest

from plg.protocol.errors import DropReason
from support.relay_bench import GAME, RelayBench, Source


class FailingSend:
    """Raises each of its errors once, then works."""

    def __init__(self, *errors: OSError) -> None:
        self.errors = list(errors)
        self.sent: list[bytes] = []

    def __call__(self, payload: bytes, destination: Source | None = None) -> int:
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append(payload)
        return len(payload)


def bench_with(send: FailingSend, *, connected: bool) -> RelayBench:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    (flow,) = bench.forwarder.table.by_cid[player.session.cid].flows.values()
    flow.send, flow.is_connected = send, connected
    bench.say(player, b"payload")
    return bench


@pytest.mark.parametrize("connected", [True, False])
def test_a_payload_goes_out_by_either_kind_of_socket(connected: bool) -> None:
    send = FailingSend()
    bench_with(send, connected=connected)
    assert send.sent == [b"payload"]


def test_the_icmp_error_of_an_earlier_datagram_does_not_cost_this_one() -> None:
    send = FailingSend(ConnectionRefusedError())
    bench = bench_with(send, connected=True)
    assert send.sent == [b"payload"]
    assert bench.drops == {}


@pytest.mark.parametrize(
    ("errors", "reason"),
    [
        ([BlockingIOError()], DropReason.SEND_BUFFER),
        ([PermissionError()], DropReason.SEND_ERROR),
        ([ConnectionRefusedError(), ConnectionRefusedError()], DropReason.SEND_ERROR),
    ],
)
def test_a_payload_that_does_not_leave_is_counted_by_reason(errors: list[OSError], reason: DropReason) -> None:
    send = FailingSend(*errors)
    bench = bench_with(send, connected=False)
    assert send.sent == []
    assert bench.drops == {reason: 1}
    assert bench.forwarder.counters.packets_up == 1, "only the one that opened the flow"


@pytest.mark.parametrize(("taken", "dropped"), [(2, 1), (3, 0)])
def test_of_a_burst_of_replies_those_that_did_not_leave_are_counted(taken: int, dropped: int) -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    (flow,) = bench.forwarder.table.by_cid[player.session.cid].flows.values()
    bench.forwarder._send_client = lambda datagrams, _: min(taken, len(datagrams))
    bench.forwarder.from_game(flow, [b"1", b"2", b"3"], bench.now_s)
    assert bench.forwarder.counters.packets_down == taken
    assert bench.drops == ({DropReason.SEND_BUFFER: dropped} if dropped else {})


def test_long_and_short_replies_keep_their_order() -> None:
    bench = RelayBench()
    player = bench.player()
    bench.say(player, b"open")
    (flow,) = bench.forwarder.table.by_cid[player.session.cid].flows.values()
    replies = [b"first", b"x" * 2000, b"last"]
    bench.forwarder.from_game(flow, replies, bench.now_s)
    bench.carry()
    assert player.payloads == replies


def test_replies_of_several_destinations_of_one_port_find_their_flows() -> None:
    bench = RelayBench()
    player = bench.player()
    other: Source = ("93.184.216.99", 4000)
    bench.say(player, b"a", GAME)
    bench.say(player, b"b", other)
    group = bench.forwarder.table.by_cid[player.session.cid].groups[player.local_port]
    bench.forwarder.from_anybody(group, [(b"1", GAME), (b"2", other), (b"3", ("8.8.8.8", 1))], bench.now_s)
    bench.carry()
    assert sorted(player.payloads) == [b"1", b"2"]
    assert bench.drops == {DropReason.FOREIGN_REPLY: 1}

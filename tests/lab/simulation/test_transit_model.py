"""The transit of the simulation keeps the rules of SPEC section 10."""

from plg.lab.impairment import Impairment
from plg.lab.simulation.lines import LineModel
from plg.lab.simulation.scenario import PathModel, Scenario
from plg.lab.simulation.transit_model import TransitModel
from plg.lab.simulation.world import EXIT, World, transit_ip
from plg.protocol.header import DATA_DOWN, DATA_UP, outer_byte
from plg.protocol.redundancy import Redundancy, RedundancyMode
from plg.protocol.relay_handshake import Source

STRANGER: Source = ("198.22.0.1", 1)
LINE = LineModel(impairment=Impairment(delay_ms=10))


class Bench:
    """A match with a bound transit; `sent` is what leaves the transit from then on."""

    def __init__(self) -> None:
        paths = (PathModel(up=LINE, down=LINE), PathModel(up=LINE, down=LINE, transit="transit"))
        self.world = World(Scenario(paths=paths, redundancy=Redundancy(RedundancyMode.REDUNDANT)))
        self.world.client.connect(self.world.link)
        self.world.heap.run_until(1.0)
        relay = self.world.network.host(transit_ip(1))
        found = getattr(relay, "transit", None)
        assert isinstance(found, TransitModel)
        self.transit = found
        self.client = self.transit.bindings[self.world.cid].client
        self.sent: list[Source] = []
        self.world.network.watch = self._watch

    def _watch(self, datagram: bytes, source: Source, target: Source) -> None:
        if source[0] == transit_ip(1):
            self.sent.append(target)

    def take(self, first: int, source: Source, length: int = 100) -> list[Source]:
        """Whom the transit sends to because of such a datagram."""
        self.sent.clear()
        datagram = bytes([first]) + self.world.cid.to_bytes(8, "big") + bytes(length - 9)
        self.transit.take(datagram, first >> 3 & 7, self.world.cid, source)
        return list(self.sent)


def test_data_goes_from_the_bound_client_to_the_exit_and_back() -> None:
    bench = Bench()
    assert bench.take(DATA_UP, bench.client) == [EXIT]
    assert bench.take(DATA_DOWN, EXIT) == [bench.client]
    assert bench.take(outer_byte(2), EXIT) == [bench.client]


def test_a_third_address_gets_nothing_and_sends_nothing() -> None:
    bench = Bench()
    for first in (DATA_UP, DATA_DOWN, outer_byte(2), outer_byte(4)):
        assert bench.take(first, STRANGER) == []
    assert bench.transit.foreign == 4


def test_a_direction_that_does_not_fit_its_sender_is_dropped() -> None:
    bench = Bench()
    assert bench.take(DATA_DOWN, bench.client) == []
    assert bench.take(DATA_UP, EXIT) == []
    assert bench.take(outer_byte(2), bench.client) == []


def test_what_is_idle_or_revoked_is_forgotten() -> None:
    bench = Bench()
    bench.transit.revoke(bench.world.cid)
    assert bench.take(DATA_UP, bench.client) == []
    idle = Bench()
    idle.transit.bindings[idle.world.cid].heard_at_s = -100.0
    idle.transit.forget()
    assert idle.transit.bindings == {}


def test_a_session_of_nobody_is_not_its_affair() -> None:
    bench = Bench()
    assert not bench.transit.take(bytes([DATA_UP]) + bytes(99), 0, 0, bench.client)


def test_before_the_client_has_shown_itself_no_more_goes_down_than_came_from_it() -> None:
    bench = Bench()
    binding = bench.transit.bindings[bench.world.cid]
    binding.has_answered, binding.received_bytes, binding.sent_bytes = False, 640, 500
    assert [len(bench.take(DATA_DOWN, EXIT)) for _ in range(3)] == [1, 0, 0]

"""The game of the simulation keeps its ticks, and is as strict about addresses as its policy says."""

import pytest

from plg.lab.simulation.event_heap import EventHeap
from plg.lab.simulation.game import (
    AddressPolicy,
    GameTraffic,
    SimulatedGameServer,
    SimulatedPlayer,
    numbered,
    steady,
)
from plg.lab.simulation.lines import LineModel, SimulatedLine
from plg.lab.simulation.network import Network
from plg.protocol.relay_handshake import Source

GAME: Source = ("198.20.0.7", 27015)
FIRST: Source = ("198.20.1.10", 40000)
OTHER_PORT: Source = ("198.20.1.10", 40001)
OTHER_HOST: Source = ("198.20.1.20", 40000)


class World:
    def __init__(self, policy: AddressPolicy = AddressPolicy.BOUND) -> None:
        self.heap = EventHeap()
        self.network = Network(self.heap)
        self.server = SimulatedGameServer(self.heap, self.network, GAME, policy)
        self.heard: list[tuple[bytes, Source]] = []
        for host in (FIRST[0], OTHER_HOST[0]):
            self.network.attach(host, self)
            self.network.connect(GAME[0], host, SimulatedLine(LineModel(), 1))

    def receive(self, datagram: bytes, source: Source, target: Source) -> None:
        self.heard.append((datagram, target))


@pytest.mark.parametrize(
    ("policy", "accepted"),
    [
        (AddressPolicy.BOUND, {FIRST}),
        (AddressPolicy.PORT_ONLY, {FIRST, OTHER_PORT}),
        (AddressPolicy.AGILE, {FIRST, OTHER_PORT, OTHER_HOST}),
    ],
)
def test_the_policy_decides_whose_packets_count(policy: AddressPolicy, accepted: set[Source]) -> None:
    world = World(policy)
    for source in (FIRST, OTHER_PORT, OTHER_HOST):
        world.server.receive(numbered(world.server.up.sent(0.0), 40), source, GAME)
    assert world.server.up.figures().delivered == len(accepted)
    assert world.server.ignored == 3 - len(accepted)
    assert list(world.server.sources) == [FIRST, OTHER_PORT, OTHER_HOST]


def test_the_server_sends_by_its_schedule_once_the_player_has_spoken() -> None:
    world = World()
    world.server.play(steady(0.0, 1.0, 10, 100))
    world.heap.run_until(0.35)
    assert world.heard == []
    world.server.receive(numbered(world.server.up.sent(0.35), 40), FIRST, GAME)
    world.heap.run_until(5)
    assert [len(datagram) for datagram, _ in world.heard] == [100] * 6
    assert {target for _, target in world.heard} == {FIRST}
    assert len(world.server.down) == 6


def test_the_player_sends_by_his_schedule_and_counts_what_nobody_took() -> None:
    world = World()
    taken: list[bytes] = []

    def send(payload: bytes) -> bool:
        taken.append(payload)
        return len(taken) % 2 == 1

    player = SimulatedPlayer(world.heap, world.server, send)
    player.play(steady(1.0, 2.0, 4, 50))
    world.heap.run_until(10)
    assert [int.from_bytes(payload[:4], "big") for payload in taken] == [0, 1, 2, 3]
    assert player.uncarried == 2
    player.deliver(numbered(world.server.down.sent(10.0), 30))
    assert world.server.down.figures().delivered == 1


def test_a_steady_schedule_has_its_rate_and_ends_before_its_end() -> None:
    assert list(steady(1.0, 2.0, 4, 9)) == [(1.0, 9), (1.25, 9), (1.5, 9), (1.75, 9)]


@pytest.mark.parametrize("wrong", [{"up_bytes": 3}, {"down_per_s": 0}])
def test_traffic_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="game packet"):
        GameTraffic(**wrong)  # type: ignore[arg-type]  # what the test is about

"""The game of the simulation: a server with a tick, strict about who its player is, and the player's own program."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from plg.lab.simulation.event_heap import EventHeap
from plg.lab.simulation.network import Network
from plg.lab.simulation.tally import DirectionTally
from plg.protocol.relay_handshake import Source

NUMBER_BYTES: Final = 4


class AddressPolicy(StrEnum):
    """What a game server does about a player whose address changes (see the table of the lab's stand-in)."""

    BOUND = "bound"
    """Another address is another player: ignored."""
    PORT_ONLY = "port_only"
    """The port may change, the IP address not."""
    AGILE = "agile"
    """Follows the player."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GameTraffic:
    """What the game sends each way. Sizes are of the UDP payload, bytes."""

    up_per_s: float = 64.0
    down_per_s: float = 64.0
    up_bytes: int = 60
    down_bytes: int = 120
    address_policy: AddressPolicy = AddressPolicy.BOUND

    def __post_init__(self) -> None:
        if min(self.up_bytes, self.down_bytes) < NUMBER_BYTES or min(self.up_per_s, self.down_per_s) <= 0:
            raise ValueError(f"a game packet has at least {NUMBER_BYTES} bytes and a rate above 0")


Schedule = Iterator[tuple[float, int]]
"""When the game sends packets of which size: seconds and bytes, in order."""


def steady(from_s: float, to_s: float, per_s: float, size: int) -> Schedule:
    """Packets of one size at one rate, from one moment until before another."""
    number = 0
    while (moment_s := from_s + number / per_s) < to_s:
        yield moment_s, size
        number += 1


def numbered(number: int, size: int) -> bytes:
    """A game packet: its number, then filler."""
    return number.to_bytes(NUMBER_BYTES, "big").ljust(size, b".")


class SimulatedGameServer:
    """Answers the player's address at its own tick once he has said something."""

    def __init__(self, heap: EventHeap, network: Network, address: Source, policy: AddressPolicy) -> None:
        self.address = address
        self.sources: dict[Source, float] = {}
        """Every address that the player was seen at, and when first."""
        self.ignored = 0
        """Packets of a player whose address the policy does not accept."""
        self.up = DirectionTally()
        self.down = DirectionTally()
        self._heap = heap
        self._network = network
        self._policy = policy
        self._player: Source | None = None
        self._schedule: Schedule = iter(())
        self._next_size = 0
        network.attach(address[0], self)

    def play(self, schedule: Schedule) -> None:
        """Send by the schedule; what falls due before the player has said anything is not sent at all."""
        self._schedule = schedule
        self._wait()

    def receive(self, datagram: bytes, source: Source, target: Source) -> None:  # noqa: ARG002 - as every host
        self.sources.setdefault(source, self._heap.now)
        if self._player is None:
            self._player = source
        elif source != self._player and not self._follow(source):
            self.ignored += 1
            return
        self.up.arrived(int.from_bytes(datagram[:NUMBER_BYTES], "big"), self._heap.now)

    def _follow(self, source: Source) -> bool:
        policy, player = self._policy, self._player
        if policy is AddressPolicy.BOUND or player is None:
            return False
        if policy is AddressPolicy.PORT_ONLY and source[0] != player[0]:
            return False
        self._player = source
        return True

    def _wait(self) -> None:
        found = next(self._schedule, None)
        if found is not None:
            self._heap.at(found[0], self._tick, found[1])

    def _tick(self, size: int) -> None:
        if self._player is not None:
            number = self.down.sent(self._heap.now)
            self._network.send(numbered(number, size), self.address, self._player)
        self._wait()


SendPayload = Callable[[bytes], bool]
"""The booster takes a payload of the game, or says that it must go direct."""


class SimulatedPlayer:
    """The game at the player's machine: sends at its own rate into the booster."""

    def __init__(self, heap: EventHeap, server: SimulatedGameServer, send: SendPayload) -> None:
        self.uncarried = 0
        """Payloads that the booster did not take; they count as sent and lost."""
        self._heap = heap
        self._server = server
        self._send = send
        self._schedule: Schedule = iter(())

    def play(self, schedule: Schedule) -> None:
        """Send by the schedule."""
        self._schedule = schedule
        self._wait()

    def deliver(self, payload: bytes) -> None:
        """The booster hands over what the game server sent."""
        self._server.down.arrived(int.from_bytes(payload[:NUMBER_BYTES], "big"), self._heap.now)

    def _wait(self) -> None:
        found = next(self._schedule, None)
        if found is not None:
            self._heap.at(found[0], self._tick, found[1])

    def _tick(self, size: int) -> None:
        number = self._server.up.sent(self._heap.now)
        if not self._send(numbered(number, size)):
            self.uncarried += 1
        self._wait()

"""A transit relay in fake time: the rules of SPEC section 10 on one page, with the real hand-shake.

It never looks into a datagram: source and type decide, and nothing of a session goes to a third address.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from plg.lab.simulation.event_heap import EventHeap
from plg.lab.simulation.network import Network
from plg.protocol.constants import DOWN_BIT, TYPE_COOKIE, TYPE_DATA, TYPE_HELLO, TYPE_NO_SESSION, TYPE_WELCOME
from plg.protocol.errors import DropReason, WelcomeStatus
from plg.protocol.handshake import parse_hello
from plg.protocol.relay_handshake import RelayHandshake, Source, TransitAccepted
from plg.protocol.ticket import ROLE_EXIT

TRANSIT_IDLE_S: Final = 60.0
_DOWN_TYPES: Final = {TYPE_WELCOME, TYPE_COOKIE, TYPE_NO_SESSION}


@dataclass(slots=True)
class Binding:
    """One session's path through this relay."""

    client: Source
    next_hop: Source
    hello_ts_ms: int
    nonce: bytes
    heard_at_s: float
    received_bytes: int = 0
    sent_bytes: int = 0
    has_answered: bool = False
    """The client showed that it receives: something of it came after our WELCOME."""


class TransitModel:
    """The transit role of one relay process."""

    def __init__(self, heap: EventHeap, network: Network, address: Source, *, unix_s: float) -> None:
        self._heap = heap
        self._network = network
        self._address = address
        self._unix_s = unix_s
        self._handshake: RelayHandshake | None = None
        self.bindings: dict[int, Binding] = {}
        self.foreign = 0
        """Datagrams of a bound session from somebody else."""

    def start(self, handshake: RelayHandshake) -> None:
        self._handshake = handshake

    def stop(self) -> None:
        self._handshake = None
        self.bindings = {}

    def revoke(self, cid: int) -> None:
        self.bindings.pop(cid, None)

    def forget(self) -> None:
        """Called once a second: what was idle too long."""
        over_s = self._heap.now - TRANSIT_IDLE_S
        self.bindings = {cid: one for cid, one in self.bindings.items() if one.heard_at_s > over_s}

    def bind(
        self, accepted: TransitAccepted, source: Source, refusal: WelcomeStatus | None, *, is_exit_of_it: bool
    ) -> None:
        """A genuine HELLO of role 1."""
        hello, ticket, now = accepted.hello, accepted.ticket, self._heap.now
        if self._handshake is None:
            return
        if is_exit_of_it:
            refusal = WelcomeStatus.NO_TRANSIT
        binding = self.bindings.get(hello.cid)
        if refusal is None:
            if binding is not None and (hello.hello_ts_ms, hello.client_nonce) == (binding.hello_ts_ms, binding.nonce):
                if binding.client != source and binding.has_answered:
                    self.foreign += 1
                    return
                binding.client = source
            else:
                next_hop = (str(ticket.next_hop_address), ticket.next_hop_port)
                binding = Binding(source, next_hop, hello.hello_ts_ms, hello.client_nonce, now)
                self.bindings[hello.cid] = binding
            binding.heard_at_s = now
            binding.received_bytes += 640
        observed = ip_address(source[0])
        status = refusal or WelcomeStatus.OK
        answer = self._handshake.answer_transit(accepted, source, status, observed, self._unix_s + now)
        if binding is not None:
            binding.sent_bytes += len(answer)
        self._network.send(answer, self._address, source)

    def take(self, datagram: bytes, kind: int, cid: int, source: Source) -> bool:
        """Forward a datagram of a bound session; False when it is not for this role."""
        binding = self.bindings.get(cid)
        if binding is None:
            return False
        if kind == TYPE_HELLO:
            hello = parse_hello(datagram)
            if isinstance(hello, DropReason) or hello.role != ROLE_EXIT:
                return False
        if source == binding.next_hop:
            self._down(datagram, kind, binding)
        elif source == binding.client:
            self._up(datagram, kind, binding)
        else:
            self.foreign += 1
        return True

    def _up(self, datagram: bytes, kind: int, binding: Binding) -> None:
        if kind != TYPE_HELLO and not (kind == TYPE_DATA and not datagram[0] & DOWN_BIT):
            self.foreign += 1
            return
        binding.heard_at_s = self._heap.now
        binding.has_answered = True
        binding.received_bytes += len(datagram)
        self._network.send(datagram, self._address, binding.next_hop)

    def _down(self, datagram: bytes, kind: int, binding: Binding) -> None:
        if kind not in _DOWN_TYPES and not (kind == TYPE_DATA and datagram[0] & DOWN_BIT):
            self.foreign += 1
            return
        if not binding.has_answered and binding.sent_bytes + len(datagram) > binding.received_bytes:
            return
        binding.sent_bytes += len(datagram)
        self._network.send(datagram, self._address, binding.client)

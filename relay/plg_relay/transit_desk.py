"""Who may have this relay as a transit, to which next hop, and until when (protocol SPEC section 10). Sans-IO.

The next hop stands in a ticket that the server sealed, and must besides be a relay that the server has named to us: a stolen ticket
key alone makes no cannon.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from plg.protocol.constants import HELLO_LENGTH
from plg.protocol.destination import Address, address_of, pack_address
from plg.protocol.errors import DropReason, WelcomeStatus
from plg.protocol.relay_handshake import RelayHandshake, Source, TransitAccepted
from plg_relay.counters import Counters
from plg_relay.limits import source_prefix
from plg_relay.rules import Rules
from plg_relay.transit_path import SendTo, TransitPath
from plg_relay.transit_table import Binding, TransitTable


@dataclass(frozen=True, slots=True)
class TransitLimits:
    """From the settings.

    `bound_address` is the address of the clients' socket: its family says which next hops it reaches, and itself what we are.
    `own_ports` on it, on `own_addresses` or, on a socket for all addresses, on any loopback address are ourselves.
    """

    max_transits: int
    transits_per_address: int
    bound_address: Address
    own_addresses: frozenset[Address]
    own_ports: frozenset[int]

    def is_self(self, address: Address, port: int) -> bool:
        """Whether something sent there comes back to us."""
        bound = self.bound_address
        return port in self.own_ports and (
            address == bound or address in self.own_addresses or (bound.is_unspecified and address.is_loopback)
        )

    def socket_form(self, address: Address, port: int) -> Source | None:
        """The address as our socket gives it when something comes from there; None for one that it does not reach."""
        if isinstance(self.bound_address, IPv6Address):
            return socket.inet_ntop(socket.AF_INET6, pack_address(address)), port
        return (str(address), port) if isinstance(address, IPv4Address) else None


class TransitDesk:
    """Answers genuine HELLOs of role 1 and ends bindings; `path` forwards for those that stand."""

    def __init__(
        self,
        limits: TransitLimits | None,
        handshake: RelayHandshake,
        counters: Counters,
        send: SendTo,
        unix_s: Callable[[float], float],
        now_s: float,
    ) -> None:
        """`limits` None: this relay forwards for nobody."""
        self._limits = limits
        self._handshake = handshake
        self._counters = counters
        self._unix_s = unix_s
        self.table = TransitTable(now_s, lambda: unix_s(0.0))
        self.path = TransitPath(self.table.by_key, counters, send)

    def admit(
        self, accepted: TransitAccepted, source: Source, rules: Rules, now_s: float, *, is_exit: bool, draining: bool
    ) -> bytes | None:
        """WELCOME for a genuine HELLO, yes or no; None for a replay. `is_exit`: we are the exit of this very session."""
        hello, ticket = accepted.hello, accepted.ticket
        binding = self.table.get(hello.cid)
        is_repeat = binding is not None and binding.is_repeat(hello)
        if binding is not None and is_repeat and source != binding.client and binding.is_shown:
            self._counters.drops[DropReason.HELLO_STALE] += 1
            return None
        status, next_hop = self._verdict(accepted, source, rules, is_exit=is_exit)
        if status is WelcomeStatus.OK:
            status = self._room(binding, source, draining=draining or rules.disabled)
        answer = self._handshake.answer_transit(accepted, source, status, address_of(source[0]), self._unix_s(now_s))
        if status is not WelcomeStatus.OK:
            return answer
        if binding is None:
            binding = Binding(hello, ticket, source, next_hop, now_s)
            self.table.add(binding)
            self._counters.transits_opened += 1
        elif not is_repeat or source != binding.client:
            self.table.move(binding, hello, ticket, source, next_hop, now_s)
        self._counters.handshakes += 1
        binding.is_shown = binding.is_shown or accepted.address_proved
        binding.unshown_bytes_left += HELLO_LENGTH - len(answer)
        return answer

    def expire(self, now_s: float) -> None:
        """Once a second: bindings of silent clients and of tickets that have run out."""
        for binding in self.table.expired(now_s):
            self.end(binding)

    def apply_rules(self, rules: Rules) -> None:
        """End what the server has taken back: sessions, and next hops that are relays no more."""
        for binding in self.table.bindings():
            address = address_of(binding.next_hop[0])
            if binding.cid in rules.revoked_cids or not rules.is_next_hop(address, binding.next_hop[1]):
                self.end(binding)

    def end(self, binding: Binding) -> None:
        """Forget a binding; its last HELLO does not bring it back. A transit has no keys to say so."""
        self.table.remove(binding)
        self._handshake.session_ended(binding.cid)
        self._counters.transits_closed += 1

    def end_cid(self, cid: int) -> bool:
        """End the binding of a session; False when there is none."""
        binding = self.table.get(cid)
        if binding is None:
            return False
        self.end(binding)
        return True

    def end_all(self) -> None:
        """The drain or the process ends."""
        for binding in self.table.bindings():
            self.end(binding)

    def _verdict(
        self, accepted: TransitAccepted, source: Source, rules: Rules, *, is_exit: bool
    ) -> tuple[WelcomeStatus, Source]:
        """What speaks against this binding, however much room there is; and the next hop as our socket knows it."""
        limits, ticket = self._limits, accepted.ticket
        if ticket.cid in rules.revoked_cids:
            self._counters.drops[DropReason.REVOKED] += 1
            return WelcomeStatus.REVOKED, source
        if limits is None or is_exit:
            return WelcomeStatus.NO_TRANSIT, source
        client, next_hop = (address_of(source[0]), source[1]), (ticket.next_hop_address, ticket.next_hop_port)
        # A relay is nobody's client: or relays could be chained, and a chain closed to a ring.
        if client == next_hop or client in rules.next_hops or limits.is_self(*client):
            return WelcomeStatus.NO_TRANSIT, source
        in_socket_form = limits.socket_form(*next_hop)
        if in_socket_form is None or limits.is_self(*next_hop) or not rules.is_next_hop(*next_hop):
            return WelcomeStatus.NEXT_HOP_DENIED, source
        return WelcomeStatus.OK, in_socket_form

    def _room(self, binding: Binding | None, source: Source, *, draining: bool) -> WelcomeStatus:
        if self._limits is None or (binding is None and draining):
            return WelcomeStatus.DRAINING
        if binding is None and len(self.table) >= self._limits.max_transits:
            return WelcomeStatus.FULL
        own = 0 if binding is None or source_prefix(source[0]) != binding.prefix else 1
        if self.table.of_source(source) - own >= self._limits.transits_per_address:
            return WelcomeStatus.TOO_MANY_SESSIONS
        return WelcomeStatus.OK

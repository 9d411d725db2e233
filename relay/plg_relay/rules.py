"""The policy in the form that decides: parsed prefixes, keys as bytes, sets of numbers. Made once per policy, never per packet."""

import base64
import binascii
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from plg.contract.relay_control import ProfileAcl, TicketKey
from plg.protocol.constants import KEY_LENGTH
from plg.protocol.destination import (
    AccessList,
    AccessRule,
    Address,
    Network,
    pack_address,
    special_range,
    unpack_address,
)
from plg.protocol.ticket import ExitTicket
from plg_relay.policy import NextHop, Policy

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the data plane enforces. `profiles`: id -> (revision, destinations)."""

    ticket_keys: dict[int, bytes]
    profiles: dict[int, tuple[int, AccessList]]
    revoked_cids: frozenset[int]
    revoked_users: frozenset[int]
    denied: tuple[Network, ...]
    next_hops: frozenset[tuple[Address, int]]
    allow_private: bool
    disabled: bool
    clock_offset_s: float

    def is_revoked(self, ticket: ExitTicket) -> bool:
        """Whether the server or the operator has taken this ticket back."""
        return ticket.cid in self.revoked_cids or ticket.user_ref in self.revoked_users

    def is_next_hop(self, address: Address, port: int) -> bool:
        """Whether a transit may forward there: to relays that the server named, never into special networks (in a lab, into private ones)."""
        if special_range(address, allow_private=False) is None:
            return (address, port) in self.next_hops
        return self.allow_private and special_range(address, allow_private=True) is None

    def access(self, ticket: ExitTicket) -> list[AccessList] | None:
        """Where a ticket's flows may go: its profile's list, then its own targets. None when we do not know the profile yet.

        An older revision than the ticket's will not do: it may lack the very servers that the ticket is for.
        """
        known = self.profiles.get(ticket.profile_id)
        if known is None or known[0] < ticket.profile_revision:
            return None
        if not ticket.targets:
            return [known[1]]
        rules = [AccessRule((target.prefix,), ((target.first_port, target.last_port),)) for target in ticket.targets]
        return [known[1], AccessList(rules)]


def compile_rules(policy: Policy, own: Sequence[Network], *, allow_private: bool) -> Rules:
    """Parse a policy. What cannot be parsed is left out and logged: one bad line of one game must not stop the others.

    `own` are this relay's addresses. In a lab (`allow_private`) relays, server and game share private addresses, so private
    prefixes are not denied there.
    """
    denied = [*_networks(policy.denied_addresses, "denied addresses"), *own]
    if allow_private:
        denied = [net for net in denied if special_range(net.network_address, allow_private=False) is None]
    return Rules(
        ticket_keys=_keys(policy.ticket_keys),
        profiles={profile.profile_id: (profile.revision, _access_list(profile)) for profile in policy.profiles},
        revoked_cids=_numbers(policy.all_revoked_cids()),
        revoked_users=_numbers(policy.all_revoked_users()),
        denied=tuple(denied),
        next_hops=frozenset(_next_hops(policy.next_hops)),
        allow_private=allow_private,
        disabled=policy.disabled,
        clock_offset_s=policy.clock_offset_ms / 1000,
    )


def _keys(keys: Iterable[TicketKey]) -> dict[int, bytes]:
    parsed: dict[int, bytes] = {}
    for entry in keys:
        try:
            key = base64.b64decode(entry.key, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != KEY_LENGTH or not 0 <= entry.key_id <= 255:
            log.error(
                "ticket key %d is not usable: not %d bytes in base64, or its id is no byte", entry.key_id, KEY_LENGTH
            )
        else:
            parsed[entry.key_id] = key
    return parsed


def _access_list(profile: ProfileAcl) -> AccessList:
    rules = []
    for rule in profile.rules:
        spans = _port_spans(rule.ports, profile.slug)
        # A rule whose ports were all unreadable must not become a rule for every port.
        if spans or not rule.ports:
            rules.append(AccessRule(tuple(_networks(rule.cidrs, profile.slug)), spans))
    return AccessList(rules, [*profile.amplifier_ports_allowed, *profile.low_ports_allowed])


def _networks(texts: Iterable[str], where: str) -> list[Network]:
    networks: list[Network] = []
    for text in texts:
        try:
            networks.append(ip_network(text, strict=False))
        except ValueError as error:
            log.warning("%s: left out: %s", where, error)
    return networks


def _next_hops(relays: Iterable[NextHop]) -> Iterator[tuple[Address, int]]:
    for relay in relays:
        try:
            yield unpack_address(pack_address(ip_address(relay.address))), relay.port
        except ValueError as error:
            log.warning("next hops: left out: %s", error)


def _port_spans(texts: Iterable[str], where: str) -> tuple[tuple[int, int], ...]:
    spans = []
    for text in texts:
        first, _, last = text.partition("-")
        try:
            span = (int(first), int(last or first))
        except ValueError:
            span = (1, 0)
        if 0 <= span[0] <= span[1] <= 65535:
            spans.append(span)
        else:
            log.warning("%s: %r is not a port range; left out", where, text)
    return tuple(spans)


def _numbers(texts: Iterable[str]) -> frozenset[int]:
    return frozenset(int(text, 16) for text in texts if len(text) == 16 and all(c in "0123456789abcdef" for c in text))

"""What the server grants, in the forms that session, routes and capture use. Pure."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

from plg.contract.sessions import RelayEndpoint, SessionGrant, StandbyGrant, TransitGrant
from plg.protocol.client_handshake import ClientGrant
from plg.protocol.client_session import TransitPass
from plg.protocol.constants import KEY_LENGTH, MAX_TICKET_LENGTH
from plg.protocol.destination import AccessList, AccessRule, Address
from plg.protocol.keys import SUITES
from plg.protocol.mask import HeaderMask

_HOST_PORT: Final = re.compile(r"^(?:\[(?P<v6>[^\]]+)\]|(?P<host>[^\s:\[\]/@]+)):(?P<port>[0-9]{1,5})\Z")


class BadGrant(Exception):
    """The server's grant makes no sense: another version of the server, or no PLG server at all."""


@dataclass(frozen=True, slots=True)
class HostPort:
    """A host name or address, and a UDP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_host_port(text: str) -> HostPort:
    """Read HOST:PORT or [IPV6]:PORT. Raises ValueError."""
    found = _HOST_PORT.match(text.strip())
    port = int(found["port"]) if found else 0
    if found is None or not 0 < port <= 65535:
        raise ValueError(text)
    if found["v6"] is not None and ip_address(found["v6"]).version != 6:
        raise ValueError(text)
    return HostPort(found["v6"] or found["host"], port)


def client_grant(grant: SessionGrant) -> ClientGrant:
    """The session's secrets. Raises BadGrant."""
    return _secrets(grant.cid, grant.key, grant.ticket, grant.relay, grant.suite)


def standby_grant(grant: SessionGrant, standby: StandbyGrant) -> ClientGrant:
    """The secrets of the session's standby exit. Raises BadGrant."""
    return _secrets(standby.cid, standby.key, standby.ticket, standby.relay, grant.suite)


def transit_pass(transit: TransitGrant) -> TransitPass:
    """The right to one transit relay. Raises BadGrant."""
    return TransitPass(_secret(transit.key), _ticket(transit.ticket))


def ticket_for(grant: SessionGrant, cid: int) -> bytes:
    """The newer ticket of the session or standby session with this number. Raises BadGrant."""
    tickets = {grant.cid: grant.ticket}
    if grant.standby is not None:
        tickets[grant.standby.cid] = grant.standby.ticket
    text = tickets.get(f"{cid:016x}")
    if text is None:
        raise BadGrant("the server renewed another session")
    return _ticket(text)


def interface_numbers(max_paths: int, more_interfaces: int) -> range:
    """The path numbers of the interfaces after the first one: the last that the ticket allows. Empty where it allows too few."""
    first = max_paths - more_interfaces
    return range(first, max_paths) if first >= 1 else range(0)


def _secrets(cid: str, key: str, ticket: str, relay: RelayEndpoint, suite: int) -> ClientGrant:
    try:
        number = int(cid, 16)
    except ValueError as error:
        raise BadGrant(f"session number: {error}") from error
    if not 0 <= number < 1 << 64:
        raise BadGrant("the session number is too long")
    if suite not in SUITES:
        raise BadGrant(f"cipher suite {suite} is not known to this version")
    return ClientGrant(number, _secret(key), _ticket(ticket), relay.relay_id, suite)


def _secret(text: str) -> bytes:
    secret = _base64("key", text)
    if len(secret) != KEY_LENGTH:
        raise BadGrant("the key has a wrong length")
    return secret


def _ticket(text: str) -> bytes:
    ticket = _base64("ticket", text)
    if not 0 < len(ticket) <= MAX_TICKET_LENGTH:
        raise BadGrant("the ticket has a wrong length")
    return ticket


def _base64(what: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadGrant(f"{what}: {error}") from error


def header_mask(relay: RelayEndpoint) -> HeaderMask | None:
    """The relay's header mask when it wants one. Raises BadGrant."""
    try:
        return read_mask(relay.mask_key)
    except ValueError as error:
        raise BadGrant(f"mask key: {error}") from error


def read_mask(mask_key: str | None) -> HeaderMask | None:
    """The mask of a relay's key in Base64, None for none. Raises ValueError."""
    if mask_key is None:
        return None
    key = base64.b64decode(mask_key, validate=True)
    if len(key) != KEY_LENGTH:
        raise ValueError("it has a wrong length")
    return HeaderMask(key)


def access_list(grant: SessionGrant) -> AccessList:
    """Every destination that the grant allows: the profile's, and the approved ones. Raises BadGrant."""
    try:
        rules = [AccessRule(tuple(map(ip_network, rule.cidrs)), port_spans(rule.ports)) for rule in grant.destinations]
        targets = [parse_host_port(text) for text in grant.targets]
        rules += [AccessRule((ip_network(target.host),), ((target.port, target.port),)) for target in targets]
    except ValueError as error:
        raise BadGrant(f"destinations: {error}") from error
    return AccessList(rules)


def port_spans(ranges: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """ "27015" and "27015-27050" as inclusive pairs. Raises ValueError."""
    spans = []
    for text in ranges:
        first, _, last = text.partition("-")
        spans.append((int(first), int(last or first)))
    return tuple(spans)


def parse_address(text: str) -> Address | None:
    """A numeric address, None for a name."""
    try:
        return ip_address(text)
    except ValueError:
        return None

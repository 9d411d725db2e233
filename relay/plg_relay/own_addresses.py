"""The addresses of this machine: never a destination, and the reason to refuse lab mode on a public relay."""

import socket
from ipaddress import ip_address, ip_network

import psutil

from plg.protocol.destination import Address, Network, special_range
from plg_relay.errors import ConfigError


def interface_addresses() -> frozenset[Address]:
    """Every address on an interface."""
    texts = (
        entry.address.partition("%")[0]
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family in (socket.AF_INET, socket.AF_INET6)
    )
    return frozenset(ip_address(text) for text in texts)


def resolve(host: str) -> frozenset[Address]:
    """The addresses of a name or literal; empty when it does not resolve (the relay must start without DNS)."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return frozenset()
    return frozenset(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found)


def as_networks(addresses: frozenset[Address]) -> tuple[Network, ...]:
    """Each address as a prefix of its own."""
    return tuple(sorted((ip_network(address) for address in addresses), key=str))


def refuse_private_mode_in_public(*, allow_private: bool, public_host: str, public: frozenset[Address]) -> None:
    """Raise ConfigError when `allow_private` is on and players reach this relay at a public address."""
    outside = sorted(str(address) for address in public if special_range(address, allow_private=False) is None)
    if allow_private and outside:
        raise ConfigError(
            "allow_private",
            True,
            f"only in a lab: this relay is public at {public_host} ({outside[0]}), it would open our own network to players",
            "settings",
        )

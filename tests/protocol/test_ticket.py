"""Tickets: sealed by the server, opened by the relay alone."""

from dataclasses import replace
from ipaddress import ip_network

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from plg.protocol.constants import MAX_TICKET_LENGTH
from plg.protocol.errors import DropReason, ProtocolMisuse
from plg.protocol.ticket import (
    MAX_TARGETS,
    TicketTarget,
    TransitTicket,
    open_ticket,
    open_transit_ticket,
    seal_ticket,
    seal_transit_ticket,
)
from support.protocol_pair import RELAY_ID, TICKET_KEY, UNIX_S, make_ticket, seal

KEYS = {1: AESGCM(TICKET_KEY)}
TRANSIT = TransitTicket(1, int(UNIX_S), int(UNIX_S) + 60, bytes(32), bytes(16), 443, 600, 1500, 6000)


def test_the_relay_reads_exactly_what_the_server_sealed() -> None:
    ticket = replace(
        make_ticket(),
        targets=(TicketTarget(ip_network("198.20.0.0/24"), 1, 2), TicketTarget(ip_network("2600::/32"), 5, 5)),
        transits=((1, bytes(15) + b"\1"),),
        max_paths=2,
    )
    assert open_ticket(seal(ticket), KEYS, RELAY_ID, UNIX_S) == ticket


def test_the_fullest_ticket_fits() -> None:
    targets = tuple(TicketTarget(ip_network(f"2600:{i}::/32"), 1, 65535) for i in range(MAX_TARGETS))
    ticket = replace(make_ticket(), targets=targets, transits=((1, bytes(16)), (2, bytes(16))))
    assert len(seal(ticket)) <= MAX_TICKET_LENGTH
    assert open_ticket(seal(ticket), KEYS, RELAY_ID, UNIX_S) == ticket


@pytest.mark.parametrize(
    ("seconds", "outcome"),
    [(-61, DropReason.TICKET_NOT_YET_VALID), (-59, None), (3659, None), (3661, DropReason.TICKET_EXPIRED)],
)
def test_clocks_may_differ_by_a_minute_and_no_more(seconds: int, outcome: DropReason | None) -> None:
    opened = open_ticket(seal(make_ticket()), KEYS, RELAY_ID, UNIX_S + seconds)
    assert opened is outcome if outcome else opened == make_ticket()


@pytest.mark.parametrize("relay_id", [RELAY_ID + 1, 0])
def test_a_ticket_for_another_relay_is_forged_here(relay_id: int) -> None:
    assert open_ticket(seal(make_ticket()), KEYS, relay_id, UNIX_S) is DropReason.TICKET_FORGED


def test_a_transit_ticket_is_no_exit_ticket() -> None:
    token = seal_transit_ticket(TRANSIT, TICKET_KEY, 1, RELAY_ID, bytes(12))
    assert open_ticket(token, KEYS, RELAY_ID, UNIX_S) in {DropReason.TICKET_FORGED, DropReason.TICKET_MALFORMED}
    assert open_transit_ticket(token, KEYS, RELAY_ID, UNIX_S) == TRANSIT


@given(st.integers(min_value=0, max_value=len(seal(make_ticket())) * 8 - 1))
def test_no_flipped_bit_survives(bit: int) -> None:
    token = bytearray(seal(make_ticket()))
    token[bit // 8] ^= 1 << bit % 8
    assert isinstance(open_ticket(bytes(token), KEYS, RELAY_ID, UNIX_S), DropReason)


@given(st.binary(max_size=600))
def test_junk_never_raises(junk: bytes) -> None:
    assert isinstance(open_ticket(junk, KEYS, RELAY_ID, UNIX_S), DropReason)
    assert isinstance(open_transit_ticket(junk, KEYS, RELAY_ID, UNIX_S), DropReason)


@given(st.binary(max_size=200))
def test_an_authentic_body_of_another_server_version_never_raises(body: bytes) -> None:
    associated = b"PLG1 ticket" + RELAY_ID.to_bytes(4, "big") + b"\0"
    token = b"\1" + bytes(12) + AESGCM(TICKET_KEY).encrypt(bytes(12), body, associated)
    assert isinstance(open_ticket(token, KEYS, RELAY_ID, UNIX_S), DropReason)


def test_the_server_cannot_seal_nonsense() -> None:
    targets = tuple(TicketTarget(ip_network("198.20.0.0/24"), 1, 2) for _ in range(MAX_TARGETS + 1))
    for wrong in (
        replace(make_ticket(), targets=targets),
        replace(make_ticket(), secret=b"short"),
        make_ticket(expires_in_s=0),
    ):
        with pytest.raises(ProtocolMisuse):
            seal_ticket(wrong, TICKET_KEY, 1, RELAY_ID, bytes(12))


def test_what_a_server_cannot_seal_a_relay_does_not_read() -> None:
    """A sealed body with as many transits as there are paths, or that ends before it begins."""
    token = seal(make_ticket())
    aad = b"PLG1 ticket" + RELAY_ID.to_bytes(4, "big") + b"\0"
    body = KEYS[1].decrypt(token[1:13], token[13:], aad)
    transits = body[:-2] + b"\x08" + bytes(8 * 17) + b"\0"
    backwards = body[:20] + int(UNIX_S).to_bytes(4, "big") * 2 + body[28:]
    assert body[20:24] == int(UNIX_S).to_bytes(4, "big")
    for odd in (transits, backwards):
        sealed = token[:13] + KEYS[1].encrypt(token[1:13], odd, aad)
        assert open_ticket(sealed, KEYS, RELAY_ID, UNIX_S) is DropReason.TICKET_MALFORMED

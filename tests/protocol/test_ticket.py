"""Tickets: sealed by the server, opened by the relay alone."""

from dataclasses import replace
from ipaddress import ip_address, ip_network

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
    ticket = replace(make_ticket(), targets=targets, max_paths=3, transits=((1, bytes(16)), (2, bytes(16))))
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
        *(replace(make_ticket(), max_paths=wrong) for wrong in (0, 9)),
        *(
            replace(make_ticket(), max_paths=3, transits=tuple((path, bytes(16)) for path in paths))
            for paths in ((0,), (3,), (1, 1))
        ),
    ):
        with pytest.raises(ProtocolMisuse):
            seal_ticket(wrong, TICKET_KEY, 1, RELAY_ID, bytes(12))
    for odd in (
        replace(TRANSIT, next_hop=b"short"),
        replace(TRANSIT, next_hop_port=0),
        replace(TRANSIT, expires_at_s=TRANSIT.issued_at_s),
    ):
        with pytest.raises(ProtocolMisuse):
            seal_transit_ticket(odd, TICKET_KEY, 1, RELAY_ID, bytes(12))


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


@pytest.mark.parametrize("paths", [(0,), (2,), (1, 1), (9,)])
def test_a_body_with_a_transit_for_no_path_or_two_for_one_is_not_read(paths: tuple[int, ...]) -> None:
    token = seal(replace(make_ticket(), max_paths=2))
    aad = b"PLG1 ticket" + RELAY_ID.to_bytes(4, "big") + b"\0"
    body = KEYS[1].decrypt(token[1:13], token[13:], aad)[:-2]
    body += bytes([len(paths)]) + b"".join(bytes([path]) + bytes(16) for path in paths) + b"\0"
    sealed = token[:13] + KEYS[1].encrypt(token[1:13], body, aad)
    assert open_ticket(sealed, KEYS, RELAY_ID, UNIX_S) is DropReason.TICKET_MALFORMED


def test_a_path_of_the_ticket_has_its_transit_or_none() -> None:
    ticket = replace(make_ticket(), max_paths=4, transits=((2, b"B" * 16),))
    assert [ticket.transit_of(path) for path in range(4)] == [None, None, b"B" * 16, None]


def test_a_next_hop_is_given_in_its_own_family() -> None:
    mapped = replace(TRANSIT, next_hop=ip_address("::ffff:198.20.0.1").packed)
    assert str(mapped.next_hop_address) == "198.20.0.1"
    assert str(replace(TRANSIT, next_hop=ip_address("2600::1").packed).next_hop_address) == "2600::1"


@pytest.mark.parametrize(
    ("at", "piece"),
    [(0, b"\2"), (9, (2**32 - 1).to_bytes(4, "big")), (65, bytes(2))],
    ids=["version", "issued-at-the-end", "port"],
)
def test_a_transit_body_that_a_server_cannot_seal_is_not_read(at: int, piece: bytes) -> None:
    token = seal_transit_ticket(TRANSIT, TICKET_KEY, 1, RELAY_ID, bytes(12))
    aad = b"PLG1 ticket" + RELAY_ID.to_bytes(4, "big") + b"\1"
    body = KEYS[1].decrypt(token[1:13], token[13:], aad)
    odd = token[:13] + KEYS[1].encrypt(token[1:13], body[:at] + piece + body[at + len(piece) :], aad)
    assert open_transit_ticket(odd, KEYS, RELAY_ID, UNIX_S) is DropReason.TICKET_MALFORMED


@pytest.mark.parametrize(
    ("seconds", "outcome"),
    [(-61, DropReason.TICKET_NOT_YET_VALID), (-59, None), (119, None), (121, DropReason.TICKET_EXPIRED)],
)
def test_a_transit_ticket_has_the_same_minute_of_grace(seconds: int, outcome: DropReason | None) -> None:
    token = seal_transit_ticket(TRANSIT, TICKET_KEY, 1, RELAY_ID, bytes(12))
    assert open_transit_ticket(token, KEYS, RELAY_ID, UNIX_S + seconds) == (outcome or TRANSIT)

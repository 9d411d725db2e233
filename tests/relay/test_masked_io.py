"""The clients' socket of a masking relay."""

from plg.protocol.handshake import build_no_session
from plg.protocol.mask import HeaderMask
from plg_relay.datagram_io import BATCH, datagram_io
from plg_relay.masked_io import MaskedIo
from support.live_relay import game_socket

MASK = HeaderMask(bytes(range(32)))
PLAIN = bytes(14) + b"sixteen bytes of" + b"payload"


def masked(datagram: bytes) -> bytes:
    hidden = MASK.apply(datagram)
    assert hidden is not None
    return hidden


def test_what_comes_is_unmasked_and_what_is_too_short_is_dropped_and_counted() -> None:
    dropped: list[int] = []
    io = MaskedIo(datagram_io(), MASK, dropped.append)
    with game_socket() as client, game_socket() as front:
        for datagram in (masked(PLAIN), b"", b"x" * 29, masked(PLAIN + b"2")):
            client.sendto(datagram, front.getsockname())
        source = client.getsockname()
        assert io.receive_from(front) == [(PLAIN, source), (PLAIN + b"2", source)]
        assert dropped == [2]
        assert io.receive_from(front) == []
        assert dropped == [2]


def test_what_goes_is_masked_one_by_one_and_in_batches() -> None:
    io = MaskedIo(datagram_io(), MASK, lambda _: None)
    with game_socket() as client, game_socket() as front:
        batch = [PLAIN + b"%d" % number for number in range(BATCH)]
        assert io.send_all(front, [PLAIN], client.getsockname()) == 1
        assert io.send_all(front, batch, client.getsockname()) == BATCH
        assert [client.recv(100) for _ in range(BATCH + 1)] == [masked(datagram) for datagram in [PLAIN, *batch]]


def test_no_session_is_never_sent() -> None:
    io = MaskedIo(datagram_io(), MASK, lambda _: None)
    with game_socket() as client, game_socket() as front:
        assert io.send_all(front, [build_no_session(7)], client.getsockname()) == 1
        io.send_all(front, [PLAIN], client.getsockname())
        assert client.recv(100) == masked(PLAIN), "nothing came before it"

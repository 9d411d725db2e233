"""The clients' socket, and what a bind that fails is told."""

import errno

import pytest

from plg_relay.errors import FailureKind, RelayError
from plg_relay.udp_front import bind_failure, open_front


def test_a_socket_is_bound_where_asked_and_does_not_block() -> None:
    with open_front("127.0.0.1", 0, buffer_bytes=1 << 20) as front:
        assert front.getsockname()[0] == "127.0.0.1"
        with pytest.raises(BlockingIOError):
            front.recvfrom(1)


def test_a_taken_port_is_one_line_of_its_own_kind() -> None:
    with open_front("127.0.0.1", 0, buffer_bytes=1 << 16) as front:
        port = front.getsockname()[1]
        with pytest.raises(RelayError, match=rf"UDP 127\.0\.0\.1:{port} is taken") as caught:
            open_front("127.0.0.1", port, buffer_bytes=1 << 16)
        assert caught.value.kind is FailureKind.PORT_TAKEN


def test_workers_may_share_a_port() -> None:
    with (
        open_front("127.0.0.1", 0, buffer_bytes=1 << 16, share_port=True) as first,
        open_front("127.0.0.1", first.getsockname()[1], buffer_bytes=1 << 16, share_port=True) as second,
    ):
        assert first.getsockname() == second.getsockname()


def test_an_address_of_another_machine_is_a_configuration_error() -> None:
    with pytest.raises(RelayError, match="no such address") as caught:
        open_front("198.51.100.7", 0, buffer_bytes=1 << 16)
    assert caught.value.kind is FailureKind.CONFIG


@pytest.mark.parametrize(
    ("number", "kind", "text"),
    [
        (errno.EACCES, FailureKind.PRIVILEGE, "CAP_NET_BIND_SERVICE"),
        (errno.EADDRINUSE, FailureKind.PORT_TAKEN, "taken"),
        (errno.EIO, FailureKind.CONFIG, "broken"),
    ],
)
def test_each_reason_says_what_would_mend_it(number: int, kind: FailureKind, text: str) -> None:
    failure = bind_failure(OSError(number, "broken"), "UDP", "::", 443)
    assert failure.kind is kind
    assert text in str(failure)
    assert "[::]:443" in str(failure)

"""The mark that keeps our own packets out of the capture (that it does is proved in namespaces)."""

import socket

import pytest

from plg.capture.bypass_mark import BYPASS_MARK, mark_socket
from support.requirements import require_root


def test_a_socket_is_marked() -> None:
    require_root()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert mark_socket(sock)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_MARK) == BYPASS_MARK


def test_a_system_without_marks_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "SO_MARK", raising=False)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert not mark_socket(sock)


def test_a_closed_socket_is_no_error() -> None:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.close()
    assert not mark_socket(sock)

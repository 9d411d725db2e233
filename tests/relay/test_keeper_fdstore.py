"""The datagrams that systemd's descriptor store understands, as sd_notify(3) and sd_listen_fds(3) describe them."""

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from plg_relay.keeper_fdstore import DescriptorStore, received_descriptors
from plg_relay.keeper_messages import MAX_STORED
from support.requirements import require_linux


class NotifySocket:
    """The service manager's end."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)

    def heard(self) -> list[tuple[dict[str, str], list[socket.socket]]]:
        """Assignments and sockets of each datagram."""
        found = []
        try:
            while True:
                body, descriptors, _, _ = socket.recv_fds(self.socket, 4096, 8)
                words = dict(line.split("=", 1) for line in body.decode().splitlines())
                found.append((words, [socket.socket(fileno=one) for one in descriptors]))
        except BlockingIOError:
            return found


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[NotifySocket]:
    require_linux()
    made = NotifySocket(str(tmp_path / "notify"))
    yield made
    made.socket.close()


@pytest.fixture
def kept() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind(("127.0.0.1", 0))
        yield made


def test_a_socket_is_stored_under_its_name_and_removed_again(
    manager: NotifySocket, tmp_path: Path, kept: socket.socket
) -> None:
    store = DescriptorStore(str(tmp_path / "notify"), 10)
    store.keep("front0-1", kept.fileno())
    ((words, sockets),) = manager.heard()
    assert words == {"FDSTORE": "1", "FDPOLL": "0", "FDNAME": "front0-1"}
    with sockets[0] as copy:
        assert copy.getsockname() == kept.getsockname()
    store.drop("front0-1")
    store.drop("never stored")
    assert manager.heard() == [({"FDSTOREREMOVE": "1", "FDNAME": "front0-1"}, [])]
    store.close()


def test_a_new_socket_of_the_same_name_takes_the_place_of_the_old_one(
    manager: NotifySocket, tmp_path: Path, kept: socket.socket
) -> None:
    store = DescriptorStore(str(tmp_path / "notify"), 10)
    store.keep("control", kept.fileno())
    store.keep("control", kept.fileno())
    heard = manager.heard()
    assert [next(iter(words)) for words, _ in heard] == ["FDSTORE", "FDSTOREREMOVE", "FDSTORE"]
    assert len(store) == 1
    for _, sockets in heard:
        for one in sockets:
            one.close()
    store.close()


def test_no_more_is_stored_than_the_unit_allows(
    manager: NotifySocket, tmp_path: Path, kept: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    environ = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "FDSTORE": "2"}
    store = DescriptorStore.of(environ)
    for name in ("a", "b", "c", "d"):
        store.keep(name, kept.fileno())
    heard = manager.heard()
    assert [words["FDNAME"] for words, _ in heard] == ["a", "b"]
    assert [record.message for record in caplog.records if "full (2)" in record.message] != []
    assert len(caplog.records) == 1
    for _, sockets in heard:
        sockets[0].close()
    store.close()


@pytest.mark.parametrize("told", ["", "many", "-1", "9" * 30, str(10**9)])
def test_an_odd_limit_counts_as_none(told: str) -> None:
    assert DescriptorStore.of({"FDSTORE": told})._limit == MAX_STORED


def test_an_abstract_address_is_understood(kept: socket.socket) -> None:
    require_linux()
    name = f"plg-test-{secrets.token_hex(8)}"
    manager = NotifySocket("\0" + name)
    store = DescriptorStore("@" + name, 10)
    store.keep("metrics", kept.fileno())
    ((words, sockets),) = manager.heard()
    assert words["FDNAME"] == "metrics"
    for one in (*sockets, manager.socket):
        one.close()
    store.close()


@pytest.mark.parametrize("address", [None, "", "vsock:2:1234", "/nowhere/at/all"])
def test_without_a_service_manager_nothing_is_stored(address: str | None, kept: socket.socket) -> None:
    store = DescriptorStore(address, 10)
    store.keep("front0-1", kept.fileno())
    store.drop("front0-1")
    assert len(store) == 0
    store.close()


def test_a_manager_that_goes_away_is_told_of_once_and_does_no_harm(
    manager: NotifySocket, tmp_path: Path, kept: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    store = DescriptorStore(str(tmp_path / "notify"), 10)
    manager.socket.close()
    store.keep("a", kept.fileno())
    store.keep("b", kept.fileno())
    assert len(caplog.records) == 1
    store.close()


RECEIVER = """
import os, sys
from plg_relay.keeper_fdstore import received_descriptors
held, wrong_pid = int(sys.argv[1]), sys.argv[2] == "wrong"
os.dup2(held, 3); os.dup2(held, 4)
pid = os.getpid() + wrong_pid
environ = {"LISTEN_PID": str(pid), "LISTEN_FDS": sys.argv[3], "LISTEN_FDNAMES": "front0-1:control"}
found = received_descriptors(environ, os.getpid())
print(found, [os.get_inheritable(one) for _, one in found])
"""


@pytest.mark.parametrize(
    ("whose", "count", "expected"),
    [
        ("ours", "2", "[('front0-1', 3), ('control', 4)] [False, False]\n"),
        ("ours", "1", "[('front0-1', 3)] [False]\n"),
        ("wrong", "2", "[] []\n"),
        ("ours", "many", "[] []\n"),
        ("ours", "-2", "[] []\n"),
    ],
)
def test_what_the_manager_passes_is_taken_with_its_names_by_the_process_it_is_for(
    kept: socket.socket, whose: str, count: str, expected: str
) -> None:
    require_linux()
    high = os.dup(kept.fileno())
    command = [sys.executable, "-c", RECEIVER, str(high), whose, count]
    done = subprocess.run(command, pass_fds=[high], capture_output=True, text=True, check=True, timeout=60)
    os.close(high)
    assert done.stdout == expected


def test_without_the_variables_nothing_is_taken() -> None:
    assert received_descriptors({}, os.getpid()) == []

"""systemd's part in a restart of a service, by its documented datagrams and variables (sd_notify(3), sd_listen_fds(3))."""

import os
import socket
import sys
from pathlib import Path

FIRST_HIGH = 200
"""Descriptors are passed from here up, so that the copies to 3, 4, ... meet none of them."""

PASS_ON = """
import os, sys
count = int(sys.argv[1])
for place in range(count):
    os.dup2(int(sys.argv[3 + place]), 3 + place)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(count), "LISTEN_FDNAMES": sys.argv[2]}
os.execv(sys.argv[3 + count], sys.argv[3 + count:])
"""


class FakeSystemd:
    """Holds what a service stores, and passes it to the service's next start."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(folder / "notify"))
        self._socket.setblocking(False)
        self._passed: list[int] = []
        self.environ = {"NOTIFY_SOCKET": str(folder / "notify"), "FDSTORE": "100"}
        self.store: dict[str, int] = {}

    def listen(self) -> list[str]:
        """Take what the service has said; the names of what is stored."""
        while True:
            try:
                body, descriptors, _, _ = socket.recv_fds(self._socket, 4096, 4)
            except BlockingIOError:
                return sorted(self.store)
            words = dict(line.split("=", 1) for line in body.decode().splitlines())
            if words.get("FDSTORE") == "1":
                (self.store[words["FDNAME"]],) = descriptors
            elif words.get("FDSTOREREMOVE") == "1":
                os.close(self.store.pop(words["FDNAME"]))

    def next_start(self) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Words before the service's command, and the descriptors that its process must inherit."""
        self._passed = [os.dup2(one, FIRST_HIGH + place) for place, one in enumerate(self.store.values())]
        words = (str(len(self._passed)), ":".join(self.store), *map(str, self._passed))
        return (sys.executable, "-c", PASS_ON, *words), tuple(self._passed)

    def close(self) -> None:
        for one in (*self.store.values(), *self._passed):
            os.close(one)
        self._socket.close()

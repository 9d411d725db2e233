"""The C forwarder as a running process."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.packet_engine import compile_c


@contextmanager
def c_forwarder(upstream: socket.socket) -> Iterator[tuple[int, int]]:
    """Run it towards `upstream`; gives its process id and its front port, and ends it afterwards."""
    host, port = upstream.getsockname()
    process = subprocess.Popen([compile_c("c_forwarder.c"), host, str(port)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()

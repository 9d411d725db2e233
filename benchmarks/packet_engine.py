"""The load generator's compiled half: builds packet_engine.c, and calls it from threads that hold no Python lock."""

import ctypes
import os
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

HERE = Path(__file__).parent
BUILD = HERE / "build"
STRIDE_BYTES = 512
"""Room for one prepared or kept datagram; the benchmarks send payloads of 100 bytes."""
SOCKET_BUFFER_BYTES = 16 * 1024 * 1024
"""The ends of the benchmark must not lose what the relay delivered."""

SETTLED_AFTER_S = 0.25
"""A forwarder that waits longer than this for its turn on a busy machine would be counted short."""


def compile_c(source: str, *flags: str) -> Path:
    """Build one C file of this folder with gcc -O2. Raises FileNotFoundError without gcc."""
    compiler = shutil.which("gcc")
    if compiler is None:
        raise FileNotFoundError("the benchmarks need gcc and the C library's headers (Debian: gcc libc6-dev)")
    BUILD.mkdir(exist_ok=True)
    target = BUILD / source.removesuffix(".c")
    fresh = target.with_name(f"{target.name}.{os.getpid()}")
    subprocess.run([compiler, "-O2", "-Wall", "-o", fresh, HERE / source, *flags], check=True)
    return fresh.replace(target)  # renamed into place: another benchmark may be running the old one


@cache
def library() -> ctypes.CDLL:
    engine = ctypes.CDLL(str(compile_c("packet_engine.c", "-shared", "-fPIC")))
    engine.engine_send.restype = ctypes.c_uint64
    engine.engine_receive.restype = ctypes.c_uint64
    engine.engine_collect.restype = ctypes.c_uint64
    engine.engine_now_ns.restype = ctypes.c_uint64
    return engine


def now_ns() -> int:
    return int(library().engine_now_ns())


def udp_socket() -> socket.socket:
    """A loopback socket on a port of the system's choice, with buffers that hold a burst."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    for option, forced in ((socket.SO_RCVBUF, 33), (socket.SO_SNDBUF, 32)):
        try:
            made.setsockopt(socket.SOL_SOCKET, forced, SOCKET_BUFFER_BYTES)  # SO_*BUFFORCE: root may pass the limit
        except PermissionError:
            made.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER_BYTES)
    return made


class Datagrams:
    """Prepared datagrams in one block of memory. They are sent in runs of `batch`, each run from the next socket."""

    def __init__(self, datagrams: Sequence[bytes], batch: int) -> None:
        self.count = len(datagrams)
        self.batch = batch
        self.lengths = (ctypes.c_uint16 * self.count)(*map(len, datagrams))
        self.slab = ctypes.create_string_buffer(b"".join(one.ljust(STRIDE_BYTES, b"\0") for one in datagrams))


@dataclass(frozen=True, slots=True)
class Sent:
    """`taken`: accepted by the kernel; `sent_ns`: departure of each datagram, empty unless asked for."""

    taken: int
    seconds: float
    sent_ns: Sequence[int]


def send(
    sockets: Sequence[socket.socket],
    datagrams: Datagrams,
    *,
    rate_pps: float = 0.0,
    targets: Sequence[tuple[str, int]] = (),
    take_time: bool = False,
) -> Sent:
    """Send all of them, at `rate_pps` datagrams a second (0: as fast as the kernel takes them)."""
    stop = ctypes.c_int(0)
    departures = (ctypes.c_uint64 * datagrams.count)() if take_time else None
    addresses = b"".join(
        struct.pack("=H", socket.AF_INET) + struct.pack("!H4s8x", port, socket.inet_aton(host))
        for host, port in targets
    )
    began = now_ns()
    taken = library().engine_send(
        descriptors(sockets),
        len(sockets),
        addresses,
        len(targets),
        datagrams.slab,
        ctypes.c_uint32(STRIDE_BYTES),
        datagrams.lengths,
        ctypes.c_uint64(datagrams.count),
        datagrams.batch,
        ctypes.c_double(rate_pps),
        departures,
        ctypes.byref(stop),
    )
    return Sent(int(taken), (now_ns() - began) / 1e9, list(departures) if departures is not None else [])


@dataclass(frozen=True, slots=True)
class Arrival:
    """One kept datagram, the index of the socket it came on, and when."""

    datagram: bytes
    source: int
    at_ns: int


class Receiver:
    """Receives on `sockets` in a thread from enter to exit; echoes when told; keeps the first `keep` datagrams.

    A `patient` one only counts, and looks now and then instead of waiting: the sender never pays for waking it up.
    """

    def __init__(
        self, sockets: Sequence[socket.socket], *, echo: bool = False, keep: int = 0, patient: bool = False
    ) -> None:
        library()  # built before the thread starts, and by one thread only
        self._sockets = list(sockets)
        self._patient = patient
        self._echo = echo
        self._keep = keep
        self._stop = ctypes.c_int(0)
        self._counter = ctypes.c_uint64(0)
        room = max(1, keep)
        self._slab = ctypes.create_string_buffer(room * STRIDE_BYTES)
        self._lengths = (ctypes.c_uint16 * room)()
        self._sources = (ctypes.c_uint16 * room)()
        self._arrivals = (ctypes.c_uint64 * room)()
        self._thread = threading.Thread(target=self._run, name="receiver")

    @property
    def received(self) -> int:
        """Datagrams so far."""
        return int(self._counter.value)

    def settle(self) -> None:
        """Wait until nothing more comes: the forwarder has worked off what it had queued."""
        before = -1
        while before != self.received:
            before = self.received
            time.sleep(SETTLED_AFTER_S)

    def arrivals(self) -> list[Arrival]:
        """What was kept, in order of arrival."""
        kept = min(self.received, self._keep)
        raw = self._slab.raw
        return [
            Arrival(
                raw[index * STRIDE_BYTES : index * STRIDE_BYTES + self._lengths[index]],
                self._sources[index],
                self._arrivals[index],
            )
            for index in range(kept)
        ]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.value = 1
        self._thread.join()

    def _run(self) -> None:
        if self._patient:
            library().engine_collect(
                descriptors(self._sockets), len(self._sockets), ctypes.byref(self._counter), ctypes.byref(self._stop)
            )
            return
        library().engine_receive(
            descriptors(self._sockets),
            len(self._sockets),
            int(self._echo),
            self._slab,
            ctypes.c_uint32(STRIDE_BYTES),
            self._lengths,
            self._sources,
            self._arrivals,
            ctypes.c_uint64(self._keep),
            ctypes.byref(self._counter),
            ctypes.byref(self._stop),
        )


def descriptors(sockets: Sequence[socket.socket]) -> ctypes.Array[ctypes.c_int]:
    return (ctypes.c_int * len(sockets))(*(one.fileno() for one in sockets))

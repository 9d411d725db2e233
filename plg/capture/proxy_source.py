"""Capture without any rights, on any system: a local UDP port that stands for the one game server.

The player points the game at `listen_address` instead of the server. Each local port that sends here is a flow of its own to
the target; what goes direct leaves from a socket that this local port alone uses, so that the server tells players apart.
"""

import socket
from functools import partial

from plg.capture.bypass_mark import mark_socket
from plg.capture.datagram_reader import DatagramReader
from plg.capture.flow_table import count_error
from plg.capture.packet_source import CaptureSpec, CaptureStats, CaptureUnavailable, FlowKey, PacketHandler, Verdict

MAX_LOCAL_PORTS = 256
"""Flows at one time. A game uses a few; the bound keeps a program that sprays packets from using up our descriptors."""

BUFFER_BYTES = 1 << 20
"""Room for a burst of several thousand game packets."""

LISTEN_ADDRESS = "127.0.0.1"


def single_target(spec: CaptureSpec) -> tuple[str, int]:
    """The one address and port that a spec names. Raises CaptureUnavailable when it names more or fewer."""
    if len(spec.rules) == 1 and len(spec.rules[0].prefixes) == 1 and len(spec.rules[0].ports) == 1:
        prefix, span = spec.rules[0].prefixes[0], spec.rules[0].ports[0]
        if prefix.num_addresses == 1 and span.first == span.last:
            return str(prefix.network_address), span.first
    raise CaptureUnavailable(
        "the proxy stands for one game server, and this names a range of them",
        "name the server with --target HOST:PORT, or use --capture divert or tun with the rights for it",
    )


class ProxySource:
    """A PacketSource. `listen_port` 0 takes any free port."""

    def __init__(self, target: tuple[str, int], listen_port: int = 0) -> None:
        self._target = target
        self._listen_port = listen_port
        self._stats = CaptureStats()
        self._listener: socket.socket | None = None
        self._handler: PacketHandler | None = None
        self._reader: DatagramReader | None = None
        self._direct: dict[int, tuple[socket.socket, DatagramReader]] = {}
        self._ports: dict[int, None] = {}

    @property
    def name(self) -> str:
        return "proxy"

    @property
    def stats(self) -> CaptureStats:
        return self._stats

    @property
    def listen_address(self) -> tuple[str, int]:
        """Where the game is to connect to: (address, port). Raises RuntimeError before `open`."""
        if self._listener is None:
            raise RuntimeError("the capture is not open")
        address, port = self._listener.getsockname()[:2]
        return str(address), int(port)

    async def open(self, spec: CaptureSpec) -> None:
        target = single_target(spec)
        if target != self._target:
            raise ValueError(f"made for {self._target}, opened for {target}")
        listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            listener.setblocking(False)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            listener.bind((LISTEN_ADDRESS, self._listen_port))
        except OSError as error:
            listener.close()
            raise CaptureUnavailable(
                f"cannot listen on {LISTEN_ADDRESS}:{self._listen_port}: {error.strerror}",
                "end the program that uses this port, or name another one",
            ) from error
        self._listener = listener

    async def observe(self, seconds: float) -> frozenset[FlowKey]:  # noqa: ARG002 - nothing to wait for
        """Empty: before `divert` nobody can have talked through this port."""
        return frozenset()

    async def divert(self, handler: PacketHandler) -> None:
        if self._listener is None:
            raise RuntimeError("the capture is not open")
        self._handler = handler
        if self._reader is None:
            self._reader = DatagramReader(
                self._listener, self._from_game, partial(count_error, self._stats, "listener")
            )

    def _from_game(self, payload: bytes, address: tuple[str, int]) -> None:
        port = address[1]
        if port not in self._ports:
            if len(self._ports) >= MAX_LOCAL_PORTS:
                self._forget(next(iter(self._ports)))
            self._ports[port] = None
        flow = FlowKey(port, *self._target)
        if self._handler is None or self._handler(flow, payload) is Verdict.DIRECT:
            self._send_to_target(port, payload)
        else:
            self._stats.captured += 1

    def deliver(self, flow: FlowKey, payload: bytes) -> None:
        if flow.local_port not in self._ports:
            count_error(self._stats, "unknown_flow")
        elif self._to_game(flow.local_port, payload):
            self._stats.delivered += 1

    def send_direct(self, flow: FlowKey, payload: bytes) -> None:
        if flow.local_port not in self._ports:
            count_error(self._stats, "unknown_flow")
        else:
            self._send_to_target(flow.local_port, payload)

    def _to_game(self, port: int, payload: bytes) -> bool:
        if self._listener is None:
            return False
        try:
            self._listener.sendto(payload, (LISTEN_ADDRESS, port))
        except OSError:
            count_error(self._stats, "deliver_refused")
            return False
        return True

    def _send_to_target(self, port: int, payload: bytes) -> None:
        try:
            self._direct_socket(port).send(payload)
        except OSError:
            count_error(self._stats, "direct_refused")
        else:
            self._stats.passed_direct += 1

    def _direct_socket(self, port: int) -> socket.socket:
        existing = self._direct.get(port)
        if existing is not None:
            return existing[0]
        family = socket.AF_INET6 if ":" in self._target[0] else socket.AF_INET
        direct = socket.socket(family, socket.SOCK_DGRAM)
        try:
            direct.setblocking(False)
            mark_socket(direct)
            direct.connect(self._target)
        except OSError:
            direct.close()
            raise
        reader = DatagramReader(
            direct,
            lambda payload, _address: self._from_target(port, payload),
            partial(count_error, self._stats, "target_refused"),
        )
        self._direct[port] = (direct, reader)
        return direct

    def _from_target(self, port: int, payload: bytes) -> None:
        self._to_game(port, payload)

    def _forget(self, port: int) -> None:
        self._ports.pop(port, None)
        direct = self._direct.pop(port, None)
        if direct is not None:
            direct[1].close()
            direct[0].close()

    async def close(self) -> None:
        for port in list(self._ports):
            self._forget(port)
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        listener, self._listener = self._listener, None
        self._handler = None
        if listener is not None:
            listener.close()

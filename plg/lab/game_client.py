"""The player of the game stand-in: 64 inputs a second on each of its sockets, and a report in the game's own numbers."""

import asyncio
import random
import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import TracebackType
from typing import Self

from plg.lab.game_addresses import Address
from plg.lab.game_packets import (
    INPUT_MIN_BYTES,
    PAYLOAD_MAX_BYTES,
    Claim,
    ClaimKind,
    Input,
    SequenceCount,
    Snapshot,
    now_us,
    pack_claim,
    pack_input,
    read_claim,
    read_snapshot,
)
from plg.lab.game_server import TICKS_PER_S
from plg.lab.gap_clock import GapClock

MAX_CHANNELS_OF_PLAYER = 8
MAX_SAMPLES = 100_000
"""Round trips kept for the percentiles: 13 minutes of two channels."""
ASK_AGAIN_S = 1.0
"""As Unreal's client, which repeats a step of the hand-shake after a second."""


@dataclass(frozen=True, slots=True)
class PlayerReport:
    """What the player saw, all channels together. Times are milliseconds and None while nothing came back.

    Jitter is the mean difference between successive round trips (as in RFC 3550, without the smoothing). The longest gap is
    the longest time without a snapshot on any channel.
    """

    packets_up: int
    packets_down: int
    rtt_ms_p50: float | None
    rtt_ms_p95: float | None
    jitter_ms: float | None
    one_way_up_ms_p50: float | None
    one_way_down_ms_p50: float | None
    lost_up: int
    lost_down: int
    late_up: int
    late_down: int
    doubled_up: int
    doubled_down: int
    loss_percent: float | None
    longest_gap_ms: float | None


class GameClient:
    """Use it as an async context manager; it plays from then on. One local socket per channel.

    `servers` holds one address per channel, or one for all. Not `connected`, the sockets send from whatever address the machine
    has at that moment, so a player changes networks without noticing.
    """

    def __init__(
        self,
        servers: Sequence[Address],
        *,
        channels: int = 1,
        ticks_per_s: float = TICKS_PER_S,
        input_bytes: int = INPUT_MIN_BYTES,
        player: int | None = None,
        connected: bool = True,
    ) -> None:
        if not 1 <= channels <= MAX_CHANNELS_OF_PLAYER:
            raise ValueError(f"a player has 1 to {MAX_CHANNELS_OF_PLAYER} channels, not {channels}")
        if not INPUT_MIN_BYTES <= input_bytes <= PAYLOAD_MAX_BYTES:
            raise ValueError(f"inputs have {INPUT_MIN_BYTES} to {PAYLOAD_MAX_BYTES} bytes, not {input_bytes}")
        if len(servers) not in {1, channels}:
            raise ValueError(f"give one server address, or one for each of the {channels} channels")
        # A player returns as a new one, as after a restart of the game.
        self.player = random.SystemRandom().getrandbits(32) if player is None else player
        self._servers = list(servers) * channels if len(servers) == 1 else list(servers)
        self._tick_s = 1 / ticks_per_s
        self._input_bytes = input_bytes
        self._connected = connected
        self._sockets: list[_Socket] = []
        self._playing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for channel, server in enumerate(self._servers):
            anywhere = ("::" if ":" in server[0] else "0.0.0.0", 0)  # noqa: S104 - as games do; answers of others are passed over
            _, socket = await loop.create_datagram_endpoint(
                lambda channel=channel, server=server: _Socket(  # type: ignore[misc] # mypy cannot infer a lambda with a default
                    self.player, channel, None if self._connected else server
                ),
                remote_addr=server if self._connected else None,
                local_addr=None if self._connected else anywhere,
            )
            self._sockets.append(socket)
        self._playing = loop.create_task(self._play())
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._playing is not None:
            self._playing.cancel()
            await asyncio.gather(self._playing, return_exceptions=True)
        for socket in self._sockets:
            if socket.transport is not None:
                socket.transport.close()
        await asyncio.sleep(0)  # transports let go of their sockets in the loop's next turn

    def local_addresses(self) -> list[Address]:
        """The player's own sockets, one per channel."""
        return [
            (str(name[0]), int(name[1]))
            for socket in self._sockets
            if socket.transport is not None and (name := socket.transport.get_extra_info("sockname"))
        ]

    def recent_rtt_ms(self) -> float | None:
        """Median of the last second, for a live display."""
        recent = [rtt_ms for socket in self._sockets for rtt_ms in list(socket.rtts_ms)[-64:]]
        return statistics.median(recent) if recent else None

    def go_to(self, server: Address) -> None:
        """Send everything to another address from now on; only for a client that is not `connected`."""
        for socket in self._sockets:
            socket.server = server

    def take_recent_gap_ms(self) -> float | None:
        """The longest time without a snapshot on any channel, of those that ended since the last look."""
        gaps = [socket.gaps.recent_ms for socket in self._sockets if socket.gaps.recent_ms is not None]
        for socket in self._sockets:
            socket.gaps.forget_recent()
        return max(gaps, default=None)

    def report(self) -> PlayerReport:
        """Everything since the start."""
        sockets = self._sockets
        rtts_ms = sorted(rtt_ms for socket in sockets for rtt_ms in socket.rtts_ms)
        steps_ms = [abs(b - a) for socket in sockets for a, b in pairwise(socket.rtts_ms)]
        lost_up = sum(socket.highest_up - socket.received_up for socket in sockets)
        lost_down = sum(socket.count.lost for socket in sockets)
        settled = sum(socket.highest_up + socket.count.highest for socket in sockets)
        return PlayerReport(
            packets_up=sum(socket.sent for socket in sockets),
            packets_down=sum(socket.count.received for socket in sockets),
            rtt_ms_p50=_percentile(rtts_ms, 50),
            rtt_ms_p95=_percentile(rtts_ms, 95),
            jitter_ms=statistics.fmean(steps_ms) if steps_ms else None,
            one_way_up_ms_p50=_percentile(sorted(ms for socket in sockets for ms in socket.ups_ms), 50),
            one_way_down_ms_p50=_percentile(sorted(ms for socket in sockets for ms in socket.downs_ms), 50),
            lost_up=lost_up,
            lost_down=lost_down,
            late_up=sum(socket.late_up for socket in sockets),
            late_down=sum(socket.count.late for socket in sockets),
            doubled_up=sum(socket.doubled_up for socket in sockets),
            doubled_down=sum(socket.count.doubled for socket in sockets),
            loss_percent=100 * (lost_up + lost_down) / settled if settled else None,
            longest_gap_ms=max((ms for socket in sockets if (ms := socket.gaps.longest_ms) is not None), default=None),
        )

    async def _play(self) -> None:
        loop = asyncio.get_running_loop()
        next_at_s = loop.time()
        while True:
            for socket in self._sockets:
                socket.send_input(self._input_bytes)
            next_at_s = max(next_at_s + self._tick_s, loop.time())
            await asyncio.sleep(next_at_s - loop.time())


class _Socket(asyncio.DatagramProtocol):
    """One channel: sends inputs, counts snapshots, proves a changed address. `server`: where to send, None when connected."""

    def __init__(self, player: int, channel: int, server: Address | None) -> None:
        self.transport: asyncio.DatagramTransport | None = None
        self.sent = 0
        self.count = SequenceCount()
        self.rtts_ms: deque[float] = deque(maxlen=MAX_SAMPLES)
        self.ups_ms: deque[float] = deque(maxlen=MAX_SAMPLES)
        self.downs_ms: deque[float] = deque(maxlen=MAX_SAMPLES)
        self.highest_up = 0
        self.received_up = 0
        self.late_up = 0
        self.doubled_up = 0
        self.gaps = GapClock()
        self._player = player
        self._channel = channel
        self.server = server
        self._credential = 0
        self._asked_at_us: int | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override] # what a datagram endpoint gives
        self.transport = transport

    def send_input(self, size: int) -> None:
        self.sent += 1
        self._send(pack_input(Input(self._player, self._channel, self.sent, now_us()), size))

    def _send(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.sendto(data, self.server)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if self.server is not None and (addr[0], addr[1]) != self.server:
            return
        arrived_us = now_us()
        snapshot = read_snapshot(data)
        if snapshot is None:
            self._receive_claim(read_claim(data), arrived_us)
            return
        if (snapshot.player, snapshot.channel) != (self._player, self._channel):
            return
        self._credential = snapshot.credential
        self.gaps.arrived(arrived_us)
        if self.count.add(snapshot.sequence):
            self._learn(snapshot, arrived_us)

    def _receive_claim(self, claim: Claim | None, arrived_us: int) -> None:
        if claim is None or (claim.player, claim.channel) != (self._player, self._channel):
            return
        if claim.kind is ClaimKind.RESTART:
            if self._asked_at_us is None or arrived_us - self._asked_at_us >= ASK_AGAIN_S * 1_000_000:
                self._asked_at_us = arrived_us
                self._send(pack_claim(Claim(ClaimKind.ASK, self._player, self._channel)))
        elif claim.kind is ClaimKind.CHALLENGE:
            answer = Claim(ClaimKind.ANSWER, self._player, self._channel, claim.proof, self._credential)
            self._send(pack_claim(answer))

    def _learn(self, snapshot: Snapshot, arrived_us: int) -> None:
        self.downs_ms.append((arrived_us - snapshot.sent_us) / 1000)
        if snapshot.echoed_us:
            self.rtts_ms.append((arrived_us - snapshot.echoed_us - snapshot.held_us) / 1000)
            self.ups_ms.append((snapshot.sent_us - snapshot.held_us - snapshot.echoed_us) / 1000)
        if snapshot.highest >= self.highest_up:
            self.highest_up, self.received_up = snapshot.highest, snapshot.received
            self.late_up, self.doubled_up = snapshot.late, snapshot.doubled


def _percentile(ordered: list[float], percent: int) -> float | None:
    """The value below which `percent` of the ordered values lie."""
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else None

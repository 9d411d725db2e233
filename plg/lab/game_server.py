"""The server of the game stand-in: 64 snapshots a second to each player, and strict about where players come from.

Real servers differ in what they do when a player's source address changes, and a tunnel must live with the strictest; which
ways there are is told in `plg.lab.game_addresses`. Each player may use several channels (sockets), every one with its own address.
"""

import asyncio
import random
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from plg.lab.game_addresses import Address, AddressPolicy, AddressRule
from plg.lab.game_packets import (
    PAYLOAD_MAX_BYTES,
    SNAPSHOT_MAX_BYTES,
    SNAPSHOT_MIN_BYTES,
    Claim,
    ClaimKind,
    Input,
    SequenceCount,
    Snapshot,
    now_us,
    pack_claim,
    pack_snapshot,
    read_claim,
    read_input,
)
from plg.lab.gap_clock import GapClock

TICKS_PER_S = 64.0
PLAYER_TIMEOUT_S = 10.0
"""A silent player leaves; real games take 5 to 30 s."""
MAX_CHANNELS = 64
"""Channels of all players together: a stranger cannot make the server remember more."""


@dataclass(slots=True)
class Channel:
    """One socket of one player, as the server sees it."""

    address: Address
    count: SequenceCount
    heard_at_s: float
    newest_sent_us: int = 0
    newest_at_us: int = 0
    snapshots: int = 0
    addresses: set[Address] = field(default_factory=set)
    refused: int = 0
    moves: int = 0
    gaps: GapClock = field(default_factory=GapClock)
    silences: GapClock = field(default_factory=GapClock)


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """What the server can say about one channel. `addresses` are all sources it ever got packets from, refused ones too.

    Gaps are times without an input that counts, silences times without any packet of that player; the recent ones those that
    ended since the last look.
    """

    player: int
    channel: int
    address: str
    addresses: list[str]
    received: int
    lost: int
    late: int
    doubled: int
    refused: int
    moves: int
    longest_gap_ms: float | None
    recent_gap_ms: float | None
    recent_silence_ms: float | None


class GameServer:
    """Use it as an async context manager. `address` tells the port when 0 was asked for."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        policy: AddressPolicy = AddressPolicy.BOUND,
        ticks_per_s: float = TICKS_PER_S,
        timeout_s: float = PLAYER_TIMEOUT_S,
        snapshot_bytes: tuple[int, int] = (SNAPSHOT_MIN_BYTES, SNAPSHOT_MAX_BYTES),
        seed: int = 1,
    ) -> None:
        smallest, largest = snapshot_bytes
        if not SNAPSHOT_MIN_BYTES <= smallest <= largest <= PAYLOAD_MAX_BYTES:
            raise ValueError(f"snapshots have {SNAPSHOT_MIN_BYTES} to {PAYLOAD_MAX_BYTES} bytes, not {snapshot_bytes}")
        self.strangers = 0
        self._bind = (host, port)
        self._rule = AddressRule(policy)
        self._timeout_s = timeout_s
        self._tick_s = 1 / ticks_per_s
        self._snapshot_bytes = snapshot_bytes
        self._random = random.Random(seed)  # noqa: S311 - sizes of packets, repeatable
        self._channels: dict[tuple[int, int], Channel] = {}
        self._left: list[ChannelReport] = []
        self._transport: asyncio.DatagramTransport | None = None
        self._ticking: asyncio.Task[None] | None = None

    @property
    def address(self) -> Address:
        if self._transport is None:
            raise RuntimeError("the game server is not open: use it in an async with block")
        host, port = self._transport.get_extra_info("sockname")[:2]
        return str(host), int(port)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: _Socket(self), local_addr=self._bind)
        self._ticking = loop.create_task(self._tick())
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
        if self._transport is not None:
            self._transport.close()
        await asyncio.sleep(0)  # the transport lets go of its socket in the loop's next turn

    def report(self) -> list[ChannelReport]:
        """Every channel that ever was, those of players who left first."""
        present = [_channel_report(key, channel) for key, channel in self._channels.items()]
        return [*self._left, *present]

    def forget_recent(self) -> None:
        """Begin a new interval for the recent gaps."""
        for channel in self._channels.values():
            channel.gaps.forget_recent()
            channel.silences.forget_recent()

    def receive(self, data: bytes, source: Address) -> None:
        """A datagram from anybody."""
        packet = read_input(data)
        if packet is not None:
            self._receive_input(packet, source)
            return
        claim = read_claim(data)
        known = self._channels.get((claim.player, claim.channel)) if claim is not None else None
        if claim is None or known is None:
            self.strangers += 1
            return
        self._receive_claim(claim, known, source)

    def _receive_input(self, packet: Input, source: Address) -> None:
        key = (packet.player, packet.channel)
        now_s = asyncio.get_running_loop().time()
        channel = self._channels.get(key)
        if channel is None:
            if len(self._channels) >= MAX_CHANNELS:
                self.strangers += 1
                return
            channel = self._channels[key] = Channel(source, SequenceCount(), now_s)
        if len(channel.addresses) < MAX_CHANNELS:
            channel.addresses.add(source)
        channel.silences.arrived(now_us())
        if not self._rule.follows_at_once(channel.address, source):
            channel.refused += 1
            self._ask_for_proof(key, source)
            return
        if source != channel.address:
            channel.address = source
            channel.moves += 1
        self._accept(channel, packet, now_s)

    def _ask_for_proof(self, key: tuple[int, int], source: Address) -> None:
        if self._rule.policy is AddressPolicy.AGILE:
            self._send_claim(Claim(ClaimKind.RESTART, *key), source)
        elif self._rule.policy is AddressPolicy.SDR:
            self._send_claim(Claim(ClaimKind.CHALLENGE, *key, proof=self._rule.challenge(key, source)), source)

    def _receive_claim(self, claim: Claim, channel: Channel, source: Address) -> None:
        """Some step of a change of address; a wrong or old one is passed over in silence."""
        key = (claim.player, claim.channel)
        if self._rule.policy not in {AddressPolicy.AGILE, AddressPolicy.SDR} or source == channel.address:
            return
        if claim.kind is ClaimKind.ASK:
            self._send_claim(Claim(ClaimKind.CHALLENGE, *key, proof=self._rule.challenge(key, source)), source)
        elif claim.kind is ClaimKind.ANSWER:
            is_there = claim.proof == self._rule.challenge(key, source)
            if is_there and claim.credential == self._rule.credential(key, channel.address):
                channel.address = source
                channel.moves += 1

    def _send_claim(self, claim: Claim, destination: Address) -> None:
        if self._transport is not None:
            self._transport.sendto(pack_claim(claim), destination)

    def _accept(self, channel: Channel, packet: Input, now_s: float) -> None:
        channel.heard_at_s = now_s
        channel.gaps.arrived(now_us())
        if channel.count.add(packet.sequence) and packet.sequence == channel.count.highest:
            channel.newest_sent_us = packet.sent_us
            channel.newest_at_us = now_us()

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        next_at_s = loop.time()
        while True:
            # After a stall the missed ticks are skipped, not sent in one burst.
            next_at_s = max(next_at_s + self._tick_s, loop.time())
            await asyncio.sleep(next_at_s - loop.time())
            for key, channel in list(self._channels.items()):
                if loop.time() - channel.heard_at_s > self._timeout_s:
                    self._left.append(_channel_report(key, self._channels.pop(key)))
                    del self._left[:-MAX_CHANNELS]
                else:
                    self._send_snapshot(key, channel)

    def _send_snapshot(self, key: tuple[int, int], channel: Channel) -> None:
        if self._transport is None:
            return
        channel.snapshots += 1
        sent_us = now_us()
        echoed_us, channel.newest_sent_us = channel.newest_sent_us, 0
        snapshot = Snapshot(
            player=key[0],
            channel=key[1],
            sequence=channel.snapshots,
            sent_us=sent_us,
            echoed_us=echoed_us,
            held_us=sent_us - channel.newest_at_us if echoed_us else 0,
            received=channel.count.received,
            highest=channel.count.highest,
            late=channel.count.late,
            doubled=channel.count.doubled,
            credential=self._rule.credential(key, channel.address),
        )
        self._transport.sendto(pack_snapshot(snapshot, self._random.randint(*self._snapshot_bytes)), channel.address)


class _Socket(asyncio.DatagramProtocol):
    def __init__(self, server: GameServer) -> None:
        self._server = server

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._server.receive(data, (addr[0], addr[1]))


def _channel_report(key: tuple[int, int], channel: Channel) -> ChannelReport:
    return ChannelReport(
        player=key[0],
        channel=key[1],
        address=_text(channel.address),
        addresses=sorted(_text(address) for address in channel.addresses),
        received=channel.count.received,
        lost=channel.count.lost,
        late=channel.count.late,
        doubled=channel.count.doubled,
        refused=channel.refused,
        moves=channel.moves,
        longest_gap_ms=channel.gaps.longest_ms,
        recent_gap_ms=channel.gaps.recent_ms,
        recent_silence_ms=channel.silences.recent_ms,
    )


def _text(address: Address) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

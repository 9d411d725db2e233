"""One eBPF handle of pydivert on Linux, in two ways: batches through the library's C interface, or pydivert's public methods.

The C way costs 0.25 us a packet against 5-18 us, but uses names that pydivert does not promise to keep, so each is looked up with
getattr and the public way takes over when one is missing. The event loop reads one batch per wake-up and nothing more: replies and
timers get their turn between batches.
"""

import asyncio
import ctypes
import os
import struct
import time
from typing import TYPE_CHECKING, Any

import pydivert

from plg.capture.divert_handle import PacketCallback
from plg.capture.ip_udp import packet_length

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH_PACKETS = 64
"""At most this many packets before the event loop does something else; about 1 ms of work."""

BATCH_BYTES = 1 << 18
"""A batch of ordinary packets, or a few super-packets of 64 KiB; one IP packet always fits."""

RING_BYTES = 1 << 25
"""The kernel's ring: held more than 10 000 packets in the measurement where the default of 8 MiB leaked after 4 000."""

QUEUE_PACKETS = 16384
QUEUE_BYTES = 32 << 20
QUEUE_TIME_MS = 2000
"""The library's upper limits, and its default time: after two seconds a game packet is worth nothing."""

MAX_DRAIN_BATCHES = QUEUE_PACKETS // BATCH_PACKETS

IN_FLIGHT_S = 0.005
"""A program that ran on another processor while its filter was taken off still finishes; it takes microseconds."""

ADDRESS_BYTES = 80
"""Size of WINDIVERT_ADDRESS (specification of WinDivert 2.2)."""
_FLAGS_AT, _INTERFACE_AT, _SEGMENT_AT = 8, 16, 34
UDP_CHECKSUM_VALID = 1 << 23
"""Bit of the flags word that says that the packet's UDP checksum is complete."""

EMPTY = 11
"""EAGAIN, as the library returns it (negated)."""


class LinuxHandle:
    """Base of both ways. `program_ids` are its BPF programs in the kernel. Made open; `watch` starts reading on the running loop. Raises OSError when the kernel refuses."""

    def __init__(self, expression: str, *, sniff: bool) -> None:
        flags = pydivert.Flag.SNIFF | pydivert.Flag.RECV_ONLY if sniff else pydivert.Flag.DEFAULT
        before = own_program_ids()
        self._divert: Any = pydivert.EBPFDivert(expression, flags=flags, ring_bytes=RING_BYTES)
        self._divert.open()
        self.program_ids = own_program_ids() - before
        for parameter, value in (
            (pydivert.Param.QUEUE_LEN, QUEUE_PACKETS),
            (pydivert.Param.QUEUE_SIZE, QUEUE_BYTES),
            (pydivert.Param.QUEUE_TIME, QUEUE_TIME_MS),
        ):
            self._divert.set_param(parameter, value)

    def counters(self) -> dict[str, int]:
        """The library's running counts; `ringbuf_full` is packets that went past us."""
        return {str(name): int(value) for name, value in self._divert.stats().items()}

    def watch(self, on_packet: PacketCallback) -> None:
        raise NotImplementedError

    def unwatch(self) -> None:
        raise NotImplementedError

    def finish(self, on_packet: PacketCallback) -> None:
        """Hand the waiting packets to `on_packet` and close. Blocks for milliseconds.

        The filters must be off the interfaces by then: the library's own shutdown and close forget what is in the ring.
        """
        self.unwatch()
        for pause_s in (IN_FLIGHT_S, 0.0):
            for _ in range(MAX_DRAIN_BATCHES):
                if self._read_batch(on_packet) == 0:
                    break
            time.sleep(pause_s)
        self.close()

    def close(self) -> None:
        """Close at once."""
        self.unwatch()
        if self._divert.is_open:
            self._divert.close()

    def reinject(self, token: object) -> bool:
        raise NotImplementedError

    def send_like(self, token: object, packet: bytearray) -> bool:
        raise NotImplementedError

    def _read_batch(self, on_packet: PacketCallback) -> int:
        raise NotImplementedError


class FastHandle(LinuxHandle):
    """Through the C interface. `available()` says whether this version of pydivert has it."""

    @staticmethod
    def available() -> bool:
        try:
            from pydivert import bpf
        except ImportError:
            return False
        library = getattr(bpf, "libebpfdivert", None)
        names = ("ebpfdivert_recv_ex", "ebpfdivert_send", "ebpfdivert_helper_calc_checksums")
        address = getattr(bpf, "WinDivertAddress", None)
        return (
            all(hasattr(library, name) for name in names)
            and address is not None
            and ctypes.sizeof(address) == ADDRESS_BYTES
            and getattr(library, "_name", None) is not None
        )

    def __init__(self, expression: str, *, sniff: bool) -> None:
        super().__init__(expression, sniff=sniff)
        handle, event_fd = getattr(self._divert, "_handle", None), getattr(self._divert, "_event_fd", None)
        if not isinstance(handle, int) or not isinstance(event_fd, int):
            self._divert.close()
            raise TypeError("this version of pydivert keeps its handle elsewhere")
        from pydivert import bpf

        # PyDLL keeps the interpreter lock: calls that never wait are over sooner than a release would be.
        library = ctypes.PyDLL(str(bpf.libebpfdivert._name))
        self._receive: Callable[..., int] = library.ebpfdivert_recv_ex
        self._send: Callable[..., int] = library.ebpfdivert_send
        self._complete: Callable[..., int] = library.ebpfdivert_helper_calc_checksums
        self._handle = ctypes.c_void_p(handle)
        self._event_fd = event_fd
        self._loop: asyncio.AbstractEventLoop | None = None
        self._packets = (ctypes.c_char * BATCH_BYTES)()
        self._packets_at = ctypes.addressof(self._packets)
        self._view = memoryview(self._packets).cast("B")
        self._addresses = (ctypes.c_char * (ADDRESS_BYTES * BATCH_PACKETS))()
        self._addresses_at = ctypes.addressof(self._addresses)
        self._address_view = memoryview(self._addresses).cast("B")

    def watch(self, on_packet: PacketCallback) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._event_fd, self._read_batch, on_packet)

    def unwatch(self) -> None:
        loop, self._loop = self._loop, None
        if loop is not None and not loop.is_closed():
            loop.remove_reader(self._event_fd)

    def _read_batch(self, on_packet: PacketCallback) -> int:
        filled, count = ctypes.c_uint32(0), ctypes.c_uint32(BATCH_PACKETS)
        result = self._receive(
            self._handle,
            ctypes.c_void_p(self._packets_at),
            ctypes.c_uint32(BATCH_BYTES),
            ctypes.byref(filled),
            ctypes.c_void_p(self._addresses_at),
            ctypes.byref(count),
            0,
        )
        if result != 0:
            return 0
        offset, end = 0, filled.value
        for index in range(count.value):
            length = packet_length(self._view, offset, end - offset)
            if length == 0:
                break  # the library hands over whole IP packets only; without a length the next one cannot be found
            at = index * ADDRESS_BYTES
            interface = struct.unpack_from("=II", self._address_view, at + _INTERFACE_AT)
            (segment,) = struct.unpack_from("<H", self._address_view, at + _SEGMENT_AT)
            on_packet(self, self._view, offset, length, interface, segment, (at, offset, length))
            offset += length
        return count.value

    def reinject(self, token: object) -> bool:
        at, offset, length = _place(token)
        (flags,) = struct.unpack_from("=I", self._address_view, at + _FLAGS_AT)
        packet_at, address_at = self._packets_at + offset, self._addresses_at + at
        if not flags & UDP_CHECKSUM_VALID:
            # The network card would have finished the checksum; on this way nobody does.
            self._complete(
                ctypes.c_void_p(packet_at), ctypes.c_uint32(length), ctypes.c_void_p(address_at), ctypes.c_uint64(0)
            )
        return self._send_from(packet_at, length, address_at)

    def send_like(self, token: object, packet: bytearray) -> bool:
        at, _, _ = _place(token)
        address = ctypes.create_string_buffer(bytes(self._address_view[at : at + ADDRESS_BYTES]), ADDRESS_BYTES)
        struct.pack_into("<H", address, _SEGMENT_AT, 0)
        (flags,) = struct.unpack_from("=I", address, _FLAGS_AT)
        struct.pack_into("=I", address, _FLAGS_AT, flags | UDP_CHECKSUM_VALID)
        body = (ctypes.c_char * len(packet)).from_buffer(packet)
        return self._send_from(ctypes.addressof(body), len(packet), ctypes.addressof(address))

    def _send_from(self, packet_at: int, length: int, address_at: int) -> bool:
        sent = ctypes.c_uint32(0)
        result = self._send(
            self._handle,
            ctypes.c_void_p(packet_at),
            ctypes.c_uint32(length),
            ctypes.byref(sent),
            ctypes.c_void_p(address_at),
        )
        return result >= 0


def _place(token: object) -> tuple[int, int, int]:
    if not isinstance(token, tuple):
        raise TypeError("not a token of this handle")
    at, offset, length = token
    return int(at), int(offset), int(length)


class PublicHandle(LinuxHandle):
    """Through pydivert's public methods only. The reading task belongs to the handle and ends with it."""

    def __init__(self, expression: str, *, sniff: bool) -> None:
        super().__init__(expression, sniff=sniff)
        self._reader: asyncio.Task[None] | None = None

    def watch(self, on_packet: PacketCallback) -> None:
        self._reader = asyncio.get_running_loop().create_task(self._read(on_packet), name="capture reader")

    def unwatch(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.cancel()

    async def _read(self, on_packet: PacketCallback) -> None:
        while True:
            try:
                packets = await self._divert.recv_batch_async(count=BATCH_PACKETS)
            except OSError:
                return  # closed
            for packet in packets:
                self._show(packet, on_packet)
            # recv_batch_async does not yield while packets wait: without this the loop would starve.
            await asyncio.sleep(0)

    def _read_batch(self, on_packet: PacketCallback) -> int:
        try:
            packets = self._divert.recv_batch(count=BATCH_PACKETS, timeout=0)
        except OSError:  # TimeoutError, which is one, and "closed"
            return 0
        for packet in packets:
            self._show(packet, on_packet)
        return len(packets)

    def _show(self, packet: Any, on_packet: PacketCallback) -> None:
        raw: memoryview = packet.raw
        index, sub_index = packet.interface
        segment = 0
        address = bytes(getattr(packet, "wd_addr", b""))
        if len(address) == ADDRESS_BYTES:
            (segment,) = struct.unpack_from("<H", address, _SEGMENT_AT)
        on_packet(self, raw, 0, len(raw), (int(index), int(sub_index)), segment, packet)

    def reinject(self, token: object) -> bool:
        packet: Any = token
        try:
            self._divert.send(packet, recalculate_checksum=True)
        except OSError:
            return False
        return True

    def send_like(self, token: object, packet: bytearray) -> bool:
        like: Any = token
        fresh = pydivert.Packet(packet, interface=like.interface, direction=like.direction)
        return self.reinject(fresh)


def open_handle(expression: str, *, sniff: bool) -> LinuxHandle:
    """The fast way if this pydivert has it. Raises OSError when the kernel refuses, ImportError without the library."""
    if FastHandle.available():
        try:
            return FastHandle(expression, sniff=sniff)
        except TypeError:
            pass
    return PublicHandle(expression, sniff=sniff)


def own_program_ids() -> frozenset[int]:
    """Ids of the BPF programs that this process holds open: a filter that runs one of them is ours beyond doubt."""
    found = set()
    for name in os.listdir("/proc/self/fdinfo"):  # noqa: PTH208 - hundreds of tiny reads
        try:
            with open(f"/proc/self/fdinfo/{name}", encoding="ascii", errors="replace") as file:  # noqa: PTH123 - as above
                for line in file:
                    if line.startswith("prog_id:"):
                        found.add(int(line.split()[1]))
        except (OSError, ValueError, IndexError):
            continue
    return frozenset(found)

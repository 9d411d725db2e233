"""A bad line inside the lab's router, for any protocol: what netem would do, on kernels that do not have it.

    client --> to-client --(policy rule)--> wire0 ==this process==> wire0 --(main table)--> to-game --> game

Everything that a host sends enters the router, is routed to a TUN device by a rule on the entry interface, is held or dropped by
this process as the `Impairment` of its source and destination says, and re-enters through the same device, where the ordinary
routes apply. So one process serves every pair of hosts, and pairs without an impairment pass at once.

`Wire` starts it and changes it at run time; `python -m plg.lab.wire` is the process: rules come as JSON lines on its standard
input, one answer line each goes to its standard output. It asks for SCHED_FIFO, because on a busy machine an ordinary process
would add tens of milliseconds of noise of its own.
"""

import argparse
import contextlib
import errno
import json
import os
import select
import struct
import subprocess
import sys
import time
from dataclasses import asdict
from ipaddress import IPv4Address, IPv6Address, ip_address
from types import TracebackType
from typing import Any, Self

from plg.lab.impairment import ImpairedDirection, Impairment, Schedule
from plg.lab.namespaces import Host, Lab, Link
from plg.lab.processes import LabError

DEVICE = "wire0"
ROUTE_TABLE = "77"
MTU_BYTES = 65_000
"""Above the links' MTU, so that the router never fragments towards the wire what the links would carry whole."""

REALTIME_PRIORITY = 20
"""Above every ordinary process, below the kernel's own threads at 50."""

DRAIN_LIMIT = 64
"""Packets read in one go before due packets are sent: bounds how late those get."""

TUNSETIFF = 0x400454CA
IFF_TUN = 0x0001
IFF_NO_PI = 0x1000
"""Constants of <linux/if_tun.h>."""

Pair = tuple[IPv4Address | IPv6Address, IPv4Address | IPv6Address]


class Wire:
    """The line through a lab's router. Make it after the hosts and their links; use it as a context manager.

    Raises LabError when the TUN device cannot be made.
    """

    def __init__(self, lab: Lab, *, seed: int = 1) -> None:
        self._lab = lab
        self._process = lab.router.spawn(
            [sys.executable, "-m", "plg.lab.wire", "--seed", str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._ask({"op": "hello"})
        router = lab.router
        router.run(["ip", "link", "set", DEVICE, "up", "mtu", str(MTU_BYTES), "txqueuelen", "10000"])
        for family in ("-4", "-6"):
            router.run(["ip", family, "route", "add", "default", "dev", DEVICE, "table", ROUTE_TABLE])
        for host in lab.hosts.values():
            for interface in (host.router_interface, *(link.router_interface for link in host.more_links)):
                for family in ("-4", "-6"):
                    router.run(["ip", family, "rule", "add", "iif", interface, "lookup", ROUTE_TABLE])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._lab.stop(self._process)

    def impair(self, source: Host | Link, destination: Host | Link, impairment: Impairment) -> None:
        """From now on packets from `source` to `destination`, IPv4 and IPv6, suffer `impairment`. The way back is a pair of its
        own, and so is each link of a host."""
        for pair in ((source.ipv4, destination.ipv4), (source.ipv6, destination.ipv6)):
            self._ask({"op": "impair", "pair": pair, "impairment": impairment.to_mapping()})

    def impair_both_ways(self, one: Host | Link, other: Host | Link, impairment: Impairment) -> None:
        self.impair(one, other, impairment)
        self.impair(other, one, impairment)

    def counts(self, source: Host, destination: Host) -> dict[str, int]:
        """What became of the IPv4 packets of a pair: the fields of DirectionCounts. A pair never impaired has zeros."""
        answer = self._ask({"op": "counts", "pair": (source.ipv4, destination.ipv4)})
        return {str(key): int(value) for key, value in answer["counts"].items()}

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the wire was started without pipes")
        try:
            stdin.write(json.dumps(request).encode() + b"\n")
            stdin.flush()
            line = stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise LabError("the wire's process has ended: is /dev/net/tun there?")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise LabError(f"the wire refused: {answer['error']}")
        return answer


class WireProcess:
    """The inside of the process, apart from the device: packets and requests in, packets and answers out."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._lines: dict[Pair, ImpairedDirection] = {}
        self.schedule: Schedule[bytes] = Schedule()

    def answer(self, request_line: str) -> dict[str, Any]:
        """Carry out one request. A wrong one gets {"error": ...}."""
        try:
            request = json.loads(request_line)
            if request["op"] == "hello":
                return {"hello": True}
            pair = (ip_address(request["pair"][0]), ip_address(request["pair"][1]))
            line = self._lines.get(pair)
            if request["op"] == "impair":
                impairment = Impairment.from_mapping(request["impairment"])
                if line is None:
                    self._lines[pair] = ImpairedDirection(impairment, self._seed + len(self._lines))
                else:
                    line.impairment = impairment
                return {"impaired": True}
            if request["op"] == "counts":
                return {"counts": asdict((line or ImpairedDirection(Impairment(), 0)).counts)}
            return {"error": f"unknown request {request['op']!r}"}
        except (ValueError, KeyError, TypeError, IndexError) as error:
            return {"error": f"{type(error).__name__}: {error}"}

    def packet(self, packet: bytes, now_s: float) -> None:
        """Let one IP packet enter the line."""
        pair = packet_pair(packet)
        line = None if pair is None else self._lines.get(pair)
        due = (now_s,) if line is None else line.deliveries(len(packet), now_s)
        for due_s in due:
            self.schedule.add(due_s, packet)


def packet_pair(packet: bytes) -> Pair | None:
    """Source and destination of an IP packet, or None when it is none."""
    if len(packet) >= 20 and packet[0] >> 4 == 4:
        return IPv4Address(packet[12:16]), IPv4Address(packet[16:20])
    if len(packet) >= 40 and packet[0] >> 4 == 6:
        return IPv6Address(packet[8:24]), IPv6Address(packet[24:40])
    return None


def open_tun(name: str) -> int:
    """A new TUN device in the current network namespace: its file descriptor. It vanishes when that is closed."""
    import fcntl  # exists on Unix only, and this module must load everywhere

    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _serve(process: WireProcess, tun: int) -> None:
    """Until standard input ends."""
    control = sys.stdin.fileno()
    os.set_blocking(control, False)
    waiting = select.epoll()
    waiting.register(tun, select.EPOLLIN)
    waiting.register(control, select.EPOLLIN)
    rest = b""
    while True:
        next_due_s = process.schedule.next_due_s()
        # epoll alone would wait in whole milliseconds; select takes microseconds.
        timeout_s = None if next_due_s is None else max(0.0, next_due_s - time.monotonic())
        readable, _, _ = select.select([waiting.fileno()], [], [], timeout_s)
        ready = {number for number, _ in waiting.poll(0)} if readable else set()
        if tun in ready:
            _read_packets(process, tun)
        for packet in process.schedule.take_due(time.monotonic()):
            # A full device, or a packet that the kernel does not like: lost, as on a real line.
            with contextlib.suppress(OSError):
                os.write(tun, packet)
        if control in ready:
            chunk = os.read(control, 65536)
            if not chunk:
                return
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                sys.stdout.write(json.dumps(process.answer(line.decode(errors="replace"))) + "\n")
            sys.stdout.flush()


def _read_packets(process: WireProcess, tun: int) -> None:
    for _ in range(DRAIN_LIMIT):
        try:
            packet = os.read(tun, 65536)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno != errno.EIO:  # the device is still down
                raise
            return
        process.packet(packet, time.monotonic())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m plg.lab.wire", description="the line in a lab's router")
    parser.add_argument("--seed", type=int, default=1)
    seed: int = parser.parse_args().seed
    with contextlib.suppress(OSError):  # without the right to real time the line is merely noisier
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(REALTIME_PRIORITY))
    try:
        tun = open_tun(DEVICE)
    except OSError as error:
        sys.stderr.write(f"cannot make the TUN device {DEVICE}: {error}\n")
        return 1
    _serve(WireProcess(seed), tun)
    return 0


if __name__ == "__main__":
    sys.exit(main())

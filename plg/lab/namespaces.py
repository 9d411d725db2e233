"""Network namespaces as small machines round one router.

    host "client" --veth--+
    host "relay"  --veth--+-- router (forwards IPv4 and IPv6)
    host "game"   --veth--+

Host number N has 10.77.N.2/24 and fd77:N::2/64, the router has .1 and ::1 on that link. A `Lab` owns everything in it: leaving
the `with` block stops each process and deletes each namespace, also after an exception or Ctrl-C. A process that was killed
cannot clean up after itself, so the next lab removes what dead processes left behind. Linux and root only.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from plg.lab.processes import (
    COMMAND_TIMEOUT_S,
    STOP_GRACE_S,
    Finished,
    LabError,
    Process,
    ProcessOwner,
    interrupts_ignored,
    run_command,
    start_process,
)

NETNS_DIRECTORY = Path("/run/netns")
"""Where iproute2 keeps named namespaces."""

NAME_PATTERN = re.compile(r"^plg(?P<pid>\d+)x\d+-[a-z0-9-]+$")
"""Names of our namespaces carry the owner's process id: unique while it lives, recognisable as left behind when it is dead."""

HOST_NAME_PATTERN = re.compile(r"^[a-z][a-z0-9]{0,9}$")
"""At most 10 characters, so that the router's "to-NAME" fits the 15 characters of an interface name."""

MAX_HOSTS = 200
"""The number of a host is one byte of its address."""

BEHIND_METRIC = 100
BEHIND_METRIC_IPV6 = 2000
"""Behind a host's first link, whose default routes have the kernel's metrics: 0, and 1024 for IPv6."""

NICENESS = -15
"""What runs in a lab goes before other work on the machine: a starved game loses packets of its own, and that is not the network's
doing. Where the right to it is missing, `nice` says so and runs the command all the same."""

NO_DUPLICATE_ADDRESS_DETECTION = ("net/ipv6/conf/default/accept_dad", "0")
"""Detection keeps a link's IPv6 addresses, also the link-local one that finds neighbours, unusable for two seconds."""


def missing_requirement() -> str | None:
    """One line that says why this machine cannot have namespaces, or None when it can."""
    if not sys.platform.startswith("linux"):
        return "network namespaces exist on Linux only"
    if os.geteuid() != 0:
        return "network namespaces need root: run it with sudo"
    for binary in ("ip", "nsenter", "nice"):
        if shutil.which(binary) is None:
            package = {"ip": "iproute2", "nsenter": "util-linux", "nice": "coreutils"}[binary]
            return f"the command '{binary}' is missing: install the package {package}"
    return None


class Namespace:
    """One network namespace. Made by `Lab`; commands run inside it through `run` and `spawn`."""

    def __init__(self, lab: "Lab", short_name: str) -> None:
        self._lab = lab
        self.short_name = short_name
        self.name = f"{lab.prefix}-{short_name}"
        self.path = NETNS_DIRECTORY / self.name

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command line that runs `argv` in here, a little before other work on the machine.

        `nsenter --net=` changes the network and nothing else; `ip netns exec` also mounts a new /sys, which hides the BPF file
        system and the control groups that capture uses.
        """
        return ["nsenter", f"--net={self.path}", "--", "nice", "-n", str(NICENESS), *argv]

    def run(
        self,
        argv: Sequence[str],
        *,
        input_text: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout_s: float = COMMAND_TIMEOUT_S,
        check: bool = True,
    ) -> Finished:
        """Run a command to its end; see `Place.run`."""
        return run_command(self.command(argv), input_text=input_text, env=env, timeout_s=timeout_s, check=check)

    def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: int | IO[bytes] | None = subprocess.DEVNULL,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
    ) -> Process:
        """Start a command that the lab stops at its end; see `Place.spawn`."""
        process = start_process(self.command(argv), env=env, cwd=cwd, stdin=stdin, stdout=stdout, stderr=stderr)
        self._lab.processes.own(process)
        return process

    def write_sysctl(self, key: str, value: str) -> None:
        """Set a kernel parameter of this namespace, for example ("net/ipv4/ip_forward", "1")."""
        # /proc/sys/net shows the namespace of the process that opens the file.
        self.run(["tee", f"/proc/sys/{key}"], input_text=value)

    def process_ids(self) -> list[int]:
        """Every process whose network is this namespace."""
        answer = run_command(["ip", "netns", "pids", self.name], check=False)
        return [int(line) for line in answer.stdout.split()]


@dataclass(frozen=True, slots=True)
class Link:
    """A further link of a host to the router: another network that the host is in. `router_interface` is the router's end."""

    interface: str
    router_interface: str
    ipv4: str
    ipv6: str


class Host(Namespace):
    """A namespace with one link, `eth0`, to the router, and those of `more_links`. `router_interface` is the router's end of the
    first."""

    def __init__(self, lab: "Lab", short_name: str, number: int) -> None:
        super().__init__(lab, short_name)
        self.number = number
        self.interface = "eth0"
        self.router_interface = f"to-{short_name}"
        self.ipv4 = f"10.77.{number}.2"
        self.ipv6 = f"fd77:{number:x}::2"
        self.router_ipv4 = f"10.77.{number}.1"
        self.router_ipv6 = f"fd77:{number:x}::1"
        self.more_links: list[Link] = []


class Lab:
    """The router, its hosts, and the processes in them. Use it as a context manager.

    Raises LabError at entry, with one line, where namespaces cannot be made.
    """

    _counter_lock = threading.Lock()
    _made = 0

    def __init__(self) -> None:
        with Lab._counter_lock:
            Lab._made += 1
            self.prefix = f"plg{os.getpid()}x{Lab._made}"
        self.hosts: dict[str, Host] = {}
        self.processes = ProcessOwner()
        self._router: Namespace | None = None
        self._numbers = 0

    @property
    def router(self) -> Namespace:
        if self._router is None:
            raise RuntimeError("the lab is not open: use it in a with block")
        return self._router

    def __enter__(self) -> Self:
        self.open()
        return self

    def open(self) -> None:
        """Make the router; `close` must follow. A `with` block does both."""
        reason = missing_requirement()
        if reason is not None:
            raise LabError(reason)
        reap_leftovers()
        router = Namespace(self, "router")
        try:
            run_command(["ip", "netns", "add", router.name])
            self._router = router
            _ip_batch(router.name, ["link set lo up"])
            for key, value in (
                ("net/ipv4/ip_forward", "1"),
                ("net/ipv6/conf/all/forwarding", "1"),
                # A wire hands packets back on another interface than the one that leads to their source.
                ("net/ipv4/conf/all/rp_filter", "0"),
                ("net/ipv4/conf/default/rp_filter", "0"),
                # Redirects would teach hosts a way round the wire.
                ("net/ipv4/conf/all/send_redirects", "0"),
                ("net/ipv4/conf/default/send_redirects", "0"),
                NO_DUPLICATE_ADDRESS_DETECTION,
            ):
                router.write_sysctl(key, value)
        except BaseException:
            self.close()
            raise

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def add_host(self, short_name: str, *, offload: bool = True, mtu: int = 1500) -> Host:
        """Make a host and link it to the router.

        Without `offload` every packet on the link carries a finished checksum and no packet is bigger than the MTU, as on
        real hardware that has no offload. Names are short: a-z and 0-9, at most 10 characters.
        """
        if not HOST_NAME_PATTERN.match(short_name) or short_name in self.hosts or short_name == "router":
            raise ValueError(f"not a free host name: {short_name!r}")
        host = Host(self, short_name, self._next_number())
        self.hosts[short_name] = (
            host  # before the first command, so that close() removes what a failure leaves half made
        )
        run_command(["ip", "netns", "add", host.name])
        host.write_sysctl(*NO_DUPLICATE_ADDRESS_DETECTION)
        host_end = f"{host.interface} netns {host.name} mtu {mtu}"
        router_end = f"{host.router_interface} netns {self.router.name} mtu {mtu}"
        _ip_batch(None, [f"link add {host_end} type veth peer name {router_end}"])
        if not offload:
            for namespace, interface in ((host, host.interface), (self.router, host.router_interface)):
                if shutil.which("ethtool") is None:
                    raise LabError("the command 'ethtool' is missing: install the package ethtool")
                namespace.run(["ethtool", "-K", interface, "tx", "off", "tso", "off", "gso", "off", "gro", "off"])
        _ip_batch(
            self.router.name,
            [
                f"address add {host.router_ipv4}/24 dev {host.router_interface}",
                f"address add {host.router_ipv6}/64 dev {host.router_interface}",
                f"link set {host.router_interface} up",
            ],
        )
        _ip_batch(
            host.name,
            [
                "link set lo up",
                f"address add {host.ipv4}/24 dev {host.interface}",
                f"address add {host.ipv6}/64 dev {host.interface}",
                f"link set {host.interface} up",
                f"route add default via {host.router_ipv4}",
                f"route add default via {host.router_ipv6}",
            ],
        )
        return host

    def add_link(self, host: Host) -> Link:
        """Put a host into one more network, behind the others in its choice of routes: eth1, eth2, ..."""
        number, count = self._next_number(), len(host.more_links) + 1
        link = Link(f"eth{count}", f"to{count}-{host.short_name}", f"10.77.{number}.2", f"fd77:{number:x}::2")
        router_end = f"{link.router_interface} netns {self.router.name}"
        _ip_batch(None, [f"link add {link.interface} netns {host.name} type veth peer name {router_end}"])
        _ip_batch(
            self.router.name,
            [
                f"address add 10.77.{number}.1/24 dev {link.router_interface}",
                f"address add fd77:{number:x}::1/64 dev {link.router_interface}",
                f"link set {link.router_interface} up",
            ],
        )
        _ip_batch(
            host.name,
            [
                f"address add {link.ipv4}/24 dev {link.interface}",
                f"address add {link.ipv6}/64 dev {link.interface}",
                f"link set {link.interface} up",
                f"route add default via 10.77.{number}.1 dev {link.interface} metric {BEHIND_METRIC + count}",
                f"route add default via fd77:{number:x}::1 dev {link.interface} metric {BEHIND_METRIC_IPV6 + count}",
            ],
        )
        host.more_links.append(link)
        return link

    def _next_number(self) -> int:
        if self._numbers >= MAX_HOSTS:
            raise ValueError(f"a lab has at most {MAX_HOSTS} hosts")
        self._numbers += 1
        return self._numbers

    def stop(self, process: Process, grace_s: float = STOP_GRACE_S) -> int:
        """End a process started with `spawn` politely, then firmly; returns its exit code (negative: the signal)."""
        return self.processes.stop(process, grace_s)

    def close(self) -> None:
        """Stop every process and delete every namespace. May be called twice; a second Ctrl-C does not interrupt it."""
        with interrupts_ignored():
            self.processes.close()
            namespaces: list[Namespace] = list(self.hosts.values())
            if self._router is not None:
                namespaces.append(self._router)
            for namespace in namespaces:
                _delete_namespace(namespace.name)
            self.hosts.clear()
            self._router = None


def reap_leftovers() -> list[str]:
    """Delete the namespaces, and end the processes in them, whose owner is dead. Returns the names that went."""
    reaped: list[str] = []
    if not NETNS_DIRECTORY.is_dir():
        return reaped
    for path in sorted(NETNS_DIRECTORY.iterdir()):
        match = NAME_PATTERN.match(path.name)
        if match is not None and not Path(f"/proc/{match['pid']}").exists():
            _delete_namespace(path.name)
            reaped.append(path.name)
    return reaped


def _delete_namespace(name: str) -> None:
    """Without a name a namespace lives on as long as a process is in it, so the processes go first. Never raises."""
    if not (NETNS_DIRECTORY / name).exists():
        return
    listed = run_command(["ip", "netns", "pids", name], check=False)
    for text in listed.stdout.split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(text), signal.SIGKILL)
    run_command(["ip", "netns", "delete", name], check=False)


def _ip_batch(namespace_name: str | None, lines: Sequence[str]) -> None:
    """Many `ip` commands in one process."""
    inside = [] if namespace_name is None else ["-n", namespace_name]
    run_command(["ip", *inside, "-batch", "-"], input_text="\n".join(lines) + "\n")

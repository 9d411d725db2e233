"""A client machine, a router that counts, and a game server, with the capture driver and the little game at hand."""

import contextlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from plg.lab.namespaces import Host, Lab
from plg.lab.traffic_counter import TrafficCounter
from support.requirements import require_binary, require_root

SUPPORT = Path(__file__).resolve().parent
GAME_PORT = 27960
ANSWER_TIMEOUT_S = 30.0
WITHOUT_BPF_FILES = ("unshare", "--mount", "sh", "-c", 'while umount -l /sys/fs/bpf 2>&-; do :; done; exec "$@"', "sh")
"""For the Windows code on Linux. It sends through a handle of the lowest priority, which WinDivert shows to no handle above. The
Linux library keeps to that only while it cannot keep a register of its handles in /sys/fs/bpf: with one, as on every machine with
systemd, what is sent comes back for ever."""


class DriverProcess:
    """A running `capture_driver`; `order` waits for its answer."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.hello = self._answer()

    def order(self, do: str, **arguments: Any) -> dict[str, Any]:
        self.post(do, **arguments)
        return self._answer()

    def post(self, do: str, **arguments: Any) -> None:
        """Give an order without waiting for the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
        self.process.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the driver ended with {self.process.wait()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def wait_for_stats(self, **least: int) -> dict[str, Any]:
        """The stats once each named counter has reached its least value, or after some seconds as they are."""
        deadline = time.monotonic() + 5
        while True:
            stats = self.order("stats")
            if all(stats[name] >= value for name, value in least.items()) or time.monotonic() > deadline:
                return stats
            time.sleep(0.02)

    def kill(self) -> None:
        # The driver is the process itself: nsenter replaces itself by it.
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(ANSWER_TIMEOUT_S)


class GameProcess:
    """A running `udp_game`."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        assert process.stderr is not None
        started = process.stderr.readline().split()
        assert started[:1] == [b"started"], started
        self.local_port = int(started[1])

    def result(self) -> dict[str, Any]:
        out, err = self.process.communicate(timeout=ANSWER_TIMEOUT_S)
        assert self.process.returncode == 0, err.decode()
        result: dict[str, Any] = json.loads(out)
        return result


def ways(result: dict[str, Any]) -> dict[str, int]:
    """How many answers came by each way."""
    counts: dict[str, int] = {}
    for way, _, _ in result["answers"]:
        counts[way] = counts.get(way, 0) + 1
    return counts


def numbers(result: dict[str, Any], way: str) -> list[int]:
    """The numbers of the answers that came by this way, in order of arrival."""
    return [number for found, number, _ in result["answers"] if found == way]


class CaptureBench:
    def __init__(self, lab: Lab, runtime_directory: Path, *, offload: bool = True) -> None:
        self.lab = lab
        self.runtime_directory = runtime_directory
        self.client: Host = lab.add_host("client", offload=offload)
        self.server: Host = lab.add_host("server", offload=offload)
        self.counter = TrafficCounter(lab)
        self.counter.count_udp("to_server", self.client, self.server)
        self.before = self.system_state()
        self.echo = self.server.spawn(
            [sys.executable, "-I", str(SUPPORT / "udp_echo_server.py"), str(GAME_PORT)], stdout=subprocess.PIPE
        )
        assert self.echo.stdout is not None
        assert self.echo.stdout.readline() == b"ready\n"

    def spec(self, *addresses: str, **more: Any) -> dict[str, Any]:
        """Everything to the server's port on these addresses (default: the server's own)."""
        prefixes = addresses or (f"{self.server.ipv4}/32", f"{self.server.ipv6}/128")
        return {"rules": [{"prefixes": list(prefixes), "ports": [[GAME_PORT, GAME_PORT]]}], **more}

    def start_driver(self, source: str, spec: dict[str, Any], **environment: str) -> DriverProcess:
        alone = WITHOUT_BPF_FILES if environment.get("DRIVER_BACKEND") == "windows" else ()
        process = self.client.spawn(
            [
                *alone,
                sys.executable,
                str(SUPPORT / "capture_driver.py"),
                source,
                json.dumps(spec),
                str(self.runtime_directory),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **environment},
        )
        return DriverProcess(process)

    def run_inside(self, code: str, *arguments: str) -> Any:
        """What a piece of Python prints as JSON when it runs in the client's network."""
        return json.loads(self.client.run([sys.executable, "-c", code, *arguments]).stdout)

    def start_game(self, *arguments: str, host: str = "", program: Path | None = None) -> GameProcess:
        """The game under its own name, or through `program` (a file that starts it under another name)."""
        command = [sys.executable, "-I", str(SUPPORT / "udp_game.py")] if program is None else [str(program)]
        process = self.client.spawn(
            [*command, host or self.server.ipv4, str(GAME_PORT), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        return GameProcess(process)

    def play(self, *arguments: str, host: str = "", program: Path | None = None) -> dict[str, Any]:
        return self.start_game(*arguments, host=host, program=program).result()

    def make_program(self, name: str) -> Path:
        """The game as a program of its own with this name."""
        self.runtime_directory.parent.mkdir(parents=True, exist_ok=True)
        path = self.runtime_directory.parent / name
        path.write_text(f"#!{sys.executable} -I\n" + (SUPPORT / "udp_game.py").read_text(encoding="utf-8"))
        path.chmod(0o755)
        return path

    def add_second_network(self) -> None:
        """Another link to the server, 10.99.0.2 at the client and 10.99.0.1 at the server, as a VPN or Wi-Fi comes up."""
        self.client.run(
            ["ip", "link", "add", "later0", "type", "veth", "peer", "name", "later1", "netns", self.server.name]
        )
        self.client.run(["ip", "address", "add", "10.99.0.2/24", "dev", "later0"])
        self.client.run(["ip", "link", "set", "later0", "up"])
        self.server.run(["ip", "address", "add", "10.99.0.1/24", "dev", "later1"])
        self.server.run(["ip", "link", "set", "later1", "up"])

    def remove_second_network(self) -> None:
        self.client.run(["ip", "link", "delete", "later0"])

    def packets_at_router(self) -> int:
        return self.counter.packets("to_server")

    def server_saw(self) -> dict[str, Any]:
        """Stops the server and returns its account."""
        self.echo.terminate()
        assert self.echo.stdout is not None
        seen: dict[str, Any] = json.loads(self.echo.stdout.read())
        self.echo.wait()
        return seen

    def system_state(self) -> dict[str, list[str]]:
        """Everything in the client's network that a capture might leave behind."""
        interfaces = [line.split(":")[1].strip().split("@")[0] for line in self._lines("ip", "-o", "link")]
        return {
            "interfaces": interfaces,
            "queues": [re.sub(r"refcnt \d+", "", line) for line in self._lines("tc", "qdisc", "show")],
            "filters": [
                line
                for interface in interfaces
                for direction in ("ingress", "egress")
                for line in self._lines("tc", "filter", "show", "dev", interface, direction, check=False)
            ],
            "rules": self._lines("ip", "rule") + self._lines("ip", "-6", "rule"),
            "routes": [
                line
                for family in ("-4", "-6")
                for line in self._lines("ip", family, "route", "show", "table", "all")
                # The kernel's own routes for a link's own addresses come and go with the link, some of them a second late.
                if "plg" in line or " proto kernel" not in line
            ],
        }

    def _lines(self, *command: str, check: bool = True) -> list[str]:
        return [line for line in self.client.run(command, check=check).stdout.splitlines() if line.strip()]

    def processes_in_client(self) -> list[int]:
        return self.client.process_ids()

    def journals(self) -> list[str]:
        return sorted(path.name for path in self.runtime_directory.glob("*"))

    def wait_until_clean(self, timeout_s: float = 5.0) -> None:
        """Fails with the difference unless the client's network is as it was before any capture."""
        deadline = time.monotonic() + timeout_s
        while True:
            now = self.system_state()
            left = (now, self.journals(), self.processes_in_client())
            if left == (self.before, [], []):
                return
            if time.monotonic() > deadline:
                changed = {key: sorted(set(now[key]) ^ set(self.before[key])) for key in now}
                assert not any(changed.values()), changed
                assert now == self.before, now
                assert self.journals() == []
                assert self.processes_in_client() == []
            time.sleep(0.02)


@contextlib.contextmanager
def open_bench(runtime_directory: Path, *, offload: bool = True) -> Iterator[CaptureBench]:
    """Skips the test where namespaces cannot be made."""
    require_root()
    for binary in ("ip", "tc", "nsenter", "nft") + (() if offload else ("ethtool",)):
        require_binary(binary)
    with Lab() as lab:
        yield CaptureBench(lab, runtime_directory, offload=offload)

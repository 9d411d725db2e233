"""Namespaces as small machines: they are linked, they are separate, and they vanish."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from plg.lab.namespaces import NETNS_DIRECTORY, Host, Lab, Namespace, missing_requirement, reap_leftovers
from plg.lab.processes import LabError
from support.requirements import require_binary, require_root

pytestmark = pytest.mark.netns

ECHO_SERVER = """
import socket, sys
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
    server.bind(("::", 5000))
    print("ready", flush=True)
    while True:
        data, source = server.recvfrom(2000)
        server.sendto(data + b" from " + source[0].encode(), source)
"""

ASK = """
import socket, sys
family, address = (socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET), sys.argv[1]
with socket.socket(family, socket.SOCK_DGRAM) as client:
    client.settimeout(10)
    client.sendto(b"hello", (address, 5000))
    print(client.recv(2000).decode())
"""


@pytest.fixture
def lab() -> Iterator[Lab]:
    require_root()
    require_binary("ip")
    with Lab() as opened:
        yield opened


def start_echo(host: Namespace) -> "subprocess.Popen[bytes]":
    process = host.spawn([sys.executable, "-c", ECHO_SERVER], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def remaining(lab: Lab) -> list[str]:
    return [path.name for path in NETNS_DIRECTORY.iterdir() if path.name.startswith(f"{lab.prefix}-")]


@pytest.mark.parametrize("offload", [True, False])
def test_hosts_reach_each_other_through_the_router_over_both_protocols(lab: Lab, offload: bool) -> None:
    if not offload:
        require_binary("ethtool")
    client, game = lab.add_host("client", offload=offload), lab.add_host("game", offload=offload)
    start_echo(game)
    for address, source in ((game.ipv4, f"::ffff:{client.ipv4}"), (game.ipv6, client.ipv6)):
        assert client.run([sys.executable, "-c", ASK, address]).stdout == f"hello from {source}\n"


def test_without_offload_the_link_really_has_none(lab: Lab) -> None:
    require_binary("ethtool")
    host = lab.add_host("plain", offload=False)
    features = host.run(["ethtool", "-k", host.interface]).stdout
    assert "tx-checksumming: off" in features
    assert "generic-segmentation-offload: off" in features


def test_two_labs_at_a_time_do_not_meet(lab: Lab) -> None:
    lab.add_host("client")
    with Lab() as other:
        twin = other.add_host("client")
        assert twin.name != lab.hosts["client"].name
        assert twin.ipv4 == lab.hosts["client"].ipv4
    assert remaining(other) == []
    assert len(remaining(lab)) == 2


def test_leaving_the_lab_ends_its_processes_and_deletes_its_namespaces_also_after_an_exception(lab: Lab) -> None:
    class Mishap(Exception):
        pass

    inner = Lab()
    processes: list[subprocess.Popen[bytes]] = []

    def go_wrong() -> None:
        with inner:
            host = inner.add_host("busy")
            processes.append(start_echo(host))
            # This one ignores the polite signal, and the shell leaves a child of its own behind.
            processes.append(host.spawn(["sh", "-c", "trap '' TERM; sleep 600 & sleep 600"]))
            raise Mishap

    started = time.monotonic()
    with pytest.raises(Mishap):
        go_wrong()
    assert all(process.poll() is not None for process in processes)
    assert remaining(inner) == []
    assert time.monotonic() - started < 20


def test_a_stopped_process_tells_how_it_ended(lab: Lab) -> None:
    host = lab.add_host("host")
    assert lab.stop(host.spawn(["sleep", "600"])) == -signal.SIGTERM
    assert host.process_ids() == []


def test_what_a_killed_owner_left_behind_is_removed_by_the_next(lab: Lab) -> None:
    script = (
        "import os, signal\n"
        "from plg.lab.namespaces import Lab\n"
        "lab = Lab().__enter__()\n"
        "lab.add_host('orphan').spawn(['sleep', '600'])\n"
        "print(lab.prefix, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    # The orphan keeps the pipe open, so its end is not waited for.
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        prefix = killed.stdout.readline().strip()
        assert killed.wait(timeout=60) == -signal.SIGKILL
    assert prefix
    # Another test's lab may be the first to clean up: what counts is that nothing is left.
    reap_leftovers()
    assert not [path for path in NETNS_DIRECTORY.iterdir() if path.name.startswith(f"{prefix}-")]
    assert lab.router.name in {path.name for path in NETNS_DIRECTORY.iterdir()}


def test_ctrl_c_leaves_nothing_behind(lab: Lab) -> None:
    script = (
        "import sys, time\n"
        "from plg.lab.namespaces import Lab\n"
        "with Lab() as lab:\n"
        "    process = lab.add_host('host').spawn(['sleep', '600'])\n"
        "    print(lab.prefix, process.pid, flush=True)\n"
        "    time.sleep(600)\n"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    prefix, pid = running.stdout.readline().split()
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=60)
    assert "KeyboardInterrupt" in stderr
    assert not Path(f"/proc/{pid}").exists()
    assert not [path for path in NETNS_DIRECTORY.iterdir() if path.name.startswith(f"{prefix}-")]


def test_a_failing_command_is_told_in_one_line(lab: Lab) -> None:
    with pytest.raises(LabError, match="failed with exit code 1: Cannot find device") as caught:
        lab.router.run(["ip", "link", "set", "nosuch", "up"])
    assert "\n" not in str(caught.value)
    with pytest.raises(LabError, match="did not end within"):
        lab.router.run(["sleep", "5"], timeout_s=0.1)


@pytest.mark.parametrize("name", ["", "Client", "router", "a-b", "elevenchars", "1st", "x;y"])
def test_a_host_name_that_could_confuse_is_refused(lab: Lab, name: str) -> None:
    with pytest.raises(ValueError, match="not a free host name"):
        lab.add_host(name)


def test_a_host_name_is_given_once(lab: Lab) -> None:
    assert isinstance(lab.add_host("one"), Host)
    with pytest.raises(ValueError, match="not a free host name"):
        lab.add_host("one")


def test_without_root_the_reason_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert missing_requirement() == "network namespaces need root: run it with sudo"
    with pytest.raises(LabError, match="need root"):
        Lab().__enter__()


def test_without_iproute2_the_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert missing_requirement() == "the command 'ip' is missing: install the package iproute2"


def test_on_another_system_the_reason_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert missing_requirement() == "network namespaces exist on Linux only"


def test_a_second_link_is_a_network_of_its_own_that_carries_when_the_first_is_pulled(lab: Lab) -> None:
    client, game = lab.add_host("client"), lab.add_host("game")
    link = lab.add_link(client)
    assert link.ipv4 not in {client.ipv4, game.ipv4}
    start_echo(game)
    ask = [sys.executable, "-c", ASK]
    assert client.run([*ask, game.ipv4]).stdout == f"hello from ::ffff:{client.ipv4}\n"
    client.run(["ip", "link", "set", client.interface, "down"])
    assert client.run([*ask, game.ipv4]).stdout == f"hello from ::ffff:{link.ipv4}\n"
    assert client.run([*ask, game.ipv6]).stdout == f"hello from {link.ipv6}\n"

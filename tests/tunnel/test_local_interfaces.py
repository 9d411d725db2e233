"""Interfaces by name, and sockets that leave through them."""

import socket
import sys
import time

import pytest

from plg.lab.namespaces import Lab
from plg.tunnel.local_interfaces import InterfaceTrouble, InterfaceUnusable, LocalInterface, find_interfaces
from support.requirements import require_binary, require_root


def loopback() -> str:
    return "lo0" if socket.if_nameindex()[0][1] == "lo0" else "lo"


def test_interfaces_are_found_in_the_order_of_the_wish() -> None:
    assert find_interfaces((loopback(),)) == (LocalInterface(loopback()),)


def test_an_unknown_interface_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(InterfaceUnusable) as caught:
        find_interfaces((loopback(), "no-such-link"))
    assert caught.value.name == "no-such-link"
    assert caught.value.trouble is InterfaceTrouble.UNKNOWN
    assert loopback() in caught.value.known


def test_a_bound_socket_reaches_what_lies_behind_its_interface() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(2)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            LocalInterface(loopback()).bind(client)
            client.connect(server.getsockname())
            client.send(b"hello")
        assert server.recv(100) == b"hello"


def test_binding_to_an_interface_that_has_gone_is_an_error_of_the_system() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client, pytest.raises(OSError, match=r"."):
        LocalInterface("no-such-link").bind(client)


_LOOK_AS_NOBODY = """
import os, socket, sys
from plg.tunnel.local_interfaces import InterfaceUnusable, find_interfaces
# Only now, because a checkout in root's own folder cannot be read by others.
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
for name in sys.argv[1:]:
    try:
        [found] = find_interfaces((name,))
    except InterfaceUnusable as refusal:
        print(name, refusal.trouble.value)
        continue
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        found.bind(opened)
        opened.connect(("192.0.2.1", 9))
        print(name, opened.getsockname()[0])
"""


def test_interfaces_that_are_down_or_without_address_say_so_and_binding_needs_no_rights() -> None:
    require_root()
    require_binary("ip")
    with Lab() as lab:
        host = lab.add_host("client")
        host.run(["ip", "link", "add", "spare0", "type", "veth", "peer", "name", "spare1"])
        host.run(["ip", "link", "set", "spare0", "up"])
        host.run(["ip", "link", "set", "spare1", "up"])
        host.run(["ip", "link", "add", "off0", "type", "veth", "peer", "name", "off1"])
        for link in ("spare0", "spare1"):
            host.run(["ip", "-6", "addr", "flush", "dev", link])
        host.run(["ip", "link", "add", "cell0", "type", "veth", "peer", "name", "cell1"])
        host.run(["ip", "addr", "add", "10.99.0.2/24", "dev", "cell0"])
        host.run(["ip", "link", "set", "cell0", "up"])
        host.run(["ip", "link", "set", "cell1", "up"])
        expected = [
            f"eth0 {host.ipv4}",
            "cell0 10.99.0.2",
            "spare0 interface_without_address",
            "off0 interface_down",
            "nothing interface_unknown",
        ]
        until_s = time.monotonic() + 10  # the kernel calls a new link "running" after up to a second
        while True:
            told = host.run([sys.executable, "-c", _LOOK_AS_NOBODY, *(line.split()[0] for line in expected)])
            if told.stdout.splitlines() == expected or time.monotonic() > until_s:
                break
        assert told.stdout.splitlines() == expected

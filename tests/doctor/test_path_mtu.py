"""The largest packet that arrives: over loopback, and over a real narrow link."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from plg.doctor.finding import Verdict
from plg.doctor.path_mtu import check_mtu, judge_mtu, largest_packet
from plg.doctor.scene import PingedRelay
from plg.lab.namespaces import Lab
from plg.probe.relay_ping import RelayPing
from support.contract_bodies import node
from support.doctor_scene import pinged, scene_at
from support.local_server import Script, json_answer, serving
from support.loopback_relay import LoopbackRelay
from support.requirements import require_binary, require_linux, require_root

ANSWERS = """
import socket, sys
from plg.protocol.handshake import build_no_session
from plg.protocol.header import parse_outer
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 443))
print("ready", flush=True)
while True:
    datagram, source = s.recvfrom(4096)
    s.sendto(build_no_session(parse_outer(datagram).cid), source)
"""
ASKS = """
import asyncio, sys
from plg.doctor.path_mtu import largest_packet
from support.doctor_scene import pinged
import msgspec
relay = pinged("r", 1.0, host=sys.argv[1])
print(asyncio.run(largest_packet(relay, lambda _socket: None)))
"""


async def test_on_loopback_everything_up_to_ethernets_size_arrives(tmp_path: Path) -> None:
    require_linux()
    relay = LoopbackRelay().open()
    with serving(Script({"GET /v1/games": [json_answer(b"{}")]}).app()) as url:
        found = await check_mtu(scene_at(tmp_path, url=url, relays={"near": relay}))
    relay.close()
    assert (found.verdict, found.facts) == (
        Verdict.OK,
        {"relay": "Near", "packet_bytes": 1500, "needed_bytes": 1400},
    )


@pytest.mark.netns
def test_a_narrow_link_is_found_although_no_router_says_so() -> None:
    require_root()
    for binary in ("ip", "nft"):
        require_binary(binary)
    with Lab() as lab:
        client, relay = lab.add_host("client"), lab.add_host("relay")
        lab.router.run(["ip", "link", "set", relay.router_interface, "mtu", "1366"])
        # The usual sickness of such links: the message that would say so never comes back.
        rules = (
            "table inet t { chain o { type filter hook output priority 0; icmp type destination-unreachable drop; }; }"
        )
        lab.router.run(["nft", "-f", "-"], input_text=rules)
        answering = relay.spawn([sys.executable, "-c", ANSWERS], stdout=subprocess.PIPE)
        assert answering.stdout is not None
        assert answering.stdout.readline().strip() in {b"ready", "ready"}
        path = {"PYTHONPATH": str(Path(__file__).parents[1])}
        done = client.run([sys.executable, "-c", ASKS, relay.ipv4], env=path)
    assert done.stdout.strip() == "1360"  # the largest of the sizes in question below 1366


async def test_a_relay_that_answers_no_strangers_gives_no_size() -> None:
    require_linux()
    relay = LoopbackRelay().open()
    made = msgspec.structs.replace(node(), host="127.0.0.1", port=relay.port)
    relay.close()
    assert await largest_packet(PingedRelay(made, RelayPing("fra1", 1.0, 0.1, 0.0)), lambda _socket: None) is None


async def test_without_a_server_or_a_relay_there_is_nothing_to_send_to(tmp_path: Path) -> None:
    require_linux()
    assert (await check_mtu(scene_at(tmp_path, url="http://127.0.0.1:1"))).code == "no_server"
    with serving(Script({"GET /v1/games": [json_answer(b"{}")]}).app()) as url:
        assert (await check_mtu(scene_at(tmp_path, url=url))).code == "no_relay_answers"


def test_the_tunnels_own_size_decides() -> None:
    assert judge_mtu("r", 1400).verdict is Verdict.OK
    assert (judge_mtu("r", 1380).verdict, judge_mtu("r", 1380).code) == (Verdict.WARN, "mtu_small")
    assert judge_mtu("r", None).code == "mtu_no_answer"
    assert pinged("r", 1.0).node.mask_key is None

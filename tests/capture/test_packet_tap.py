"""Watching outgoing UDP."""

import pytest

from support.capture_bench import GAME_PORT, CaptureBench

pytestmark = pytest.mark.netns


def test_outgoing_udp_of_both_families_is_seen_and_nothing_else(bench: CaptureBench) -> None:
    code = """
import asyncio, json, socket, sys
from ipaddress import ip_address
from plg.capture.packet_tap import PacketTap
async def main():
    seen = []
    tap = PacketTap(lambda packet: seen.append([str(ip_address(packet.destination)), packet.destination_port]))
    for family, host in ((socket.AF_INET, sys.argv[1]), (socket.AF_INET6, sys.argv[2])):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.settimeout(5)
        # The second is larger than what the tap looks at; the answers are incoming UDP.
        for payload in (b"00000001 ", b"00000002 ".ljust(1400)):
            sock.sendto(payload, (host, int(sys.argv[3])))
            sock.recv(2000)
        tcp = socket.socket(family, socket.SOCK_STREAM)
        tcp.connect_ex((host, 9))
    await asyncio.sleep(0.2)
    tap.close()
    tap.close()
    print(json.dumps(seen))
asyncio.run(main())
"""
    seen = bench.run_inside(code, bench.server.ipv4, bench.server.ipv6, str(GAME_PORT))
    assert seen == [[bench.server.ipv4, GAME_PORT]] * 2 + [[bench.server.ipv6, GAME_PORT]] * 2

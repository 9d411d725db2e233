"""Counting at the router what really went from host to host."""

import sys
from collections.abc import Iterator

import pytest

from plg.lab.namespaces import Lab
from plg.lab.traffic_counter import TrafficCounter
from support.requirements import require_binary, require_root

pytestmark = pytest.mark.netns

SEND = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as client:
    for _ in range(int(sys.argv[2])):
        client.sendto(bytes(int(sys.argv[3])), (sys.argv[1], 5000))
"""


@pytest.fixture
def lab() -> Iterator[Lab]:
    require_root()
    require_binary("nft")
    with Lab() as opened:
        yield opened


def test_each_pair_and_direction_is_counted_by_itself_over_both_protocols(lab: Lab) -> None:
    client, game, other = lab.add_host("client"), lab.add_host("game"), lab.add_host("other")
    counter = TrafficCounter(lab)
    counter.count_udp("up", client, game)
    counter.count_udp("down", game, client)
    for destination, packets in ((game.ipv4, 3), (game.ipv6, 4), (other.ipv4, 5)):
        client.run([sys.executable, "-c", SEND, destination, str(packets), "5"])
    assert counter.packets("up") == 7
    assert counter.packets("down") == 0


def test_a_counter_can_look_at_large_payloads_alone(lab: Lab) -> None:
    client, game = lab.add_host("client"), lab.add_host("game")
    counter = TrafficCounter(lab)
    counter.count_udp("large", client, game, payload_at_least=1300)
    for destination, packets, payload_bytes in ((game.ipv4, 3, 1299), (game.ipv4, 4, 1300), (game.ipv6, 5, 1400)):
        client.run([sys.executable, "-c", SEND, destination, str(packets), str(payload_bytes)])
    assert counter.packets("large") == 9


def test_an_unknown_counter_is_an_error_and_a_bad_name_is_refused(lab: Lab) -> None:
    host = lab.add_host("host")
    counter = TrafficCounter(lab)
    with pytest.raises(KeyError):
        counter.packets("never")
    with pytest.raises(ValueError, match="not a counter name"):
        counter.count_udp('x"; flush ruleset', host, host)

"""A masking relay end to end: server, relay and client as the processes that people run, and somebody who looks at the wire."""

import json
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from plg.lab.demo_stage import start_game, start_player
from plg.lab.processes import ProcessOwner, ThisMachine
from plg.lab.product import PlayerProcess, RelayProcess, ServerProcess, wait_for
from plg.protocol.constants import (
    HEADER_LENGTH,
    TYPE_DATA,
    TYPE_HELLO,
    TYPE_LPING,
    TYPE_LPONG,
    TYPE_WELCOME,
)
from plg.protocol.errors import DropReason
from plg.protocol.header import parse_outer
from plg.protocol.keys import mask_key
from plg.protocol.mask import HeaderMask
from plg_relay.identity import load_identity
from support.udp_sniffer import UdpSniffer

GAME_HOST = "127.0.0.6"
"""Not the relay's own address, which no player may reach through it."""

PACKETS = 300


@dataclass
class MaskedLab:
    """Server, masking relay and a registered player, with a sniffer between player and relay."""

    here: ThisMachine
    folder: Path
    player: PlayerProcess
    sniffer: UdpSniffer
    relay_port: int
    mask: HeaderMask

    def bare(self, datagram: bytes) -> bytes:
        plain = self.mask.apply(datagram)
        assert plain is not None, "a datagram too short for the mask was on the wire"
        return plain

    def by_type(self, datagrams: list[bytes]) -> dict[int, list[bytes]]:
        """The captured datagrams by what is under their masks."""
        found: dict[int, list[bytes]] = {}
        for datagram in datagrams:
            outer = parse_outer(self.bare(datagram))
            assert not isinstance(outer, DropReason), outer
            found.setdefault(outer.kind, []).append(datagram)
        return found


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[MaskedLab]:
    owner = ProcessOwner()
    here = ThisMachine(owner)
    port = free_udp_port()
    try:
        with UdpSniffer(("127.0.0.1", port)) as sniffer:
            server = ServerProcess(here, tmp_path / "server", host="127.0.0.1")
            relay = RelayProcess(
                here, tmp_path / "relay", server, "masking", public_host="127.0.0.1", public_port=sniffer.port,
                bind_host="127.0.0.1", bind_port=port, settings={"mask": "true"},
            )  # fmt: skip
            player = PlayerProcess(here, tmp_path / "player", server.url)
            player.register()
            player.wait_for_relays(relay)
            mask = HeaderMask(mask_key(load_identity(tmp_path / "relay" / "data").control_key))
            yield MaskedLab(here, tmp_path, player, sniffer, port, mask)
    finally:
        owner.close()


def play_a_match(lab: MaskedLab) -> None:
    game = start_game(lab.here, lab.folder, GAME_HOST, 0)
    connection = lab.player.connect("openarena", "--capture", "proxy", "--target", f"{GAME_HOST}:{game}")
    told = "point_game_here"
    wait_for(lambda: any(document.get("event") == told for document in connection.documents()), "the proxy")
    where = next(document for document in connection.documents() if document.get("event") == told)
    proxy_port = int(str(where["detail"]["address"]).rpartition(":")[2])
    feed = start_player(lab.here, lab.folder, "player", "127.0.0.1", proxy_port)
    wait_for(
        lambda: (feed.newest() or {"player": {"packets_down": 0}})["player"]["packets_down"] >= PACKETS, "the match"
    )
    status = lab.player.status()
    assert status.traffic is not None
    assert (status.state, status.traffic.leaked) == ("connected", 0)
    lab.player.disconnect("--now")
    assert connection.process.wait(timeout=10) == 0


def test_a_game_plays_through_a_masking_relay_and_the_wire_shows_no_constant_byte(lab: MaskedLab) -> None:
    (node,) = json.loads(lab.player.plg("nodes", "--json").stdout)["nodes"]
    assert node["rtt_ms"] is not None, "probes wear the mask too"
    assert "mask_key" not in node
    play_a_match(lab)

    up, down = lab.by_type(lab.sniffer.up), lab.by_type(lab.sniffer.down)
    assert up.keys() == {TYPE_DATA, TYPE_HELLO, TYPE_LPING}
    assert down.keys() == {TYPE_DATA, TYPE_WELCOME, TYPE_LPONG}
    for datagrams in (up[TYPE_DATA], down[TYPE_DATA]):
        assert len(datagrams) >= PACKETS
        under_the_mask = {lab.bare(datagram)[1:9] for datagram in datagrams}
        assert len(under_the_mask) == 1, "without the mask the session's number would be in every datagram"
        for offset in range(HEADER_LENGTH):
            ((_, most),) = Counter(datagram[offset] for datagram in datagrams).most_common(1)
            # A random byte takes each value once in 256; chance alone gets to 5 % of 300 once in some ten million runs.
            assert most < len(datagrams) * 0.05, f"byte {offset}"

    # What a client without the key could say at best: the very datagrams that the relay took, with their masks off.
    hello, ping, data = up[TYPE_HELLO][0], up[TYPE_LPING][-1], up[TYPE_DATA][-1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for datagram in (lab.bare(ping), lab.bare(hello), lab.bare(data), b"short", ping):
            stranger.sendto(datagram, ("127.0.0.1", lab.relay_port))
        stranger.settimeout(10)
        answer = parse_outer(lab.bare(stranger.recv(2048)))
        assert not isinstance(answer, DropReason)
        # Answers leave in the order of the questions, so the first of all is the one to the last, masked question.
        assert answer.kind == TYPE_LPONG
        stranger.setblocking(False)
        with pytest.raises(BlockingIOError):
            stranger.recv(2048)

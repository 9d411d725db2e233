"""Measuring other relays, against peers that answer with the protocol's own code on loopback."""

import asyncio
import base64
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from plg.contract.relay_control import MAX_PEERS, PeerRelay
from plg.protocol.errors import DropReason
from plg.protocol.mask import HeaderMask
from plg.protocol.probe import answer_probe, make_probe_token
from plg_relay import mesh_probes
from plg_relay.mesh_probes import LEAST, MeshProbes

KEY = b"k" * 32
MASK = b"m" * 32
FAST_S = 0.02


@dataclass
class AnsweringPeer:
    """Answers each ping with what `twist` makes of the true answer; remembers when pings came."""

    opened: socket.socket
    mask: HeaderMask | None = None
    twist: Callable[[bytes], bytes | None] = lambda answer: answer
    claims_us: int = 0
    arrived_s: list[float] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.opened.getsockname()[1])

    def answer(self) -> None:
        datagram, source = self.opened.recvfrom(512)
        self.arrived_s.append(time.monotonic())
        plain = datagram if self.mask is None else self.mask.apply(datagram)
        assert plain is not None
        reply = answer_probe(plain, (KEY,), time.time(), 0, self.claims_us)
        assert not isinstance(reply, DropReason), reply
        twisted = self.twist(reply)
        if twisted is not None:
            masked = twisted if self.mask is None else self.mask.apply(twisted)
            assert masked is not None
            self.opened.sendto(masked, source)

    def told(self, node_id: str = "b", **changes: object) -> PeerRelay:
        token = make_probe_token(KEY, int(time.time()) + 60, b"12345678")
        fields: dict[str, object] = {
            "node_id": node_id,
            "relay_id": 2,
            "addresses": ["127.0.0.1"],
            "port": self.port,
            "ping_token": base64.b64encode(token).decode(),
            **changes,
        }
        return PeerRelay(**fields)  # type: ignore[arg-type]  # test data


@contextmanager
def answering(**options: object) -> Iterator[AnsweringPeer]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        opened.setblocking(False)
        peer = AnsweringPeer(opened, **options)  # type: ignore[arg-type]  # test data
        loop = asyncio.get_running_loop()
        loop.add_reader(opened, peer.answer)
        try:
            yield peer
        finally:
            loop.remove_reader(opened)


async def probed(probes: MeshProbes, until: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 20
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(probes.run())
        while not until():
            assert time.monotonic() < deadline_s
            await asyncio.sleep(FAST_S)
        running.cancel()


async def test_a_peer_is_measured_and_told_by_its_id() -> None:
    probes = MeshProbes(FAST_S)
    with answering() as peer:
        probes.set_peers([peer.told()])
        await probed(probes, lambda: bool(probes.measurements()))
    (figure,) = probes.measurements()
    assert figure.target_id == "relay:b"
    assert figure.rtt_ms is not None
    assert 0 < figure.rtt_ms < 1000
    assert (figure.loss_percent, figure.rtt_p95_ms) == (0.0, None)
    assert 0 <= figure.age_s < 20


async def test_with_enough_answers_there_is_a_percentile() -> None:
    probes = MeshProbes(FAST_S)
    with answering() as peer:
        probes.set_peers([peer.told()])
        await probed(probes, lambda: any(figure.rtt_p95_ms is not None for figure in probes.measurements()))
    (figure,) = probes.measurements()
    assert figure.rtt_ms is not None
    assert figure.rtt_p95_ms is not None
    assert figure.rtt_p95_ms >= figure.rtt_ms


async def test_a_peer_that_claims_to_have_held_the_ping_comes_no_nearer() -> None:
    probes = MeshProbes(FAST_S)

    def late(reply: bytes) -> None:
        asyncio.get_running_loop().call_later(0.05, peer.opened.sendto, reply, ("127.0.0.1", source_port()))

    def source_port() -> int:
        return int(next(iter(probes._sockets.values())).getsockname()[1])

    with answering(twist=late, claims_us=10**9) as peer:
        probes.set_peers([peer.told()])
        await probed(probes, lambda: bool(probes.measurements()))
        (figure,) = probes.measurements()
        await asyncio.sleep(0.1)
    assert figure.rtt_ms is not None
    assert figure.rtt_ms >= 50


async def test_a_silent_peer_is_told_as_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mesh_probes, "TIMEOUT_S", 0.05)
    probes = MeshProbes(FAST_S)
    with answering(twist=lambda _: None) as peer:
        probes.set_peers([peer.told()])
        await probed(probes, lambda: bool(probes.measurements()))
    (figure,) = probes.measurements()
    assert (figure.rtt_ms, figure.loss_percent) == (None, 100.0)


async def test_an_answer_that_was_not_asked_for_counts_for_nothing() -> None:
    probes = MeshProbes(FAST_S)

    def stranger(reply: bytes) -> bytes:
        return reply[:1] + bytes(8) + reply[9:]

    with answering(twist=stranger) as peer, answering() as honest:
        probes.set_peers([peer.told("odd"), honest.told("honest")])
        await probed(probes, lambda: bool(probes.measurements()))
    assert [figure.target_id for figure in probes.measurements() if figure.rtt_ms is not None] == ["relay:honest"]


async def test_a_repeated_answer_counts_once() -> None:
    probes = MeshProbes(FAST_S)

    def twice(reply: bytes) -> bytes:
        for opened in probes._sockets.values():
            peer.opened.sendto(reply, ("127.0.0.1", int(opened.getsockname()[1])))
        return reply

    with answering(twist=twice) as peer:
        probes.set_peers([peer.told()])
        await probed(probes, lambda: len(peer.arrived_s) >= LEAST + 3)
        assert len(probes._peers["b"].rtts_ms) <= len(peer.arrived_s)


async def test_a_masking_peer_is_asked_behind_its_mask() -> None:
    probes = MeshProbes(FAST_S)
    with answering(mask=HeaderMask(MASK)) as peer:
        probes.set_peers([peer.told(mask_key=base64.b64encode(MASK).decode())])
        await probed(probes, lambda: bool(probes.measurements()))
    assert probes.measurements()[0].rtt_ms is not None


async def test_the_other_address_is_tried_when_the_first_stays_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mesh_probes, "TIMEOUT_S", 0.05)
    probes = MeshProbes(FAST_S)
    with answering() as peer:
        probes.set_peers([peer.told(addresses=["127.0.0.99", "127.0.0.1"])])
        await probed(probes, lambda: any(figure.rtt_ms is not None for figure in probes.measurements()))


async def test_peers_are_pinged_at_their_own_moments_of_the_period() -> None:
    probes = MeshProbes(0.4)
    with answering() as one, answering() as other:
        probes.set_peers([one.told("a"), other.told("b")])
        await probed(probes, lambda: len(one.arrived_s) >= 3 and len(other.arrived_s) >= 3)
    gaps_s = [abs(a - b) for a, b in zip(one.arrived_s, other.arrived_s, strict=False)]
    assert min(gaps_s) > 0.02


def test_a_peer_that_cannot_be_pinged_is_left_out_and_their_number_is_bounded() -> None:
    probes = MeshProbes()
    good = PeerRelay(
        node_id="good", relay_id=1, addresses=["9.9.9.9"], port=1, ping_token=base64.b64encode(bytes(28)).decode()
    )
    probes.set_peers(
        [
            good,
            PeerRelay(node_id="token", relay_id=1, addresses=["9.9.9.9"], port=1, ping_token="AA=="),
            PeerRelay(node_id="name", relay_id=1, addresses=["a.example"], port=1, ping_token=good.ping_token),
            PeerRelay(node_id="none", relay_id=1, addresses=[], port=1, ping_token=good.ping_token),
        ]
    )
    assert list(probes._peers) == ["good"]
    probes.set_peers(
        [
            PeerRelay(node_id=f"n{n}", relay_id=n, addresses=["9.9.9.9"], port=1, ping_token=good.ping_token)
            for n in range(MAX_PEERS + 10)
        ]
    )
    assert len(probes._peers) == MAX_PEERS


def test_what_is_known_of_a_peer_outlives_a_new_token_but_not_a_move() -> None:
    probes = MeshProbes()

    def told(port: int, serial: int) -> PeerRelay:
        token = base64.b64encode(bytes([serial]) * 28).decode()
        return PeerRelay(node_id="b", relay_id=1, addresses=["9.9.9.9"], port=port, ping_token=token)

    probes.set_peers([told(443, 1)])
    probes._peers["b"].rtts_ms.extend([1.0] * LEAST)
    probes.set_peers([told(443, 2)])
    assert len(probes.measurements()) == 1
    assert probes._peers["b"].token == bytes([2]) * 28
    probes.set_peers([told(444, 2)])
    assert probes.measurements() == []

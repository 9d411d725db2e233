"""Which relays each relay hears of."""

import base64
import time

import pytest

from plg.contract.relay_control import MAX_PEERS, PeerRelay
from plg.protocol.errors import DropReason
from plg.protocol.keys import mask_key, probe_key
from plg.protocol.probe import answer_probe, build_probe
from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.nodes import Node
from plg_server.services import peers
from plg_server.services.peers import TOKEN_EPOCH_S, neighbours, peer_token
from support.api_driver import ApiDriver
from support.member_relay import enrolled_relay, relay_fleet


async def test_each_relay_hears_of_the_others_with_a_token_that_they_answer(api: ApiDriver) -> None:
    fleet = await relay_fleet(api, a=10, b=20, c=30)

    found = (await fleet["a"].beat())["peers"]

    assert [peer["node_id"] for peer in found] == sorted([fleet.id("b"), fleet.id("c")])
    told = next(peer for peer in found if peer["node_id"] == fleet.id("b"))
    identity = fleet["b"].identity
    assert (told["relay_id"], told["addresses"], told["port"]) == (identity.relay_id, ["21.1.1.1"], 443)
    assert told["mask_key"] is None
    key = probe_key(base64.b64decode(identity.ticket_keys[0].key))
    probe = build_probe(1, base64.b64decode(told["ping_token"]), 1, 1)
    assert not isinstance(answer_probe(probe, (key,), time.time(), 0, 0), DropReason)


async def test_a_masking_peer_comes_with_its_mask_key(api: ApiDriver) -> None:
    fleet = await relay_fleet(api, a=10)
    masking = await enrolled_relay(api, "b", host="30.1.1.1", beat=False)
    await masking.beat(mask=True)
    (peer,) = (await fleet["a"].beat())["peers"]
    assert peer["mask_key"] == base64.b64encode(mask_key(masking.identity.control_key)).decode()


async def test_a_disabled_relay_is_nobodys_peer(api: ApiDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "SNAPSHOT_S", 0.0)
    fleet = await relay_fleet(api, a=10, b=20)
    with api.app[app_keys.DATABASE].active():
        await Node.filter(id=fleet.id("b")).update(disabled_at=utc_now())
    assert (await fleet["a"].beat())["peers"] == []


async def test_a_relay_whose_name_does_not_resolve_is_left_out(api: ApiDriver) -> None:
    fleet = await relay_fleet(api, a=10)
    await enrolled_relay(api, "lost", host="relay.invalid")
    assert (await fleet["a"].beat())["peers"] == []


def ring(count: int) -> list[PeerRelay]:
    return [
        PeerRelay(node_id=f"n{n:03}", relay_id=n, addresses=["9.9.9.9"], port=1, ping_token="") for n in range(count)
    ]


def test_among_many_relays_being_a_peer_is_mutual() -> None:
    relays = ring(150)
    known = {peer.node_id: {other.node_id for other in neighbours(relays, peer.node_id)} for peer in relays}
    assert all(len(found) == MAX_PEERS and me not in found for me, found in known.items())
    assert all(me in known[other] for me, found in known.items() for other in found)


def test_among_few_everybody_knows_everybody() -> None:
    relays = ring(MAX_PEERS + 1)
    assert all(len(neighbours(relays, peer.node_id)) == MAX_PEERS for peer in relays)
    assert neighbours([], "x") == []


def test_a_token_changes_every_half_hour_and_outlives_its_epoch() -> None:
    start = 1_795_000_000 // TOKEN_EPOCH_S * TOKEN_EPOCH_S
    tokens = [peer_token(b"k" * 32, "a", start + late) for late in (0, TOKEN_EPOCH_S - 1, TOKEN_EPOCH_S)]
    assert tokens[0] == tokens[1] != tokens[2]
    assert int.from_bytes(tokens[1][:4], "big") - (start + TOKEN_EPOCH_S - 1) > TOKEN_EPOCH_S
    assert peer_token(b"k" * 32, "b", start) != tokens[0]

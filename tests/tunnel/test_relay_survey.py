"""Which relays there are and how far each is."""

import base64

from plg.contract.nodes import Node, NodeState
from plg.protocol.mask import HeaderMask
from plg.tunnel.relay_survey import RelaySurvey, relay_target, survey_relays
from support.loopback_relay import LoopbackRelay
from support.loopback_server import LoopbackServer


def node(**changes: object) -> Node:
    fields: dict[str, object] = {
        "id": "n1", "name": "Lab", "country": "", "city": "", "host": "127.0.0.1", "port": 1, "state": NodeState.UP, "load_percent": 0.0,
        "sessions": 0, "max_sessions": 1, "seen_seconds_ago": 0.0, "ping_token": None,
    }  # fmt: skip
    return Node(**{**fields, **changes})  # type: ignore[arg-type]  # a table of valid values


async def test_relays_are_pinged_and_the_server_is_told() -> None:
    alive, dead = LoopbackRelay().open(), LoopbackRelay(relay_id=43).open()
    dead.close()
    nodes = (await LoopbackServer({"dead": dead, "alive": alive}).nodes()).nodes
    survey = await survey_relays(nodes)
    assert [entry.node.id for entry in survey.ranked] == ["alive", "dead"]
    rtt_ms = survey.rtt_ms("alive")
    assert rtt_ms is not None
    assert 0 < rtt_ms < 200
    told = {entry.node_id: entry for entry in survey.measurements()}
    assert told["alive"].rtt_ms == rtt_ms
    assert (told["dead"].rtt_ms, told["dead"].loss_percent) == (None, 100.0)
    alive.close()


async def test_a_masking_relay_is_pinged_with_the_key_from_the_list() -> None:
    key = bytes(range(32))
    relay = LoopbackRelay(mask=HeaderMask(key)).open()
    server = LoopbackServer({"masking": relay}, mask_key=key)
    survey = await survey_relays((await server.nodes()).nodes)
    assert survey.rtt_ms("masking") is not None
    relay.close()


async def test_a_relay_without_a_token_is_listed_but_not_measured() -> None:
    survey = await survey_relays([node()])
    assert [entry.node.id for entry in survey.ranked] == ["n1"]
    assert survey.measurements() == []


def test_damaged_tokens_are_no_tokens() -> None:
    assert relay_target(node(ping_token="AAAA")) is None
    assert relay_target(node(ping_token="?")) is None


def test_a_damaged_mask_key_makes_a_relay_that_cannot_be_pinged() -> None:
    token, key = (base64.b64encode(bytes(length)).decode() for length in (28, 32))
    assert relay_target(node(ping_token=token, mask_key=key)) is not None
    assert relay_target(node(ping_token=token, mask_key="AAAA")) is None
    assert relay_target(node(ping_token=token, mask_key="?")) is None


async def test_a_relay_is_found_by_id_and_by_name() -> None:
    survey = await survey_relays([node()])
    assert survey.node_id("n1") == "n1"
    assert survey.node_id("LAB") == "n1"
    assert survey.node_id("other") == "other"
    assert RelaySurvey(()).rtt_ms("n1") is None

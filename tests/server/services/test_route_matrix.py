"""All that is known of every relay, gathered for one player and game."""

import pytest

from plg.contract.sessions import RelayMeasurement
from plg_server import app_keys
from plg_server.ids import new_id, utc_now
from plg_server.models.accounts import Account
from plg_server.models.nodes import Node
from plg_server.models.sessions import LegFinding
from plg_server.services import route_matrix
from plg_server.services.game_legs import Destination
from plg_server.services.path_score import Figure
from plg_server.services.route_matrix import RouteMatrix
from support.api_driver import ApiDriver
from support.member_relay import Fleet, relay_fleet


async def matrix_of(
    api: ApiDriver, account_id: str = "", measurements: list[RelayMeasurement] | None = None
) -> RouteMatrix:
    destination = Destination(api.app[app_keys.CATALOG].by_slug["cs2"])
    with api.app[app_keys.DATABASE].active():
        return await api.app[app_keys.ROUTE_MATRICES].of(
            destination, account_id=account_id, measurements=measurements or []
        )


async def measured_fleet(api: ApiDriver, **player_ms: float) -> Fleet:
    access = await api.signed_in()
    await api.get("/v1/nodes", access, params={"game": "cs2"})
    return await relay_fleet(api, **player_ms)


async def found(api: ApiDriver, fleet: Fleet, name: str, account_id: str, leg_ms: float) -> None:
    """A finding at the place where the relay's leg ends."""
    place = next(relay.leg.place for relay in (await matrix_of(api)).relays if relay.node_id == fleet.id(name))
    with api.app[app_keys.DATABASE].active():
        await LegFinding.create(
            id=new_id(), node_id=fleet.id(name), account_id=account_id, place=place,
            measured_leg_ms=leg_ms, counted_leg_ms=10.0, found_at=utc_now(),
        )  # fmt: skip


async def accounts(api: ApiDriver, count: int) -> list[str]:
    for number in range(count):
        await api.register(f"witness{number}@example.org")
    with api.app[app_keys.DATABASE].active():
        return [row.id for row in await Account.filter(email__startswith="witness").order_by("email")]


async def test_what_the_player_measured_stands_beside_what_the_relays_say(api: ApiDriver) -> None:
    fleet = await measured_fleet(api, a=10, b=20)
    measurements = [
        RelayMeasurement(node_id=fleet.id("a"), rtt_ms=11.0, loss_percent=1.0, rtt_p95_ms=13.0),
        RelayMeasurement(node_id="gone", rtt_ms=1.0),
    ]

    matrix = await matrix_of(api, measurements=measurements)

    relay = matrix.relay(fleet.id("a"))
    assert relay is not None
    assert relay.player == Figure(11.0, 1.0, 13.0)
    assert (relay.leg.figure.rtt_ms, relay.hosts, relay.networks) == (
        10.0,
        frozenset({"20.1.1.1"}),
        frozenset({"20.1.0.0/16"}),
    )
    other = matrix.relay(fleet.id("b"))
    assert other is not None
    assert other.player is None
    assert matrix.relay("gone") is None
    link = matrix.mesh.link(fleet.id("a"), fleet.id("b"))
    assert link is not None
    assert link.rtt_ms == 5.0


async def test_relays_meet_in_a_common_family_or_not_at_all(api: ApiDriver) -> None:
    fleet = await measured_fleet(api, a=10, b=20)
    matrix = await matrix_of(api)
    hop = matrix.hop(fleet.id("b"), fleet.id("a"))
    assert hop is not None
    assert [str(address) for address in hop] == ["21.1.1.1", "20.1.1.1"]
    with api.app[app_keys.DATABASE].active():
        await Node.filter(id=fleet.id("b")).update(host="2620:fe::9")
    assert (await matrix_of(api)).unreachable(fleet.id("a")) == {fleet.id("b")}


async def test_a_relay_without_a_known_address_is_still_told_apart_by_its_name(api: ApiDriver) -> None:
    fleet = await measured_fleet(api, a=10)
    with api.app[app_keys.DATABASE].active():
        await Node.all().update(host="relay.invalid")
    (relay,) = (await matrix_of(api)).relays
    assert (relay.hosts, relay.networks) == (frozenset({"relay.invalid"}), frozenset[str]())
    assert (await matrix_of(api)).unreachable(fleet.id("a")) == {fleet.id("a")}


async def test_own_findings_count_at_once_and_others_soon(api: ApiDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = await measured_fleet(api, a=10)
    one, two, asking = await accounts(api, 3)
    assert (await matrix_of(api, asking)).relays[0].leg.bias_ms == 0.0
    await found(api, fleet, "a", one, 60.0)
    await found(api, fleet, "a", two, 40.0)
    assert (await matrix_of(api, asking)).relays[0].leg.bias_ms == 0.0, "read half a minute ago"
    monkeypatch.setattr(route_matrix, "EXPERIENCE_FOR_S", 0.0)
    assert (await matrix_of(api, asking)).relays[0].leg.bias_ms == pytest.approx(30.0, abs=0.1)
    monkeypatch.setattr(route_matrix, "EXPERIENCE_FOR_S", 1000.0)
    await found(api, fleet, "a", asking, 25.0)
    assert (await matrix_of(api, asking)).relays[0].leg.bias_ms == pytest.approx(15.0, abs=0.1)
    assert (await matrix_of(api)).relays[0].leg.bias_ms == 0.0, "strangers get the claim as it is"

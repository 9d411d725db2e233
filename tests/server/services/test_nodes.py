"""Enrolment tokens as the operator makes them, and relays that players see."""

from datetime import timedelta

import pytest

from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.nodes import EnrolmentToken, Node, TicketKey
from plg_server.problems import ApiError
from plg_server.services.nodes import authenticate_relay, create_enrolment_token, live_nodes
from support.api_driver import ApiDriver
from support.member_relay import enrolled_relay


async def test_a_token_is_shown_once_and_only_its_hash_is_kept(api: ApiDriver) -> None:
    with api.app[app_keys.DATABASE].active():
        made = await create_enrolment_token("Frankfurt 1", country="de", city="Frankfurt")
        row = await EnrolmentToken.get()
    assert made.token not in (row.token_hash, row.name)
    assert (row.country, row.city) == ("DE", "Frankfurt")
    assert timedelta(hours=23) < made.expires_at - utc_now() <= timedelta(hours=24)


@pytest.mark.parametrize(
    ("name", "country", "city", "says"),
    [("", "", "", "1 to 64"), ("x" * 65, "", "", "1 to 64"), ("a\nb", "", "", "printable"), ("a", "DEU", "", "two letters"),
     ("a", "D1", "", "two letters"), ("a", "", "x" * 65, "at most 64")],
)  # fmt: skip
async def test_a_token_for_a_name_that_cannot_be_is_refused(
    api: ApiDriver, name: str, country: str, city: str, says: str
) -> None:
    with api.app[app_keys.DATABASE].active(), pytest.raises(ValueError, match=says):
        await create_enrolment_token(name, country=country, city=city)


async def test_no_secret_of_a_relay_is_kept_but_those_that_we_must_show(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    with api.app[app_keys.DATABASE].active():
        node = await Node.get()
    assert relay.identity.relay_key not in (node.key_hash, node.control_key)
    assert node.control_key == relay.identity.control_key


async def test_a_used_token_says_which_relay_came_with_it_and_a_revoked_one_lets_none_in(api: ApiDriver) -> None:
    relay = await enrolled_relay(api, beat=False)
    with api.app[app_keys.DATABASE].active():
        used = await EnrolmentToken.get()
        made = await create_enrolment_token("Oslo 1")
        await EnrolmentToken.filter(used_at=None).update(revoked_at=utc_now())
    assert used.node_id == relay.identity.node_id
    refused = await api.post("/v1/relays/enrol", {"enrol_token": made.token, "public_host": "8.8.8.8", "port": 443})
    assert refused.code == "enrolment_refused"


async def test_a_relay_is_known_by_its_key_alone(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    with api.app[app_keys.DATABASE].active():
        assert (await authenticate_relay(relay.headers["X-Relay-Key"])).id == relay.identity.node_id
        for header, code in (("", ErrorCode.TOKEN_MISSING), (f"{relay.identity.node_id}.x", ErrorCode.TOKEN_INVALID)):
            with pytest.raises(ApiError) as caught:
                await authenticate_relay(header)
            assert caught.value.code is code


async def test_relays_without_a_key_that_they_have_fetched_are_not_offered(api: ApiDriver) -> None:
    await enrolled_relay(api)
    with api.app[app_keys.DATABASE].active():
        assert len(await live_nodes(api.app[app_keys.RELAY_STATES])) == 1
        await TicketKey.all().update(active_from=utc_now() + timedelta(minutes=1))
        assert await live_nodes(api.app[app_keys.RELAY_STATES]) == []


async def test_every_relay_gets_a_number_of_its_own(api: ApiDriver) -> None:
    relays = [await enrolled_relay(api, f"r{number}", beat=False) for number in range(4)]
    assert len({relay.identity.relay_id for relay in relays}) == 4
    assert all(0 < relay.identity.relay_id < 2**32 for relay in relays)

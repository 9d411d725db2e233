"""Ticket keys: first, rotation, two live, the old one gone."""

from datetime import timedelta

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.nodes import TicketKey
from plg_server.services.relay_keys import DELIVERY, OVERLAP, ROTATE_AFTER, live_keys, rotate, rotate_due, sealing_keys
from support.api_driver import ApiDriver
from support.member_relay import enrolled_relay


async def test_a_new_relays_key_seals_at_once(api: ApiDriver) -> None:
    node_id = (await enrolled_relay(api)).identity.node_id
    with api.app[app_keys.DATABASE].active():
        assert (await sealing_keys([node_id], utc_now()))[node_id].key_id == 1


async def test_a_rotation_is_fetched_before_it_is_used_and_the_old_key_outlives_its_tickets(api: ApiDriver) -> None:
    relay = await enrolled_relay(api)
    node_id = relay.identity.node_id
    with api.app[app_keys.DATABASE].active():
        later = utc_now() + ROTATE_AFTER
        assert await rotate_due(later - timedelta(minutes=1)) == 0

        assert await rotate_due(later) == 1
        assert await rotate_due(later) == 0
        assert [entry.key_id for entry in await live_keys(node_id)] == [1, 2]
        assert (await sealing_keys([node_id], later))[node_id].key_id == 1
        assert (await sealing_keys([node_id], later + DELIVERY))[node_id].key_id == 2

        assert await rotate_due(later + DELIVERY + OVERLAP - timedelta(seconds=1)) == 0
        assert await rotate_due(later + DELIVERY + OVERLAP) == 1
        assert [entry.key_id for entry in await live_keys(node_id)] == [2]
    assert [entry["key_id"] for entry in (await relay.beat())["ticket_keys"]] == [2]


async def test_a_rotation_under_way_is_not_begun_again(api: ApiDriver) -> None:
    node_id = (await enrolled_relay(api)).identity.node_id
    with api.app[app_keys.DATABASE].active():
        assert await rotate(node_id, utc_now())
        assert not await rotate(node_id, utc_now())


async def test_key_numbers_go_round_after_255(api: ApiDriver) -> None:
    node_id = (await enrolled_relay(api)).identity.node_id
    with api.app[app_keys.DATABASE].active():
        await TicketKey.filter(node_id=node_id).update(key_id=255)
        await rotate(node_id, utc_now())
        assert [entry.key_id for entry in await live_keys(node_id)] == [255, 0]

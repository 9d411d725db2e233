"""Where an account is signed in."""

from datetime import timedelta

import pytest

from plg_server import app_keys
from plg_server.ids import timestamp, utc_now
from plg_server.models.account_safety import SignInPlace
from plg_server.problems import ApiError
from plg_server.services.devices import coarse_network, devices, note_use, revoke, revoke_others
from support.api_driver import ApiDriver
from support.callers import signed_in_as


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.77", "198.51.100.0/24"),
        ("2001:db8:1:2::9", "2001:db8:1::/48"),
        ("::ffff:198.51.100.77", "198.51.100.0/24"),
        ("unknown", ""),
        ("", ""),
    ],
)
def test_of_an_address_the_network_is_kept(address: str, network: str) -> None:
    assert coarse_network(address) == network


async def test_sign_ins_are_listed_by_last_use_and_ended_one_by_one_or_all_others(api: ApiDriver) -> None:
    now = utc_now()
    ann, bob = await signed_in_as(api), await signed_in_as(api)
    with api.app[app_keys.DATABASE].active():
        accounts = api.app[app_keys.ACCOUNTS]
        here = (await accounts.identify(ann.access_token)).sign_in_id
        his = (await accounts.identify(bob.access_token)).sign_in_id
        for number in (1, 2):  # the second use of one changes its row
            await note_use(here, f"198.51.100.{number}", now - timedelta(days=3 - number))
        listed = await devices(ann.account_id, here, 50, 0)
        assert [(one.id, one.network, one.current) for one in listed.devices] == [(here, "198.51.100.0/24", True)]
        assert listed.devices[0].last_used_at == timestamp(now - timedelta(days=1))
        assert await SignInPlace.filter(sign_in_id=here).count() == 1

        with pytest.raises(ApiError, match="no device"):
            await revoke(ann.account_id, his, now)
        assert await revoke_others(ann.account_id, here, now) == 0
        assert (await accounts.identify(bob.access_token)).sign_in_id == his
        await revoke(ann.account_id, here, now)
        with pytest.raises(ApiError, match="no device"):
            await revoke(ann.account_id, here, now)
        assert (await devices(ann.account_id, here, 50, 0)).total == 0

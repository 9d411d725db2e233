"""Where an account is signed in."""

import logging
from datetime import timedelta

import msgspec
import pytest

from plg_server import app_keys
from plg_server.database import Database
from plg_server.ids import timestamp, utc_now
from plg_server.models.account_safety import SignInPlace
from plg_server.models.accounts import Account, SignIn
from plg_server.models.mail import OutboxMail
from plg_server.problems import ApiError
from plg_server.services.devices import coarse_network, devices, mail_new_device, note_use, revoke, revoke_others
from plg_server.services.mail_texts import when
from support.api_driver import ApiDriver
from support.callers import signed_in_as
from support.operator_rows import account_row, sign_in_row

HOME = "198.51.100.7"
NEXT_DOOR = "198.51.100.200"
AWAY = "203.0.113.9"


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


async def signs_in(account: Account, device: str, address: str) -> int:
    """As a sign-in does it; with how many e-mails have been left since the beginning."""
    now = utc_now()
    sign_in = await sign_in_row(account, now, device)
    await note_use(sign_in.id, address, now)
    await mail_new_device(account, sign_in, address, now)
    return await OutboxMail.filter(kind="new_device").count()


async def test_a_new_name_or_a_new_network_is_told_of_once_and_the_first_sign_in_never(database: Database) -> None:
    now = utc_now()
    with database.active():
        account = await account_row("player@example.org", now, language="ru", email_verified_at=now)
        other = await account_row("other@example.org", now, email_verified_at=now)
        assert await signs_in(other, "laptop", AWAY) == 0
        for device, address, told in (
            ("laptop", HOME, 0),
            ("laptop", NEXT_DOOR, 0),
            ("phone", HOME, 1),
            ("phone", HOME, 1),
            ("laptop", AWAY, 2),
            ("laptop", AWAY, 2),
            ("phone", AWAY, 3),  # both are known, but not together
            ("", "", 4),
            ("", "unknown", 4),
        ):
            assert await signs_in(account, device, address) == told, (device, address)
        first = await OutboxMail.all().order_by("created_at", "id").first()
    assert first is not None
    assert (first.kind, first.address, first.language) == ("new_device", "player@example.org", "ru")
    assert msgspec.json.decode(first.facts) == {
        "at": when(first.created_at),
        "device": "phone",
        "address": "198.51.100.0/24",
    }


async def test_what_ended_by_itself_stays_known_and_what_its_owner_revoked_does_not(database: Database) -> None:
    now = utc_now()
    with database.active():
        account = await account_row("player@example.org", now, email_verified_at=now)
        for because, told in (("logout", 0), ("revoked", 1)):
            await signs_in(account, "laptop", HOME)
            await SignIn.filter(account_id=account.id).update(ended_at=now, ended_because=because)
            assert await signs_in(account, "laptop", HOME) == told, because


async def test_a_sign_in_costs_one_query_more_and_none_where_the_address_is_not_confirmed(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    now = utc_now()
    with database.active():
        for confirmed_at, queries in ((None, 0), (now, 1)):
            account = await account_row(f"{queries}@example.org", now, email_verified_at=confirmed_at)
            for _ in range(2):
                await signs_in(account, "laptop", HOME)
            sign_in = await sign_in_row(account, now, "laptop")
            caplog.clear()
            with caplog.at_level(logging.DEBUG, "tortoise.db_client"):
                await mail_new_device(account, sign_in, HOME, now)
            assert len([one for one in caplog.records if "sign_ins" in one.getMessage()]) == queries
            assert len(caplog.records) == queries
        stranger = await account_row("stranger@example.org", now)
        for device in ("laptop", "phone"):
            await signs_in(stranger, device, HOME)
        assert not await OutboxMail.exists()

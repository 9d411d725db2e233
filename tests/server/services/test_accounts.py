"""Rules about accounts that a client does not see directly. What it sees: handlers/test_accounts.py."""

from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from plg.contract.accounts import LoginRequest
from plg_server import app_keys
from plg_server.ids import timestamp, utc_now
from plg_server.models.accounts import Account, RefreshToken, SignIn
from plg_server.models.mail import OutboxMail
from plg_server.services.accounts import add_to_totals, normal_email, remove_expired
from support.api_driver import PASSWORD, ApiDriver
from support.guarded_account import guarded_account
from support.mail_world import mail_world


@pytest.mark.parametrize(
    ("written", "kept"),
    [("A@B.Example", "a@b.example"), ("e\u0301@x.example", "\u00e9@x.example"), ("ИГРОК@пример.рф", "игрок@пример.рф")],
)
def test_one_mailbox_has_one_spelling(written: str, kept: str) -> None:
    assert normal_email(written) == kept


async def test_an_own_plan_counts_until_it_ends(api: ApiDriver) -> None:
    account_id = (await api.register())["id"]
    service = api.app[app_keys.ACCOUNTS]
    later = utc_now() + timedelta(days=1)
    with api.app[app_keys.DATABASE].active():
        await Account.filter(id=account_id).update(plan_name="team", plan_expires_at=later, plan_max_sessions=5)
        plan = service.plan_of(await Account.get(id=account_id))
        assert (plan.name, plan.expires_at, plan.max_sessions) == ("team", timestamp(later), 5)
        await Account.filter(id=account_id).update(plan_expires_at=utc_now() - timedelta(seconds=1))
        assert service.plan_of(await Account.get(id=account_id)).name == "self-hosted"


async def test_totals_are_sums(api: ApiDriver) -> None:
    token = await api.signed_in()
    with api.app[app_keys.DATABASE].active():
        account = await Account.get()
        for _ in range(3):
            await add_to_totals(account.id, seconds=60, packets=2**40, bytes_=2**50)
    totals = (await api.get("/v1/me", token)).json["totals"]
    assert totals == {"sessions": 3, "seconds": 180, "packets": 3 * 2**40, "bytes": 3 * 2**50}


async def test_a_hash_with_older_costs_is_renewed_at_sign_in(api: ApiDriver) -> None:
    await api.register()
    older = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    with api.app[app_keys.DATABASE].active():
        await Account.all().update(password_hash=older)
        await api.login()
        assert "m=19456,t=2,p=1" in (await Account.get()).password_hash
    await api.login()


async def test_what_has_expired_is_removed_and_nothing_else(api: ApiDriver) -> None:
    await api.register()
    await api.login()
    kept = await api.login()
    now = utc_now()
    with api.app[app_keys.DATABASE].active():
        gone = await SignIn.all().order_by("created_at").first()
        assert gone is not None
        await RefreshToken.filter(sign_in_id=gone.id).update(expires_at=now - timedelta(seconds=1))
        await SignIn.filter(id=gone.id).update(created_at=now - timedelta(days=2))
        assert await remove_expired(now) in (2, 3)  # SQLite counts the row of its place too, which goes along
        assert await remove_expired(now) == 0
        assert await SignIn.all().count() == await RefreshToken.all().count() == 1
    assert (await api.refresh(kept["refresh_token"])).status == 200


async def test_a_device_name_is_kept_on_one_line(api: ApiDriver) -> None:
    await api.register()
    request = LoginRequest(email="player@example.org", password=PASSWORD, device="my\x00\n\x1b[2Jlaptop")
    with api.app[app_keys.DATABASE].active():
        await api.app[app_keys.ACCOUNTS].login(request)
        assert (await SignIn.get()).device == "my   [2Jlaptop"


async def test_an_address_that_grows_when_it_is_written_out_is_refused_and_known_to_nobody(api: ApiDriver) -> None:
    # One character of these is three in normal form, so that the contract's bound does not hold for it.
    email = "\ufb2c" * 60 + "@" + "\ufb2c" * 150
    registered = await api.post("/v1/auth/register", {"email": email, "password": PASSWORD})
    login = await api.post("/v1/auth/login", {"email": email, "password": PASSWORD})
    assert (registered.status, registered.code) == (422, "invalid_body")
    assert (login.status, login.code) == (401, "bad_credentials")


async def test_a_sign_in_from_a_new_device_is_told_by_e_mail_and_its_caller_sees_nothing_of_it(tmp_path: Path) -> None:
    async with mail_world(tmp_path) as world:
        ann = await guarded_account(world.api)  # its address is confirmed
        with world.api.app[app_keys.DATABASE].active():
            await SignIn.all().delete()
        first, known, new = [(await ann.sign_in(device=name)).json for name in ("laptop", "laptop", "phone")]
        assert first.keys() == known.keys() == new.keys()
        assert (await world.api.post("/v1/auth/login", {"email": ann.email, "password": "wrong"})).status == 401
        text = (await world.mail(ann.email)).text
        with world.api.app[app_keys.DATABASE].active():
            assert await OutboxMail.all().count() == 1
    assert 'device "phone", network 127.0.0.0/24' in text
    assert "plg account devices revoke" in text


async def test_where_no_e_mail_is_sent_a_new_device_leaves_none(api: ApiDriver) -> None:
    ann = await guarded_account(api)
    for name in ("laptop", "phone"):
        assert (await ann.sign_in(device=name)).status == 200
    with api.app[app_keys.DATABASE].active():
        assert not await OutboxMail.exists()

"""Deleting an account: what goes, what stays countable, and who may not go."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tortoise import Tortoise

from plg.contract.account_safety import DeleteAccountRequest
from plg_server import app_keys
from plg_server.ids import new_id
from plg_server.models.accounts import Account, SignIn
from plg_server.models.audit import AuditEntry
from plg_server.models.billing import SubscriptionGrant, TrialTaken
from plg_server.models.codes import CodeUse, Referral
from plg_server.models.payments import Checkout, Payment
from plg_server.problems import ApiError
from plg_server.services.account_deletion import DELETED_ROLE, KEPT, deleted_email, referring_tables
from plg_server.services.audit import Actor
from plg_server.services.codes import NewCode, make_code
from plg_server.services.ledger import settle
from support.api_driver import PASSWORD, ApiDriver, StartServer
from support.billing_world import DONATEPAY, begun, billing_world, paid
from support.callers import signed_in_as

GO = DeleteAccountRequest(password=PASSWORD)
TRY = DeleteAccountRequest(password=PASSWORD, dry_run=True)


def actor(account_id: str, role: str = "player") -> Actor:
    return Actor(account_id, role, "sign_in", "request-1", "198.51.100.7")


async def delete(api: ApiDriver, account_id: str, wish: DeleteAccountRequest = GO, role: str = "player") -> Any:
    account = await Account.get(id=account_id)
    return await api.app[app_keys.ACCOUNT_DELETION].delete(account, wish, actor(account_id, role))


async def test_the_person_goes_and_what_others_count_on_stays(
    start_server: StartServer, backend: dict[str, object]
) -> None:
    world = await billing_world(start_server, backend, **DONATEPAY)
    api = world.api
    friend, ann = await signed_in_as(api), await signed_in_as(api)
    token = ann.access_token
    now = world.clock()
    with api.app[app_keys.DATABASE].active():
        email = (await Account.get(id=ann.account_id)).email
        code = (await api.get("/v1/referral", friend.access_token)).json["code"]
        promo = await make_code(NewCode(kind="promo", text="WELCOME", percent=10, uses=5), now)
        assert (await api.post("/v1/codes/redeem", {"code": code}, token)).status == 200
        assert (await api.post("/v1/codes/redeem", {"code": promo}, token)).status == 200
        assert (await api.post("/v1/subscription/trial", None, token)).status == 200
        checkout = await begun(world, token)
        await settle(paid(checkout, comment=f"Ann Smith pays {checkout['code']}"), now)
        await begun(world, token)  # and one that is never paid
        await SubscriptionGrant.filter(account_id=ann.account_id).update(note="for Ann, with love")
        brought = (await api.get("/v1/referral", friend.access_token)).json
        assert (await api.post("/v1/me/tokens", {"name": "ci", "scopes": ["read"]}, token)).status == 201

        told = await delete(api, ann.account_id, TRY)
        assert told.dry_run
        assert (told.removed["sign_ins"], told.removed["api_tokens"], told.payments_kept) == (1, 1, 1)
        assert told.plan_ends_at is not None
        assert (await api.get("/v1/me", token)).status == 200

        done = await delete(api, ann.account_id)
        assert (done.dry_run, done.removed, done.payments_kept) == (False, told.removed, 1)
        assert (await api.get("/v1/me", token)).code == "token_invalid"
        left = await Account.get(id=ann.account_id)
        assert (left.email, left.role, left.plan_name) == (deleted_email(ann.account_id), DELETED_ROLE, None)
        assert (await api.post("/v1/auth/login", {"email": left.email, "password": "!"})).code == "bad_credentials"
        assert [row.comment for row in await Payment.filter(account_id=ann.account_id)] == [""]
        assert [row.state for row in await Checkout.filter(account_id=ann.account_id)] == ["paid"]
        assert {row.note for row in await SubscriptionGrant.filter(account_id=ann.account_id)} == {""}
        assert await CodeUse.filter(account_id=ann.account_id).count() == 1
        assert (await api.get("/v1/referral", friend.access_token)).json == brought
        assert await Referral.filter(account_id=ann.account_id).count() == 1
        assert (await api.get("/v1/subscription", friend.access_token)).json[
            "plan"
        ] == "monthly"  # the bonus of a friend

        # The same person again: the address is free, the trial was had.
        again = await signed_in_as(api)
        plus = email.replace("@", "+again@").upper().lower()
        await Account.filter(id=again.account_id).update(email=plus)
        assert not (await api.get("/v1/subscription", again.access_token)).json["trial_available"]
        assert (await api.post("/v1/subscription/trial", None, again.access_token)).code == "trial_used"
        assert email not in " ".join(row.id for row in await TrialTaken.all())

        with pytest.raises(ApiError, match="deleted already"):
            await delete(api, ann.account_id)


async def test_of_two_admins_who_go_at_the_same_moment_one_stays(api: ApiDriver) -> None:
    admins = [(await signed_in_as(api, "admin")).account_id for _ in range(2)]
    await signed_in_as(api, "admin", banned=True)  # no help to anybody
    with api.app[app_keys.DATABASE].active():
        went = await asyncio.gather(*(delete(api, one, role="admin") for one in admins), return_exceptions=True)
        refused = [one.code.value for one in went if isinstance(one, ApiError)]
        assert refused == ["last_admin"]
        (stayed,) = await Account.filter(role="admin", banned_at=None)
        with pytest.raises(ApiError, match="last admin"):
            await delete(api, stayed.id, TRY, role="admin")
        (gone,) = [one for one in admins if one != stayed.id]
        (entry,) = await AuditEntry.filter(act="account.delete")
        assert (entry.subject, entry.actor_id) == (f"account:{gone}", gone)


async def test_every_table_that_knows_an_account_loses_its_rows_or_stands_in_the_list_with_a_reason(
    start_server: StartServer,
) -> None:
    api = await start_server(rate_limits_on=False)
    caller = await signed_in_as(api)
    with api.app[app_keys.DATABASE].active():
        referring = {model for model, _column in referring_tables()}
        named = {
            model
            for model in Tortoise.apps["plg"].values()
            for field in model._meta.fk_fields
            if model._meta.fields_map[field].related_model is Account
        }
        assert referring == named
        assert set(KEPT) <= referring
        assert all(KEPT.values())
        await SignIn.create(
            id=new_id(), account_id=caller.account_id, created_at=api.app[app_keys.CLOCK]() - timedelta(days=1)
        )
        assert (await delete(api, caller.account_id)).removed == {"sign_ins": 2}
        assert not await SignIn.exists(account_id=caller.account_id)

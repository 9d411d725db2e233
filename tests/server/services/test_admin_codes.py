"""Codes in an operator's hands: batches whose texts are shown once, uses, stopping; and the report on referrals."""

from datetime import timedelta

import pytest

from plg.contract.admin_codes import CodeQuery, NewCodesRequest, ReferralQuery, StopCodesRequest
from plg_server import app_keys
from plg_server.models.audit import AuditEntry
from plg_server.models.codes import Code
from plg_server.problems import ApiError
from plg_server.services.admin_codes import code_file, codes, create, find, referrals, stop
from support.api_driver import StartServer
from support.operator_world import ACTOR, OperatorWorld, operator_world


@pytest.fixture
async def world(start_server: StartServer, backend: dict[str, object]) -> OperatorWorld:
    return await operator_world(start_server, backend)


async def test_a_batch_of_gifts_each_of_which_works_once(world: OperatorWorld) -> None:
    with world.active:
        request = NewCodesRequest(kind="gift", count=120, days=30, label="winter fair")
        made = await create(ACTOR, request, world.clock())
        assert (len(set(made.codes)), made.count) == (120, 120)
        account_id, _access = await world.player()
        await world.billing.api.app[app_keys.CODES].redeem(account_id, made.codes[5])
        page = await codes(CodeQuery(batch=made.batch, limit=200), world.clock())
        assert (page.total, sorted({(one.state, one.used) for one in page.codes})) == (
            120,
            [("open", 0), ("used_up", 1)],
        )
        (used,) = (await codes(CodeQuery(state="used_up"), world.clock())).codes
        found = await find(made.codes[5].lower(), world.clock())
        assert (found.code.id, [one.account_id for one in found.uses]) == (used.id, [account_id])
        entry = await AuditEntry.get()
        assert not any(text in entry.details or text.replace("-", "") in entry.details for text in made.codes)
        stopped = await stop(ACTOR, used.id, StopCodesRequest(batch=True), world.clock())
        assert stopped.stopped == 120
        with pytest.raises(ApiError, match="no such code"):
            await world.billing.api.app[app_keys.CODES].redeem(account_id, made.codes[6])


async def test_a_promo_code_has_its_limits_and_a_try_makes_none(world: OperatorWorld) -> None:
    with world.active:
        end = world.clock() + timedelta(days=10)
        for dry_run in (True, False):
            request = NewCodesRequest(
                kind="promo", text="WINTER20", percent=20, uses=None, expires_at=end, dry_run=dry_run
            )
            made = await create(ACTOR, request, world.clock())
            assert made.codes == ([] if dry_run else ["WINTER20"])
            assert await Code.all().count() == (0 if dry_run else 1)
        (row,) = (await codes(CodeQuery(kind="promo", state="open"), world.clock())).codes
        assert (row.percent, row.uses_left, row.uses_per_account) == (20, None, 1)
        assert (await codes(CodeQuery(), world.clock() + timedelta(days=11))).codes[0].state == "ended"
        only_this = await stop(ACTOR, row.id, StopCodesRequest(), world.clock())
        again = await stop(ACTOR, row.id, StopCodesRequest(), world.clock())
        assert (only_this.stopped, again.stopped) == (1, 0)
        assert (await code_file(row.id, world.clock())).code.state == "stopped"


async def test_codes_that_cannot_be_are_refused_and_leave_nothing(world: OperatorWorld) -> None:
    past = world.clock() - timedelta(seconds=1)
    with world.active:
        await create(ACTOR, NewCodesRequest(kind="promo", text="TAKEN-1", percent=5), world.clock())
        for request, refusal in (
            (NewCodesRequest(kind="promo", text="TAKEN1", percent=5), "exists already"),
            (NewCodesRequest(kind="gift"), "percent, or"),
            (NewCodesRequest(kind="gift", days=1, expires_at=past), "in the past"),
            (NewCodesRequest(kind="gift", days=1, plan="golden"), "no plan 'golden'"),
            (NewCodesRequest(kind="promo", text="MINE", count=2, days=1), "for one code"),
        ):
            with pytest.raises(ApiError, match=refusal):
                await create(ACTOR, request, world.clock())
        for unknown in (code_file("0" * 16, world.clock()), find("NEVER-THERE", world.clock())):
            with pytest.raises(ApiError, match="no such code"):
                await unknown
        assert await Code.all().count() == 1


async def test_the_report_counts_who_was_brought_and_who_paid(world: OperatorWorld) -> None:
    referrer_id, referrer = await world.player()
    code = (await world.ask("GET", "/v1/referral", referrer))["code"]
    friends = [await world.player() for _ in range(3)]
    for _friend_id, access in friends:
        await world.ask("POST", "/v1/codes/redeem", access, {"code": code})
    await world.pay(friends[0][1], "first")
    with world.active:
        page = await referrals(ReferralQuery())
    assert (page.invited, page.paid, page.total) == (3, 1, 1)
    (row,) = page.referrers
    assert (row.account_id, row.invited, row.paid, row.days_earned) == (referrer_id, 3, 1, 7)

"""Codes in an operator's hands: made, found, stopped; and what referrals brought. Every act is in the audit log, no text of a code is."""

from datetime import datetime

from tortoise.expressions import Q
from tortoise.functions import Count, Sum

from plg.contract import admin_codes as contract
from plg.contract.problem import ErrorCode
from plg_server.ids import new_id, timestamp
from plg_server.models.accounts import Account
from plg_server.models.billing import BillingPlan, SubscriptionGrant
from plg_server.models.codes import Code, CodeUse, Referral
from plg_server.problems import ApiError
from plg_server.services.audit import Actor, record
from plg_server.services.codes import NewCode, code_hash, make_codes, plain_code
from plg_server.services.dry_runs import do_or_try
from plg_server.services.referrals import SOURCE as REFERRAL

USES_SHOWN = 200


async def create(actor: Actor, request: contract.NewCodesRequest, now: datetime) -> contract.NewCodes:
    """New codes. Raises ApiError `plan_not_found`, and `invalid_body` for a code that cannot be or exists already."""

    async def work() -> contract.NewCodes:
        if request.text is not None and request.count != 1:
            raise ApiError(ErrorCode.INVALID_BODY, "a text of one's own is for one code")
        if request.expires_at is not None and request.expires_at <= now:
            raise ApiError(ErrorCode.INVALID_BODY, "the end of the code is in the past")
        if request.days and not await BillingPlan.exists(id=request.plan[:32]):
            raise ApiError(ErrorCode.PLAN_NOT_FOUND, f"there is no plan '{request.plan}'")
        wish = NewCode(
            kind=request.kind,
            label=request.label,
            text=request.text or "",
            percent=request.percent,
            days=request.days,
            plan_name=request.plan[:32],
            uses=request.uses,
            uses_per_account=request.uses_per_account,
            expires_at=request.expires_at,
        )
        batch = new_id()
        try:
            texts = await make_codes(wish, request.count, batch, now)
        except ValueError as error:
            raise ApiError(ErrorCode.INVALID_BODY, str(error)) from None
        await record(
            actor,
            "codes.create",
            f"code_batch:{batch}",
            {"kind": wish.kind, "label": wish.label, "count": request.count, "percent": wish.percent, "days": wish.days,
             "uses": wish.uses},
        )  # fmt: skip
        shown = [] if request.dry_run else texts
        return contract.NewCodes(dry_run=request.dry_run, batch=batch, count=request.count, codes=shown)

    return await do_or_try(work, dry_run=request.dry_run)


async def codes(query: contract.CodeQuery, now: datetime) -> contract.CodePage:
    """The codes that fit, newest first."""
    found = Code.all()
    if query.kind is not None:
        found = found.filter(kind=query.kind)
    if query.batch is not None:
        found = found.filter(batch=query.batch[:32])
    if query.state is not None:
        found = found.filter(_in_state(query.state, now))
    rows = await found.order_by("-created_at", "-id").limit(query.limit).offset(query.offset)
    used = await _used([row.id for row in rows])
    return contract.CodePage(
        codes=[_shown(row, used.get(row.id, 0), now) for row in rows],
        total=await found.count(),
        limit=query.limit,
        offset=query.offset,
    )


async def code_file(code_id: str, now: datetime) -> contract.CodeFile:
    """One code with its newest uses. Raises ApiError `not_found`."""
    row = await _code(code_id)
    uses = await CodeUse.filter(code_id=row.id).order_by("-used_at", "-id").limit(USES_SHOWN).select_related("account")
    used = await _used([row.id])
    return contract.CodeFile(
        code=_shown(row, used.get(row.id, 0), now),
        uses=[
            contract.CodeUseRecord(
                account_id=use.account_id,
                email=use.account.email,
                used_at=timestamp(use.used_at),
                percent=use.percent,
                spent_at=None if use.spent_at is None else timestamp(use.spent_at),
            )
            for use in uses
        ],
    )


async def find(text: str, now: datetime) -> contract.CodeFile:
    """By what a player typed. Raises ApiError `not_found`."""
    row = await Code.get_or_none(code_hash=code_hash(plain_code(text)))
    if row is None:
        raise ApiError(ErrorCode.NOT_FOUND, "there is no such code")
    return await code_file(row.id, now)


async def stop(actor: Actor, code_id: str, request: contract.StopCodesRequest, now: datetime) -> contract.CodesStopped:
    """From now on nobody uses it. What it gave stays. Raises ApiError `not_found`."""

    async def work() -> contract.CodesStopped:
        row = await _code(code_id)
        is_batch = request.batch and bool(row.batch)
        meant = Code.filter(batch=row.batch) if is_batch else Code.filter(id=row.id)
        stopped = await meant.filter(disabled_at=None).update(disabled_at=now)
        subject = f"code_batch:{row.batch}" if is_batch else f"code:{row.id}"
        await record(actor, "codes.stop", subject, {"stopped": stopped, "label": row.label})
        return contract.CodesStopped(dry_run=request.dry_run, stopped=stopped)

    return await do_or_try(work, dry_run=request.dry_run)


async def referrals(query: contract.ReferralQuery) -> contract.ReferralPage:
    """Who brought how many, and what came of it."""
    by_referrer = Referral.all().annotate(invited=Count("id"), paid=Count("rewarded_at")).group_by("referrer_id")
    ranked = by_referrer.order_by("-invited", "referrer_id").limit(query.limit).offset(query.offset)
    rows = await ranked.values("referrer_id", "invited", "paid")
    ids = [str(row["referrer_id"]) for row in rows]
    emails = {str(one): str(email) for one, email in await Account.filter(id__in=ids).values_list("id", "email")}
    earned = await _earned(ids)
    return contract.ReferralPage(
        referrers=[
            contract.ReferrerRow(
                account_id=one,
                email=emails.get(one, ""),
                invited=int(row["invited"]),
                paid=int(row["paid"]),
                days_earned=earned.get(one, 0),
            )
            for one, row in zip(ids, rows, strict=True)
        ],
        invited=await Referral.all().count(),
        paid=await Referral.exclude(rewarded_at=None).count(),
        total=len(await Referral.all().distinct().values_list("referrer_id", flat=True)),
        limit=query.limit,
        offset=query.offset,
    )


async def _earned(ids: list[str]) -> dict[str, int]:
    stands = SubscriptionGrant.filter(account_id__in=ids, source=REFERRAL, revoked_at=None, reference__endswith="-from")
    rows = await stands.annotate(sum=Sum("days")).group_by("account_id").values("account_id", "sum")
    return {str(row["account_id"]): int(row["sum"]) for row in rows}


async def _used(code_ids: list[str]) -> dict[str, int]:
    counted = CodeUse.filter(code_id__in=code_ids).annotate(n=Count("id")).group_by("code_id")
    return {str(row["code_id"]): int(row["n"]) for row in await counted.values("code_id", "n")}


async def _code(code_id: str) -> Code:
    row = await Code.get_or_none(id=code_id)
    if row is None:
        raise ApiError(ErrorCode.NOT_FOUND, "there is no such code")
    return row


def _in_state(state: contract.CodeState, now: datetime) -> Q:
    runs_on = Q(expires_at=None) | Q(expires_at__gt=now)
    has_uses = Q(uses_left=None) | Q(uses_left__gt=0)
    by_state = {
        "stopped": Q(disabled_at__not_isnull=True),
        "ended": Q(disabled_at=None) & Q(expires_at__lte=now),
        "used_up": Q(disabled_at=None) & runs_on & Q(uses_left__lte=0),
        "open": Q(disabled_at=None) & runs_on & has_uses,
    }
    return by_state[state]


def _state(row: Code, now: datetime) -> contract.CodeState:
    if row.disabled_at is not None:
        return "stopped"
    if row.expires_at is not None and row.expires_at <= now:
        return "ended"
    return "open" if row.uses_left is None or row.uses_left > 0 else "used_up"


def _shown(row: Code, used: int, now: datetime) -> contract.AdminCode:
    return contract.AdminCode(
        id=row.id,
        kind=row.kind,
        label=row.label,
        batch=row.batch,
        state=_state(row, now),
        percent=row.percent,
        days=row.days,
        plan=row.plan_name,
        used=used,
        uses_left=row.uses_left,
        uses_per_account=row.uses_per_account,
        created_at=timestamp(row.created_at),
        expires_at=None if row.expires_at is None else timestamp(row.expires_at),
        stopped_at=None if row.disabled_at is None else timestamp(row.disabled_at),
    )

"""Subscriptions in an operator's hands: found, shown, extended, changed, cancelled; every act in the audit log."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from plg.contract import admin_subscriptions as contract
from plg.contract.billing import SubscriptionState
from plg.contract.problem import ErrorCode
from plg_server.config import ServerConfig
from plg_server.ids import new_id, timestamp
from plg_server.models.accounts import Account
from plg_server.models.billing import BillingPlan, Cancellation, SubscriptionGrant, TrialTaken
from plg_server.models.payments import Payment
from plg_server.problems import ApiError
from plg_server.services.accounts import normal_email
from plg_server.services.audit import Actor, JsonValue, record
from plg_server.services.dry_runs import do_or_try
from plg_server.services.entitlement import Days, give, lock_account, standing, take_back, write_end
from plg_server.services.receipts import history_of
from plg_server.services.subscriptions import NEWEST_PAYMENTS, days_left, payment_record

SOURCE = "operator"

DEFAULT_SESSIONS = 2
"""What a plan allows that is in no table: an account's own from an earlier time."""

PAYMENT_SOURCE = "payment"


async def account_named(text: str) -> Account:
    """The account with this id or e-mail address. Raises ApiError `not_found`."""
    found = Account.get_or_none(email=normal_email(text)) if "@" in text else Account.get_or_none(id=text[:32])
    account = await found
    if account is None or (account.id != text and "@" not in text):
        raise ApiError(ErrorCode.NOT_FOUND, "there is no such account")
    return account


async def subscriptions(
    query: contract.SubscriptionQuery, config: ServerConfig, now: datetime
) -> contract.SubscriptionList:
    """The accounts that fit; who loses their plan first stands first, who has none last."""
    trials = await _trial_plans()
    found = _fitting(query, trials, now)
    if query.account is not None:
        found = found.filter(id=(await account_named(query.account)).id)
    total = await found.count()
    # Nulls stand first on one engine and last on the other: so each kind is asked for by itself.
    endless = found.filter(plan_expires_at=None).exclude(plan_name=None)
    kinds = (
        found.exclude(plan_expires_at=None).order_by("plan_expires_at", "id"),
        endless.order_by("email"),
        found.filter(plan_expires_at=None, plan_name=None).order_by("email"),
    )
    rows: list[Account] = []
    offset = query.offset
    for kind in kinds:
        if len(rows) < query.limit:
            rows += await kind.limit(query.limit - len(rows)).offset(offset)
            offset = max(0, offset - await kind.count())
    cancelled = await _cancelled([row.id for row in rows])
    shown = [_row(row, config, now, is_cancelled=row.id in cancelled, trials=trials) for row in rows]
    return contract.SubscriptionList(subscriptions=shown, total=total, limit=query.limit, offset=query.offset)


async def subscription_file(name: str, config: ServerConfig, now: datetime) -> contract.SubscriptionFile:
    """Everything about one account's subscription."""
    account = await account_named(name)
    payments = await Payment.filter(account_id=account.id).order_by("-paid_at", "-id").limit(NEWEST_PAYMENTS)
    return contract.SubscriptionFile(
        subscription=await _now_shown(account.id, config, now),
        trial_had=await TrialTaken.exists(account_ref=account.id),
        history=await history_of(account.id),
        payments=[payment_record(row) for row in payments],
    )


class AdminSubscriptions:
    """The acts. Every method needs an active database, and raises ApiError `not_found` for an unknown account."""

    def __init__(self, config: ServerConfig, actor: Actor, now: datetime) -> None:
        self._config = config
        self._actor = actor
        self._now = now

    async def extend(self, name: str, request: contract.ExtendRequest) -> contract.SubscriptionChange:
        """Give days. The same key again changes nothing. Raises `plan_not_found`, and `nothing_to_change` for a plan without an end."""

        async def work(account: Account) -> None:
            if account.plan_name is not None and account.plan_expires_at is None:
                raise ApiError(ErrorCode.NOTHING_TO_CHANGE, "this plan has no end: it cannot be extended")
            plan, sessions = await _plan_to_give(account, request.plan)
            reference = f"{account.id}:{request.key or new_id()}"[:80]
            if await SubscriptionGrant.exists(source=SOURCE, reference=reference):
                return
            days = Days(plan, sessions, request.days, SOURCE, reference, note=request.reason)
            await give(account.id, days, self._now)
            await self._record("extend", account, {"days": request.days, "plan": plan, "reason": request.reason})

        return await self._changed(name, work, dry_run=request.dry_run)

    async def set_plan(self, name: str, request: contract.SetPlanRequest) -> contract.SubscriptionChange:
        """Another plan for what is left, or a plan without an end. Raises `plan_not_found`, `nothing_to_change`."""

        async def work(account: Account) -> None:
            plan = await BillingPlan.get_or_none(id=request.plan[:32])
            if plan is None:
                raise await _no_plan(request.plan)
            left = [period.grant.id for period in await standing(account.id, self._now)]
            was_endless = account.plan_name is not None and account.plan_expires_at is None
            if not request.endless and not left and not was_endless:
                raise ApiError(
                    ErrorCode.NOTHING_TO_CHANGE, "no days are left that could be of another plan: extend it instead"
                )
            await SubscriptionGrant.filter(id__in=left).update(plan_name=plan.id, max_sessions=plan.max_sessions)
            if request.endless:
                await Account.filter(id=account.id).update(
                    plan_name=plan.id, plan_expires_at=None, plan_max_sessions=plan.max_sessions
                )
            else:
                await write_end(account.id, self._now, also_endless=True)
            facts: dict[str, JsonValue] = {"plan": plan.id, "endless": request.endless, "reason": request.reason}
            await self._record("set_plan", account, facts)

        return await self._changed(name, work, dry_run=request.dry_run)

    async def cancel(self, name: str, request: contract.CancelRequest) -> contract.SubscriptionChange:
        """As the account's owner would. Raises `nothing_to_cancel`."""

        async def work(account: Account) -> None:
            runs = account.plan_name is not None and (
                account.plan_expires_at is None or account.plan_expires_at > self._now
            )
            if not runs or await Cancellation.exists(account_id=account.id):
                raise ApiError(ErrorCode.NOTHING_TO_CANCEL, "there is no running plan to cancel")
            await Cancellation.create(id=new_id(), account_id=account.id, cancelled_at=self._now)
            await self._record("cancel", account, {"reason": request.reason})

        return await self._changed(name, work, dry_run=request.dry_run)

    async def take_back(self, name: str, request: contract.TakeBackRequest) -> contract.SubscriptionChange:
        """Days that were given by mistake. Raises `not_found`, and `nothing_to_change` for a payment's or for days gone already."""

        async def work(account: Account) -> None:
            grant = await SubscriptionGrant.get_or_none(id=request.grant_id[:32], account_id=account.id)
            if grant is None:
                raise ApiError(ErrorCode.NOT_FOUND, "this account was given nothing under that id")
            if grant.source == PAYMENT_SOURCE:
                raise ApiError(
                    ErrorCode.NOTHING_TO_CHANGE, "days of a payment go back with the payment: mark it as refunded"
                )
            if not await take_back(grant.source, grant.reference, "operator", self._now):
                raise ApiError(ErrorCode.NOTHING_TO_CHANGE, "these days were taken back before")
            await self._record("take_back", account, {"grant": grant.id, "days": grant.days, "reason": request.reason})

        return await self._changed(name, work, dry_run=request.dry_run)

    async def _changed(
        self, name: str, work: Callable[[Account], Awaitable[None]], *, dry_run: bool
    ) -> contract.SubscriptionChange:
        async def whole() -> contract.SubscriptionChange:
            account = await lock_account((await account_named(name)).id)
            if account is None:
                raise ApiError(ErrorCode.NOT_FOUND, "there is no such account")
            before = await _now_shown(account.id, self._config, self._now)
            await work(account)
            after = await _now_shown(account.id, self._config, self._now)
            return contract.SubscriptionChange(dry_run=dry_run, before=before, after=after)

        return await do_or_try(whole, dry_run=dry_run)

    async def _record(self, act: str, account: Account, details: dict[str, JsonValue]) -> None:
        await record(self._actor, f"subscriptions.{act}", f"account:{account.id}", details)


def _fitting(query: contract.SubscriptionQuery, trials: set[str], now: datetime) -> QuerySet[Account]:
    found = Account.all()
    if query.plan is not None:
        found = found.filter(plan_name=query.plan[:32])
    if query.ends_before is not None:
        found = found.filter(plan_expires_at__lt=query.ends_before)
    runs = Q(plan_name__not_isnull=True) & (Q(plan_expires_at=None) | Q(plan_expires_at__gt=now))
    kept = Q(cancellations__id__isnull=True)
    on_trial = Q(plan_name__in=sorted(trials))
    states: dict[str, Q] = {
        "none": Q(plan_name=None),
        "expired": Q(plan_name__not_isnull=True) & Q(plan_expires_at__lte=now),
        "cancelled": runs & Q(cancellations__id__not_isnull=True),
        "trial": runs & kept & on_trial,
        "active": runs & kept & ~on_trial,
    }
    return found if query.state is None else found.filter(states[query.state])


async def _now_shown(account_id: str, config: ServerConfig, now: datetime) -> contract.SubscriptionRow:
    account = await Account.get(id=account_id)
    cancelled = await _cancelled([account_id])
    return _row(account, config, now, is_cancelled=bool(cancelled), trials=await _trial_plans())


def _row(
    account: Account, config: ServerConfig, now: datetime, *, is_cancelled: bool, trials: set[str]
) -> contract.SubscriptionRow:
    ends_at = account.plan_expires_at
    runs = account.plan_name is not None and (ends_at is None or ends_at > now)
    if account.plan_name is None:
        state = SubscriptionState.NONE
    elif not runs:
        state = SubscriptionState.EXPIRED
    elif is_cancelled:
        state = SubscriptionState.CANCELLED
    else:
        state = SubscriptionState.TRIAL if account.plan_name in trials else SubscriptionState.ACTIVE
    return contract.SubscriptionRow(
        account_id=account.id,
        email=account.email,
        state=state,
        plan=account.plan_name,
        ends_at=None if ends_at is None else timestamp(ends_at),
        days_left=None if ends_at is None else days_left(ends_at, now),
        max_sessions=(account.plan_max_sessions or config.plan_max_sessions) if runs else 0,
        cancelled=is_cancelled,
    )


async def _cancelled(account_ids: list[str]) -> set[str]:
    rows = await Cancellation.filter(account_id__in=account_ids).values_list("account_id", flat=True)
    return {str(row) for row in rows}


async def _trial_plans() -> set[str]:
    return {str(name) for name in await BillingPlan.filter(is_trial=True).values_list("id", flat=True)}


async def _plan_to_give(account: Account, wanted: str | None) -> tuple[str, int]:
    """The plan of given days and its sessions: the one that is named, else the account's own, else the first that is sold."""
    if wanted is not None:
        plan = await BillingPlan.get_or_none(id=wanted[:32])
        if plan is None or plan.id != wanted:
            raise await _no_plan(wanted)
        return plan.id, plan.max_sessions
    if account.plan_name is not None:
        plan = await BillingPlan.get_or_none(id=account.plan_name)
        own = account.plan_max_sessions or DEFAULT_SESSIONS
        return account.plan_name, own if plan is None else plan.max_sessions
    plan = await BillingPlan.filter(withdrawn_at=None, is_trial=False).order_by("position", "id").first()
    if plan is None:
        raise ApiError(ErrorCode.PLAN_NOT_FOUND, "no plan is offered: name one")
    return plan.id, plan.max_sessions


async def _no_plan(name: str) -> ApiError:
    names = [str(one) for one in await BillingPlan.all().order_by("position", "id").values_list("id", flat=True)]
    return ApiError(ErrorCode.PLAN_NOT_FOUND, f"there is no plan '{name}'", nearest=names[:5])

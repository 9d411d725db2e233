"""What an account's subscription is, the trial, and cancelling."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from plg.contract import billing as contract
from plg.contract.problem import ErrorCode
from plg_server.config import ServerConfig
from plg_server.ids import new_id, timestamp, utc_now
from plg_server.models.accounts import Account
from plg_server.models.billing import Cancellation, TrialTaken
from plg_server.models.codes import CodeUse
from plg_server.models.payments import Payment
from plg_server.problems import ApiError
from plg_server.services.accounts import normal_email
from plg_server.services.entitlement import Days, Period, give, lock_account, standing
from plg_server.services.kept_persons import KeptPersons
from plg_server.services.money import to_text
from plg_server.services.plans import offered, trial_plan

NEWEST_PAYMENTS = 10

Clock = Callable[[], datetime]

SAME_MAIL_DOMAINS = {"googlemail.com": "gmail.com"}
"""Two names of one mail service, as its own help pages say."""


class Subscriptions:
    """Every method needs an active database."""

    def __init__(self, config: ServerConfig, clock: Clock = utc_now, kept_persons: KeptPersons | None = None) -> None:
        self._config = config
        self._kept_persons = kept_persons
        self._clock = clock

    async def describe(self, account_id: str) -> contract.Subscription:
        """The subscription as its owner sees it, read afresh."""
        account = await Account.get(id=account_id)
        now = self._clock()
        if not self._config.billing.on:
            return self._shown(account, contract.SubscriptionState.SELF_HOSTED, [], None, now)
        state, ends_at = await self._state(account, now)
        rows = await Payment.filter(account_id=account.id).order_by("-paid_at", "-id").limit(NEWEST_PAYMENTS)
        trial_left = await trial_plan() is not None and not await self._had_trial(account)
        discount = await best_discount(account.id)
        return self._shown(
            account,
            state,
            [payment_record(row) for row in rows],
            ends_at,
            now,
            trial_available=trial_left,
            discount_percent=discount.percent if discount else 0,
        )

    async def start_trial(self, account_id: str) -> contract.Subscription:
        """The days for nothing, once for each person and account. Raises ApiError `billing_off`, `trial_used`, `plan_not_found`."""
        self.refuse_when_off()
        plan = await trial_plan()
        if plan is None:
            raise ApiError(ErrorCode.PLAN_NOT_FOUND, "this server offers no trial")
        now = self._clock()
        account = await Account.get(id=account_id)
        days = Days(plan.id, plan.max_sessions, plan.days, "trial", account.id)
        try:
            async with in_transaction():
                # Both the person and the account are unique: of many callers at once one gets past this line.
                await TrialTaken.create(id=person_key(account.email), account_ref=account.id, taken_at=now)
                # After that line, which waits for an account of the same person that is being deleted.
                if await self._had_trial_before_deleting(account):
                    raise _trial_used()
                await give(account.id, days, now)
        except IntegrityError:
            raise _trial_used() from None
        return await self.describe(account_id)

    async def cancel(self, account_id: str) -> contract.Subscription:
        """No more reminders and offers; what was paid works to its end. Raises ApiError `billing_off`, `nothing_to_cancel`."""
        self.refuse_when_off()
        now = self._clock()
        async with in_transaction():
            account = await lock_account(account_id)
            if account is None or not _has_plan(account, now):
                raise ApiError(ErrorCode.NOTHING_TO_CANCEL, "there is no running plan to cancel")
            if not await Cancellation.exists(account_id=account_id):
                await Cancellation.create(id=new_id(), account_id=account_id, cancelled_at=now)
        return await self.describe(account_id)

    async def payments(self, account_id: str, limit: int, offset: int) -> contract.PaymentPage:
        """The account's payments, newest first."""
        mine = Payment.filter(account_id=account_id)
        rows = await mine.order_by("-paid_at", "-id").limit(limit).offset(offset)
        return contract.PaymentPage(
            payments=[payment_record(row) for row in rows], total=await mine.count(), limit=limit, offset=offset
        )

    async def offers(self) -> list[contract.PlanOffer]:
        """The plans, or nothing while billing is off."""
        return await offered() if self._config.billing.on else []

    def refuse_when_off(self) -> None:
        """Raises ApiError `billing_off`."""
        if not self._config.billing.on:
            raise ApiError(ErrorCode.BILLING_OFF, "nothing is sold on this server: everybody may play")

    async def _had_trial(self, account: Account) -> bool:
        return (
            await TrialTaken.exists(id=person_key(account.email))
            or await TrialTaken.exists(account_ref=account.id)
            or await self._had_trial_before_deleting(account)
        )

    async def _had_trial_before_deleting(self, account: Account) -> bool:
        kept = self._kept_persons
        return kept is not None and await kept.had_trial(person_key(account.email))

    async def _state(self, account: Account, now: datetime) -> tuple[contract.SubscriptionState, datetime | None]:
        if account.plan_name is None:
            return contract.SubscriptionState.NONE, None
        if not _has_plan(account, now):
            return contract.SubscriptionState.EXPIRED, account.plan_expires_at
        if await Cancellation.exists(account_id=account.id):
            return contract.SubscriptionState.CANCELLED, account.plan_expires_at
        left: list[Period] = await standing(account.id, now)
        only_trial = bool(left) and all(period.grant.source == "trial" for period in left)
        state = contract.SubscriptionState.TRIAL if only_trial else contract.SubscriptionState.ACTIVE
        return state, account.plan_expires_at

    def _shown(
        self,
        account: Account,
        state: contract.SubscriptionState,
        payments: list[contract.PaymentRecord],
        ends_at: datetime | None,
        now: datetime,
        *,
        trial_available: bool = False,
        discount_percent: int = 0,
    ) -> contract.Subscription:
        off = state is contract.SubscriptionState.SELF_HOSTED
        runs = off or _has_plan(account, now)
        own = account.plan_max_sessions or self._config.plan_max_sessions
        return contract.Subscription(
            billing=not off,
            state=state,
            plan=self._config.plan_name if off else account.plan_name,
            ends_at=None if ends_at is None else timestamp(ends_at),
            days_left=None if ends_at is None else days_left(ends_at, now),
            max_sessions=(self._config.plan_max_sessions if off else own) if runs else 0,
            trial_available=trial_available,
            discount_percent=discount_percent,
            payments=payments,
        )


def _has_plan(account: Account, now: datetime) -> bool:
    return account.plan_name is not None and (account.plan_expires_at is None or account.plan_expires_at > now)


def _trial_used() -> ApiError:
    return ApiError(ErrorCode.TRIAL_USED, "the trial was had before; the plans are at /v1/plans")


async def best_discount(account_id: str) -> CodeUse | None:
    """The largest percentage that waits for this account's next payment."""
    waiting = CodeUse.filter(account_id=account_id, percent__gt=0, spent_at=None)
    return await waiting.order_by("-percent", "used_at").first()


def days_left(ends_at: datetime, now: datetime) -> int:
    """Whole days to the end, a day that has begun counting as one; 0 when it is over."""
    seconds = (ends_at - now).total_seconds()
    return max(0, int(-(-seconds // 86_400)))


def person_key(email: str) -> str:
    """One key for one mailbox, however it is written: case, dots and what stands after a plus do not count.

    Few services ignore dots, so two people may now and then share a key; the price is one trial, and the other way round
    would be trials without end. A hash, because it is kept when the account is deleted.
    """
    local, _, domain = normal_email(email).rpartition("@")
    plain = local.partition("+")[0].replace(".", "") or local
    mailbox = f"{plain}@{SAME_MAIL_DOMAINS.get(domain, domain)}"
    return hashlib.sha256(f"plg trial {mailbox}".encode()).hexdigest()


def payment_record(row: Payment) -> contract.PaymentRecord:
    """A payment as its payer sees it."""
    return contract.PaymentRecord(
        id=row.id,
        provider=row.provider,
        receipt=row.external_id,
        state=contract.PaymentState(row.state),
        plan=row.plan_name,
        days=row.days,
        currency=row.currency,
        amount=to_text(row.amount_minor),
        paid_at=timestamp(row.paid_at),
    )

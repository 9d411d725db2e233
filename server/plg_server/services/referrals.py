"""Who brought whom. Both get bonus days when the one who was brought has paid for the first time."""

import secrets
from datetime import datetime

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from plg.contract import billing as contract
from plg.contract.problem import ErrorCode
from plg_server.ids import new_id
from plg_server.models.accounts import Account
from plg_server.models.billing import SubscriptionGrant
from plg_server.models.codes import Referral, ReferralCode
from plg_server.problems import ApiError
from plg_server.services.entitlement import Days, give, lock_account, take_back
from plg_server.services.subscriptions import person_key

BONUS_DAYS = 7
"""For each of the two: as long as the trial, and far less than what was paid for."""

SOURCE = "referral"

CODE_BYTES = 5
"""40 bits, in ten hex digits after the R: short enough to say aloud, and guessing one only gives its owner days."""

REFERRAL_CHARS = 1 + 2 * CODE_BYTES


async def referral_report(account_id: str, now: datetime) -> contract.ReferralReport:
    """The account's own code, made when it is first asked for, and what came of it."""
    code = await _own_code(account_id, now)
    brought = Referral.filter(referrer_id=account_id)
    grants = await SubscriptionGrant.filter(account_id=account_id, source=SOURCE, revoked_at=None)
    return contract.ReferralReport(
        code=code,
        bonus_days=BONUS_DAYS,
        invited=await brought.count(),
        paid=await brought.exclude(rewarded_at=None).count(),
        days_earned=sum(grant.days for grant in grants if grant.reference.endswith("-from")),
    )


async def _own_code(account_id: str, now: datetime) -> str:
    row = await ReferralCode.get_or_none(account_id=account_id)
    if row is None:
        text = "R" + secrets.token_hex(CODE_BYTES).upper()
        try:
            row = await ReferralCode.create(id=new_id(), account_id=account_id, code=text, created_at=now)
        except IntegrityError:
            row = await ReferralCode.get(account_id=account_id)  # another request of the same account was first
    return row.code


async def redeem_referral(account_id: str, plain: str, now: datetime) -> bool:
    """Remember who brought this account. False when the code is nobody's.

    Raises ApiError `code_used` (brought before), or `code_refused` (their own code, their own second account, the other way round, or
    they have paid already).
    """
    if len(plain) != REFERRAL_CHARS:
        return False  # the database would refuse to compare a longer one
    code = await ReferralCode.get_or_none(code=plain).select_related("account")
    if code is None:
        return False
    account = await Account.get(id=account_id)
    referrer_id = code.account_id
    async with in_transaction():
        for one in sorted((account_id, referrer_id)):  # one order for all, so that no two wait for each other
            await lock_account(one)
        if await Referral.exists(account_id=account_id):
            raise ApiError(ErrorCode.CODE_USED, "this account was brought by somebody already")
        is_own = person_key(account.email) == person_key(code.account.email)
        goes_round = await Referral.exists(account_id=referrer_id, referrer_id=account_id)
        has_paid = await SubscriptionGrant.exists(account_id=account_id, source="payment")
        if is_own or goes_round or has_paid:
            raise ApiError(ErrorCode.CODE_REFUSED, "a referral code is for somebody else, and before the first payment")
        await Referral.create(id=new_id(), account_id=account_id, referrer_id=referrer_id, created_at=now)
    return True


async def referrer_of(account_id: str) -> str | None:
    """Who is waiting for this account's first payment."""
    referral = await Referral.get_or_none(account_id=account_id, rewarded_at=None)
    return None if referral is None else referral.referrer_id


async def reward(account_id: str, days: Days, now: datetime) -> None:
    """Inside the transaction of a payment: bonus days to both, once, after the first one."""
    won = await Referral.filter(account_id=account_id, rewarded_at=None).update(rewarded_at=now, bonus_days=BONUS_DAYS)
    if not won:
        return
    referral = await Referral.get(account_id=account_id)
    for one, end in ((referral.account_id, "to"), (referral.referrer_id, "from")):
        bonus = Days(days.plan_name, days.max_sessions, BONUS_DAYS, SOURCE, f"{referral.id}-{end}")
        await give(one, bonus, now)


async def take_reward_back(account_id: str, because: str, now: datetime) -> None:
    """Inside the transaction of a refund: without the payment there is no bonus. It is not earned a second time."""
    referral = await Referral.get_or_none(account_id=account_id)
    if referral is not None:
        for end in ("to", "from"):
            await take_back(SOURCE, f"{referral.id}-{end}", because, now)

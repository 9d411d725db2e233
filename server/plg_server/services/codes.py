"""Promo and gift codes: made by an operator, used by players, never more often than they allow.

Only a SHA-256 is kept. A gift code has 80 random bits, which no table of hashes covers, so a copied database gives no days
away; and since the database compares hashes, how long a wrong guess takes says nothing about the right code.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from tortoise.expressions import F, Q
from tortoise.transactions import in_transaction

from plg.contract import billing as contract
from plg.contract.problem import ErrorCode
from plg_server.ids import new_id, utc_now
from plg_server.models.billing import BillingPlan
from plg_server.models.codes import Code, CodeUse
from plg_server.problems import ApiError
from plg_server.services.entitlement import Days, give, lock_account
from plg_server.services.referrals import redeem_referral
from plg_server.services.subscriptions import Clock, Subscriptions
from plg_server.store import Store

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter that looks like a digit."""

GIFT_CHARS = 16
"""80 bits: nobody meets one by guessing."""

WRONG_A_DAY = 30
"""Wrong codes of one account before it has to wait: a person mistypes a few, and a word list needs thousands."""

WRONG_WINDOW_S = 86_400.0

ROWS_AT_ONCE = 50
"""Databases bound how many values one statement may have."""

DEFAULT_SESSIONS = 2
"""What a code's days allow when its plan is not in the table any more."""


@dataclass(frozen=True)
class NewCode:
    """A code as an operator asks for it. `text` empty means a random one; `uses` None is without a limit."""

    kind: str
    label: str = ""
    text: str = ""
    percent: int = 0
    days: int = 0
    plan_name: str = "monthly"
    uses: int | None = 1
    uses_per_account: int = 1
    expires_at: datetime | None = None


class Codes:
    """Every method needs an active database."""

    def __init__(self, subscriptions: Subscriptions, store: Store, clock: Clock = utc_now) -> None:
        self._subscriptions = subscriptions
        self._store = store
        self._clock = clock

    async def redeem(self, account_id: str, text: str) -> contract.Redeemed:
        """Use a promo, gift or referral code.

        Raises ApiError `billing_off`, `code_refused` (unknown, ended or used up: one text for all), `code_used`, or `rate_limited`
        after too many wrong ones.
        """
        self._subscriptions.refuse_when_off()
        wrong_key = f"wrong_codes:{account_id}"
        if int(await self._store.get(wrong_key) or 0) >= WRONG_A_DAY:
            raise ApiError(
                ErrorCode.RATE_LIMITED, "too many wrong codes; try again tomorrow", retry_after_s=WRONG_WINDOW_S
            )
        try:
            kind, days, percent = await self._use(account_id, plain_code(text))
        except ApiError as refusal:
            if refusal.code is ErrorCode.CODE_REFUSED:
                await self._store.incr(wrong_key, WRONG_WINDOW_S)
            raise
        return contract.Redeemed(
            kind=kind,
            days=days,
            discount_percent=percent,
            subscription=await self._subscriptions.describe(account_id),
        )

    async def _use(self, account_id: str, plain: str) -> tuple[str, int, int]:
        now = self._clock()
        code = await Code.get_or_none(code_hash=code_hash(plain))
        if code is None:
            if await redeem_referral(account_id, plain, now):
                return "referral", 0, 0
            raise _refused()
        async with in_transaction():
            # First statement is the write: of a hundred callers for one use one changes the row, the others see none left.
            won = await Code.filter(
                Q(uses_left=None) | Q(uses_left__gt=0),
                Q(expires_at=None) | Q(expires_at__gt=now),
                id=code.id,
                disabled_at=None,
            ).update(uses_left=F("uses_left") - 1)
            await lock_account(account_id)
            mine = await CodeUse.filter(code_id=code.id, account_id=account_id).count()
            if mine >= code.uses_per_account:
                raise ApiError(ErrorCode.CODE_USED, "this account has used that code already")
            if not won:
                raise _refused()
            use = await CodeUse.create(
                id=new_id(), code_id=code.id, account_id=account_id, percent=code.percent, used_at=now
            )
            if code.days:
                plan = await BillingPlan.get_or_none(id=code.plan_name)
                sessions = DEFAULT_SESSIONS if plan is None else plan.max_sessions
                await give(account_id, Days(code.plan_name, sessions, code.days, code.kind, use.id), now)
        return code.kind, code.days, code.percent


async def make_code(wish: NewCode, now: datetime) -> str:
    """Keep a new code and give its text, which cannot be shown again. Raises ValueError for a code that cannot be."""
    return (await make_codes(wish, 1, "", now))[0]


async def make_codes(wish: NewCode, count: int, batch: str, now: datetime) -> list[str]:
    """Keep so many new codes as one batch, and give their texts, which cannot be shown again.

    Raises ValueError for codes that cannot be. A text of one's own is for one code.
    """
    texts = [wish.text] if wish.text else [_grouped(random_text(GIFT_CHARS)) for _ in range(count)]
    for text in texts:
        _check(wish, plain_code(text))
    hashes = [code_hash(plain_code(text)) for text in texts]
    if await Code.exists(code_hash__in=hashes):
        raise ValueError("this code exists already")
    rows = [
        Code(
            id=new_id(),
            code_hash=hashed,
            kind=wish.kind,
            label=wish.label[:64],
            percent=wish.percent,
            days=wish.days,
            plan_name=wish.plan_name,
            uses_left=wish.uses,
            uses_per_account=wish.uses_per_account,
            created_at=now,
            expires_at=wish.expires_at,
            batch=batch,
        )
        for hashed in hashes
    ]
    await Code.bulk_create(rows, batch_size=ROWS_AT_ONCE)
    return texts


def _check(wish: NewCode, plain: str) -> None:
    if wish.kind not in ("promo", "gift"):
        raise ValueError("a code is promo or gift")
    if not 4 <= len(plain) <= 60 or not plain.isascii() or not plain.isalnum():
        raise ValueError("a code has 4 to 60 letters and digits")
    if not 0 <= wish.percent <= 99 or not 0 <= wish.days <= 3660 or not (wish.percent or wish.days):
        raise ValueError("a code gives 1 to 99 percent, or 1 to 3660 days, or both")
    if (wish.uses is not None and wish.uses < 1) or wish.uses_per_account < 1:
        raise ValueError("a code has at least one use")


def random_text(length: int) -> str:
    """So many random characters, 5 bits each."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def plain_code(text: str) -> str:
    """A code as it is compared: capitals without hyphens."""
    return text.upper().replace("-", "")


def code_hash(plain: str) -> str:
    """What is kept of a code."""
    return hashlib.sha256(f"plg code {plain}".encode()).hexdigest()


def _grouped(text: str) -> str:
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _refused() -> ApiError:
    return ApiError(ErrorCode.CODE_REFUSED, "there is no such code, or it has ended or was used up")

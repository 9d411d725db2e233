"""The first admin: made by a one-time token that a server without any admin says when it starts."""

import secrets
from datetime import datetime, timedelta

from tortoise.transactions import in_transaction

from plg.contract.admin_stats import Claimed
from plg.contract.problem import ErrorCode
from plg_server.models.accounts import Account
from plg_server.models.audit import AdminClaim
from plg_server.problems import ApiError
from plg_server.services.audit import Actor, record
from plg_server.services.tokens import token_hash

CLAIM_LIFETIME = timedelta(hours=24)
"""It stands in a log, so it does not last; the next start says another one."""

TOKEN_BYTES = 24


async def has_admin() -> bool:
    """Whether anybody can sign in as an admin."""
    return await Account.exists(role="admin", banned_at=None)


async def offer_claim(now: datetime) -> str | None:
    """A token with which an account becomes the first admin, or None when there is one. Only its hash is kept.

    Each start has a token of its own, since nobody can say an old one again; the first that is used ends all of them.
    """
    if await has_admin():
        return None
    token = secrets.token_urlsafe(TOKEN_BYTES)
    async with in_transaction():
        await AdminClaim.filter(expires_at__lte=now).delete()
        await AdminClaim.create(token_hash=token_hash(token), created_at=now, expires_at=now + CLAIM_LIFETIME)
    return token


async def refuse_wrong_token(token: str, now: datetime) -> None:
    """Raises ApiError `claim_refused` for a token that `claim` would refuse now: before an account is made for its sake."""
    is_live = await AdminClaim.exists(token_hash=token_hash(token), used_at=None, expires_at__gt=now)
    if not is_live or await has_admin():
        raise _refused()


async def claim(actor: Actor, token: str, now: datetime) -> Claimed:
    """Make the caller's account an admin. Raises ApiError `claim_refused`: wrong, used or expired, or there is an admin already."""
    hashed = token_hash(token)
    async with in_transaction():
        # All tokens are locked, always in one order: of two callers with two tokens the second finds them used.
        live = await AdminClaim.filter(used_at=None, expires_at__gt=now).order_by("token_hash").select_for_update()
        if hashed not in {row.token_hash for row in live} or await has_admin():
            raise _refused()
        await AdminClaim.filter(used_at=None).update(used_at=now)
        await Account.filter(id=actor.account_id).update(role="admin")
        await record(actor, "admin.claim", f"account:{actor.account_id}", {"from": actor.role, "to": "admin"})
        account = await Account.get(id=actor.account_id)
    return Claimed(account_id=account.id, email=account.email, role=account.role)


def _refused() -> ApiError:
    return ApiError(ErrorCode.CLAIM_REFUSED, "this token is wrong, used or too old, or the server has an admin already")

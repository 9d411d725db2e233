"""API tokens: made by a person who is signed in, used by scripts, and good for no more than their scopes say."""

import secrets
from datetime import datetime, timedelta

from tortoise.expressions import Q
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from plg.contract import api_tokens as contract
from plg.contract.problem import ErrorCode
from plg_server.ids import new_id, timestamp
from plg_server.models.account_safety import ApiToken
from plg_server.models.accounts import Account
from plg_server.problems import ApiError
from plg_server.services.entitlement import lock_account
from plg_server.services.tokens import token_hash

SECRET_BYTES = 32
"""256 bits: nothing to guess, so a plain SHA-256 is kept."""

SHOWN_CHARS = len(contract.TOKEN_PREFIX) + 6
"""Of the token in lists: enough to tell one's own apart."""

TOKENS_LIMIT = 50
"""For each account: more than anybody looks after."""

USE_NOTED_EVERY = timedelta(minutes=5)
"""How exact `last_used_at` is: a script that calls ten times a second does not write ten times a second."""

OPERATOR_ROLES = frozenset({"support", "admin"})
OPERATOR_SCOPES = frozenset({contract.Scope.ADMIN_READ, contract.Scope.ADMIN_WRITE})


async def create(account: Account, request: contract.CreateTokenRequest, now: datetime) -> contract.CreatedToken:
    """A new token, shown this once. Raises ApiError `forbidden` for scopes of operators, `too_many_tokens`, `invalid_body`."""
    if OPERATOR_SCOPES & set(request.scopes) and account.role not in OPERATOR_ROLES:
        raise ApiError(ErrorCode.FORBIDDEN, "the scopes admin_read and admin_write are for operators")
    if not request.name.isprintable():
        raise ApiError(ErrorCode.INVALID_BODY, "name must not hold invisible characters")
    token = contract.TOKEN_PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    ends_at = None if request.expires_in_days is None else now + timedelta(days=request.expires_in_days)
    async with in_transaction():
        await lock_account(account.id)
        if await _mine(account.id).count() >= TOKENS_LIMIT:
            raise ApiError(ErrorCode.TOO_MANY_TOKENS, f"you have {TOKENS_LIMIT} tokens already; revoke one first")
        row = await ApiToken.create(
            id=new_id(),
            account_id=account.id,
            name=request.name,
            prefix=token[:SHOWN_CHARS],
            token_hash=token_hash(token),
            scopes=" ".join(scope for scope in contract.Scope if scope in request.scopes),
            created_at=now,
            expires_at=ends_at,
        )
    return contract.CreatedToken(token=token, api_token=described(row))


async def tokens(account_id: str, limit: int, offset: int) -> contract.ApiTokenList:
    """Those that were not revoked, newest first; one that has expired is still shown, to say why a script failed."""
    rows = await _mine(account_id).order_by("-created_at", "-id").limit(limit).offset(offset)
    return contract.ApiTokenList(
        tokens=[described(row) for row in rows], total=await _mine(account_id).count(), limit=limit, offset=offset
    )


async def revoke(account_id: str, token_id: str, now: datetime) -> None:
    """End a token at once. Raises ApiError `not_found`, also for another account's."""
    if not await _mine(account_id).filter(id=token_id).update(revoked_at=now):
        raise ApiError(ErrorCode.NOT_FOUND, f"you have no token '{token_id}'")


async def find(token: str, now: datetime) -> ApiToken:
    """The token with its account. Raises ApiError `token_invalid` or `token_expired`."""
    row = await ApiToken.get_or_none(token_hash=token_hash(token), revoked_at=None).select_related("account")
    if row is None:
        raise ApiError(ErrorCode.TOKEN_INVALID, "this API token does not exist, or was revoked")
    if row.expires_at is not None and row.expires_at <= now:
        raise ApiError(ErrorCode.TOKEN_EXPIRED, "this API token has expired; make another one")
    stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_NOTED_EVERY)
    if row.last_used_at is None or row.last_used_at <= now - USE_NOTED_EVERY:
        await ApiToken.filter(stale, id=row.id).update(last_used_at=now)
    return row


def described(row: ApiToken) -> contract.ApiToken:
    """A token as its owner sees it."""
    return contract.ApiToken(
        id=row.id,
        name=row.name,
        prefix=row.prefix,
        scopes=row.scopes.split(),
        created_at=timestamp(row.created_at),
        expires_at=None if row.expires_at is None else timestamp(row.expires_at),
        last_used_at=None if row.last_used_at is None else timestamp(row.last_used_at),
    )


def _mine(account_id: str) -> QuerySet[ApiToken]:
    return ApiToken.filter(account_id=account_id, revoked_at=None)

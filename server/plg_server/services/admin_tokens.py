"""Tokens as operators look after them: with which relays enrol, and every account's API tokens. Found, looked at, revoked.

Only hashes of tokens are kept, so nothing here can show one. A relay's token has no id of its own: the beginning of its hash
names it, which tells nothing about 256 random bits.
"""

from collections.abc import Sequence
from datetime import datetime

from tortoise.expressions import Q
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from plg.contract import admin_tokens as contract
from plg.contract.problem import ErrorCode
from plg_server.ids import timestamp
from plg_server.models.account_safety import ApiToken
from plg_server.models.nodes import EnrolmentToken, Node
from plg_server.problems import ApiError
from plg_server.services.admin_sessions import of_account
from plg_server.services.api_tokens import OPERATOR_ROLES
from plg_server.services.audit import Actor, JsonValue, record

ID_CHARS = 16
"""Of a relay token's hash: as long as every other id (64 bits)."""

STILL_GOOD = frozenset({"pending", "active"})
"""States in which a token opens something, so that revoking it changes something."""

Row = EnrolmentToken | ApiToken


async def token_page(query: contract.AdminTokensQuery, now: datetime) -> contract.AdminTokenPage:
    """Tokens that fit: relays' tokens, then API tokens, each newest first."""
    relays, scripts = _enrolments(query, now), await _api_tokens(query, now)
    relays_total = await relays.count()
    rows: list[Row] = [*await relays.order_by("-created_at", "-token_hash").limit(query.limit).offset(query.offset)]
    if len(rows) < query.limit:
        rest = scripts.order_by("-created_at", "-id").limit(query.limit - len(rows))
        rows += await rest.offset(max(0, query.offset - relays_total)).select_related("account")
    return contract.AdminTokenPage(
        tokens=await _views(rows, now),
        total=relays_total + await scripts.count(),
        limit=query.limit,
        offset=query.offset,
    )


async def show_token(token_id: str, now: datetime) -> contract.AdminToken:
    """One token. Raises ApiError `not_found`."""
    return await _view(await _found(token_id), now)


async def revoke_token(
    actor: Actor, token_id: str, request: contract.RevokeTokenRequest, now: datetime
) -> contract.RevokedToken:
    """From now on it opens nothing. Raises ApiError `not_found`.

    What opened nothing before (used up, expired, revoked) stays as it is: `changed` is false then. Of a relay that enrols
    at the same moment and this, the first wins.
    """
    row = await _found(token_id)
    view = await _view(row, now)
    changed = view.state in STILL_GOOD
    if changed and not request.dry_run:
        async with in_transaction():
            changed = await _ended(row, now)
            if changed:
                # An entry outlives the account, so it holds no name that a player gave.
                about: dict[str, JsonValue] = (
                    {"name": row.name}
                    if isinstance(row, EnrolmentToken)
                    else {"account": row.account_id, "scopes": row.scopes.split()}
                )
                details: dict[str, JsonValue] = {"kind": view.kind, **about, "reason": request.reason}
                await record(actor, "tokens.revoke", f"token:{token_id}", details)
        view = await show_token(token_id, now)
    return contract.RevokedToken(token=view, dry_run=request.dry_run, changed=changed)


async def _ended(row: Row, now: datetime) -> bool:
    """Whether this request was the one that ended it."""
    if isinstance(row, ApiToken):
        good = Q(expires_at=None) | Q(expires_at__gt=now)
        return bool(await ApiToken.filter(good, id=row.id, revoked_at=None).update(revoked_at=now))
    pending = EnrolmentToken.filter(token_hash=row.token_hash, used_at=None, revoked_at=None, expires_at__gt=now)
    # It ends too: replicas of the version before know of nothing else that refuses it.
    return bool(await pending.update(revoked_at=now, expires_at=now))


def _enrolments(query: contract.AdminTokensQuery, now: datetime) -> QuerySet[EnrolmentToken]:
    rows = EnrolmentToken.all()
    if query.account is not None or query.kind not in (None, "relay"):
        return rows.filter(token_hash="")
    match query.state:
        case None:
            return rows
        case "used":
            return rows.filter(used_at__not_isnull=True)
        case "revoked":
            return rows.filter(used_at=None, revoked_at__not_isnull=True)
        case "expired":
            return rows.filter(used_at=None, revoked_at=None, expires_at__lte=now)
        case "pending":
            return rows.filter(used_at=None, revoked_at=None, expires_at__gt=now)
    return rows.filter(token_hash="")


async def _api_tokens(query: contract.AdminTokensQuery, now: datetime) -> QuerySet[ApiToken]:
    rows = await of_account(ApiToken.all(), query.account)
    if query.kind is not None:
        operators = Q(account__role__in=sorted(OPERATOR_ROLES))
        rows = {"operator": rows.filter(operators), "player": rows.filter(~operators)}.get(
            query.kind, rows.filter(id="")
        )
    match query.state:
        case None:
            return rows
        case "revoked":
            return rows.filter(revoked_at__not_isnull=True)
        case "expired":
            return rows.filter(revoked_at=None, expires_at__lte=now)
        case "active":
            return rows.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)
    return rows.filter(id="")


async def _found(token_id: str) -> Row:
    found: Row | None = await ApiToken.get_or_none(id=token_id).select_related("account")
    if found is None and len(token_id) == ID_CHARS:
        found = await EnrolmentToken.filter(token_hash__startswith=token_id).first()
    if found is None:
        raise ApiError(ErrorCode.NOT_FOUND, f"there is no token '{token_id}'")
    return found


async def _view(row: Row, now: datetime) -> contract.AdminToken:
    return (await _views([row], now))[0]


async def _views(rows: Sequence[Row], now: datetime) -> list[contract.AdminToken]:
    came_with = {row.node_id for row in rows if isinstance(row, EnrolmentToken) and row.node_id is not None}
    nodes = await Node.filter(id__in=sorted(came_with)).values_list("id", "name") if came_with else []
    names = {str(node_id): str(name) for node_id, name in nodes}
    return [_api_token(row, now) if isinstance(row, ApiToken) else _enrolment(row, names, now) for row in rows]


def _enrolment(row: EnrolmentToken, node_names: dict[str, str], now: datetime) -> contract.AdminToken:
    state: contract.TokenState = "pending" if row.expires_at > now else "expired"
    if row.revoked_at is not None:
        state = "revoked"
    if row.used_at is not None:
        state = "used"
    return contract.AdminToken(
        id=row.token_hash[:ID_CHARS],
        kind="relay",
        state=state,
        name=row.name,
        prefix=None,
        scopes=[],
        account_id=None,
        email=None,
        node_id=row.node_id,
        node_name=None if row.node_id is None else node_names.get(row.node_id),
        created_at=timestamp(row.created_at),
        expires_at=timestamp(row.expires_at),
        last_used_at=_maybe(row.used_at),
        revoked_at=_maybe(row.revoked_at),
    )


def _api_token(row: ApiToken, now: datetime) -> contract.AdminToken:
    state: contract.TokenState = "expired" if row.expires_at is not None and row.expires_at <= now else "active"
    if row.revoked_at is not None:
        state = "revoked"
    return contract.AdminToken(
        id=row.id,
        kind="operator" if row.account.role in OPERATOR_ROLES else "player",
        state=state,
        name=row.name,
        prefix=row.prefix,
        scopes=row.scopes.split(),
        account_id=row.account_id,
        email=row.account.email,
        node_id=None,
        node_name=None,
        created_at=timestamp(row.created_at),
        expires_at=_maybe(row.expires_at),
        last_used_at=_maybe(row.last_used_at),
        revoked_at=_maybe(row.revoked_at),
    )


def _maybe(moment: datetime | None) -> str | None:
    return None if moment is None else timestamp(moment)

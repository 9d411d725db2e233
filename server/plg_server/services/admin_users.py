"""Accounts as operators see them: search, filters, and one account with what belongs to it."""

from datetime import datetime

from tortoise.expressions import Q

from plg.contract import admin_users as contract
from plg.contract.accounts import Totals
from plg.contract.problem import ErrorCode
from plg_server.ids import as_id, timestamp, utc_now
from plg_server.models.account_safety import ApiToken, SecondFactor
from plg_server.models.accounts import Account, SignIn
from plg_server.models.payments import Payment
from plg_server.models.sessions import Session
from plg_server.problems import ApiError
from plg_server.services.account_deletion import DELETED_ROLE
from plg_server.services.accounts import AccountService, normal_email
from plg_server.services.session_records import record_of

NEWEST_SESSIONS = 10
NEWEST_SIGN_INS = 20

WITHOUT_PLAN = "none"

_COLUMNS = {
    "created": "created_at",
    "email": "email",
    "name": "display_name",
    "plan_ends": "plan_expires_at",
    "sessions": "total_sessions",
    "seconds": "total_seconds",
}


class AdminUsers:
    """Every method needs an active database."""

    def __init__(self, accounts: AccountService) -> None:
        self._accounts = accounts

    async def find(self, query: contract.UserQuery, now: datetime) -> contract.UserPage:
        """A page of the accounts that fit; `now` decides which plans run."""
        found = Account.filter(*_conditions(query, now))
        descending = "-" if query.sort.startswith("-") else ""
        order = (descending + _COLUMNS[query.sort.removeprefix("-")], f"{descending}id")
        rows = await found.order_by(*order).limit(query.limit).offset(query.offset)
        return contract.UserPage(
            users=[self.shown(row) for row in rows],
            total=await found.count(),
            limit=query.limit,
            offset=query.offset,
        )

    async def show(self, user_id: str) -> contract.UserDetail:
        """One account. Raises ApiError `user_not_found`."""
        account = await Account.get_or_none(id=user_id)
        if account is None:
            raise unknown_user(user_id)
        now = utc_now()
        sessions = Session.filter(account_id=user_id)
        newest = await sessions.order_by("-started_at", "-id").limit(NEWEST_SESSIONS).select_related("node")
        sign_ins = await SignIn.filter(account_id=user_id).order_by("-created_at", "-id").limit(NEWEST_SIGN_INS)
        return contract.UserDetail(
            user=self.shown(account),
            second_factor=await SecondFactor.exists(account_id=user_id, confirmed_at__not_isnull=True),
            api_tokens=await ApiToken.filter(account_id=user_id, revoked_at=None).count(),
            payments=await Payment.filter(account_id=user_id).count(),
            sessions_now=await sessions.filter(ended_at=None, expires_at__gt=now).count(),
            sign_ins=[_sign_in(row) for row in sign_ins],
            sessions=[record_of(row, now) for row in newest],
        )

    def shown(self, account: Account) -> contract.User:
        """An account in a list."""
        return contract.User(
            id=account.id,
            email=account.email,
            display_name=account.display_name,
            role=contract.Role(account.role),
            created_at=timestamp(account.created_at),
            banned_at=None if account.banned_at is None else timestamp(account.banned_at),
            ban_reason=account.ban_reason,
            plan=self._accounts.plan_of(account),
            totals=Totals(
                sessions=account.total_sessions,
                seconds=account.total_seconds,
                packets=account.total_packets,
                bytes=account.total_bytes,
            ),
        )


def unknown_user(user_id: str) -> ApiError:
    """The refusal of an id that is no account's."""
    return ApiError(ErrorCode.USER_NOT_FOUND, f"there is no account '{user_id}'")


def _conditions(query: contract.UserQuery, now: datetime) -> list[Q]:
    conditions = []
    if query.query is not None:
        text = query.query
        conditions.append(Q(email__contains=normal_email(text)) | Q(display_name__icontains=text) | Q(id=as_id(text)))
    if query.email is not None:
        conditions.append(Q(email=normal_email(query.email)))
    if query.role is not None:
        conditions.append(Q(role=query.role.value))
    else:
        conditions.append(~Q(role=DELETED_ROLE))
    if query.banned is not None:
        conditions.append(Q(banned_at__isnull=not query.banned))
    if query.plan == WITHOUT_PLAN:
        conditions.append(Q(plan_name__isnull=True) | Q(plan_expires_at__lte=now))
    elif query.plan is not None:
        conditions.append(Q(plan_name=query.plan) & (Q(plan_expires_at__isnull=True) | Q(plan_expires_at__gt=now)))
    return conditions


def _sign_in(row: SignIn) -> contract.UserSignIn:
    return contract.UserSignIn(
        id=row.id,
        device=row.device,
        created_at=timestamp(row.created_at),
        ended_at=None if row.ended_at is None else timestamp(row.ended_at),
        ended_because=row.ended_because,
    )

"""Accounts as operators see them, and what operators do to them."""

from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta

from plg.contract.accounts import Plan, Totals
from plg.contract.admin_audit import ListLimit, ListOffset
from plg.contract.cli_output import Document
from plg.contract.schema import Answer, Count, Email, Request, Timestamp
from plg.contract.sessions import SessionRecord

BanReason = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]

Sort = Literal[
    "created", "-created", "email", "-email", "name", "-name", "plan_ends", "-plan_ends", "sessions", "-sessions", "seconds", "-seconds"
]  # fmt: skip


class Role(StrEnum):
    """`support` reads all and looks after subscriptions, `admin` does everything. `deleted` is nobody's any more: no one is given it."""

    PLAYER = "player"
    SUPPORT = "support"
    ADMIN = "admin"
    DELETED = "deleted"


class UserQuery(Request, frozen=True, kw_only=True):
    """Query of GET /v1/admin/users. `query` is a part of the address or the name, or the id; `plan` "none" is without a running one.

    Accounts that their owners deleted are found by `role` "deleted" only.
    """

    query: Annotated[str, Meta(min_length=1, max_length=254)] | None = None
    email: Email | None = None
    role: Role | None = None
    banned: bool | None = None
    plan: Annotated[str, Meta(min_length=1, max_length=32)] | None = None
    sort: Sort = "-created"
    limit: ListLimit = 50
    offset: ListOffset = 0


class User(Answer, frozen=True, kw_only=True):
    """One account in a list. `plan` is the one that runs now."""

    id: str
    email: str
    display_name: str
    role: Role
    created_at: Timestamp
    banned_at: Timestamp | None
    ban_reason: str
    plan: Plan
    totals: Totals


class UserPage(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/users"""

    users: list[User]
    total: Count
    limit: int
    offset: int


class UserSignIn(Answer, frozen=True, kw_only=True):
    """One sign-in: a device and the password that was entered there."""

    id: str
    device: str
    created_at: Timestamp
    ended_at: Timestamp | None
    ended_because: str | None


class UserDetail(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/users/{user_id}: with the newest sign-ins and sessions."""

    user: User
    second_factor: bool
    api_tokens: Count
    payments: Count
    sessions_now: Count
    sign_ins: list[UserSignIn]
    sessions: list[SessionRecord]


class BanRequest(Request, frozen=True, kw_only=True):
    """POST /v1/admin/users/{user_id}/ban. The reason is for operators; the player is not shown it."""

    reason: BanReason
    dry_run: bool = False


class RoleRequest(Request, frozen=True, kw_only=True):
    """POST /v1/admin/users/{user_id}/role"""

    role: Literal["player", "support", "admin"]
    dry_run: bool = False


class UserActRequest(Request, frozen=True, kw_only=True):
    """POST /v1/admin/users/{user_id}/unban and /sign-out"""

    dry_run: bool = False


class UserChange(Answer, frozen=True, kw_only=True):
    """What was done, or with `dry_run` would be. `user` is the account after it; `changed` is false when there was nothing to do."""

    user: User
    changed: bool
    dry_run: bool
    sign_ins_ended: Count = 0
    tokens_revoked: Count = 0
    sessions_ended: Count = 0


class AdminUsersDocument(Document, frozen=True, kw_only=True):
    """`plg admin users list --json`."""

    users: list[User]
    total: Count
    limit: int
    offset: int
    schema: str = "plg.admin_users/1"


class AdminUserDocument(Document, frozen=True, kw_only=True):
    """`plg admin users show --json`."""

    detail: UserDetail
    schema: str = "plg.admin_user/1"


class AdminUserChangeDocument(Document, frozen=True, kw_only=True):
    """`plg admin users ban|unban|role|sign-out --json`."""

    change: UserChange
    schema: str = "plg.admin_user_change/1"

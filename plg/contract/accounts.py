"""Accounts: register, sign in, refresh, sign out, and who I am."""

from typing import Annotated, Literal

from msgspec import Meta

from plg.contract.schema import Answer, Count, DisplayName, Email, Password, Request, Timestamp

RefreshToken = Annotated[str, Meta(min_length=20, max_length=256)]


class RegisterRequest(Request, frozen=True, kw_only=True):
    """POST /v1/auth/register. `language` is that of the server's e-mails; without it Accept-Language says."""

    email: Email
    password: Password
    display_name: DisplayName | None = None
    language: Literal["en", "ru"] | None = None


class LoginRequest(Request, frozen=True, kw_only=True):
    """POST /v1/auth/login. The password has no lower bound here: a short one is simply wrong.

    `totp` is asked for by the problem `totp_needed`: six digits of the authenticator, or a recovery code.
    """

    email: Email
    password: Annotated[str, Meta(min_length=1, max_length=256)]
    device: Annotated[str, Meta(max_length=100)] = ""
    totp: Annotated[str, Meta(min_length=1, max_length=32)] | None = None


class RefreshRequest(Request, frozen=True, kw_only=True):
    """POST /v1/auth/refresh, and POST /v1/auth/logout"""

    refresh_token: RefreshToken


class TokenPair(Answer, frozen=True, kw_only=True):
    """The access token is a short-lived JWT, the refresh token is opaque, works once and is replaced at each use."""

    access_token: str
    access_expires_at: Timestamp
    refresh_token: str
    refresh_expires_at: Timestamp
    token_type: str = "Bearer"


class Plan(Answer, frozen=True, kw_only=True):
    """What the account may do. `expires_at` is null for a plan without an end."""

    name: str
    expires_at: Timestamp | None
    max_sessions: int


class Totals(Answer, frozen=True, kw_only=True):
    """Sums over the account's ended sessions."""

    sessions: Count = 0
    seconds: Count = 0
    packets: Count = 0
    bytes: Count = 0


class Account(Answer, frozen=True, kw_only=True):
    """GET /v1/me"""

    id: str
    email: str
    display_name: str
    role: str
    created_at: Timestamp
    plan: Plan
    totals: Totals

"""Tokens for scripts: /v1/me/tokens."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from plg.contract.schema import Answer, Count, DisplayName, Request, Timestamp

TOKEN_PREFIX = "plg_"
"""How every API token begins: so that a person, a server and a scanner of leaked secrets know it for what it is."""


class Scope(StrEnum):
    """What an API token may do. The last two work only while the account is an operator's."""

    READ = "read"
    CONNECT = "connect"
    BILLING = "billing"
    ADMIN_READ = "admin_read"
    ADMIN_WRITE = "admin_write"


class CreateTokenRequest(Request, frozen=True, kw_only=True):
    """POST /v1/me/tokens. Without `expires_in_days` it works until it is revoked."""

    name: DisplayName
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=5)]
    expires_in_days: Annotated[int, Meta(ge=1, le=3650)] | None = None


class ApiToken(Answer, frozen=True, kw_only=True):
    """One token. `prefix` is its beginning: the rest cannot be shown again."""

    id: str
    name: str
    prefix: str
    scopes: list[str]
    created_at: Timestamp
    expires_at: Timestamp | None
    last_used_at: Timestamp | None


class CreatedToken(Answer, frozen=True, kw_only=True):
    """The token itself, shown this once."""

    token: str
    api_token: ApiToken


class ApiTokenList(Answer, frozen=True, kw_only=True):
    """GET /v1/me/tokens: those that were not revoked, newest first."""

    tokens: list[ApiToken]
    total: Count
    limit: Count
    offset: Count

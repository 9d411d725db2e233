"""Tokens as the admin API and `plg admin tokens` show and revoke them: with which relays enrol, and with which scripts call the API."""

from typing import Annotated, Literal

from msgspec import Meta

from plg.contract.admin_audit import ListLimit, ListOffset
from plg.contract.admin_sessions import AccountRef
from plg.contract.cli_output import Document
from plg.contract.schema import Answer, Count, Request, Timestamp

TokenKind = Literal["relay", "player", "operator"]
"""One relay enrols with it; or it is an API token of an account, which is an operator's now or is not."""

TokenState = Literal["pending", "used", "active", "expired", "revoked"]
"""`pending` and `used` are states of relays' tokens, `active` is one of API tokens."""


class AdminTokensQuery(Request, frozen=True, kw_only=True):
    """Query of GET /v1/admin/tokens. With `account` only API tokens fit: relays' tokens belong to nobody."""

    kind: TokenKind | None = None
    account: AccountRef | None = None
    state: TokenState | None = None
    limit: ListLimit = 50
    offset: ListOffset = 0


class RevokeTokenRequest(Request, frozen=True, kw_only=True):
    """POST /v1/admin/tokens/{token_id}/revoke."""

    reason: Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    dry_run: bool = False


class AdminToken(Answer, frozen=True, kw_only=True):
    """One token. The token itself is never shown: the server does not know it.

    `prefix` is the beginning of an API token, `name` what its owner calls it; of a relay's token, what players would see.
    `node_id` and `node_name` are the relay that came with it: null when none did or it was not noted. `last_used_at`
    is exact to minutes for API tokens. A relay's token that was revoked ends then: `expires_at` says when.
    """

    id: str
    kind: TokenKind
    state: TokenState
    name: str
    prefix: str | None
    scopes: list[str]
    account_id: str | None
    email: str | None
    node_id: str | None
    node_name: str | None
    created_at: Timestamp
    expires_at: Timestamp | None
    last_used_at: Timestamp | None
    revoked_at: Timestamp | None


class AdminTokenPage(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/tokens: relays' tokens, then API tokens, each newest first."""

    tokens: list[AdminToken]
    total: Count
    limit: int
    offset: int


class RevokedToken(Answer, frozen=True, kw_only=True):
    """The token as it is now, or with `dry_run` still is. `changed` is false when it had been used up or had ended before."""

    token: AdminToken
    dry_run: bool
    changed: bool


class AdminTokensDocument(Document, frozen=True, kw_only=True):
    """`plg admin tokens list --json`."""

    tokens: list[AdminToken]
    total: Count
    limit: int
    offset: int
    schema: str = "plg.admin_tokens/1"


class AdminTokenDocument(Document, frozen=True, kw_only=True):
    """`plg admin tokens show --json`."""

    token: AdminToken
    schema: str = "plg.admin_token/1"


class AdminRevokedTokenDocument(Document, frozen=True, kw_only=True):
    """`plg admin tokens revoke --json`."""

    token: AdminToken
    dry_run: bool
    changed: bool
    schema: str = "plg.admin_token_revoke/1"

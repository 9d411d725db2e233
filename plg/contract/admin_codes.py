"""Promo and gift codes as operators make and stop them, and the report on referrals."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from plg.contract.billing import CodeText
from plg.contract.cli_output import Document
from plg.contract.schema import Answer, Count, Identifier, Request, Slug, Timestamp

CodeState = Literal["open", "used_up", "ended", "stopped"]
Label = Annotated[str, Meta(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]
ListLimit = Annotated[int, Meta(ge=1, le=200)]
ListOffset = Annotated[int, Meta(ge=0, le=1_000_000)]


class NewCodesRequest(Request, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v1/admin/codes. A `text` of one's own for one code; without it random ones, `count` of them, as one batch.

    `uses` null: without a limit in all. `percent` goes off the next payment, `days` of `plan` are given at once.
    """

    kind: Literal["promo", "gift"]
    label: Label = ""
    text: CodeText | None = None
    count: Annotated[int, Meta(ge=1, le=500)] = 1
    percent: Annotated[int, Meta(ge=0, le=99)] = 0
    days: Annotated[int, Meta(ge=0, le=3660)] = 0
    plan: Slug = "monthly"
    uses: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = 1
    uses_per_account: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    expires_at: Annotated[datetime, Meta(tz=True, description="RFC 3339, with its offset")] | None = None
    dry_run: bool = False


class NewCodes(Answer, frozen=True, kw_only=True):
    """The texts, this once: only their hashes are kept. Empty after a dry run."""

    dry_run: bool
    batch: str
    count: int
    codes: list[str]


class CodeQuery(Request, frozen=True, kw_only=True):
    """Query of GET /v1/admin/codes."""

    kind: Literal["promo", "gift"] | None = None
    state: CodeState | None = None
    batch: Identifier | None = None
    limit: ListLimit = 50
    offset: ListOffset = 0


class AdminCode(Answer, frozen=True, kw_only=True):
    """One code without its text. `uses_left` null: without a limit."""

    id: str
    kind: str
    label: str
    batch: str
    state: CodeState
    percent: int
    days: int
    plan: str
    used: Count
    uses_left: int | None
    uses_per_account: int
    created_at: Timestamp
    expires_at: Timestamp | None
    stopped_at: Timestamp | None


class CodePage(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/codes, newest first."""

    codes: list[AdminCode]
    total: Count
    limit: int
    offset: int


class CodeUseRecord(Answer, frozen=True, kw_only=True):
    """One use. `spent_at`: when a percentage was taken off a payment."""

    account_id: str
    email: str
    used_at: Timestamp
    percent: int
    spent_at: Timestamp | None


class CodeFile(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/codes/{id}: with its newest 200 uses."""

    code: AdminCode
    uses: list[CodeUseRecord]


class FindCodeRequest(Request, frozen=True, kw_only=True):
    """POST /v1/admin/codes/find: by its text, which stands in no address, because addresses are logged."""

    text: CodeText


class StopCodesRequest(Request, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v1/admin/codes/{id}/stop; with `batch` all of the code's batch. What they gave stays."""

    batch: bool = False
    dry_run: bool = False


class CodesStopped(Answer, frozen=True, kw_only=True):
    """How many were stopped, or would be."""

    dry_run: bool
    stopped: Count


class ReferralQuery(Request, frozen=True, kw_only=True):
    """Query of GET /v1/admin/referrals."""

    limit: ListLimit = 50
    offset: ListOffset = 0


class ReferrerRow(Answer, frozen=True, kw_only=True):
    """What one account brought. `days_earned` are those that stand."""

    account_id: str
    email: str
    invited: Count
    paid: Count
    days_earned: Count


class ReferralPage(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/referrals, who brought the most first; the sums are over all."""

    referrers: list[ReferrerRow]
    invited: Count
    paid: Count
    total: Count
    limit: int
    offset: int


class AdminCodesDocument(Document, frozen=True, kw_only=True):
    """`plg admin codes list --json`."""

    codes: list[AdminCode]
    total: Count
    limit: int
    offset: int
    schema: str = "plg.admin_codes/1"


class AdminCodeDocument(Document, frozen=True, kw_only=True):
    """`plg admin codes show --json`."""

    code: AdminCode
    uses: list[CodeUseRecord]
    schema: str = "plg.admin_code/1"


class AdminNewCodesDocument(Document, frozen=True, kw_only=True):
    """`plg admin codes create --json`."""

    dry_run: bool
    batch: str
    count: int
    codes: list[str]
    schema: str = "plg.admin_new_codes/1"


class AdminCodesStoppedDocument(Document, frozen=True, kw_only=True):
    """`plg admin codes stop --json`."""

    dry_run: bool
    stopped: Count
    schema: str = "plg.admin_codes_stopped/1"


class AdminReferralsDocument(Document, frozen=True, kw_only=True):
    """`plg admin codes referrals --json`."""

    referrers: list[ReferrerRow]
    invited: Count
    paid: Count
    total: Count
    schema: str = "plg.admin_referrals/1"

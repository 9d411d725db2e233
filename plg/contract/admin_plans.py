"""Plans as operators edit them."""

from typing import Annotated, Literal

from msgspec import Meta

from plg.contract.billing import Amount, Price
from plg.contract.cli_output import Document
from plg.contract.schema import Answer, Request

PlanName = Annotated[
    str, Meta(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$", description="a-z, 0-9 and inner hyphens")
]


class AdminPlan(Answer, frozen=True, kw_only=True):
    """One plan. What is not `offered` is not sold any more, and what was sold of it stays."""

    name: str
    days: int
    max_sessions: int
    is_trial: bool
    offered: bool
    prices: list[Price]


class AdminPlanList(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/plans: all of them, also those that are not offered."""

    plans: list[AdminPlan]


class EditPlanRequest(Request, frozen=True, kw_only=True, omit_defaults=True):
    """PATCH /v1/admin/plans/{name}. What is null stays; a new plan needs `days`. A price of null is removed."""

    days: Annotated[int, Meta(ge=1, le=3660)] | None = None
    max_sessions: Annotated[int, Meta(ge=1, le=1000)] | None = None
    is_trial: bool | None = None
    offered: bool | None = None
    prices: Annotated[dict[Literal["USD", "EUR", "RUB"], Amount | None], Meta(max_length=3)] = {}
    dry_run: bool = False


class PlanChange(Answer, frozen=True, kw_only=True):
    """What was changed, or would be. `before` is null for a new plan."""

    dry_run: bool
    before: AdminPlan | None
    after: AdminPlan


class AdminPlansDocument(Document, frozen=True, kw_only=True):
    """`plg admin plans list --json`."""

    plans: list[AdminPlan]
    schema: str = "plg.admin_plans/1"


class AdminPlanChangeDocument(Document, frozen=True, kw_only=True):
    """`plg admin plans edit --json`."""

    dry_run: bool
    before: AdminPlan | None
    after: AdminPlan
    schema: str = "plg.admin_plan_change/1"

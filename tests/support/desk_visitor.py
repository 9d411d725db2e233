"""Operators at their pages: browsers that are signed in as somebody of each role, without a password's cost."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.accounts import Account
from plg_server.models.audit import AuditEntry
from plg_server.pages.form_origin import FIELD
from plg_server.pages.visitor import SESSION_COOKIE
from plg_server.services.ledger import settle
from support.api_driver import ApiDriver
from support.billing_world import DONATEPAY, paid
from support.callers import signed_in_as
from support.shared_server import shared_server
from support.site_visitor import Form, Shown, SiteVisitor


async def desk_visitor(api: ApiDriver, role: str = "admin", language: str = "en") -> SiteVisitor:
    """A browser of a new account with this role."""
    return await visitor_of_account(api, (await signed_in_as(api, role)).account_id, language)


async def visitor_of_account(api: ApiDriver, account_id: str, language: str = "en") -> SiteVisitor:
    """A browser of this account."""
    with api.app[app_keys.DATABASE].active():
        account = await Account.get(id=account_id)
        token = await api.app[app_keys.BROWSER_SESSIONS].begin(account, "Firefox", "127.0.0.1")
    visitor = SiteVisitor(api, language)
    visitor.cookies[SESSION_COOKIE] = token
    return visitor


async def confirmed(visitor: SiteVisitor, form: Form, **values: str | list[str]) -> Shown:
    """Send a form, look at what it would do, and send the button of that page."""
    trial = await visitor.submit(form, **values)
    assert "Nothing has been done yet" in trial.text, (trial.status, trial.text[:300])
    return await visitor.submit(trial.form("confirm"))


async def acts_of(api: ApiDriver) -> list[str]:
    """What the audit log holds, oldest first: the act and what it was about."""
    with api.app[app_keys.DATABASE].active():
        rows = await AuditEntry.all().order_by("at", "id")
    return [f"{row.act} {row.subject.partition(':')[0]}" for row in rows]


@dataclass
class Desk:
    """A server that sells plans, with a browser of each kind of operator."""

    api: ApiDriver
    admin: SiteVisitor
    support: SiteVisitor

    @property
    def active(self) -> AbstractContextManager[None]:
        """The database, for code of the test's own."""
        return self.api.app[app_keys.DATABASE].active()

    async def acts(self) -> list[str]:
        """What the audit log holds, oldest first."""
        return await acts_of(self.api)

    async def buyer(self, external_id: str, **changes: Any) -> str:
        """The id of a player who paid for a month, or tried to, with these changes to what the provider says."""
        player = await signed_in_as(self.api)
        wanted = {"plan": "monthly", "provider": "donatepay"}
        checkout = (await self.api.post("/v1/payments/checkout", wanted, player.access_token)).json
        with self.active:
            await settle(paid(checkout, external_id, **changes), utc_now())
        return player.account_id


@asynccontextmanager
async def desk_world(data_dir: Path, **settings: object) -> AsyncIterator[Desk]:
    """Serves until the block ends."""
    async with shared_server(data_dir, {"billing": "on", **DONATEPAY, **settings}) as api:
        yield Desk(api, await desk_visitor(api), await desk_visitor(api, "support"))


def own_form(shown: Shown, action: str, **fields: str) -> Form:
    """A form that a page does not offer, as somebody makes it who has a form token of that page."""
    token = next(form.fields[FIELD] for form in shown.forms if FIELD in form.fields)
    return Form("", action, "post", {FIELD: token, **{name: [text] for name, text in fields.items()}})

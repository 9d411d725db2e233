"""Operators at their pages: browsers that are signed in as somebody of each role, without a password's cost."""

from plg_server import app_keys
from plg_server.models.accounts import Account
from plg_server.models.audit import AuditEntry
from plg_server.pages.visitor import SESSION_COOKIE
from support.api_driver import ApiDriver
from support.callers import signed_in_as
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

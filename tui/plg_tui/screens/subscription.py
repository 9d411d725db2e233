"""The plan: what it allows, how long it lasts, and what the server offers to change it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget

from plg.api.errors import ApiError, NotSignedIn
from plg.cli.account_view import totals_text
from plg.cli.cli_error import CliError
from plg.cli.language import N_, _, ngettext
from plg.cli.output import safe_text
from plg.contract.accounts import Account
from plg_tui.screens.history import failure_words
from plg_tui.screens.page import Page
from plg_tui.widgets.next_step import NextStep
from plg_tui.widgets.plain_text import PlainText


class SubscriptionScreen(Page):
    NAME = "subscription"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("r", "ask_again", N_("Ask again"), id="ask_again")]

    def content(self) -> Iterable[Widget]:
        yield NextStep(id="state")
        with VerticalScroll(id="account-body"):
            yield PlainText(_("Plan"), classes="title")
            yield PlainText(id="plan")
            yield PlainText(_("Account"), classes="title")
            yield PlainText(id="account")

    def on_mount(self) -> None:
        self.action_ask_again()

    @work(exclusive=True, group="account")
    async def action_ask_again(self) -> None:
        state, body = self.query_one("#state", NextStep), self.query_one("#account-body")
        body.display = False
        state.say(_("Asking the server…"))
        try:
            account = await self.dashboard.desk.account()
        except NotSignedIn:
            state.say(_("A plan belongs to an account, and nobody is logged in."), "login", _("Log in"))
            return
        except (ApiError, CliError) as error:
            state.say(*failure_words(error))
            return
        state.hide()
        body.display = True
        self.query_one("#plan", PlainText).show("\n".join(plan_lines(account, datetime.now(UTC))))
        self.query_one("#account", PlainText).show("\n".join(account_lines(account, self.dashboard.server_url)))

    @on(NextStep.Taken)
    def _taken(self, message: NextStep.Taken) -> None:
        if message.step == "login":
            self.dashboard.action_log_in()
        else:
            self.action_ask_again()


def plan_lines(account: Account, now: datetime) -> list[str]:
    """Name, days left and how many sessions at a time."""
    plan = account.plan
    lines = [safe_text(plan.name), left_text(plan.expires_at, now)]
    sessions = ngettext("{n} session at a time", "{n} sessions at a time", plan.max_sessions)
    return [*lines, sessions.format(n=plan.max_sessions)]


def left_text(expires_at: str | None, now: datetime) -> str:
    """How long a plan lasts yet, in whole days."""
    if expires_at is None:
        return _("without an end")
    try:
        end = datetime.fromisoformat(expires_at)
        days = (end - now).days
    except (ValueError, TypeError, OverflowError):
        return safe_text(expires_at[:32])
    date = f"{end:%Y-%m-%d}"
    if end <= now:
        return _("it ended on {date}").format(date=date)
    if days == 0:
        return _("it ends today or tomorrow ({date})").format(date=date)
    return ngettext("{n} day left (until {date})", "{n} days left (until {date})", days).format(n=days, date=date)


def account_lines(account: Account, server_url: str) -> list[str]:
    """Whose it is, where, since when, and what was played."""
    return [
        f"{safe_text(account.display_name)} <{safe_text(account.email)}>",
        _("Server: {server}").format(server=server_url),
        _("Since {date}").format(date=safe_text(account.created_at[:10])),
        _("Played: {totals}").format(totals=totals_text(account)),
    ]

"""The plan: what it allows, how long it lasts, and what the server offers to change it."""

from collections.abc import Awaitable, Callable, Iterable
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import Button, DataTable, Input

from plg.api.errors import ApiError, NotSignedIn, ServerRefused
from plg.cli.api_failures import explain_api_error
from plg.cli.cli_error import CliError
from plg.cli.language import N_, _
from plg.cli.output import safe_text
from plg.contract.accounts import Account
from plg.contract.billing import PlanList, Subscription, SubscriptionState
from plg.contract.problem import ErrorCode
from plg_tui import plan_words as words
from plg_tui.failure_words import failure_words
from plg_tui.screens.dialogs import Choice, Question
from plg_tui.screens.page import Page
from plg_tui.screens.pay_dialog import PayDialog, has_browser
from plg_tui.widgets.next_step import NextStep
from plg_tui.widgets.plain_table import PlainTable
from plg_tui.widgets.plain_text import PlainText

NOTHING_SOLD = PlanList(billing=False, plans=[], providers=[])
MAX_CODE_CHARS = 64
"""Specification (contract, CodeText)."""


class SubscriptionScreen(Page):
    NAME = "subscription"
    SCOPED_CSS = False
    CSS = """
    SubscriptionScreen #offers { height: auto; max-height: 10; }
    SubscriptionScreen #code { width: 34; }
    SubscriptionScreen Horizontal { height: 1; }
    SubscriptionScreen Button { width: auto; min-width: 0; padding: 0 1; margin-right: 1; }
    SubscriptionScreen Input > .input--placeholder { color: $foreground 85%; }
    SubscriptionScreen #selling { height: auto; padding: 0; }
    SubscriptionScreen #said { color: $warning; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("r", "ask_again", N_("Ask again"), id="ask_again")]

    def __init__(self) -> None:
        super().__init__()
        self._offers: list[words.Offer] = []
        self._signed_out = False

    def content(self) -> Iterable[Widget]:
        yield NextStep(id="state")
        with VerticalScroll(id="account-body"):
            yield PlainText(_("Plan"), classes="title")
            yield PlainText(id="plan")
            with Horizontal(id="acts"):
                yield Button(_("Start the trial"), id="trial", compact=True, variant="primary")
                yield Button(_("Cancel the plan"), id="cancel", compact=True)
            yield PlainText(id="said")
            with VerticalScroll(id="selling"):
                yield PlainText(_("Offers: Enter shows how to pay"), id="offers-title", classes="title")
                yield PlainTable(id="offers")
                yield PlainText(_("Promo, gift or referral code"), classes="title")
                with Horizontal():
                    yield Input(placeholder=_("Code"), id="code", compact=True, max_length=MAX_CODE_CHARS)
                    yield Button(_("Use the code"), id="redeem", compact=True)
                yield PlainText(_("Bring a friend"), id="referral-title", classes="title")
                yield PlainText(id="referral")
                yield PlainText(_("Payments"), id="payments-title", classes="title")
                yield PlainText(id="payments")
            yield PlainText(_("Account"), classes="title")
            yield PlainText(id="account")

    def on_mount(self) -> None:
        self.query_one("#offers", PlainTable).add_titles(words.offer_titles())
        self._text("said", [])
        self.action_ask_again()

    def on_screen_resume(self) -> None:
        """After the form: whoever has logged in there need not ask again."""
        if self._signed_out:
            self._signed_out = False
            self.action_ask_again()

    # --- asking ----------------------------------------------------------------------------------------------------------

    @work(exclusive=True, group="ask")
    async def action_ask_again(self) -> None:
        state, body = self.query_one("#state", NextStep), self.query_one("#account-body")
        body.display = False
        state.say(_("Asking the server…"))
        desk = self.dashboard.desk
        try:
            account = await desk.account()
            subscription = await self._subscription(account)
            plans = await desk.plans() if subscription.billing else NOTHING_SOLD
            referral = await desk.referral() if subscription.billing else None
        except NotSignedIn:
            self._signed_out = True
            if not self.was_left():
                state.say(_("A plan belongs to an account, and nobody is logged in."), "login", _("Log in"))
            return
        except (ApiError, CliError) as error:
            if not self.was_left():
                state.say(*failure_words(error))
            return
        if self.was_left():
            return
        state.hide()
        body.display = True
        self._text("account", words.account_lines(account, self.dashboard.server_url))
        self._text("referral", [] if referral is None else words.referral_lines(referral))
        self._show_plan(subscription)
        self._show_offers(plans)

    async def _subscription(self, account: Account) -> Subscription:
        try:
            return await self.dashboard.desk.subscription()
        except ServerRefused as refusal:
            if refusal.code != ErrorCode.NOT_FOUND:
                raise
            return words.plan_of_an_older_server(account)

    @on(NextStep.Taken)
    def _taken(self, message: NextStep.Taken) -> None:
        if message.step == "login":
            self.dashboard.action_log_in()
        else:
            self.action_ask_again()

    # --- showing ---------------------------------------------------------------------------------------------------------

    def _show_plan(self, subscription: Subscription) -> None:
        self._text("plan", words.plan_lines(subscription))
        self.query_one("#selling").display = subscription.billing
        trial = subscription.billing and subscription.trial_available
        running = subscription.state in {SubscriptionState.ACTIVE, SubscriptionState.TRIAL}
        cancel = subscription.billing and running
        self.query_one("#trial").display, self.query_one("#cancel").display = trial, cancel
        self.query_one("#acts").display = trial or cancel
        payments = words.payment_lines(subscription)
        self._text("payments", payments)
        self.query_one("#payments-title").display = bool(payments)

    def _show_offers(self, plans: PlanList) -> None:
        self._offers = words.offers(plans)
        table = self.query_one("#offers", PlainTable)
        table.clear()
        for number, offer in enumerate(self._offers):
            table.add_plain_row(words.offer_row(offer), key=str(number))
        table.display = self.query_one("#offers-title").display = bool(self._offers)

    def _text(self, name: str, lines: Iterable[str]) -> None:
        self.query_one(f"#{name}", PlainText).show("\n".join(lines))

    # --- acts ------------------------------------------------------------------------------------------------------------

    @on(Button.Pressed, "#trial")
    def _trial(self) -> None:
        self._change(self.dashboard.desk.start_trial, _("The trial has begun."))

    @on(Button.Pressed, "#redeem")
    @on(Input.Submitted, "#code")
    def _redeem(self) -> None:
        code = self.query_one("#code", Input).value.strip()
        if code:
            self._change(lambda: self.dashboard.desk.redeem(code), _("The code was used."))

    @on(Button.Pressed, "#cancel")
    @work(exclusive=True, group="act")
    async def _cancel(self) -> None:
        question = Question(
            _("Cancel the plan? It works until the end of what was paid, and is not renewed."),
            Choice("keep", _("Keep it")),
            Choice("cancel", _("Cancel the plan")),
        )
        if await self.app.push_screen_wait(question) == "cancel":
            await self._take(self.dashboard.desk.cancel_plan, _("The plan is cancelled."))

    @work(exclusive=True, group="act")
    async def _change(self, ask: Callable[[], Awaitable[Subscription]], done: str) -> None:
        await self._take(ask, done)

    async def _take(self, ask: Callable[[], Awaitable[Subscription]], done: str) -> None:
        said = self.query_one("#said", PlainText)
        said.show("…")
        try:
            subscription = await ask()
        except (ApiError, CliError) as error:
            said.show(refusal_line(error))
            return
        if self.was_left():
            return
        said.show(done)
        self.query_one("#code", Input).value = ""
        self._show_plan(subscription)

    @on(DataTable.RowSelected, "#offers")
    @work(exclusive=True, group="act")
    async def _pay(self, event: DataTable.RowSelected) -> None:
        offer = self._offers[int(event.row_key.value or 0)]
        said = self.query_one("#said", PlainText)
        said.show("…")
        try:
            checkout = await self.dashboard.desk.checkout(offer.plan, offer.provider, offer.currency)
        except (ApiError, CliError) as error:
            said.show(refusal_line(error))
            return
        said.show("")
        if self.was_left():
            return
        can_open = has_browser(self.dashboard.invocation.environ, in_browser=self.app.is_web)
        await self.app.push_screen_wait(PayDialog(checkout, can_open=can_open))
        self.action_ask_again()


def refusal_line(error: ApiError | CliError) -> str:
    """One line, as the commands say it."""
    told = error if isinstance(error, CliError) else explain_api_error(error)
    return safe_text(told.message)

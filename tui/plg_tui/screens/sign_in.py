"""Log in, or make an account: one form for both."""

import asyncio
from collections.abc import Iterable
from typing import ClassVar

from textual import on, work
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalGroup
from textual.widget import Widget
from textual.widgets import Button, Input

from plg.api.errors import ApiError, ServerRefused
from plg.cli.api_failures import explain_api_error
from plg.cli.cli_error import CliError
from plg.cli.language import _
from plg.cli.output import safe_text
from plg.cli.register import MIN_PASSWORD_CHARS
from plg.contract.accounts import Account
from plg.contract.problem import ErrorCode
from plg_tui.screens.dialogs import Dialog
from plg_tui.server_desk import ServerDesk
from plg_tui.widgets.plain_text import PlainText


class SignInDialog(Dialog[Account]):
    """Gives the account that is logged in now, or None. What goes wrong is said in the form, which keeps what was typed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "to_password", show=False, priority=True)]

    def __init__(self, desk: ServerDesk, server_url: str) -> None:
        super().__init__()
        self._desk = desk
        self._server_url = server_url

    def content(self) -> Iterable[Widget]:
        yield PlainText(_("Log in at {server}").format(server=safe_text(self._server_url)), classes="title")
        yield PlainText(_("E-mail address"))
        yield Input(id="email", compact=True, select_on_focus=False)
        yield PlainText(_("Password"))
        yield Input(id="password", password=True, compact=True, select_on_focus=False)
        # Shown when the server asks for it: most accounts have no second factor.
        with VerticalGroup(id="second-factor") as second_factor:
            second_factor.display = False
            yield PlainText(_("Code of your authenticator (or a recovery code)"))
            yield Input(id="code", compact=True, select_on_focus=False)
        yield PlainText(id="trouble")
        with Horizontal():
            yield Button(_("Log in"), id="login", compact=True, variant="primary")
            yield Button(_("Make an account"), id="register", compact=True)

    def action_to_password(self) -> None:
        """Enter in the first field. At once, or a password typed in a hurry would stand in plain sight."""
        if self.focused is not self.query_one("#email"):
            raise SkipAction
        self.set_focus(self.query_one("#password"))

    @on(Input.Submitted, "#password")
    @on(Input.Submitted, "#code")
    def _submitted(self) -> None:
        self._try(registering=False)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self._try(registering=event.button.id == "register")

    @work(exclusive=True)
    async def _try(self, *, registering: bool) -> None:
        for field in self.query(Input):
            await _caught_up(field)
        email = self.query_one("#email", Input).value.strip()
        password = self.query_one("#password", Input).value
        code = self.query_one("#code", Input).value.strip()
        trouble = self.query_one("#trouble", PlainText)
        if registering and len(password) < MIN_PASSWORD_CHARS:
            trouble.show(_("the password is too short: it needs at least {n} characters").format(n=MIN_PASSWORD_CHARS))
            return
        trouble.show("…")
        try:
            if registering:
                account = await self._desk.register(email, password)
            else:
                account = await self._desk.sign_in(email, password, code or None)
        except CliError as error:
            trouble.show(error.message)
        except ApiError as error:
            trouble.show(explain_api_error(error).message)
            if isinstance(error, ServerRefused) and error.code in (ErrorCode.TOTP_NEEDED, ErrorCode.TOTP_WRONG):
                self._ask_for_a_code()
        else:
            self.dismiss(account)

    def _ask_for_a_code(self) -> None:
        """Show the field for it, empty: a code works once."""
        self.query_one("#second-factor").display = True
        field = self.query_one("#code", Input)
        field.value = ""
        self.set_focus(field)


async def _caught_up(field: Input) -> None:
    """Until every key that the field was given stands in it."""
    done = asyncio.Event()
    field.call_later(done.set)
    await done.wait()

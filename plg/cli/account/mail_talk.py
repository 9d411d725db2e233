"""What the commands about address and password share: their client, their questions, their results. Imported in bodies only."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from plg.api.account_mail_client import AccountMailClient, open_account_mail
from plg.api.credentials import Anonymous
from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation
from plg.cli.language import _
from plg.cli.register import MIN_PASSWORD_CHARS
from plg.cli.server_access import credentials
from plg.cli.settings import ServerAddress
from plg.contract.account_changes import AccountSettings, MailSent
from plg.contract.cli_output_account import AccountDoneDocument, AccountSettingsDocument, MailSentDocument


@asynccontextmanager
async def mail_client(
    run: Invocation, server: ServerAddress, *, signed: bool = True
) -> AsyncIterator[AccountMailClient]:
    """A client with the person's sign-in, or for nobody."""
    async with open_account_mail(server.url, credentials(run, server) if signed else Anonymous()) as client:
        yield client


def can_ask(run: Invocation) -> bool:
    """Whether a question would reach somebody."""
    return sys.stdin.isatty() and not run.flags.no_input


def chosen_password(run: Invocation, *, from_stdin: bool) -> str:
    """A new password: the next line of standard input, or typed twice. Raises CliError when it cannot be used."""
    if from_stdin:
        password = run.talk.secret_from_stdin()
    else:
        password = run.talk.ask_secret(_("New password: "), instead="--password-stdin")
    if len(password) < MIN_PASSWORD_CHARS:
        raise CliError(
            _("the password is too short: it needs at least {n} characters").format(n=MIN_PASSWORD_CHARS),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("choose a longer one"),
        )
    if not from_stdin and run.talk.ask_secret(_("The same again: "), instead="--password-stdin") != password:
        raise CliError(
            _("the two passwords differ"), code="usage", exit_code=ExitCode.USAGE, next_step=_("run the command again")
        )
    return password


def show_settings(run: Invocation, settings: AccountSettings) -> None:
    """The address, whether it is confirmed, and the language."""
    if run.output.as_json:
        run.output.document(AccountSettingsDocument(settings=settings))
        return
    state = _("confirmed") if settings.email_verified else _("not confirmed")
    run.output.line(_("E-mail: {email} ({state})").format(email=settings.email, state=state))
    if settings.new_email is not None:
        run.output.line(_("New address, waits for its code: {email}").format(email=settings.new_email))
    run.output.line(_("Language of e-mails: {language}").format(language=settings.language))
    if not settings.email_verified and settings.sends_mail:
        run.talk.say(_("Confirm the address: plg account verify"))


def show_sent(run: Invocation, email: str, sent: MailSent) -> None:
    """Where a code went, and what to do with it."""
    if run.output.as_json:
        run.output.document(MailSentDocument(email=email, expires_at=sent.expires_at))
        return
    run.output.line(_("A code was sent to {email}.").format(email=email))
    run.talk.say(_("When it has come: plg account verify CODE"))


def show_done(run: Invocation, done: str, text: str) -> None:
    """What was done, in words, or by the command's name."""
    if run.output.as_json:
        run.output.document(AccountDoneDocument(done=done))
    else:
        run.output.line(text)

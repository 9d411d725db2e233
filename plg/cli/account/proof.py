"""What the commands that guard an account ask for: the password, and a code of the second factor."""

import sys
from typing import Annotated

import typer

from plg.cli.invocation import Invocation
from plg.cli.language import N_, _

TotpOption = Annotated[
    str | None,
    typer.Option("--totp", metavar="CODE", help=N_("A code of your authenticator, or a recovery code.")),
]
TotpStdinOption = Annotated[
    bool,
    typer.Option(
        "--totp-stdin", help=N_("Read the code from standard input; after the password, on a line of its own.")
    ),
]


def password_given(run: Invocation, *, from_stdin: bool) -> str:
    """The account's password, from standard input or typed."""
    if from_stdin:
        return run.talk.secret_from_stdin()
    return run.talk.ask_secret(_("Password: "), instead="--password-stdin")


def code_given(run: Invocation, option: str | None, *, from_stdin: bool) -> str | None:
    """The code that came with the command, if any. Read it after the password: both may come on standard input."""
    if option is not None:
        return option.strip() or None
    return run.talk.secret_from_stdin().strip() if from_stdin else None


def asked_code(run: Invocation) -> str:
    """A code that the person types. It is shown: it works once, and for half a minute."""
    return run.talk.ask(_("Code of your authenticator (or a recovery code): "), instead="--totp")


def can_ask(run: Invocation) -> bool:
    """Whether a person sits at the terminal."""
    return sys.stdin.isatty() and not run.flags.no_input


def login_code(run: Invocation, wrong: str) -> str:
    """The code for logging in; `wrong` says what was wrong with the one before, or is empty."""
    if wrong:
        run.talk.say(wrong)
    return asked_code(run)

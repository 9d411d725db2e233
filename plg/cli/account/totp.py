"""`plg account totp`: the second factor."""

from typing import TYPE_CHECKING, Annotated

import typer

from plg.cli.account.proof import TotpOption, TotpStdinOption, asked_code, can_ask, code_given, password_given
from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _, ngettext
from plg.cli.options import PasswordStdinOption, ServerOption

if TYPE_CHECKING:
    from plg.contract.account_safety import RecoveryCodes, TotpSetup, TotpStatus

app = command_app(help=N_("Guard the account with a code of an authenticator beside the password."))


@add_command(app, help=N_("Show whether logging in asks for a code."), examples="plg account totp status --json")
def status(ctx: typer.Context, server: ServerOption = None) -> None:
    from plg.cli.account.access import account_client
    from plg.cli.server_access import run_async

    run = invocation(ctx)
    address = run.server(server)

    async def work() -> None:
        async with account_client(run, address) as client:
            show_status(run, await client.totp_status())

    run_async(work())


@add_command(
    app,
    name="on",
    help=N_(
        "Set up an authenticator and switch the second factor on.\n"
        "Shows a secret, as text and as a QR code, and asks for a first code of the authenticator. Then ten recovery codes are shown, "
        "once: keep them where the authenticator is not. Without a terminal, confirm with: plg account totp confirm CODE"
    ),
    examples="plg account totp on\nplg account totp on --password-stdin --json < password.txt",
)
def turn_on(ctx: typer.Context, password_stdin: PasswordStdinOption = False, server: ServerOption = None) -> None:
    from plg.cli.account.access import account_client
    from plg.cli.server_access import run_async

    run = invocation(ctx)
    address = run.server(server)
    password = password_given(run, from_stdin=password_stdin)

    async def work() -> None:
        async with account_client(run, address) as client:
            setup = await client.begin_totp(password)
            if not can_ask(run):
                show_setup(run, setup)
                return
            say_setup(run, setup)
            show_recovery_codes(run, await client.confirm_totp(asked_code(run)))

    run_async(work())


@add_command(
    app,
    help=N_("Switch the second factor on with a first code."),
    examples="plg account totp confirm 123456",
)
def confirm(
    ctx: typer.Context,
    code: Annotated[str, typer.Argument(metavar="CODE", help=N_("Six digits of the authenticator."))],
    server: ServerOption = None,
) -> None:
    from plg.cli.account.access import account_client
    from plg.cli.server_access import run_async

    run = invocation(ctx)
    address = run.server(server)

    async def work() -> None:
        async with account_client(run, address) as client:
            show_recovery_codes(run, await client.confirm_totp(code))

    run_async(work())


@add_command(
    app,
    name="off",
    help=N_("Switch the second factor off, with the password and a code."),
    examples="plg account totp off\nplg account totp off --password-stdin --totp 123456 < password.txt",
)
def turn_off(
    ctx: typer.Context,
    password_stdin: PasswordStdinOption = False,
    totp: TotpOption = None,
    totp_stdin: TotpStdinOption = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.account.access import account_client
    from plg.cli.server_access import run_async

    run = invocation(ctx)
    address = run.server(server)
    password = password_given(run, from_stdin=password_stdin)
    code = code_given(run, totp, from_stdin=totp_stdin) or asked_code(run)

    async def work() -> None:
        async with account_client(run, address) as client:
            await client.turn_totp_off(password, code)
            show_status(run, await client.totp_status())

    run_async(work())


@add_command(
    app,
    name="recovery-codes",
    help=N_("Make ten new recovery codes; the earlier ones end."),
    examples="plg account totp recovery-codes",
)
def recovery_codes(
    ctx: typer.Context,
    password_stdin: PasswordStdinOption = False,
    totp: TotpOption = None,
    totp_stdin: TotpStdinOption = False,
    server: ServerOption = None,
) -> None:
    from plg.cli.account.access import account_client
    from plg.cli.server_access import run_async

    run = invocation(ctx)
    address = run.server(server)
    password = password_given(run, from_stdin=password_stdin)
    code = code_given(run, totp, from_stdin=totp_stdin) or asked_code(run)

    async def work() -> None:
        async with account_client(run, address) as client:
            show_recovery_codes(run, await client.renew_recovery_codes(password, code))

    run_async(work())


def show_status(run: Invocation, status: "TotpStatus") -> None:
    """On or off, and how many recovery codes are left."""
    if run.output.as_json:
        from plg.contract.cli_output_account_safety import TotpDocument

        run.output.document(TotpDocument(totp=status))
        return
    if not status.on:
        run.output.line(_("The second factor is off."))
        return
    left = status.recovery_codes_left
    codes = ngettext("{n} recovery code left", "{n} recovery codes left", left).format(n=left)
    run.output.line(
        _("The second factor is on since {date}, {codes}.").format(date=(status.since or "")[:10], codes=codes)
    )


def show_setup(run: Invocation, setup: "TotpSetup") -> None:
    """What an authenticator needs, for a script."""
    if run.output.as_json:
        from plg.contract.cli_output_account_safety import TotpSetupDocument

        run.output.document(TotpSetupDocument(setup=setup))
        return
    run.output.line(setup.uri)
    run.talk.say(_("It counts when you have confirmed a first code: plg account totp confirm CODE"))


def say_setup(run: Invocation, setup: "TotpSetup") -> None:
    """What an authenticator needs, for a person: it is no result, so it goes beside it."""
    run.talk.pass_on(qr_text(setup.uri))
    run.talk.pass_on(_("Secret: {secret}").format(secret=setup.secret))
    run.talk.pass_on(setup.uri)


def qr_text(text: str) -> str:
    """A QR code of half blocks, two modules above each other in a character."""
    import segno

    rows = [list(row) for row in segno.make(text, error="l", micro=False).matrix_iter(border=2)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    # Light modules are drawn, dark ones left out: most terminals are dark, and readers take an inverted code too.
    blocks = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
    return "\n".join(
        "".join(blocks[upper, lower] for upper, lower in zip(*pair, strict=True))
        for pair in zip(rows[::2], rows[1::2], strict=True)
    )


def show_recovery_codes(run: Invocation, codes: "RecoveryCodes") -> None:
    """The codes, one on a line, so that they can be put into a file."""
    if run.output.as_json:
        from plg.contract.cli_output_account_safety import RecoveryCodesDocument

        run.output.document(RecoveryCodesDocument(recovery_codes=codes.codes))
        return
    run.talk.say(
        _("The second factor is on. Keep these recovery codes: each works once, and they are not shown again.")
    )
    for code in codes.codes:
        run.output.line(code)

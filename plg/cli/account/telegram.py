"""`plg account telegram`: the chat in which the server's bot speaks with the account's owner."""

from typing import TYPE_CHECKING

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import Invocation, invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption

if TYPE_CHECKING:
    from plg.contract.telegram import TelegramInvitation, TelegramState

app = command_app(help=N_("Link your Telegram chat with the account."))


@app.callback(invoke_without_command=True, no_args_is_help=False)
def group(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        status(ctx)


@add_command(
    app,
    help=N_("Get a link that opens the server's bot and joins your chat to the account.\nIt works once, for a quarter of an hour."),
    examples="plg account telegram link",
)  # fmt: skip
def link(ctx: typer.Context, server: ServerOption = None) -> None:
    from plg.cli.account.access import account_client
    from plg.cli.server_access import run_async

    run = invocation(ctx)
    address = run.server(server)

    async def work() -> None:
        async with account_client(run, address) as client:
            show_invitation(run, await client.begin_telegram())

    run_async(work())


@add_command(app, help=N_("Show whether a chat is linked."), examples="plg account telegram status --json")
def status(ctx: typer.Context, server: ServerOption = None) -> None:
    from plg.cli.account.access import account_client
    from plg.cli.server_access import run_async

    run = invocation(ctx)
    address = run.server(server)

    async def work() -> None:
        async with account_client(run, address) as client:
            show_state(run, await client.telegram())

    run_async(work())


@add_command(app, help=N_("Part the chat from the account."), examples="plg account telegram unlink")
def unlink(ctx: typer.Context, server: ServerOption = None) -> None:
    from plg.cli.account.access import account_client
    from plg.cli.server_access import run_async

    run = invocation(ctx)
    address = run.server(server)

    async def work() -> None:
        async with account_client(run, address) as client:
            await client.unlink_telegram()
            show_state(run, await client.telegram())

    run_async(work())


def show_invitation(run: Invocation, made: "TelegramInvitation") -> None:
    """The link on a line of its own, so that it can be copied."""
    if run.output.as_json:
        from plg.contract.cli_output_telegram import TelegramInvitationDocument

        run.output.document(TelegramInvitationDocument(invitation=made))
        return
    run.output.line(made.link)
    run.talk.say(
        _("Open it, or send this to @{bot}: /start {code}. It works once, until {time}.").format(
            bot=made.bot, code=made.code, time=made.expires_at
        )
    )


def show_state(run: Invocation, state: "TelegramState") -> None:
    """One line."""
    if run.output.as_json:
        from plg.contract.cli_output_telegram import TelegramDocument

        run.output.document(TelegramDocument(telegram=state))
        return
    if state.linked_at is None:
        text = _("no chat is linked") if state.bot else _("this server has no Telegram bot")
    elif state.blocked:
        text = _("linked since {date}; you blocked the bot there").format(date=state.linked_at[:10])
    elif state.reminders:
        text = _("linked since {date}; reminders are on").format(date=state.linked_at[:10])
    else:
        text = _("linked since {date}; reminders are off").format(date=state.linked_at[:10])
    run.output.line(text)

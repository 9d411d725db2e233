"""`plg account verify`: confirm the account's address, or a new one."""

from typing import Annotated

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption

app = command_app()


@add_command(
    app,
    help=N_(
        "Confirm your e-mail address with the code that was sent there.\n"
        "Without a code another e-mail is sent. It takes the code of a new address (plg account email) too."
    ),
    examples="plg account verify\nplg account verify 1A2B-3C4D",
)
def verify(
    ctx: typer.Context,
    code: Annotated[str | None, typer.Argument(help=N_("The code; case and hyphens do not matter."))] = None,
    server: ServerOption = None,
) -> None:
    from plg.api.errors import ServerRefused
    from plg.cli.account.mail_talk import can_ask, mail_client, show_sent, show_settings
    from plg.cli.server_access import run_async
    from plg.contract.problem import ErrorCode

    run = invocation(ctx)
    address = run.server(server)

    async def work() -> None:
        async with mail_client(run, address) as client:
            if code is not None:
                show_settings(run, await client.verify(code))
                return
            settings = await client.settings()
            if settings.new_email is None:
                try:
                    sent = await client.send_verification()
                except ServerRefused as refusal:
                    # Right after registering a code is on its way already: then it is only asked for.
                    if refusal.code != ErrorCode.RATE_LIMITED or not can_ask(run):
                        raise
                else:
                    if not can_ask(run):
                        show_sent(run, settings.email, sent)
                        return
            waiting_at = settings.new_email or settings.email
            run.talk.say(_("A code was sent to {email}.").format(email=waiting_at))
            typed = run.talk.ask(_("Code: "), instead="CODE")
            show_settings(run, await client.verify(typed))

    run_async(work())

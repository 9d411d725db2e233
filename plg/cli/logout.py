"""`plg logout`: end the login here and at the server. Doing it twice is no error."""

import typer

from plg.cli.command_app import add_command, command_app
from plg.cli.invocation import invocation
from plg.cli.language import N_, _
from plg.cli.options import ServerOption

app = command_app()


@add_command(
    app,
    help=N_("Log out and forget the tokens.\nThe tokens on this machine go even when the server cannot be reached."),
    examples="plg logout",
)
def logout(ctx: typer.Context, server: ServerOption = None) -> None:
    from plg.cli.server_access import anonymous_client, run_async, token_store
    from plg.cli.signing_in import end_quietly
    from plg.contract.cli_output import SignedOutDocument

    run = invocation(ctx)
    address = run.server(server)
    store = token_store(run)
    with store.lock():
        stored = store.load_or_mend(address.url)
        removed = store.remove(address.url)

    async def end_at_server(refresh_token: str) -> bool:
        async with anonymous_client(address) as client:
            return await end_quietly(client, refresh_token)

    if stored is not None and not run_async(end_at_server(stored.tokens.refresh_token)):
        text = _("{server} could not be told; the login ends there by itself on {date}").format(
            server=address.url, date=stored.tokens.refresh_expires_at[:10]
        )
        run.talk.warn(text, event="server_not_told")
    if run.settings.token():
        run.talk.warn(_("PLG_TOKEN is set and stays in force until you unset it"), event="environment_token_stays")
    if run.output.as_json:
        run.output.document(SignedOutDocument(signed_out=removed, server=address.url))
    elif removed:
        run.output.line(_("Logged out of {server}.").format(server=address.url))
    else:
        run.output.line(_("Was not logged in at {server}.").format(server=address.url))

"""What `plg register` and `plg login` have in common: hand out tokens, store them, show the account."""

import socket

from plg.api.server_client import ServerClient
from plg.api.token_store import Keeping, SignIn, TokenStore
from plg.cli.account_view import show_account
from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation
from plg.cli.language import _
from plg.contract.accounts import Account, LoginRequest


def device_name() -> str:
    """How the account's list of logins calls this machine."""
    return socket.gethostname()[:100]


def checked_email(text: str) -> str:
    """Refuses what cannot be an e-mail address before a password is asked for."""
    local, _at, domain = text.rpartition("@")
    if (
        not local
        or not domain
        or "@" in local
        or len(text) > 254
        or any(letter.isspace() or ord(letter) < 32 for letter in text)
    ):
        raise CliError(
            _("'{text}' is no e-mail address").format(text=text),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("write it as name@example.org"),
        )
    return text


async def sign_in(client: ServerClient, store: TokenStore, email: str, password: str) -> tuple[Account, Keeping]:
    """Logs in and stores the tokens; the earlier sign-in at the same server is ended at the server too."""
    before = store.load_or_mend(client.server)
    pair = await client.login(LoginRequest(email=email, password=password, device=device_name()))
    with store.lock():
        kept = store.save(client.server, SignIn(email=email, tokens=pair))
    account = await client.account_of(pair.access_token)
    if before is not None:
        await end_quietly(client, before.tokens.refresh_token)
    return account, kept


async def end_quietly(client: ServerClient, refresh_token: str) -> bool:
    """Ends a sign-in at the server. False when the server could not be asked: it then ends by itself at its expiry."""
    from plg.api.errors import ServerMisbehaved, ServerRefused, ServerUnreachable

    try:
        await client.logout(refresh_token)
    except ServerRefused as refusal:
        return refusal.status < 500  # it does not know the token any more, which is what was wanted
    except (ServerUnreachable, ServerMisbehaved):
        return False
    return True


def show_signed_in(run: Invocation, server: str, account: Account, kept: Keeping) -> None:
    """The result of both commands."""
    run.talk.say(_("Logged in at {server} as {email}.").format(server=server, email=account.email))
    show_account(run, account, server=server, token_store=kept.value)

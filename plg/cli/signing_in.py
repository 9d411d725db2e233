"""What `plg register` and `plg login` have in common: hand out tokens, store them, show the account."""

import platform
from collections.abc import Callable

import msgspec

from plg.api.errors import ServerRefused
from plg.api.server_client import ServerClient
from plg.api.token_store import Keeping, SignIn, TokenStore
from plg.cli.account_view import show_account
from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.invocation import Invocation
from plg.cli.language import _
from plg.contract.accounts import Account, LoginRequest, TokenPair
from plg.contract.api_tokens import TOKEN_PREFIX
from plg.contract.problem import ErrorCode

CODES_ASKED_FOR = 3
"""Implementation. Wrong codes after which a person has to begin again; the server allows ten an hour."""

NEVER = "9999-12-31T23:59:59Z"
"""The end of what the client does not know the end of."""


def device_name() -> str:
    """How the account's list of devices calls this one: by its system. A machine's own name is nobody else's business."""
    return f"plg on {platform.system() or 'unknown'}"[:100]


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


async def sign_in(
    client: ServerClient,
    store: TokenStore,
    email: str,
    password: str,
    *,
    totp: str | None = None,
    ask_code: Callable[[str], str] | None = None,
) -> tuple[Account, Keeping]:
    """Logs in and stores the tokens; the earlier sign-in at the same server is ended at the server too.

    `totp` is the code of the second factor; without one `ask_code` is asked for it, with what was wrong with the one before.
    """
    before = store.load_or_mend(client.server)
    pair = await _pair(client, LoginRequest(email=email, password=password, device=device_name(), totp=totp), ask_code)
    with store.lock():
        kept = store.save(client.server, SignIn(email=email, tokens=pair))
    account = await client.account_of(pair.access_token)
    if before is not None:
        await end_quietly(client, before.tokens.refresh_token)
    return account, kept


async def _pair(client: ServerClient, request: LoginRequest, ask_code: Callable[[str], str] | None) -> TokenPair:
    asked = 0
    while True:
        try:
            return await client.login(request)
        except ServerRefused as refusal:
            # A code that came with the command is not asked for again: whoever wrote the script must hear of it.
            is_wrong = refusal.code == ErrorCode.TOTP_WRONG and asked > 0
            if ask_code is None or asked == CODES_ASKED_FOR or not (is_wrong or refusal.code == ErrorCode.TOTP_NEEDED):
                raise
        wrong = _("The code is wrong, or was used already.") if is_wrong else ""
        request = msgspec.structs.replace(request, totp=ask_code(wrong) or None)
        asked += 1


async def keep_api_token(client: ServerClient, store: TokenStore, token: str) -> tuple[Account, Keeping]:
    """Stores an API token as the login, once the server has said whose it is."""
    if not token.startswith(TOKEN_PREFIX):
        raise CliError(
            _("this is no API token: they begin with {prefix}").format(prefix=TOKEN_PREFIX),
            code="usage",
            exit_code=ExitCode.USAGE,
            next_step=_("make one: plg account tokens create NAME"),
        )
    account = await client.account_of(token)
    before = store.load_or_mend(client.server)
    pair = TokenPair(access_token=token, access_expires_at=NEVER, refresh_token="", refresh_expires_at=NEVER)
    with store.lock():
        kept = store.save(client.server, SignIn(email=account.email, tokens=pair))
    if before is not None:
        await end_quietly(client, before.tokens.refresh_token)
    return account, kept


async def end_quietly(client: ServerClient, refresh_token: str) -> bool:
    """Ends a sign-in at the server. False when the server could not be asked: it then ends by itself at its expiry.

    An API token has no refresh token and is left as it is: other machines may use it.
    """
    from plg.api.errors import ServerMisbehaved, ServerUnreachable

    if not refresh_token:
        return True

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

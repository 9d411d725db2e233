"""How commands reach the server: the right sign-in, its notices in words, one event loop. Imported in command bodies only."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from plg.api.credentials import Credentials, FixedToken, StoredSignIn
from plg.api.server_client import ServerClient, open_server
from plg.api.token_store import (
    CorruptFileSetAside,
    KeptInFileInstead,
    KeyringEntryLeft,
    RightsRepaired,
    StoreNotice,
    TokenStore,
    token_directory,
)
from plg.cli.invocation import Invocation
from plg.cli.language import _, spoken
from plg.cli.settings import ServerAddress

T = TypeVar("T")


def token_store(run: Invocation) -> TokenStore:
    """The person's token store; its repairs are said on stderr."""
    return TokenStore(
        token_directory(run.settings.directory),
        keeping=run.settings.keeping(),
        notify=lambda notice: tell_notice(run, notice),
    )


def tell_notice(run: Invocation, notice: StoreNotice) -> None:
    """Says in words what the token store did on its own."""
    text, event = notice_words(notice)
    run.talk.warn(text, event=event)


def notice_words(notice: StoreNotice) -> tuple[str, str]:
    """A sentence for a person, and its stable name."""
    match notice:
        case RightsRepaired(path):
            return _("{path} was open to others; it is closed now").format(path=path), "rights_repaired"
        case KeptInFileInstead(path, why):
            text = _("the system's keyring did not take the login ({why}); it is kept in {path}").format(
                why=why, path=path
            )
            return text, "kept_in_file"
        case CorruptFileSetAside(path, kept_as):
            text = _("the token file {path} was damaged; it was kept as {kept_as}").format(path=path, kept_as=kept_as)
            return text, "token_file_corrupt"
        case KeyringEntryLeft(server, why):
            text = _("the system's keyring still holds an entry for {server} ({why})").format(server=server, why=why)
            return text, "keyring_entry_left"


def credentials(run: Invocation, server: ServerAddress) -> Credentials:
    """PLG_TOKEN when it is set, the stored sign-in otherwise."""
    if token := run.settings.token():
        return FixedToken(server.url, token)
    return StoredSignIn(server.url, token_store(run))


@asynccontextmanager
async def signed_client(run: Invocation, server: ServerAddress) -> AsyncIterator[ServerClient]:
    """A client that signs its calls where they need it."""
    async with open_server(server.url, credentials(run, server)) as client:
        yield client


@asynccontextmanager
async def anonymous_client(server: ServerAddress) -> AsyncIterator[ServerClient]:
    """A client for calls that need no account; it does not even look for one."""
    async with open_server(server.url, language=spoken()) as client:
        yield client


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Runs a command's asynchronous part to its end; Ctrl-C cancels it and comes out as KeyboardInterrupt."""
    return asyncio.run(work)

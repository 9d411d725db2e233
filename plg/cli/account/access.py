"""How the commands of `plg account` reach the server. Imported in command bodies only: it loads the HTTP client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from plg.api.account_client import AccountClient, open_account
from plg.cli.invocation import Invocation
from plg.cli.server_access import credentials
from plg.cli.settings import ServerAddress


@asynccontextmanager
async def account_client(run: Invocation, server: ServerAddress) -> AsyncIterator[AccountClient]:
    """A client with the person's sign-in, or PLG_TOKEN."""
    async with open_account(server.url, credentials(run, server)) as client:
        yield client

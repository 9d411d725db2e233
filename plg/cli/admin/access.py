"""How the commands of `plg admin` reach the admin API. Imported in command bodies only: it loads the HTTP client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from plg.api.admin_client import AdminClient, open_admin
from plg.cli.invocation import Invocation
from plg.cli.server_access import credentials
from plg.cli.settings import ServerAddress


@asynccontextmanager
async def admin_client(run: Invocation, server: ServerAddress) -> AsyncIterator[AdminClient]:
    """A client with the person's sign-in, or PLG_TOKEN."""
    async with open_admin(server.url, credentials(run, server)) as client:
        yield client

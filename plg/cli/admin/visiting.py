"""One visit to the admin API, for commands that ask one thing. It loads the HTTP client when it is called."""

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from plg.api.admin_client import AdminClient
    from plg.cli.invocation import Invocation
    from plg.cli.settings import ServerAddress

T = TypeVar("T")


def visit(run: "Invocation", address: "ServerAddress", question: "Callable[[AdminClient], Awaitable[T]]") -> T:
    """What `question` gets from the server at `address`, asked with the person's sign-in. Raises CliError and what it raises."""
    from plg.cli.admin.access import admin_client
    from plg.cli.server_access import run_async

    async def work() -> T:
        async with admin_client(run, address) as client:
            return await question(client)

    return run_async(work())

"""The operators' part of the server's API: any route of it, by its address and the type of its answer."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar

import msgspec

from plg.api.credentials import Credentials
from plg.api.http_transport import HttpTransport
from plg.api.server_client import ServerClient, SignInUse

T = TypeVar("T")

QueryValues = Mapping[str, str | int | bool | None]
"""Parameters of a query; those that are None are left out."""


class AdminClient(ServerClient):
    """A `ServerClient` for operators. `path` is below /v1/admin and percent-encoded already ("/users/0123456789abcdef").

    Every method raises ServerUnreachable, ServerMisbehaved, ServerRefused and NotSignedIn. GETs are tried up to three times;
    anything that changes something is sent once.
    """

    async def get(self, path: str, answer: type[T], query: QueryValues | None = None) -> T:
        """Reads."""
        return await self._get(f"/admin{path}", answer, SignInUse.REQUIRED, _texts(query))

    async def post(self, path: str, answer: type[T], body: msgspec.Struct | None = None) -> T:
        """Does something; gives its answer."""
        return await self._change("POST", path, answer, body)

    async def put(self, path: str, answer: type[T], body: msgspec.Struct | None = None) -> T:
        """Replaces something; gives its answer."""
        return await self._change("PUT", path, answer, body)

    async def patch(self, path: str, answer: type[T], body: msgspec.Struct | None = None) -> T:
        """Changes part of something; gives its answer."""
        return await self._change("PATCH", path, answer, body)

    async def delete(self, path: str, answer: type[T], query: QueryValues | None = None) -> T:
        """Removes something; gives its answer."""
        return await self._change("DELETE", path, answer, None, query)

    async def send(self, method: str, path: str, body: msgspec.Struct | None = None) -> None:
        """For a route that answers nothing (204)."""
        encoded = None if body is None else msgspec.json.encode(body)
        await self._signed(method, f"/admin{path}", encoded, SignInUse.REQUIRED)

    async def _change(
        self, method: str, path: str, answer: type[T], body: msgspec.Struct | None, query: QueryValues | None = None
    ) -> T:
        encoded = None if body is None else msgspec.json.encode(body)
        reply = await self._signed(method, f"/admin{path}", encoded, SignInUse.REQUIRED, _texts(query))
        return self._decode(reply, answer)


def _texts(query: QueryValues | None) -> dict[str, str] | None:
    """The query as it is sent: numbers in digits, truth as JSON writes it."""
    if query is None:
        return None
    given = {name: value for name, value in query.items() if value is not None}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}


@asynccontextmanager
async def open_admin(server: str, credentials: Credentials) -> AsyncIterator[AdminClient]:
    """A client of the server at base URL `server`, closed when the block ends."""
    transport = HttpTransport(server)
    try:
        yield AdminClient(transport, credentials)
    finally:
        await transport.close()

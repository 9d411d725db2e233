"""Speaks to a server under test over HTTP, and says what was wrong when an answer is not the expected one."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Reply:
    """One answer, read to its end. `json` is None when the body is none."""

    status: int
    headers: dict[str, str]
    text: str
    json: Any

    @property
    def code(self) -> str | None:
        """The code of a problem document."""
        return self.json.get("code") if isinstance(self.json, dict) else None


class ApiDriver:
    """A client of one running server."""

    def __init__(self, client: TestClient[web.Request, web.Application]) -> None:
        self.client = client

    @property
    def app(self) -> web.Application:
        """The application behind it."""
        app = self.client.app
        assert app is not None
        return app

    async def call(self, method: str, url: str, token: str | None = None, **options: Any) -> Reply:
        """Send one request and read the answer."""
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        async with self.client.request(method, url, headers=headers, **options) as response:
            text = await response.text(errors="replace")  # pictures are answers too
            is_json = response.content_type.endswith("json") and bool(text)
            return Reply(
                response.status,
                dict(response.headers),
                text,
                await response.json(content_type=None) if is_json else None,
            )

    async def get(self, url: str, token: str | None = None, **options: Any) -> Reply:
        """GET."""
        return await self.call("GET", url, token, **options)

    async def post(self, url: str, body: Any = None, token: str | None = None, **options: Any) -> Reply:
        """POST with a JSON body; `data=` in the options sends raw bytes."""
        if body is not None:
            options["json"] = body
        return await self.call("POST", url, token, **options)

    async def register(self, email: str = "player@example.org", password: str = PASSWORD) -> Any:
        """Make an account; gives the account."""
        reply = await self.post("/v1/auth/register", {"email": email, "password": password})
        assert reply.status == 201, reply.text
        return reply.json

    async def login(self, email: str = "player@example.org", password: str = PASSWORD) -> Any:
        """Sign in; gives the token pair."""
        reply = await self.post("/v1/auth/login", {"email": email, "password": password})
        assert reply.status == 200, reply.text
        return reply.json

    async def refresh(self, refresh_token: str) -> Reply:
        """Trade a refresh token."""
        return await self.post("/v1/auth/refresh", {"refresh_token": refresh_token})

    async def signed_in(self, email: str = "player@example.org") -> str:
        """Make an account and sign in; gives the access token."""
        await self.register(email)
        return str((await self.login(email))["access_token"])


StartServer = Callable[..., Awaitable[ApiDriver]]
"""The fixture of that name: settings in, a driver of the started server out."""

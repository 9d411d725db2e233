"""Who is calling, for relays: the header X-Relay-Key."""

from aiohttp import web

from plg.contract.problem import ErrorCode
from plg.contract.relay_control import RELAY_AUTH_HEADER
from plg_server import app_keys
from plg_server.problems import ApiError
from plg_server.routes import Auth, Authenticator
from plg_server.services.nodes import authenticate_relay

KEY_LIMIT_CHARS = 512
"""Our relay keys have 60 characters."""


async def relay(request: web.Request) -> None:
    """An enrolled relay. Leaves `RELAY` on the request."""
    header = request.headers.get(RELAY_AUTH_HEADER, "")
    if len(header) > KEY_LIMIT_CHARS or not header.isascii():
        raise ApiError(ErrorCode.TOKEN_INVALID, "the relay key is not valid; enrol this relay again")
    request[app_keys.RELAY] = await authenticate_relay(header)


def relay_authenticators() -> dict[Auth, Authenticator]:
    """The kind that this module serves."""
    return {Auth.RELAY: relay}

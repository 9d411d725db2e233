"""/v1/relays: what relays call."""

import msgspec
from aiohttp import hdrs, web

from plg.contract.problem import ErrorCode
from plg.contract.relay_control import EnrolAnswer, EnrolRequest, HeartbeatAnswer, HeartbeatRequest, ProfileSet
from plg_server import app_keys
from plg_server.routes import Auth, Limit, route
from plg_server.services.nodes import enrol


@route(
    "POST",
    "/v1/relays/enrol",
    body=EnrolRequest,
    answer=EnrolAnswer,
    auth=Auth.NONE,
    limit=Limit.SIGN_IN,
    errors=(ErrorCode.ENROLMENT_REFUSED,),
)
async def enrol_relay(request: web.Request, body: EnrolRequest) -> EnrolAnswer:  # noqa: ARG001 - a handler's signature
    """Trade a one-time token for the identity of a relay."""
    return await enrol(body)


@route(
    "POST",
    "/v1/relays/heartbeat",
    body=HeartbeatRequest,
    answer=HeartbeatAnswer,
    auth=Auth.RELAY,
    limit=Limit.RELAY,
    errors=(ErrorCode.STORE_UNAVAILABLE,),
)
async def heartbeat(request: web.Request, body: HeartbeatRequest) -> HeartbeatAnswer:
    """Say that the relay lives, and hear what has changed."""
    return await request.app[app_keys.RELAY_PROFILES].heartbeat(request[app_keys.RELAY], body)


@route("GET", "/v1/relays/profiles", answer=ProfileSet, auth=Auth.RELAY, limit=Limit.RELAY)
async def profiles(request: web.Request) -> web.Response:
    """Where each game's packets may go; 304 when the relay's ETag is still right (RFC 9110, 13.1.2)."""
    current = request.app[app_keys.RELAY_PROFILES].profile_set
    etag = f'"{current.etag}"'
    given = [word.strip().removeprefix("W/") for word in request.headers.get(hdrs.IF_NONE_MATCH, "").split(",")]
    headers = {"ETag": etag}
    if etag in given or "*" in given:
        return web.Response(status=304, headers=headers)
    return web.Response(body=msgspec.json.encode(current), content_type="application/json", headers=headers)


ROUTES = (enrol_relay, heartbeat, profiles)

"""/v1/me/devices: where the account is signed in."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from plg.contract.account_safety import DeviceList, DevicesRevoked
from plg.contract.schema import Request
from plg_server import app_keys
from plg_server.ids import EntityId
from plg_server.routes import Auth, Limit, route
from plg_server.services import devices


class DevicePath(Request, frozen=True):
    """A sign-in of the caller."""

    device_id: EntityId


class DeviceQuery(Request, frozen=True):
    """Last used first."""

    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    offset: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


@route("GET", "/v1/me/devices", query=DeviceQuery, answer=DeviceList, auth=Auth.ACCOUNT, limit=Limit.READ)
async def list_devices(request: web.Request, query: DeviceQuery) -> DeviceList:
    """The account's sign-ins that have not ended."""
    identity = request[app_keys.IDENTITY]
    return await devices.devices(identity.account_id, identity.sign_in_id, query.limit, query.offset)


@route("DELETE", "/v1/me/devices/{device_id}", path=DevicePath, auth=Auth.ACCOUNT, limit=Limit.WRITE)
async def revoke_device(request: web.Request, path: DevicePath) -> None:
    """End one sign-in at once, also the caller's own."""
    now = request.app[app_keys.CLOCK]()
    await devices.revoke(request[app_keys.IDENTITY].account_id, path.device_id, now)


@route("POST", "/v1/me/devices/revoke-others", answer=DevicesRevoked, auth=Auth.ACCOUNT, limit=Limit.WRITE)
async def revoke_other_devices(request: web.Request) -> DevicesRevoked:
    """End every sign-in but the caller's own."""
    identity = request[app_keys.IDENTITY]
    now = request.app[app_keys.CLOCK]()
    return DevicesRevoked(revoked=await devices.revoke_others(identity.account_id, identity.sign_in_id, now))


ROUTES = (list_devices, revoke_device, revoke_other_devices)

"""A relay as the server sees it: enrolled through the API, sending heartbeats, opening the tickets that players bring."""

import base64
import time
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plg.contract.relay_control import EnrolAnswer
from plg.protocol.errors import DropReason
from plg.protocol.ticket import ExitTicket, open_ticket
from plg_server import app_keys
from plg_server.services.nodes import create_enrolment_token
from support.api_driver import ApiDriver, Reply


class MemberRelay:
    """Made by `enrolled_relay`."""

    def __init__(self, api: ApiDriver, identity: EnrolAnswer) -> None:
        self.api = api
        self.identity = identity

    @property
    def headers(self) -> dict[str, str]:
        """What signs the relay in."""
        return {"X-Relay-Key": f"{self.identity.node_id}.{self.identity.relay_key}"}

    async def beat(self, **fields: Any) -> Any:
        """Send a heartbeat that must be taken; gives the answer."""
        reply = await self.try_beat(**fields)
        assert reply.status == 200, reply.text
        return reply.json

    async def try_beat(self, **fields: Any) -> Reply:
        """Send a heartbeat."""
        body = {"boot_id": "0123456789abcdef", "max_sessions": 100, **fields}
        return await self.api.post("/v1/relays/heartbeat", body, headers=self.headers)

    def open(self, grant: Any) -> ExitTicket:
        """The ticket of a grant, opened with this relay's keys."""
        keys = {entry.key_id: AESGCM(base64.b64decode(entry.key)) for entry in self.identity.ticket_keys}
        ticket = open_ticket(base64.b64decode(grant["ticket"]), keys, self.identity.relay_id, time.time())
        assert not isinstance(ticket, DropReason), ticket
        return ticket


async def new_enrolment_token(api: ApiDriver, name: str = "Frankfurt 1") -> str:
    """A token as the operator makes it."""
    with api.app[app_keys.DATABASE].active():
        return (await create_enrolment_token(name, country="DE", city="Frankfurt")).token


async def enrolled_relay(
    api: ApiDriver, name: str = "Frankfurt 1", *, host: str = "9.9.9.9", beat: bool = True, **fields: Any
) -> MemberRelay:
    """A relay that has enrolled and, unless told otherwise, sent its first heartbeat."""
    body = {"enrol_token": await new_enrolment_token(api, name), "public_host": host, "port": 443, **fields}
    reply = await api.post("/v1/relays/enrol", body)
    assert reply.status == 200, reply.text
    relay = MemberRelay(api, msgspec.convert(reply.json, EnrolAnswer))
    if beat:
        await relay.beat()
    return relay

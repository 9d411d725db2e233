"""A relay as the server sees it: enrolled through the API, sending heartbeats, opening the tickets that players bring."""

import base64
import time
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plg.contract.relay_control import EnrolAnswer
from plg.protocol.errors import DropReason
from plg.protocol.ticket import ExitTicket, TransitTicket, open_ticket, open_transit_ticket
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

    @property
    def _keys(self) -> dict[int, AESGCM]:
        return {entry.key_id: AESGCM(base64.b64decode(entry.key)) for entry in self.identity.ticket_keys}

    def open(self, grant: Any) -> ExitTicket:
        """The ticket of a grant, opened with this relay's keys."""
        ticket = open_ticket(base64.b64decode(grant["ticket"]), self._keys, self.identity.relay_id, time.time())
        assert not isinstance(ticket, DropReason), ticket
        return ticket

    def open_transit(self, grant: Any) -> TransitTicket:
        """The ticket of a transit grant, opened with this relay's keys."""
        ticket = open_transit_ticket(base64.b64decode(grant["ticket"]), self._keys, self.identity.relay_id, time.time())
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


class Fleet:
    """Several relays that measure one another; made by `relay_fleet`."""

    def __init__(
        self, relays: dict[str, MemberRelay], player_ms: dict[str, float], leg_ms: float, mesh_ms: float
    ) -> None:
        self._relays = relays
        self.player_ms = player_ms
        self.leg_ms = leg_ms
        self.mesh_ms = mesh_ms

    def __getitem__(self, name: str) -> MemberRelay:
        return self._relays[name]

    def id(self, name: str) -> str:
        """The node id of a relay."""
        return self._relays[name].identity.node_id

    def name(self, node_id: str) -> str:
        """The relay of a node id."""
        return next(name for name, relay in self._relays.items() if relay.identity.node_id == node_id)

    @property
    def measurements(self) -> list[dict[str, Any]]:
        """What the player measured to each."""
        return [{"node_id": self.id(name), "rtt_ms": ms} for name, ms in self.player_ms.items()]

    async def beat(self, name: str, *, game_ms: float | None = None, **fields: Any) -> Any:
        """One relay's heartbeat: its peers at `mesh_ms`, every game host at `game_ms` (else `leg_ms`)."""
        relay = self._relays[name]
        answer = await relay.beat(**fields)
        told = [
            {"target_id": f"relay:{peer['node_id']}", "rtt_ms": self.mesh_ms, "rtt_p95_ms": self.mesh_ms}
            for peer in answer["peers"]
        ]
        leg_ms = self.leg_ms if game_ms is None else game_ms
        told += [{"target_id": target["target_id"], "rtt_ms": leg_ms} for target in answer["probe_targets"]]
        return await relay.beat(measurements=told, **fields)

    async def beat_all(self) -> None:
        """Every relay's heartbeat."""
        for name in self._relays:
            await self.beat(name)


async def relay_fleet(api: ApiDriver, *, leg_ms: float = 10.0, mesh_ms: float = 5.0, **player_ms: float) -> Fleet:
    """Relays by name, each on a host and in a network of its own, measured by the player at `player_ms`."""
    relays = {
        name: await enrolled_relay(api, name, host=f"{20 + number}.1.1.1") for number, name in enumerate(player_ms)
    }
    fleet = Fleet(relays, dict(player_ms), leg_ms, mesh_ms)
    await fleet.beat_all()
    return fleet

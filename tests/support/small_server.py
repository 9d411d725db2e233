"""The server's relay routes, small: answers what a test put there and writes down what came."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer

from plg.contract.relay_control import (
    RELAY_AUTH_HEADER,
    EnrolAnswer,
    EnrolRequest,
    HeartbeatAnswer,
    HeartbeatRequest,
    PeerRelay,
    ProbeTarget,
    ProfileAcl,
    ProfileSet,
    TicketKey,
)

KEYS = [TicketKey(key_id=1, key="a2V5")]


@dataclass
class SmallServer:
    url: str = ""
    status: int = 200
    raw: bytes | None = None
    profiles: ProfileSet = field(default_factory=lambda: ProfileSet(etag="e1", profiles=[]))
    revoked_cids: list[str] = field(default_factory=list)
    probe_targets: list[ProbeTarget] = field(default_factory=list)
    peers: list[PeerRelay] = field(default_factory=list)
    server_time_ms: int = 0
    enrolments: list[EnrolRequest] = field(default_factory=list)
    beats: list[HeartbeatRequest] = field(default_factory=list)
    auth: list[str] = field(default_factory=list)
    profile_requests: list[str] = field(default_factory=list)

    def profile(self, etag: str, *profiles: ProfileAcl) -> None:
        self.profiles = ProfileSet(etag=etag, profiles=list(profiles))

    def _answer(self, answer: object) -> web.Response:
        body = self.raw if self.raw is not None else msgspec.json.encode(answer)
        return web.Response(status=self.status, body=body, content_type="application/json")

    async def enrol(self, request: web.Request) -> web.Response:
        self.enrolments.append(msgspec.json.decode(await request.read(), type=EnrolRequest))
        return self._answer(
            EnrolAnswer(node_id="node-1", relay_id=7, relay_key="r" * 32, control_key="c" * 32, ticket_keys=KEYS)
        )

    async def heartbeat(self, request: web.Request) -> web.Response:
        self.auth.append(request.headers.get(RELAY_AUTH_HEADER, ""))
        self.beats.append(msgspec.json.decode(await request.read(), type=HeartbeatRequest))
        return self._answer(
            HeartbeatAnswer(
                server_time_ms=self.server_time_ms,
                profiles_etag=self.profiles.etag,
                ticket_keys=KEYS,
                revoked_cids=self.revoked_cids,
                revoked_users=[],
                denied_addresses=[],
                probe_targets=self.probe_targets,
                peers=self.peers,
            )
        )

    async def get_profiles(self, request: web.Request) -> web.Response:
        known = request.headers.get("If-None-Match", "")
        self.profile_requests.append(known)
        if known == f'"{self.profiles.etag}"':
            return web.Response(status=304)
        return self._answer(self.profiles)

    async def healthz(self, _: web.Request) -> web.Response:
        return self._answer({"status": "ok"})


@asynccontextmanager
async def small_server() -> AsyncIterator[SmallServer]:
    """Running on loopback until the end of the block."""
    server = SmallServer()
    app = web.Application()
    app.router.add_post("/v1/relays/enrol", server.enrol)
    app.router.add_post("/v1/relays/heartbeat", server.heartbeat)
    app.router.add_get("/v1/relays/profiles", server.get_profiles)
    app.router.add_get("/healthz", server.healthz)
    async with TestServer(app) as running:
        server.url = str(running.make_url("")).rstrip("/")
        yield server

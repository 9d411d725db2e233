"""The control API over real HTTP: who may call it, what each route does, what a bad request is told."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from plg.contract.problem import ErrorCode, Problem
from plg.contract.relay_control import RELAY_AUTH_HEADER, RelayHealth, RelaySessionList
from plg_relay.control_api import MAX_BODY_BYTES, control_app
from plg_relay.profile_cache import PolicyStore
from plg_relay.relay_status import RelayStatus
from support.live_relay import LivePlane, LivePlayer, live_plane

KEY = "the-control-key"


@dataclass
class Control:
    url: str
    relay: LivePlane
    store: PolicyStore
    http: ClientSession
    drained: list[int] = field(default_factory=list)

    async def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        all_headers = {RELAY_AUTH_HEADER: KEY, "Content-Type": "application/json"} | headers
        async with self.http.request(method, self.url + path, data=body, headers=all_headers) as answer:
            return answer.status, await answer.read()

    async def refusal(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, ErrorCode]:
        status, raw = await self.call(method, path, body, **headers)
        problem = msgspec.json.decode(raw, type=Problem)
        assert problem.status == status
        return status, problem.code


@pytest.fixture
async def control(tmp_path: Path) -> AsyncIterator[Control]:
    async with live_plane(tmp_path) as relay:
        store = PolicyStore(tmp_path, [])
        status = RelayStatus(
            relay.plane,
            node_id="node-1",
            boot_id="00" * 8,
            version="1",
            max_sessions=1000,
            started_s=time.monotonic(),
        )
        drained: list[int] = []

        async def drain(seconds: int) -> None:
            drained.append(seconds)
            await relay.plane.drain(seconds)

        app: web.Application = control_app(status, store, control_key=KEY, drain=drain)
        async with TestServer(app) as server, ClientSession() as http:
            yield Control(str(server.make_url("/v1")), relay, store, http, drained)


@pytest.mark.parametrize("key", ["", "wrong", KEY + "x", KEY[:-1], "ключ"])
async def test_without_the_key_every_route_is_closed(control: Control, key: str) -> None:
    headers = {RELAY_AUTH_HEADER: key.encode().decode("latin-1")}
    assert await control.refusal("GET", "/health", None, **headers) == (401, ErrorCode.TOKEN_INVALID)
    assert await control.refusal("POST", "/drain", b"{}", **headers) == (401, ErrorCode.TOKEN_INVALID)
    assert control.drained == []


async def test_guessing_the_key_is_slowed_down_and_the_right_key_is_not(control: Control) -> None:
    codes = [(await control.refusal("GET", "/health", None, **{RELAY_AUTH_HEADER: "guess"}))[0] for _ in range(12)]
    assert 429 in codes
    assert (await control.call("GET", "/health"))[0] == 200


async def test_health_says_how_the_relay_is(control: Control) -> None:
    status, raw = await control.call("GET", "/health")
    health = msgspec.json.decode(raw, type=RelayHealth)
    assert (status, health.status, health.node_id, health.sessions) == (200, "up", "node-1", 0)


async def test_sessions_are_listed_and_ended(control: Control) -> None:
    player = LivePlayer.at(control.relay.port)
    await player.connect()
    _, raw = await control.call("GET", "/sessions")
    (row,) = msgspec.json.decode(raw, type=RelaySessionList).sessions
    assert (await control.call("DELETE", f"/sessions/{row.cid}"))[0] == 204
    assert await control.refusal("DELETE", f"/sessions/{row.cid}") == (404, ErrorCode.SESSION_NOT_FOUND)
    assert await control.refusal("DELETE", "/sessions/xyz") == (422, ErrorCode.INVALID_BODY)
    player.close()


async def test_a_session_is_registered_with_caps_before_it_comes(control: Control) -> None:
    body = b'{"cid": "0000000000000055", "packets_per_second": 9}'
    assert (await control.call("POST", "/sessions", body))[0] == 204
    player = LivePlayer.at(control.relay.port)
    await player.connect()
    assert control.relay.plane.forwarder.table.by_cid[0x55].up.packets_per_s == 9
    player.close()


async def test_a_revocation_is_written_into_the_policy(control: Control) -> None:
    body = b'{"cid": "0000000000000055", "expires_at_s": 4000000000}'
    assert (await control.call("POST", "/revocations", body))[0] == 204
    assert control.store.policy.all_revoked_cids() == {f"{0x55:016x}"}


async def test_a_drain_is_passed_on_and_shown(control: Control) -> None:
    status, raw = await control.call("POST", "/drain", b'{"seconds": 7}')
    assert (status, msgspec.json.decode(raw, type=RelayHealth).status, control.drained) == (200, "draining", [7])


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/revocations", b"{}", (422, ErrorCode.INVALID_BODY)),
        ("/revocations", b'{"expires_at_s": 1}', (422, ErrorCode.INVALID_BODY)),
        (
            "/revocations",
            b'{"cid": "0000000000000055", "user_ref": "0000000000000055", "expires_at_s": 1}',
            (422, ErrorCode.INVALID_BODY),
        ),
        ("/revocations", b'{"cid": "UPPER", "expires_at_s": 1}', (422, ErrorCode.INVALID_BODY)),
        ("/drain", b'{"seconds": "5"}', (422, ErrorCode.INVALID_BODY)),
        ("/drain", b'{"secs": 5}', (422, ErrorCode.INVALID_BODY)),
        ("/drain", b"{", (400, ErrorCode.MALFORMED_JSON)),
        ("/drain", b"\xff", (400, ErrorCode.MALFORMED_JSON)),
        ("/sessions", b" " * (MAX_BODY_BYTES + 1), (413, ErrorCode.BODY_TOO_LARGE)),
        ("/nothing", b"{}", (404, ErrorCode.NOT_FOUND)),
        ("/health", b"{}", (405, ErrorCode.METHOD_NOT_ALLOWED)),
    ],
)
async def test_a_bad_request_gets_its_status_and_code_and_changes_nothing(
    control: Control, path: str, body: bytes, expected: tuple[int, ErrorCode]
) -> None:
    before = control.store.policy
    assert await control.refusal("POST", path, body) == expected
    assert control.store.policy is before
    assert control.drained == []


async def test_only_json_is_taken(control: Control) -> None:
    refused = await control.refusal("POST", "/drain", b'{"seconds": 5}', **{"Content-Type": "text/plain"})
    assert refused == (415, ErrorCode.UNSUPPORTED_MEDIA_TYPE)

"""Heartbeats: what is sent, what an answer changes, and life without the server."""

import asyncio
import time
from pathlib import Path

import pytest

from plg.contract.relay_control import EnrolRequest, HeartbeatRequest, PeerRelay, ProbeTarget
from plg_relay.errors import RelayError
from plg_relay.identity import RelayIdentity
from plg_relay.profile_cache import PolicyStore
from plg_relay.server_link import ServerLink, enrol
from support.relay_bench import a_profile
from support.small_server import KEYS, SmallServer, small_server


def an_identity(server: str) -> RelayIdentity:
    return RelayIdentity(
        server=server,
        node_id="node-1",
        relay_id=1,
        relay_key="r" * 20,
        control_key="c" * 20,
        ticket_keys=KEYS,
        public_host="h",
        public_port=1,
    )


def a_link(
    server: str,
    store: PolicyStore,
    targets: list[ProbeTarget] | None = None,
    interval_s: float = 0.02,
    peers: list[PeerRelay] | None = None,
) -> ServerLink:
    async def status() -> HeartbeatRequest:
        return HeartbeatRequest(boot_id="0" * 16, sessions=3)

    heard = [] if targets is None else targets
    met = [] if peers is None else peers
    return ServerLink(an_identity(server), store, status, heard.extend, on_peers=met.extend, interval_s=interval_s)


async def until(condition: "list[HeartbeatRequest]", count: int) -> None:
    deadline = time.monotonic() + 10
    while len(condition) < count:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_enrolment_spends_the_token() -> None:
    async with small_server() as server:
        answer = await enrol(server.url + "/", EnrolRequest(enrol_token="t" * 16, public_host="h", port=443))
        assert (answer.node_id, server.enrolments[0].enrol_token) == ("node-1", "t" * 16)


async def test_a_beat_signs_in_reports_and_brings_the_policy(tmp_path: Path) -> None:
    async with small_server() as server:
        server.profile("e7", a_profile())
        server.revoked_cids = ["00000000000000aa"]
        server.server_time_ms = int((time.time() - 60) * 1000)
        server.probe_targets = [ProbeTarget(target_id="t", host="h", method="tcp", port=1)]
        server.peers = [PeerRelay(node_id="n2", relay_id=2, addresses=["9.9.9.9"], port=443, ping_token="AA==")]
        store, targets, peers = PolicyStore(tmp_path, []), list[ProbeTarget](), list[PeerRelay]()
        async with a_link(server.url, store, targets, peers=peers) as link:
            await link.beat()
            await link.beat()
        assert server.auth == ["node-1." + "r" * 20] * 2
        assert server.beats[0].sessions == 3
        assert (store.policy.profiles_etag, store.policy.profiles) == ("e7", [a_profile()])
        assert store.policy.all_revoked_cids() == {"00000000000000aa"}
        assert -61_500 < store.policy.clock_offset_ms < -58_500
        assert server.profile_requests == ['""'], "unchanged profiles are fetched once"
        assert targets[0].target_id == "t"
        assert peers == server.peers * 2


async def test_changed_profiles_are_fetched_with_the_next_beat(tmp_path: Path) -> None:
    async with small_server() as server:
        store = PolicyStore(tmp_path, [])
        async with a_link(server.url, store) as link:
            await link.beat()
            server.profile("e2", a_profile())
            await link.beat()
        assert store.policy.profiles_etag == "e2"
        assert server.profile_requests == ['""', '"e1"']


async def test_beats_go_on_and_may_be_asked_for_at_once(tmp_path: Path) -> None:
    store = PolicyStore(tmp_path, [])
    async with (
        small_server() as server,
        a_link(server.url, store, interval_s=30) as link,
        asyncio.TaskGroup() as tasks,
    ):
        running = tasks.create_task(link.run())
        await until(server.beats, 1)
        link.beat_now()
        await until(server.beats, 2)
        running.cancel()


async def test_a_server_that_fails_changes_nothing_and_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    async with small_server() as server:
        store = PolicyStore(tmp_path, KEYS)
        before = store.policy
        server.status = 503
        async with a_link(server.url, store) as link, asyncio.TaskGroup() as tasks:
            running = tasks.create_task(link.run())
            await until(server.beats, 3)
            assert store.policy is before
            assert caplog.text.count("heartbeat failed") == 1, "one line, not one for each"
            server.status = 200
            await until_policy(store, server)
            await until(server.beats, len(server.beats) + 1)
            running.cancel()
        assert "answers again" in caplog.text


async def until_policy(store: PolicyStore, server: SmallServer) -> None:
    deadline = time.monotonic() + 10
    while store.policy.profiles_etag != server.profiles.etag:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_a_link_is_used_as_a_context(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="async with"):
        await a_link("http://127.0.0.1:9", PolicyStore(tmp_path, [])).beat()
    async with a_link("http://127.0.0.1:9", PolicyStore(tmp_path, [])) as link:
        with pytest.raises(RelayError, match="no answer"):
            await link.beat()

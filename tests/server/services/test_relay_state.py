"""Live state of relays, and what is worth measuring."""

import asyncio
from ipaddress import ip_address

import msgspec
import pytest

from plg.contract.nodes import NodeState
from plg.contract.relay_control import HeartbeatRequest, RegionMeasurement
from plg_server.services import relay_state
from plg_server.services.game_catalog import build_catalog
from plg_server.services.game_files import load_game_files, parse_game_texts
from plg_server.services.path_score import Figure
from plg_server.services.relay_state import (
    MAX_GAMES,
    MAX_HOSTS,
    MAX_PROBE_TARGETS,
    STALE_AFTER_S,
    RelayStates,
    leg_targets,
    ping_target,
)
from plg_server.store import MemoryStore

CATALOG = build_catalog(load_game_files())
GAME = build_catalog(
    parse_game_texts(
        [
            (
                "f",
                """
[[game]]
slug = "pong"
name = "Pong"
category = "sports"
[[game.region]]
code = "eu"
name = "Europe"
ping = [{ host = "eu.example", method = "icmp" }]
cidrs = ["9.9.9.0/24"]
[[game.region]]
code = "us"
name = "America"
ping = [{ host = "us.example", method = "tcp", port = 443, proxy = true }]
cidrs = ["8.8.8.0/24"]
""",
            )
        ]
    )
).by_slug["pong"]
EU, US = (ping_target(region.ping[0]).target_id for region in GAME.detail.regions)


def beat(**fields: object) -> HeartbeatRequest:
    return HeartbeatRequest(**{"boot_id": "0123456789abcdef", "max_sessions": 100, **fields})  # type: ignore[arg-type]  # test data


async def test_a_heartbeat_is_kept_until_the_relay_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_state, "SILENT_AFTER_S", 0.1)
    states = RelayStates(MemoryStore())
    await states.record("a", beat(sessions=3), enrolled_max=100)

    kept = await states.get("a")
    assert kept is not None
    assert kept.sessions == 3
    assert await states.get("b") is None
    await asyncio.sleep(0.15)
    assert await states.get("a") is None


async def test_a_relay_may_lower_its_cap_but_not_raise_it() -> None:
    states = RelayStates(MemoryStore())
    for told, kept in ((50, 50), (500, 100), (0, 100)):
        state = await states.record("a", beat(max_sessions=told), enrolled_max=100)
        assert state.max_sessions == kept


async def test_what_another_version_wrote_counts_as_silence() -> None:
    store = MemoryStore()
    await store.set("relay:a", '{"v": 9}', 10)
    await store.set("interest", "[]", 10)
    states = RelayStates(store)
    assert await states.get("a") is None
    assert await states.probe_targets(CATALOG) == []


async def test_state_and_load_follow_sessions_draining_and_a_late_loop() -> None:
    states = RelayStates(MemoryStore())
    for fields, state, load in (
        ({"sessions": 50}, NodeState.UP, 50.0),
        ({"sessions": 100}, NodeState.FULL, 100.0),
        ({"sessions": 50, "draining": True}, NodeState.DRAINING, 50.0),
        ({"sessions": 1, "loop_lag_ms": 80.0}, NodeState.UP, 90.0),
    ):
        recorded = await states.record("a", beat(**fields), enrolled_max=100)
        assert (recorded.state, recorded.load_percent) == (state, load)


async def test_measurements_survive_the_store() -> None:
    states = RelayStates(MemoryStore())
    entries = [
        RegionMeasurement(target_id=EU, rtt_ms=4.5, loss_percent=1.0),
        RegionMeasurement(target_id=US, rtt_ms=None),
    ]
    await states.record("a", beat(measurements=entries), enrolled_max=100)
    state = await states.get("a")
    assert state is not None
    assert state.measured == {EU: (4.5, 1.0), US: (None, 0.0)}


async def test_only_games_that_were_asked_for_are_measured_and_the_number_is_bounded() -> None:
    states = RelayStates(MemoryStore())
    assert await states.probe_targets(CATALOG) == []
    for profile in CATALOG.profiles:
        await states.add_interest(profile.slug, [])
    for number in range(MAX_HOSTS + 10):
        await states.add_interest("openarena", [ip_address(f"9.9.{number}.1")])

    targets = await states.probe_targets(CATALOG)

    assert 0 < len(targets) <= MAX_PROBE_TARGETS
    assert sum(target.target_id.startswith("host:") for target in targets) == MAX_HOSTS
    assert len({target.target_id for target in targets}) == len(targets)
    assert all(len(target.target_id) <= 128 for target in targets)
    assert len(CATALOG.profiles) > MAX_GAMES


async def test_interest_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_state, "INTEREST_S", 0.1)
    states = RelayStates(MemoryStore())
    await states.add_interest("cs2")
    assert await states.probe_targets(CATALOG)
    await asyncio.sleep(0.15)
    assert await states.probe_targets(CATALOG) == []


def test_a_named_server_is_measured_itself_and_else_by_the_hosts_of_its_region() -> None:
    server = ip_address("9.9.9.7")
    hosts, near = leg_targets(GAME, [server])
    assert [(target.target_id, target.region, target.estimated) for target in hosts] == [("host:9.9.9.7", "eu", False)]
    assert [(target.target_id, target.place, target.estimated) for target in near] == [(EU, "eu", True)]
    hosts, near = leg_targets(GAME, [ip_address("7.7.7.7")])
    assert ([target.place for target in hosts], near) == (["host:7.7.7.7"], [])


def test_without_a_server_every_region_is_an_end() -> None:
    hosts, near = leg_targets(GAME)
    assert hosts == []
    assert [(target.target_id, target.region, target.estimated) for target in near] == [
        (EU, "eu", False),
        (US, "us", True),
    ]


async def test_an_old_figure_counts_for_nothing() -> None:
    states = RelayStates(MemoryStore())
    entries = [
        RegionMeasurement(target_id=EU, rtt_ms=4.5, rtt_p95_ms=6.0, age_s=60),
        RegionMeasurement(target_id=US, rtt_ms=90.0, age_s=STALE_AFTER_S + 1),
        RegionMeasurement(target_id="relay:b", rtt_ms=7.0, loss_percent=1.0),
    ]
    state = await states.record("a", beat(measurements=entries), enrolled_max=100)
    assert state.figure(EU) == Figure(4.5, 0.0, 6.0, 60.0)
    assert (state.figure(US), state.figure("never")) == (None, None)
    assert state.peer_figures() == {"b": Figure(7.0, 1.0)}


async def test_a_server_of_the_version_before_can_read_what_this_one_keeps() -> None:
    class OlderState(msgspec.Struct):
        at_s: float
        measured: dict[str, tuple[float | None, float]]

    store = MemoryStore()
    entry = RegionMeasurement(target_id=EU, rtt_ms=4.5, rtt_p95_ms=6.0, age_s=60)
    await RelayStates(store).record("a", beat(measurements=[entry]), enrolled_max=100)
    text = await store.get("relay:a")
    assert text is not None
    assert msgspec.json.decode(text, type=OlderState).measured == {EU: (4.5, 0.0)}


async def test_a_silent_relay_is_remembered_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_state, "SILENT_AFTER_S", 0.0)
    states = RelayStates(MemoryStore())
    await states.record("a", beat(), enrolled_max=100)
    assert await states.get("a") is None
    assert await states.last("a") is not None


async def test_the_wish_for_masked_headers_is_that_of_the_last_heartbeat() -> None:
    states = RelayStates(MemoryStore())
    for mask in (False, True, False):
        await states.record("a", beat(mask=mask), enrolled_max=100)
        state = await states.get("a")
        assert state is not None
        assert state.mask is mask

"""What clients measured, how it is shown, and what the server learns from it about relays that claim too little."""

from datetime import timedelta
from typing import Any

import pytest

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.nodes import Node
from plg_server.models.sessions import LegFinding, Session
from plg_server.services import route_matrix
from plg_server.services.route_matrix import forget_findings
from plg_server.services.session_records import record_of
from support.api_driver import ApiDriver, StartServer
from support.member_relay import Fleet, relay_fleet

SERVER = "10.7.0.2:27960"


def a_session(**fields: object) -> Session:
    now = utc_now()
    node = Node(id="n", name="Node", relay_id=1)
    session = Session(
        id="s", account_id="a", node_id="n", game="cs2", cid="0" * 16, secret="", approved="", started_at=now,
        renewed_at=now, expires_at=now + timedelta(hours=4), **fields,
    )  # fmt: skip
    session.node = node
    return session


@pytest.fixture
async def lab(start_server: StartServer, backend: dict[str, object]) -> ApiDriver:
    """A server that lets players name private addresses."""
    return await start_server(**backend, allow_private_targets=True, rate_limits_on=False)


async def honest_and_liar(api: ApiDriver, access: str) -> Fleet:
    """Two relays that have measured the game's server: one truly, one that claims 1 ms where it is 60."""
    await api.get("/v1/nodes", access, params={"game": "openarena", "target": SERVER})
    fleet = await relay_fleet(api, leg_ms=20.0, mesh_ms=50.0, honest=10, liar=10)
    await fleet.beat("liar", game_ms=1.0)
    return fleet


async def play(api: ApiDriver, access: str, fleet: Fleet, **told: Any) -> str:
    """One session: the player's 10 ms and the true leg, measured end to end. Gives the exit's name."""
    body = {"game": "openarena", "target": SERVER, "measurements": fleet.measurements}
    grant = (await api.post("/v1/sessions", body, access)).json
    name = fleet.name(grant["relay"]["node_id"])
    true_leg_ms = {"honest": 20.0, "liar": 60.0}[name]
    metrics = {
        "seconds": 600,
        "paths": [{"path": 0, "rtt_ms_p50": 10.0}],
        "measured_total_ms": 10.0 + true_leg_ms,
        "measured_target": SERVER,
        **told,
    }
    reply = await api.post(f"/v1/sessions/{grant['session_id']}/stop", metrics, access)
    assert reply.status == 200, reply.text
    return name


async def test_a_relay_that_lies_keeps_nobody_who_has_played_there(lab: ApiDriver) -> None:
    access = await lab.signed_in()
    fleet = await honest_and_liar(lab, access)
    assert await play(lab, access, fleet) == "liar", "nobody can know before the first time"
    assert [await play(lab, access, fleet) for _ in range(3)] == ["honest"] * 3
    body = {"game": "openarena", "target": SERVER, "measurements": fleet.measurements}
    report = (await lab.post("/v1/routes", body, access)).json
    liar = next(entry for entry in report["candidates"] if entry["node_id"] == fleet.id("liar"))
    assert liar["bias_ms"] == pytest.approx(59.0, abs=0.1)
    assert "59.0 ms that players measured on top" in liar["because"]


async def test_it_draws_others_until_two_have_played_there_and_then_nobody(
    lab: ApiDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route_matrix, "EXPERIENCE_FOR_S", 0.0)
    accesses = [await lab.signed_in(f"p{number}@example.org") for number in range(5)]
    fleet = await honest_and_liar(lab, accesses[0])
    assert [await play(lab, access, fleet) for access in accesses] == ["liar", "liar", "honest", "honest", "honest"]


async def test_claiming_still_less_afterwards_wins_nothing(lab: ApiDriver) -> None:
    access = await lab.signed_in()
    fleet = await honest_and_liar(lab, access)
    await play(lab, access, fleet)
    for claim_ms in (0.5, 0.0, 19.0):
        await fleet.beat("liar", game_ms=claim_ms)
        assert await play(lab, access, fleet) == "honest"


async def test_a_slow_answer_to_the_player_is_not_held_against_the_relay(lab: ApiDriver) -> None:
    """The player's own way to the relay is the player's: only what lies behind the relay is learnt."""
    access = await lab.signed_in()
    fleet = await honest_and_liar(lab, access)
    told = {"paths": [{"path": 0, "rtt_ms_p50": 80.0}], "measured_total_ms": 81.0}
    assert [await play(lab, access, fleet, **told) for _ in range(2)] == ["liar", "liar"]
    with lab.app[app_keys.DATABASE].active():
        assert {row.measured_leg_ms for row in await LegFinding.all()} == {1.0}


@pytest.mark.parametrize(
    "told",
    [
        {"measured_total_ms": None},
        {"exit_switches": 1},
        {"paths": []},
        {"paths": [{"path": 1, "rtt_ms_p50": 10.0}]},
        {"measured_total_ms": 4.0},
        {"measured_total_ms": 3_000_000.0},
        {"measured_target": "9.9.9.9:27960"},
        {"measured_target": "nonsense"},
        {"measured_target": "[::]]:1"},
    ],
)
async def test_what_tells_nothing_about_the_exits_way_is_not_learnt(lab: ApiDriver, told: dict[str, Any]) -> None:
    access = await lab.signed_in()
    fleet = await honest_and_liar(lab, access)
    await play(lab, access, fleet, **told)
    with lab.app[app_keys.DATABASE].active():
        assert await LegFinding.all().count() == 0


async def test_a_stop_that_is_repeated_teaches_once(lab: ApiDriver) -> None:
    access = await lab.signed_in()
    fleet = await honest_and_liar(lab, access)
    await play(lab, access, fleet)
    session_id = (await lab.get("/v1/sessions", access)).json["sessions"][0]["session_id"]
    again = {"measured_total_ms": 500.0, "paths": [{"path": 0, "rtt_ms_p50": 10.0}], "measured_target": SERVER}
    await lab.post(f"/v1/sessions/{session_id}/stop", again, access)
    with lab.app[app_keys.DATABASE].active():
        assert [row.measured_leg_ms for row in await LegFinding.all()] == [60.0]


async def test_findings_are_deleted_when_they_have_no_weight(lab: ApiDriver) -> None:
    access = await lab.signed_in()
    fleet = await honest_and_liar(lab, access)
    await play(lab, access, fleet)
    with lab.app[app_keys.DATABASE].active():
        assert await forget_findings(utc_now()) == 0
        assert await forget_findings(utc_now() + timedelta(days=15)) == 1


async def test_the_history_tells_what_was_promised_and_what_came(lab: ApiDriver) -> None:
    access = await lab.signed_in()
    fleet = await honest_and_liar(lab, access)
    told = {"direct_ms": 58.0, "saved_up": 3, "saved_down": 312, "packets_down": 9000, "mode": "adaptive"}
    await play(lab, access, fleet, **told)
    record = (await lab.get("/v1/sessions", access)).json["sessions"][0]
    assert (record["predicted_total_ms"], record["measured_total_ms"], record["direct_ms"]) == (11.0, 70.0, 58.0)
    assert (record["saved_up"], record["saved_down"], record["exit_switches"]) == (3, 312, 0)
    assert record["mode"] == "adaptive"


@pytest.mark.parametrize(
    "body",
    [
        {"measured_total_ms": -1},
        {"direct_ms": 1e12},
        {"saved_up": -1},
        {"exit_switches": 1001},
        {"mode": "turbo"},
        {"paths": [{"path": 8}]},
        {"measured_target": "x" * 300},
    ],
)
async def test_metrics_out_of_bounds_are_refused(lab: ApiDriver, body: dict[str, Any]) -> None:
    access = await lab.signed_in()
    fleet = await relay_fleet(lab, a=10)
    start = {"game": "cs2", "measurements": fleet.measurements}
    grant = (await lab.post("/v1/sessions", start, access)).json
    assert (await lab.post(f"/v1/sessions/{grant['session_id']}/stop", body, access)).code == "invalid_body"


def test_a_running_session_shows_how_long_it_has_run() -> None:
    session = a_session()
    record = record_of(session, session.started_at + timedelta(seconds=90))
    assert (record.state, record.seconds, record.ended_at) == ("active", 90.0, None)


def test_an_expired_session_ended_when_its_ticket_did() -> None:
    session = a_session()
    record = record_of(session, session.started_at + timedelta(hours=9))
    assert (record.state, record.seconds) == ("ended", 4 * 3600.0)

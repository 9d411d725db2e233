"""Rules of sessions that HTTP does not show: time passing, plans, games that leave the catalogue."""

from datetime import timedelta

import pytest

from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.accounts import Account
from plg_server.models.sessions import Session
from plg_server.problems import ApiError
from plg_server.services.asked_game import game_not_found
from plg_server.services.sessions import expire_sessions
from support.api_driver import ApiDriver
from support.member_relay import enrolled_relay


async def test_a_session_whose_client_crashed_ends_with_its_ticket_and_may_still_be_measured(api: ApiDriver) -> None:
    await enrolled_relay(api)
    access = await api.signed_in()
    grant = (await api.post("/v1/sessions", {"game": "cs2"}, access)).json
    with api.app[app_keys.DATABASE].active():
        await Session.all().update(expires_at=utc_now() - timedelta(minutes=2))
        shown = (await api.get("/v1/sessions", access)).json["sessions"][0]
        assert shown["state"] == "ended"
        assert await expire_sessions(utc_now()) == 1
        assert await expire_sessions(utc_now()) == 0
        session = await Session.get()
    assert (session.ended_because, session.secret) == ("expired", "")

    assert (await api.post(f"/v1/sessions/{grant['session_id']}/renew", token=access)).code == "session_ended"
    await api.post(f"/v1/sessions/{grant['session_id']}/stop", {"seconds": 10, "packets_up": 5}, access)
    assert (await api.get("/v1/me", access)).json["totals"]["packets"] == 5


async def test_a_renewed_session_outlives_one_that_was_not(api: ApiDriver) -> None:
    await enrolled_relay(api)
    access = await api.signed_in()
    old, new = [(await api.post("/v1/sessions", {"game": "cs2"}, access)).json for _ in range(2)]
    await api.post(f"/v1/sessions/{old['session_id']}/renew", token=access)

    await api.post("/v1/sessions", {"game": "cs2"}, access)

    rows = (await api.get("/v1/sessions", access)).json["sessions"]
    assert {row["session_id"]: row["state"] for row in rows}[old["session_id"]] == "active"
    assert {row["session_id"]: row["state"] for row in rows}[new["session_id"]] == "ended"


async def test_an_own_plan_says_how_many_sessions_run(api: ApiDriver) -> None:
    await enrolled_relay(api)
    access = await api.signed_in()
    with api.app[app_keys.DATABASE].active():
        await Account.all().update(plan_name="big", plan_max_sessions=4)
    for _ in range(5):
        await api.post("/v1/sessions", {"game": "cs2"}, access)
    rows = (await api.get("/v1/sessions", access)).json["sessions"]
    assert [row["state"] for row in rows].count("active") == 4


async def test_a_session_of_a_game_that_left_the_catalogue_has_ended(api: ApiDriver) -> None:
    await enrolled_relay(api)
    access = await api.signed_in()
    grant = (await api.post("/v1/sessions", {"game": "cs2"}, access)).json
    with api.app[app_keys.DATABASE].active():
        await Session.all().update(game="left-the-catalogue")
    reply = await api.post(f"/v1/sessions/{grant['session_id']}/renew", token=access)
    assert (reply.status, reply.code) == (409, "session_ended")


async def test_an_unknown_game_is_refused_with_a_way_on(api: ApiDriver) -> None:
    error = game_not_found("opnarena", api.app[app_keys.SEARCH])
    assert error.code is ErrorCode.GAME_NOT_FOUND
    assert error.nearest[0] == "openarena"
    with pytest.raises(ApiError, match="`plg games` lists all"):
        raise game_not_found("?", api.app[app_keys.SEARCH])

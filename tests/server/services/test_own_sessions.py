"""A player's own past: by game, one by one, and what it gained."""

from datetime import timedelta

import pytest

from plg.contract.problem import ErrorCode
from plg_server.database import Database
from plg_server.ids import new_id, utc_now
from plg_server.models.accounts import Account
from plg_server.models.nodes import Node
from plg_server.models.sessions import Session
from plg_server.problems import ApiError
from plg_server.services import own_sessions
from support.operator_rows import account_row, node_row, session_row, transit_row


async def played(account: Account, node: Node, ago_h: float, **columns: object) -> Session:
    at = utc_now() - timedelta(hours=ago_h)
    return await session_row(account, node, at, measured_at=at, ended_at=at, **columns)


async def test_the_history_is_ones_own_newest_first_and_by_game(database: Database) -> None:
    now = utc_now()
    with database.active():
        ann, bob = await account_row("ann@example.org", now), await account_row("bob@example.org", now)
        node = await node_row("fra1", 1, now)
        older, newer = await played(ann, node, 2), await played(ann, node, 1)
        await Session.filter(id=older.id).update(game="dota-2")
        await played(bob, node, 0.5)
        every = await own_sessions.page_of(ann.id, None, 10, 0, now)
        assert [one.session_id for one in every.sessions] == [newer.id, older.id]
        assert every.total == 2
        assert [one.game for one in (await own_sessions.page_of(ann.id, "dota-2", 10, 0, now)).sessions] == ["dota-2"]
        assert [one.session_id for one in (await own_sessions.page_of(ann.id, None, 1, 1, now)).sessions] == [older.id]
        assert await own_sessions.played_games(ann.id) == ["cs2", "dota-2"]


async def test_one_session_has_its_relays_and_ways_and_is_nobody_elses(database: Database) -> None:
    now = utc_now()
    with database.active():
        ann, bob = await account_row("ann@example.org", now), await account_row("bob@example.org", now)
        exit_, transit = await node_row("fra1", 1, now), await node_row("hel1", 2, now)
        session = await played(ann, exit_, 1, paths='[{"path": 0, "rtt_ms_p50": 20.5}]', chosen_because="shortest")
        await transit_row(session, transit, now)
        shown = await own_sessions.one_of(ann.id, session.id, now)
        assert [(one.name, one.role, one.path, one.replaced) for one in shown.relays] == [
            ("fra1", "exit", 0, False),
            ("hel1", "transit", 1, False),
        ]
        assert shown.relays[0].why == "shortest"
        assert [one.rtt_ms_p50 for one in shown.paths] == [20.5]
        for account_id, session_id in ((bob.id, session.id), (ann.id, new_id())):
            with pytest.raises(ApiError) as caught:
                await own_sessions.one_of(account_id, session_id, now)
            assert caught.value.code is ErrorCode.SESSION_NOT_FOUND


async def test_a_gain_is_the_median_of_sessions_measured_on_both_ways_and_none_before_there_are_enough(
    database: Database,
) -> None:
    now = utc_now()
    with database.active():
        ann, node = await account_row("ann@example.org", now), await node_row("fra1", 1, now)
        for number, gain_ms in enumerate((10.0, 30.0, 20.0, -5.0)):
            await played(ann, node, number, measured_total_ms=30.0, direct_ms=30.0 + gain_ms)
        await played(ann, node, 9, measured_total_ms=30.0)  # the direct way is not known
        few = await own_sessions.measured_gain(ann.id)
        assert (few.gain_ms, few.sessions_measured, few.saved_percent) == (None, 4, None)
        await played(
            ann, node, 10, measured_total_ms=30.0, direct_ms=130.0, packets_up=5000, packets_down=5000, saved_down=50
        )
        enough = await own_sessions.measured_gain(ann.id)
        assert (enough.gain_ms, enough.sessions_measured) == (20.0, 5)
        assert enough.saved_percent == pytest.approx(0.5)

"""What is deleted, and what is kept."""

from datetime import timedelta

import pytest

from plg_server.database import Database
from plg_server.ids import new_id, utc_now
from plg_server.models.account_safety import ApiToken
from plg_server.models.leases import Lease, PlanReminder
from plg_server.models.nodes import EnrolmentToken
from plg_server.models.sessions import Session, SessionRelay
from plg_server.models.status import Incident, IncidentUpdate, RelayDay
from plg_server.services import cleaning
from plg_server.services.cleaning import clean, forget_sessions
from plg_server.services.relay_days import day_of
from support.operator_rows import account_row, node_row, session_row, transit_row

DAY = timedelta(days=1)


async def test_what_nobody_needs_goes_and_the_rest_stays(database: Database) -> None:
    now = utc_now()
    with database.active():
        account, node = await account_row("player@example.org", now), await node_row("Frankfurt 1", 1, now)
        old = await session_row(account, node, now, ended_at=now - 401 * DAY)
        await transit_row(old, node, now)
        kept = {
            (await session_row(account, node, now, ended_at=now - 399 * DAY)).id,
            (await session_row(account, node, now)).id,
        }
        for number, days in enumerate((31, 29)):
            await EnrolmentToken.create(
                token_hash=str(number), name="x", created_at=now, expires_at=now - days * DAY
            )  # fmt: skip
            await PlanReminder.create(id=new_id(), account=account, ends_at=now - days * DAY, made_at=now)
            await Lease.create(id=str(number), due_at=now - days * DAY)
        for days in (91, 89):
            ended = now - days * DAY
            for what, revoked_at, expires_at in (("revoked", ended, None), ("expired", None, ended)):
                await ApiToken.create(
                    id=new_id(), account=account, name=f"{what} {days}", prefix="x", token_hash=f"{what} {days}", scopes="",
                    created_at=now, revoked_at=revoked_at, expires_at=expires_at,
                )  # fmt: skip
        for days in (0, 92):
            await RelayDay.create(id=new_id(), node=node, day=day_of(now - days * DAY), looked_at=now)
        for days in (399, 401):
            told = await Incident.create(
                id=new_id(), title="x", severity="minor", started_at=now, ended_at=now - days * DAY
            )
            await IncidentUpdate.create(id=new_id(), incident=told, at=now, text="x")

        gone = await clean(now)

        assert gone == {
            "sign_ins_and_tokens": 0,
            "sessions": 1,
            "enrolment_tokens": 1,
            "api_tokens": 2,
            "reminders": 1,
            "leases": 1,
            "relay_days": 1,
            "incidents": 1,
            "telegram": 0,
        }
        assert {row.id for row in await Session.all()} == kept
        assert await SessionRelay.all().count() == 0
        assert [await table.all().count() for table in (EnrolmentToken, PlanReminder, Lease)] == [1, 1, 1]
        assert {row.name for row in await ApiToken.all()} == {"revoked 89", "expired 89"}
        assert [await table.all().count() for table in (RelayDay, Incident, IncidentUpdate)] == [1, 1, 1]


async def test_a_round_is_bounded_and_the_next_one_goes_on(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleaning, "BATCH", 2)
    monkeypatch.setattr(cleaning, "MAX_BATCHES", 2)
    now = utc_now()
    with database.active():
        account, node = await account_row("player@example.org", now), await node_row("Frankfurt 1", 1, now)
        for _ in range(7):
            await session_row(account, node, now, ended_at=now - DAY)
        assert [await forget_sessions(now) for _ in range(3)] == [4, 3, 0]

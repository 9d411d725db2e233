"""Incidents: what is told, in which order, and what can be done once only."""

import asyncio
from datetime import timedelta

import pytest

from plg.contract.incidents import (
    EndIncidentRequest,
    IncidentsQuery,
    OpenIncidentRequest,
    UpdateIncidentRequest,
)
from plg_server.database import Database
from plg_server.ids import utc_now
from plg_server.models.audit import AuditEntry
from plg_server.models.status import Incident
from plg_server.problems import ApiError
from plg_server.services import incidents
from support.operator_rows import node_row
from support.operator_world import ACTOR

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


async def code_of(awaitable: object) -> str:
    """How it was refused."""
    with pytest.raises(ApiError) as refusal:
        await awaitable  # type: ignore[misc]  # any coroutine
    return refusal.value.code.value


async def test_an_incident_is_opened_told_more_of_and_ended_and_each_act_is_recorded(database: Database) -> None:
    now = utc_now()
    with database.active():
        node = await node_row("Frankfurt 1", 1, now)
        opened = await incidents.open_incident(
            ACTOR,
            OpenIncidentRequest(title="Slow", title_ru="Медленно", text="We look.\nSoon more.", node_id=node.id),
            now,
        )
        told = await incidents.update(
            ACTOR, opened.id, UpdateIncidentRequest(text="Found", text_ru="Нашли", severity="major"), now + MINUTE
        )
        ended = await incidents.end(ACTOR, opened.id, EndIncidentRequest(text="Mended"), now + 2 * MINUTE)
        acts = [entry.act for entry in await AuditEntry.all().order_by("at")]

    assert (opened.relay, opened.severity, opened.ended_at, len(opened.updates)) == ("Frankfurt 1", "minor", None, 1)
    assert (told.severity, told.updates[0].text_ru) == ("major", "Нашли")
    assert [note.text for note in ended.updates] == ["Mended", "Found", "We look.\nSoon more."]
    assert ended.ended_at is not None
    assert acts == ["incidents.open", "incidents.update", "incidents.end"]


async def test_of_two_who_end_it_one_is_told_that_it_was_over(database: Database) -> None:
    now = utc_now()
    with database.active():
        opened = await incidents.open_incident(ACTOR, OpenIncidentRequest(title="Slow", text="x"), now)
        ends = [incidents.end(ACTOR, opened.id, EndIncidentRequest(text="Mended"), now) for _ in range(3)]
        outcomes = await asyncio.gather(*ends, return_exceptions=True)
        refused = [outcome.code.value for outcome in outcomes if isinstance(outcome, ApiError)]
        assert refused == ["nothing_to_change"] * 2
        assert len((await incidents.show(opened.id)).updates) == 2


async def test_the_page_tells_what_goes_on_before_what_ended_and_nothing_older_than_ninety_days(
    database: Database,
) -> None:
    now = utc_now()
    with database.active():
        for title, started, ended in (
            ("old", 95, 91),
            ("long", 120, 89),
            ("yesterday", 1, 1),
            ("runs", 30, None),
            ("planned", -3, None),
        ):
            await Incident.create(
                id=title,
                title=title,
                severity="minor",
                started_at=now - started * DAY,
                ended_at=None if ended is None else now - ended * DAY,
            )
        assert [one.title for one in await incidents.recent(now)] == ["planned", "runs", "yesterday", "long"]
        page = await incidents.page(IncidentsQuery(state="ended", limit=1))
        assert ([one.title for one in page.incidents], page.total) == (["yesterday"], 3)


async def test_a_planned_incident_that_is_called_off_never_ends_before_it_began(database: Database) -> None:
    now = utc_now()
    with database.active():
        planned = OpenIncidentRequest(title="Work", text="x", severity="maintenance", started_at=now + DAY)
        opened = await incidents.open_incident(ACTOR, planned, now)
        ended = await incidents.end(ACTOR, opened.id, EndIncidentRequest(), now)
    assert opened.started_at > ended.started_at == ended.ended_at
    assert len(ended.updates) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": "a\u202eb"},
        {"title": "   "},
        {"text": "a\x00b"},
        {"text_ru": "\u200b"},
        {"text": "\n\n"},
        {"title_ru": " "},
        {"days": 91},
        {"days": -91},
    ],
)
async def test_what_nobody_could_read_or_believe_is_refused(wrong: dict[str, object]) -> None:
    now = utc_now()
    days = wrong.pop("days", None)
    started_at = now + int(str(days)) * DAY if days is not None else None
    request = OpenIncidentRequest(**{"title": "a", "text": "b", **wrong}, started_at=started_at)  # type: ignore[arg-type]  # texts
    assert await code_of(incidents.open_incident(ACTOR, request, now)) == "invalid_body"


async def test_unknown_incidents_and_relays_are_not_found_and_updates_are_bounded(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incidents, "MAX_UPDATES", 2)
    now, more = utc_now(), UpdateIncidentRequest(text="x")
    with database.active():
        for unknown in ("0" * 16, "x" * 64):
            assert await code_of(incidents.update(ACTOR, unknown, more, now)) == "not_found"
            assert await code_of(incidents.end(ACTOR, unknown, EndIncidentRequest(), now)) == "not_found"
            about = OpenIncidentRequest(title="a", text="b", node_id=unknown)
            assert await code_of(incidents.open_incident(ACTOR, about, now)) == "node_not_found"
        opened = await incidents.open_incident(ACTOR, OpenIncidentRequest(title="Slow", text="x"), now)
        await incidents.update(ACTOR, opened.id, more, now)
        assert await code_of(incidents.update(ACTOR, opened.id, more, now)) == "invalid_body"
        russian_only = EndIncidentRequest(text_ru="x")
        assert await code_of(incidents.end(ACTOR, opened.id, russian_only, now)) == "invalid_body"

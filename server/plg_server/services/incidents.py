"""Incidents as operators write them: opened, added to, ended. Each act with its audit entry in one transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tortoise.transactions import in_transaction

from plg.contract import incidents as contract
from plg.contract.problem import ErrorCode
from plg_server.ids import as_id, new_id, timestamp
from plg_server.models.nodes import Node
from plg_server.models.status import Incident, IncidentUpdate
from plg_server.problems import ApiError
from plg_server.services.audit import Actor, JsonValue, record

SHOWN_FOR = timedelta(days=90)
"""What the status page tells of the past; an incident may be dated back or ahead by as much."""

MAX_SHOWN = 50
"""On the status page, newest first: it is read by people."""

MAX_UPDATES = 100
"""Of one incident. Who writes more has two incidents."""

KEEP = timedelta(days=400)
"""As sessions: an operator can compare with the same month of last year."""


async def page(query: contract.IncidentsQuery) -> contract.IncidentPage:
    """Incidents, newest first."""
    found = Incident.all()
    if query.state is not None:
        found = found.filter(ended_at__isnull=query.state == "open")
    rows = await found.order_by("-started_at", "-id").limit(query.limit).offset(query.offset)
    return contract.IncidentPage(
        incidents=await _shown(rows), total=await found.count(), limit=query.limit, offset=query.offset
    )


async def show(incident_id: str) -> contract.Incident:
    """One of them. Raises ApiError `not_found`."""
    return (await _shown([await _incident(incident_id)]))[0]


async def recent(now: datetime) -> list[contract.Incident]:
    """What the status page tells: those that go on or are planned first, then what ended in the last 90 days."""
    running = await Incident.filter(ended_at=None).order_by("-started_at", "-id").limit(MAX_SHOWN)
    ended = Incident.filter(ended_at__gte=now - SHOWN_FOR).order_by("-started_at", "-id")
    return await _shown([*running, *await ended.limit(MAX_SHOWN)])


async def open_incident(actor: Actor, request: contract.OpenIncidentRequest, now: datetime) -> contract.Incident:
    """Tell players of something. Raises ApiError `invalid_body`, `node_not_found`."""
    _check(request.title, request.title_ru, request.text, request.text_ru)
    started_at = request.started_at or now
    # Compared before anything is added to it: a time at the end of the calendar has no 90 days around it.
    if not now - SHOWN_FOR <= started_at <= now + SHOWN_FOR:
        raise ApiError(ErrorCode.INVALID_BODY, f"started_at lies within {SHOWN_FOR.days} days of now")
    incident_id = new_id()
    async with in_transaction():
        if request.node_id is not None and not await Node.exists(id=as_id(request.node_id), deleted_at=None):
            raise ApiError(ErrorCode.NODE_NOT_FOUND, f"there is no relay '{request.node_id}'")
        await Incident.create(
            id=incident_id,
            title=request.title,
            title_ru=request.title_ru,
            severity=request.severity,
            started_at=started_at,
            node_id=request.node_id,
        )
        await _tell(incident_id, request.text, request.text_ru, now)
        details: dict[str, JsonValue] = {"title": request.title, "severity": request.severity, "node": request.node_id}
        await record(actor, "incidents.open", f"incident:{incident_id}", details)
    return await show(incident_id)


async def update(
    actor: Actor, incident_id: str, request: contract.UpdateIncidentRequest, now: datetime
) -> contract.Incident:
    """Tell one thing more. Raises ApiError `not_found`, `invalid_body`."""
    _check(request.text, request.text_ru)
    details: dict[str, JsonValue] = {"text": request.text}
    async with in_transaction():
        # Locked first: of two updates one waits, so that their number holds.
        incident = Incident.filter(id=as_id(incident_id))
        row = await incident.select_for_update().first()
        if row is None:
            raise _not_found(incident_id)
        if await IncidentUpdate.filter(incident_id=row.id).count() >= MAX_UPDATES:
            raise ApiError(ErrorCode.INVALID_BODY, f"an incident has at most {MAX_UPDATES} updates; open another one")
        if request.severity is not None and request.severity != row.severity:
            details["severity"] = [row.severity, request.severity]
            await incident.update(severity=request.severity)
        await _tell(row.id, request.text, request.text_ru, now)
        await record(actor, "incidents.update", f"incident:{row.id}", details)
    return await show(incident_id)


async def end(actor: Actor, incident_id: str, request: contract.EndIncidentRequest, now: datetime) -> contract.Incident:
    """It is over. Raises ApiError `not_found`, `nothing_to_change` when it was over already, `invalid_body`."""
    _check(request.text, request.text_ru)
    if request.text_ru and not request.text:
        raise ApiError(ErrorCode.INVALID_BODY, "text_ru goes with text")
    async with in_transaction():
        won = await Incident.filter(id=as_id(incident_id), ended_at=None).update(ended_at=now)
        row = await _incident(incident_id)
        if not won:
            raise ApiError(ErrorCode.NOTHING_TO_CHANGE, "this incident has ended already")
        if row.started_at > now:  # planned, and called off
            await Incident.filter(id=row.id).update(started_at=now)
        if request.text:
            await _tell(row.id, request.text, request.text_ru, now)
        await record(actor, "incidents.end", f"incident:{row.id}", {"text": request.text})
    return await show(incident_id)


async def forget_incidents(now: datetime) -> int:
    """Delete what ended long ago, with its updates; returns how many incidents."""
    old = Incident.filter(ended_at__lt=now - KEEP)
    ids = [str(incident_id) for incident_id in await old.values_list("id", flat=True)]
    if ids:
        await Incident.filter(id__in=ids).delete()
    return len(ids)


async def _tell(incident_id: str, text: str, text_ru: str, now: datetime) -> None:
    await IncidentUpdate.create(id=new_id(), incident_id=incident_id, at=now, text=text, text_ru=text_ru)


async def _incident(incident_id: str) -> Incident:
    row = await Incident.get_or_none(id=as_id(incident_id))
    if row is None:
        raise _not_found(incident_id)
    return row


async def _shown(rows: Sequence[Incident]) -> list[contract.Incident]:
    told = await IncidentUpdate.filter(incident_id__in=[row.id for row in rows]).order_by("-at", "-id")
    nodes = await Node.filter(id__in=[row.node_id for row in rows if row.node_id is not None])
    names = {node.id: node.name for node in nodes}
    return [
        contract.Incident(
            id=row.id,
            title=row.title,
            title_ru=row.title_ru,
            severity=_severity(row.severity),
            started_at=timestamp(row.started_at),
            ended_at=None if row.ended_at is None else timestamp(row.ended_at),
            node_id=row.node_id,
            relay=None if row.node_id is None else names.get(row.node_id),
            updates=[
                contract.IncidentNote(at=timestamp(note.at), text=note.text, text_ru=note.text_ru)
                for note in told
                if note.incident_id == row.id
            ],
        )
        for row in rows
    ]


def _severity(text: str) -> contract.IncidentSeverity:
    """A severity of a later version counts as one that hinders some."""
    known: dict[str, contract.IncidentSeverity] = {"maintenance": "maintenance", "minor": "minor", "major": "major"}
    return known.get(text, "minor")


def _check(*texts: str) -> None:
    """What everybody will read holds no invisible or right-to-left marks; lines may end. Raises ApiError `invalid_body`."""
    if any(
        not text.replace("\r\n", "").replace("\n", "").isprintable() or (text and not text.strip()) for text in texts
    ):
        raise ApiError(ErrorCode.INVALID_BODY, "titles and texts are printable, and more than spaces")


def _not_found(incident_id: str) -> ApiError:
    return ApiError(ErrorCode.NOT_FOUND, f"there is no incident '{incident_id}'")

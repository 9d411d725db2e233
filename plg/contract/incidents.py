"""Incidents: what operators tell players of a fault or of planned work, on the status page and in /v1/admin/incidents."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from plg.contract.admin_audit import ListLimit, ListOffset
from plg.contract.cli_output import Document
from plg.contract.schema import Answer, Count, Identifier, Request, Timestamp

IncidentTitle = Annotated[str, Meta(min_length=1, max_length=160, pattern=r"^[^\x00-\x1f\x7f]+$")]
IncidentText = Annotated[str, Meta(min_length=1, max_length=2000)]
OtherTitle = Annotated[str, Meta(max_length=160, pattern=r"^[^\x00-\x1f\x7f]*$")]
OtherText = Annotated[str, Meta(max_length=2000)]
IncidentSeverity = Literal["maintenance", "minor", "major"]
"""`maintenance` is planned work, `minor` hinders some players, `major` most of them."""


class IncidentNote(Answer, frozen=True, kw_only=True):
    """One thing told about an incident. `text_ru` is empty where it was written in one language."""

    at: Timestamp
    text: str
    text_ru: str = ""


class Incident(Answer, frozen=True, kw_only=True):
    """`ended_at` null: it goes on; a `started_at` ahead: it is planned. `node_id` and `relay` name what it is about; newest update first."""

    id: str
    title: str
    title_ru: str = ""
    severity: IncidentSeverity
    started_at: Timestamp
    ended_at: Timestamp | None
    node_id: str | None
    relay: str | None
    updates: list[IncidentNote]


class IncidentsQuery(Request, frozen=True, kw_only=True):
    """Query of GET /v1/admin/incidents."""

    state: Literal["open", "ended"] | None = None
    limit: ListLimit = 50
    offset: ListOffset = 0


class IncidentPage(Answer, frozen=True, kw_only=True):
    """GET /v1/admin/incidents, newest first."""

    incidents: list[Incident]
    total: Count
    limit: int
    offset: int


class OpenIncidentRequest(Request, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v1/admin/incidents. `started_at` may lie up to 90 days back or ahead; without it: now."""

    title: IncidentTitle
    text: IncidentText
    severity: IncidentSeverity = "minor"
    title_ru: OtherTitle = ""
    text_ru: OtherText = ""
    node_id: Identifier | None = None
    started_at: Annotated[datetime, Meta(tz=True, description="RFC 3339, with its offset")] | None = None


class UpdateIncidentRequest(Request, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v1/admin/incidents/{id}/updates: one thing more, also after its end; the severity may change with it."""

    text: IncidentText
    text_ru: OtherText = ""
    severity: IncidentSeverity | None = None


class EndIncidentRequest(Request, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v1/admin/incidents/{id}/end, with a last word or without."""

    text: OtherText = ""
    text_ru: OtherText = ""


class AdminIncidentsDocument(Document, frozen=True, kw_only=True):
    """`plg admin incidents list --json`."""

    incidents: list[Incident]
    total: Count
    limit: int
    offset: int
    schema: str = "plg.admin_incidents/1"


class AdminIncidentDocument(Document, frozen=True, kw_only=True):
    """`plg admin incidents open|update|end --json`."""

    incident: Incident
    schema: str = "plg.admin_incident/1"

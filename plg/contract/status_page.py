"""GET /status.json: what everybody may know of the service's health. Nothing in it names a player, a session or an address."""

from typing import Literal

from plg.contract.cli_output import Document
from plg.contract.incidents import Incident
from plg.contract.schema import Answer, Timestamp

RelayCondition = Literal["up", "full", "draining", "silent"]
"""`silent`: not heard of within 15 s; `draining`: keeps the sessions that it has and takes no new ones."""

ServiceCondition = Literal["up", "degraded", "down", "no_relays"]
"""`down`: no relay is heard; `degraded`: some are not, or an incident goes on that is no planned work."""


class StatusDay(Answer, frozen=True, kw_only=True):
    """One UTC day. `availability_percent` is the share of the looked-at time in which relays were heard; null: nobody looked."""

    day: str
    availability_percent: float | None


class StatusRelay(Answer, frozen=True, kw_only=True):
    """One relay in service. What it says itself is null while it is silent. `web_ping_url` answers GET /ping of browsers."""

    id: str
    name: str
    country: str
    city: str
    state: RelayCondition
    on_line: bool
    draining: bool
    load_percent: float | None
    web_ping_url: str | None
    availability_percent: float | None
    days: list[StatusDay]


class StatusPage(Document, frozen=True, kw_only=True):
    """GET /status.json. `made_at`: the moment that it is true of; `days` are those of all relays together, oldest first."""

    state: ServiceCondition
    made_at: Timestamp
    availability_percent: float | None
    days: list[StatusDay]
    relays: list[StatusRelay]
    incidents: list[Incident]
    schema: str = "plg.status_page/1"

"""A server with a past, for the status page: relays in every state, days of several kinds, incidents that go on and that are over."""

from datetime import timedelta

from plg.contract.incidents import EndIncidentRequest, OpenIncidentRequest, UpdateIncidentRequest
from plg.contract.relay_control import HeartbeatRequest
from plg_server import app_keys
from plg_server.ids import new_id, utc_now
from plg_server.models.nodes import Node
from plg_server.models.status import RelayDay
from plg_server.services import incidents
from plg_server.services.relay_days import DAYS, day_of
from support.api_driver import ApiDriver
from support.operator_rows import node_row
from support.operator_world import ACTOR

DAY_S = 86_400
FAULTS_S = {3: 700, 20: 4000, 21: 40_000, 60: 2500}
"""Seconds of silence of the relay with a past, by days ago."""

PLACES = (
    ("Frankfurt 1", "DE", "Frankfurt am Main", {"sessions": 42}),
    ("Helsinki 1", "FI", "Helsinki", {"sessions": 91}),
    ("Almaty <b>1</b>", "KZ", "Almaty", {"sessions": 12, "draining": True}),
    ("Warsaw 1", "PL", "Warsaw", None),
)


async def add_relays(api: ApiDriver, *, web_ping_url: str | None = None) -> list[Node]:
    """One in each state, with ninety days each; the first one answers browsers where it is given an address."""
    now, nodes = utc_now(), []
    with api.app[app_keys.DATABASE].active():
        for number, (name, country, city, beat) in enumerate(PLACES, 1):
            node = await node_row(name, number, now)
            await Node.filter(id=node.id).update(country=country, city=city)
            nodes.append(node)
            if beat is not None:
                url = web_ping_url if number == 1 else None
                body = HeartbeatRequest(boot_id="0" * 16, max_sessions=100, web_ping_url=url, **beat)  # type: ignore[arg-type]  # PLACES
                await api.app[app_keys.RELAY_STATES].record(node.id, body, enrolled_max=100)
            faults = FAULTS_S if number == len(PLACES) else {}
            rows = [
                RelayDay(
                    id=new_id(),
                    node=node,
                    day=day_of(now - timedelta(days=ago)),
                    looked_at=now,
                    seconds_looked=DAY_S,
                    seconds_heard=DAY_S - faults.get(ago, 0),
                )
                for ago in range(DAYS - 10 * number)
                if ago != 5
            ]
            await RelayDay.bulk_create(rows)
    return nodes


async def add_incidents(api: ApiDriver, node: Node) -> None:
    """One that goes on, one that is planned, one that is over; the last one told in one language."""
    now = utc_now()
    with api.app[app_keys.DATABASE].active():
        running = await incidents.open_incident(
            ACTOR,
            OpenIncidentRequest(
                title="Warsaw is off line",
                title_ru="Варшава не отвечает",
                text="The provider has lost power in one hall.\nMatches went on directly.",
                text_ru="У провайдера отключилось питание в одном зале.\nМатчи продолжились напрямую.",
                node_id=node.id,
            ),
            now - timedelta(hours=2),
        )
        more = UpdateIncidentRequest(text="Power is back, we wait for the network.", text_ru="Питание есть, ждём сеть.")
        await incidents.update(ACTOR, running.id, more, now - timedelta(hours=1))
        planned = OpenIncidentRequest(
            title="New hardware in Frankfurt",
            title_ru="Новое оборудование во Франкфурте",
            text="The relay takes no new players for half an hour.",
            text_ru="Полчаса узел не принимает новых игроков.",
            severity="maintenance",
            started_at=now + timedelta(days=2),
        )
        await incidents.open_incident(ACTOR, planned, now)
        past = OpenIncidentRequest(title="Slow <script>", text="Routes over Stockholm were long.", severity="major")
        over = await incidents.open_incident(ACTOR, past, now - timedelta(days=20, hours=3))
        await incidents.end(ACTOR, over.id, EndIncidentRequest(text="Mended."), now - timedelta(days=20))

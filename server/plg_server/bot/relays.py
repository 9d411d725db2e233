"""Relays as the bot tells of them: from heartbeats where the store is shared, else from what the server wrote into the database."""

from dataclasses import dataclass

from tortoise.functions import Count

from plg_server.bot.world import BotWorld
from plg_server.models.leases import NodeSilence
from plg_server.models.nodes import Node
from plg_server.models.sessions import Session

SILENT = "silent"
"""Beside the states of `contract.nodes.NodeState`."""

MOST_SHOWN = 40
"""More would fill a message; players choose by `plg nodes` anyway."""


@dataclass(frozen=True, slots=True)
class RelayLine:
    """One relay. `load_percent` is None where only the database is asked."""

    name: str
    place: str
    state: str
    load_percent: int | None
    sessions: int


async def relay_lines(world: BotWorld, limit: int = MOST_SHOWN) -> list[RelayLine]:
    """The relays in service, by name. Needs an active database; raises StoreUnavailable."""
    nodes = await Node.filter(disabled_at=None, deleted_at=None).order_by("name", "id").limit(limit)
    if world.states is None:
        return await _from_database(world, nodes)
    lines = []
    for node in nodes:
        state = await world.states.get(node.id)
        lines.append(
            RelayLine(node.name, _place(node), SILENT, None, 0)
            if state is None
            else RelayLine(node.name, _place(node), state.state.value, round(state.load_percent), state.sessions)
        )
    return lines


async def _from_database(world: BotWorld, nodes: list[Node]) -> list[RelayLine]:
    silent = {str(one) for one in await NodeSilence.all().values_list("node_id", flat=True)}
    live = Session.filter(ended_at=None, expires_at__gt=world.clock())
    rows = await live.annotate(sessions=Count("id")).group_by("node_id").values("node_id", "sessions")
    sessions = {str(row["node_id"]): int(row["sessions"]) for row in rows}
    return [
        RelayLine(node.name, _place(node), SILENT if node.id in silent else "up", None, sessions.get(node.id, 0))
        for node in nodes
    ]


def _place(node: Node) -> str:
    return ", ".join(part for part in (node.city, node.country) if part)

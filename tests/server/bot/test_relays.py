"""Relays from heartbeats where the store is shared, else from the database."""

from plg.contract.relay_control import HeartbeatRequest
from plg_server.bot.relays import relay_lines
from plg_server.ids import new_id
from plg_server.models.leases import NodeSilence
from plg_server.models.nodes import Node
from plg_server.services.relay_state import RelayStates
from plg_server.store import MemoryStore
from support.bot_world import BotDriver
from support.operator_rows import account_row, node_row, session_row


async def test_from_the_database_alone_a_silent_relay_is_the_one_that_the_server_marked(bot: BotDriver) -> None:
    now = bot.clock()
    with bot.world.database.active():
        up, silent, off = [await node_row(name, number, now) for number, name in enumerate(("A", "B", "C"))]
        await Node.filter(id=off.id).update(disabled_at=now)
        await Node.filter(id=up.id).update(city="Oslo", country="NO")
        await NodeSilence.create(id=new_id(), node=silent, since=now)
        account = await account_row("ann@example.org", now)
        await session_row(account, up, now)
        await session_row(account, up, now, ended_at=now)
        lines = await relay_lines(bot.world)
    assert [(line.name, line.state, line.sessions, line.load_percent, line.place) for line in lines] == [
        ("A", "up", 1, None, "Oslo, NO"),
        ("B", "silent", 0, None, ""),
    ]


async def test_with_a_shared_store_the_heartbeats_tell(bot: BotDriver) -> None:
    now, store = bot.clock(), MemoryStore()
    object.__setattr__(bot.world, "states", RelayStates(store))
    with bot.world.database.active():
        nodes = [await node_row(name, number, now) for number, name in enumerate(("A", "B", "C"))]
        for node, draining in ((nodes[0], False), (nodes[1], True)):
            beat = HeartbeatRequest(boot_id="0" * 16, draining=draining, sessions=25, max_sessions=100)
            await RelayStates(store).record(node.id, beat, enrolled_max=100)
        lines = await relay_lines(bot.world)
    assert [(line.state, line.load_percent, line.sessions) for line in lines] == [
        ("up", 25, 25), ("draining", 25, 25), ("silent", None, 0),
    ]  # fmt: skip

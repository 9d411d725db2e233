"""Telling linked admins that a relay fell silent and that it is back, from what `check_nodes` wrote down (`node_silences`)."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from tortoise.transactions import in_transaction

from plg_server.bot.world import BotWorld
from plg_server.models.leases import NodeSilence
from plg_server.models.nodes import Node
from plg_server.models.telegram import RelayAlert
from plg_server.services import telegram_links, telegram_queue
from plg_server.services.mail_texts import when
from plg_server.services.telegram_queue import MessageKind

EVERY = timedelta(seconds=30)
"""As often as the server looks."""

SILENT_FOR = timedelta(minutes=2)
"""A relay that restarts is back before; so short a silence wakes nobody."""

USEFUL_FOR = timedelta(hours=12)


class RelayAlerts:
    """`tick` is the work of one round; it needs an active database. Every alert is put in once, with the row that remembers it."""

    def __init__(self, world: BotWorld) -> None:
        self._world = world

    async def tick(self) -> Mapping[str, int]:
        """How many relays were told to be silent, and how many to be back or gone."""
        now = self._world.clock()
        silences = {row.id: row for row in await NodeSilence.all()}
        open_alerts = await RelayAlert.filter(ended_at=None)
        known = {row.id for row in await RelayAlert.filter(id__in=list(silences))} if silences else set()
        silent = ended = 0
        for silence in silences.values():
            if silence.id not in known and silence.since <= now - SILENT_FOR:
                silent += await self._silent(silence, now)
        for alert in open_alerts:
            if alert.id not in silences:
                ended += await self._ended(alert, now)
        return {"silent": silent, "ended": ended}

    async def _silent(self, silence: NodeSilence, now: datetime) -> bool:
        node = await Node.get_or_none(id=silence.node_id)
        if node is None:
            return False
        alert = RelayAlert(id=silence.id, node_id=node.id, since=silence.since, told_at=now)
        async with in_transaction():
            # Writes first: of two processes one inserts, and the other sees its row.
            await RelayAlert.bulk_create([alert], ignore_conflicts=True)
            facts = {"name": node.name, "since": when(silence.since)}
            return await self._tell(MessageKind.RELAY_SILENT, silence.id, facts, now)

    async def _ended(self, alert: RelayAlert, now: datetime) -> bool:
        async with in_transaction():
            if not await RelayAlert.filter(id=alert.id, ended_at=None).update(ended_at=now):
                return False
            node = await Node.get(id=alert.node_id)
            facts: dict[str, object] = {"name": node.name, "since": when(alert.since)}
            if node.disabled_at is not None or node.deleted_at is not None:
                return await self._tell(MessageKind.RELAY_GONE, alert.id, facts, now)
            facts["minutes"] = max(1, round((now - alert.since).total_seconds() / 60))
            return await self._tell(MessageKind.RELAY_BACK, alert.id, facts, now)

    async def _tell(self, kind: MessageKind, about: str, facts: Mapping[str, object], now: datetime) -> bool:
        told = False
        for link in await telegram_links.admins():
            told |= await telegram_queue.put(kind, link.account_id, about, facts, now, USEFUL_FOR)
        return told

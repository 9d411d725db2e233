"""The keys that seal tickets, one set for each relay: made at enrolment, rotated, two live while a rotation is under way."""

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from plg.contract import relay_control as contract
from plg.protocol.constants import CLOCK_SKEW_S, KEY_LENGTH
from plg_server.ids import new_id
from plg_server.models.nodes import Node, TicketKey

ROTATE_AFTER = timedelta(days=30)
"""A key in use longer gives a thief of old backups more tickets to forge."""

DELIVERY = timedelta(seconds=30)
"""From making a key to sealing with it: six heartbeats, in which the relay fetches it."""

TICKET_LIFETIME = timedelta(hours=4)
"""A control plane that is away for less drops no game: clients renew after half an hour."""

OVERLAP = TICKET_LIFETIME + timedelta(seconds=CLOCK_SKEW_S) + timedelta(minutes=5)
"""An old key lives until the last ticket that it sealed has surely expired."""


@dataclass(frozen=True, slots=True)
class SealingKey:
    """The key to seal with now."""

    key_id: int
    key: bytes


async def first_key(node: Node, now: datetime) -> TicketKey:
    """The key of a relay that enrols: in use at once, because the answer to the enrolment carries it."""
    return await TicketKey.create(id=new_id(), node=node, key_id=1, key=_fresh(), created_at=now, active_from=now)


async def live_keys(node_id: str) -> list[contract.TicketKey]:
    """What the relay must accept, oldest first."""
    rows = await TicketKey.filter(node_id=node_id).order_by("created_at", "key_id")
    return [contract.TicketKey(key_id=row.key_id, key=row.key) for row in rows]


async def sealing_keys(node_ids: list[str], now: datetime) -> dict[str, SealingKey]:
    """The newest key of each relay that the relay has surely fetched."""
    rows = await TicketKey.filter(node_id__in=node_ids, active_from__lte=now).order_by("active_from", "created_at")
    return {row.node_id: SealingKey(row.key_id, base64.b64decode(row.key)) for row in rows}


async def rotate(node_id: str, now: datetime) -> bool:
    """Give the relay a new key unless a rotation is still under way. True when one was made."""
    rows = await TicketKey.filter(node_id=node_id).order_by("-created_at")
    if len(rows) != 1:
        return False
    try:
        await TicketKey.create(
            id=new_id(),
            node_id=node_id,
            key_id=(rows[0].key_id + 1) % 256,
            key=_fresh(),
            created_at=now,
            active_from=now + DELIVERY,
        )
    except IntegrityError:
        # Another replica was faster.
        return False
    return True


async def rotate_due(now: datetime) -> int:
    """Rotate every relay whose key is old, and drop keys that no ticket needs any more. Returns how many changed."""
    changed = 0
    for node in await Node.filter(disabled_at=None):
        async with in_transaction():
            rows = await TicketKey.filter(node_id=node.id).order_by("created_at", "key_id")
            if not rows:
                continue
            newest = rows[-1]
            if len(rows) > 1 and newest.active_from + OVERLAP <= now:
                changed += await TicketKey.filter(node_id=node.id).exclude(id=newest.id).delete()
            elif len(rows) == 1 and newest.created_at + ROTATE_AFTER <= now:
                changed += await rotate(node.id, now)
    return changed


def _fresh() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_LENGTH)).decode()

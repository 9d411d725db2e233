"""Ending sessions from the server's side, and telling their relays at once."""

from collections.abc import Sequence
from datetime import datetime

from plg.contract.relay_control import RevokeRequest
from plg_server.models.nodes import Node
from plg_server.models.sessions import Session
from plg_server.relay_control_client import RelayControl
from plg_server.services.session_grants import SKEW
from plg_server.services.session_relays import all_of, forget_secrets


async def end_live(
    because: str, now: datetime, *, account_id: str | None = None, ids: Sequence[str] = ()
) -> list[Session]:
    """Inside a transaction: ends the live sessions of an account, or these; gives those that this call ended, with their nodes.

    Hand them to `Revocations.push` after the transaction.
    """
    live = Session.filter(ended_at=None, expires_at__gt=now)
    live = live.filter(id__in=list(ids)) if account_id is None else live.filter(account_id=account_id)
    ended = []
    for session in await live.order_by("id").select_related("node"):
        if await Session.filter(id=session.id, ended_at=None).update(ended_at=now, ended_because=because, secret=""):
            session.ended_at, session.ended_because = now, because
            ended.append(session)
    if ended:
        await forget_secrets(session.id for session in ended)
    return ended


class Revocations:
    """Tells relays that tickets of theirs are void; best effort, since heartbeats tell it again."""

    def __init__(self, control: RelayControl) -> None:
        self._control = control

    async def push(self, ended: Sequence[Session]) -> None:
        """Tell every relay that these sessions ever had; never waits for them. The sessions come with their nodes."""
        if not ended:
            return
        by_id = {session.id: session for session in ended}
        for session in ended:
            self.push_one(session.node, session.cid, session.expires_at)
        for row in await all_of(by_id):
            self.push_one(row.node, row.cid, by_id[row.session_id].expires_at)

    def push_one(self, node: Node, cid: str, expires_at: datetime) -> None:
        """Tell one relay of one id, whose ticket would have lasted until `expires_at`."""
        if node.control_url is not None:
            expires_at_s = int((expires_at + SKEW).timestamp())
            self._control.push(node.control_url, node.control_key, RevokeRequest(cid=cid, expires_at_s=expires_at_s))

"""Rows that operators look at, made straight in the active database."""

from datetime import datetime, timedelta
from typing import Any

from plg_server.ids import new_id
from plg_server.models.accounts import Account, SignIn
from plg_server.models.nodes import Node
from plg_server.models.sessions import Session, SessionRelay


async def account_row(email: str, now: datetime, **columns: object) -> Account:
    """An account whose password nobody knows."""
    given: dict[str, Any] = {"display_name": email.partition("@")[0], "created_at": now, **columns}
    return await Account.create(id=new_id(), email=email, password_hash="-", **given)


async def sign_in_row(account: Account, now: datetime, device: str = "plg") -> SignIn:
    """A sign-in that has not ended."""
    return await SignIn.create(id=new_id(), account=account, device=device, created_at=now)


async def node_row(name: str, relay_id: int, now: datetime, *, control_url: str | None = None) -> Node:
    """A relay; without a control API unless its address is given."""
    return await Node.create(
        id=new_id(),
        relay_id=relay_id,
        name=name,
        host="192.0.2.1",
        port=443,
        control_url=control_url,
        control_key="key",
        key_hash="-",
        max_sessions=100,
        created_at=now,
    )


async def session_row(account: Account, node: Node, now: datetime, **columns: object) -> Session:
    """A session that lives for another hour."""
    given: dict[str, Any] = {"started_at": now, "renewed_at": now, "expires_at": now + timedelta(hours=1), **columns}
    return await Session.create(
        id=new_id(), account=account, node=node, game="cs2", cid=new_id(), secret="secret", **given
    )


async def transit_row(session: Session, node: Node, now: datetime) -> SessionRelay:
    """A transit of a session."""
    return await SessionRelay.create(
        id=new_id(), session=session, node=node, role="transit", path=1, cid=session.cid, secret="secret", added_at=now
    )

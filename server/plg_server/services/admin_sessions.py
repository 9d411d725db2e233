"""Sessions as operators look after them: find them, look at one, end one."""

from datetime import datetime
from typing import TypeVar

from tortoise.expressions import Q, Subquery
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from plg.contract import admin_sessions as contract
from plg.contract.problem import ErrorCode
from plg_server.ids import as_id, timestamp, utc_now
from plg_server.models.accounts import Account
from plg_server.models.sessions import Session, SessionRelay
from plg_server.problems import ApiError
from plg_server.services.accounts import normal_email
from plg_server.services.audit import Actor, record
from plg_server.services.session_ends import Revocations, end_live
from plg_server.services.session_relays import all_of

KILLED_BECAUSE = "ended_by_operator"

Row = TypeVar("Row", bound=Model)


class AdminSessions:
    """Every method needs an active database."""

    def __init__(self, revocations: Revocations) -> None:
        self._revocations = revocations

    async def page(self, query: contract.AdminSessionsQuery) -> contract.AdminSessionPage:
        """Sessions that fit, newest first."""
        now = utc_now()
        found = await of_account(Session.all(), query.account)
        if query.state is not None:
            over = Q(ended_at__not_isnull=True) | Q(expires_at__lte=now)
            found = found.filter(over) if query.state == "ended" else found.filter(ended_at=None, expires_at__gt=now)
        if query.node is not None:
            node_id = as_id(query.node)
            further = SessionRelay.filter(node_id=node_id).values("session_id")
            found = found.filter(Q(node_id=node_id) | Q(id__in=Subquery(further)))
        if query.game is not None:
            found = found.filter(game=query.game)
        if query.since is not None:
            found = found.filter(started_at__gte=query.since)
        if query.until is not None:
            found = found.filter(started_at__lt=query.until)
        rows = found.order_by("-started_at", "-id").limit(query.limit).offset(query.offset)
        return contract.AdminSessionPage(
            sessions=[_view(row, now) for row in await rows.select_related("node", "account")],
            total=await found.count(),
            limit=query.limit,
            offset=query.offset,
        )

    async def show(self, session_id: str) -> contract.AdminSessionDetail:
        """One session with its relays. Raises ApiError `session_not_found`."""
        session = await _session(session_id)
        return contract.AdminSessionDetail(
            session=_view(session, utc_now()),
            approved=session.approved.split(),
            chosen_because=session.chosen_because,
            degraded_because=session.degraded_because,
            max_paths=session.max_paths,
            interfaces=session.interfaces,
            relays=[
                contract.SessionRelayView(
                    node_id=row.node_id,
                    node_name=row.node.name,
                    role=row.role,
                    path=row.path,
                    added_at=timestamp(row.added_at),
                    removed_at=None if row.removed_at is None else timestamp(row.removed_at),
                )
                for row in sorted(await all_of([session_id]), key=lambda row: (row.added_at, row.role, row.path))
            ],
        )

    async def kill(self, actor: Actor, session_id: str, request: contract.KillSessionRequest) -> contract.KilledSession:
        """End it now, at the server and at every relay of it. Raises ApiError `session_not_found`.

        One that has ended stays as it is: `changed` is false then.
        """
        session = await _session(session_id)
        now = utc_now()
        changed = session.ended_at is None and session.expires_at > now
        if changed and not request.dry_run:
            async with in_transaction():
                ended = await end_live(KILLED_BECAUSE, now, ids=[session_id])
                changed = bool(ended)
                if changed:
                    details = {"account": session.account_id, "game": session.game, "reason": request.reason}
                    await record(actor, "sessions.kill", f"session:{session_id}", details)
            await self._revocations.push(ended)
            session = await _session(session_id)
        relays = [session.node.name, *(row.node.name for row in await all_of([session_id]))] if changed else []
        return contract.KilledSession(
            session=_view(session, now),
            dry_run=request.dry_run,
            changed=changed,
            relays=list(dict.fromkeys(relays)),
        )


async def of_account(rows: QuerySet[Row], wanted: str | None) -> QuerySet[Row]:
    """Only the rows of one account, by its id or e-mail address; none when there is no such account."""
    if wanted is None:
        return rows
    if "@" not in wanted:
        return rows.filter(account_id=as_id(wanted))
    account = await Account.get_or_none(email=normal_email(wanted))
    return rows.filter(account_id="" if account is None else account.id)


async def _session(session_id: str) -> Session:
    session = await Session.get_or_none(id=session_id).select_related("node", "account")
    if session is None:
        raise ApiError(ErrorCode.SESSION_NOT_FOUND, f"there is no session '{session_id}'")
    return session


def _view(session: Session, now: datetime) -> contract.AdminSession:
    ended_at, because = session.ended_at, session.ended_because
    if ended_at is None and session.expires_at <= now:
        ended_at, because = session.expires_at, "expired"
    seconds = session.seconds if session.measured_at else ((ended_at or now) - session.started_at).total_seconds()
    return contract.AdminSession(
        session_id=session.id,
        account_id=session.account_id,
        email=session.account.email,
        game=session.game,
        node_id=session.node_id,
        node_name=session.node.name,
        target=session.target,
        state="active" if ended_at is None else "ended",
        mode=session.mode,
        client_version=session.client_version,
        started_at=timestamp(session.started_at),
        renewed_at=timestamp(session.renewed_at),
        expires_at=timestamp(session.expires_at),
        ended_at=None if ended_at is None else timestamp(ended_at),
        ended_because=because,
        seconds=round(max(0.0, seconds), 1),
        packets_up=session.packets_up,
        packets_down=session.packets_down,
        bytes_up=session.bytes_up,
        bytes_down=session.bytes_down,
        rtt_ms_p50=session.rtt_ms_p50,
        loss_up_percent=session.loss_up_percent,
        loss_down_percent=session.loss_down_percent,
        predicted_total_ms=session.predicted_total_ms,
        measured_total_ms=session.measured_total_ms,
        direct_ms=session.direct_ms,
        exit_switches=session.exit_switches,
    )

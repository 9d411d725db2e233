"""Relays as operators look after them: list, edit, take out of service and back, drain, delete.

Each act is written with its audit entry in one transaction, a conditional UPDATE decides who was first, and only then is the
relay itself told. What the relay is told is an addition: a disabled relay gets no new sessions whether it hears it or not.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from tortoise.functions import Count
from tortoise.transactions import in_transaction

from plg.contract import admin_nodes as contract
from plg.contract.problem import ErrorCode
from plg_server.ids import timestamp, utc_now
from plg_server.models.nodes import Node
from plg_server.models.sessions import Session
from plg_server.problems import ApiError
from plg_server.relay_control_client import RelayControl
from plg_server.services.audit import Actor, JsonValue, record
from plg_server.services.nodes import create_enrolment_token
from plg_server.services.relay_state import SILENT_AFTER_S, RelayState, RelayStates
from plg_server.services.session_ends import Revocations, end_live

MAX_NODES = 5000
"""All of them are looked at for one page, because what they do now is in the store: far more relays than one service has."""

MAX_NAMED = 200
"""Running sessions that an answer names."""

DELETED_KEY = "deleted"
"""Stands where the hash of a relay's key was: no key has this hash, for replicas of the version before too."""

DELETED_BECAUSE = "relay_deleted"


class AdminNodes:
    """Every method needs an active database; all but `create` may raise StoreUnavailable."""

    def __init__(self, states: RelayStates, control: RelayControl, revocations: Revocations) -> None:
        self._states = states
        self._control = control
        self._revocations = revocations

    async def page(self, query: contract.AdminNodesQuery) -> contract.AdminNodePage:
        """Relays by name; deleted ones only when they are asked for."""
        rows = Node.all() if query.state == "deleted" else Node.filter(deleted_at=None)
        if query.region is not None:
            rows = rows.filter(region=query.region)
        nodes = await rows.order_by("name", "id").limit(MAX_NODES)
        running = await _running_counts()
        views = [await self._view(node, running.get(node.id, 0)) for node in nodes]
        found = [view for view in views if query.state is None or view.state == query.state]
        return contract.AdminNodePage(
            nodes=found[query.offset : query.offset + query.limit],
            total=len(found),
            limit=query.limit,
            offset=query.offset,
        )

    async def show(self, node_id: str) -> contract.AdminNode:
        """One relay, also a deleted one. Raises ApiError `node_not_found`."""
        return await self._shown(await _node(node_id, deleted_too=True))

    async def create(self, actor: Actor, request: contract.CreateNodeRequest) -> contract.NewNode:
        """A token for one relay to enrol with. Raises ApiError `invalid_body`."""
        async with in_transaction():
            try:
                new = await create_enrolment_token(request.name, country=request.country, city=request.city)
            except ValueError as error:
                raise ApiError(ErrorCode.INVALID_BODY, str(error)) from None
            details = {"name": request.name, "country": request.country, "city": request.city}
            await record(actor, "nodes.create", f"enrolment:{new.expires_at:%Y%m%dT%H%M%SZ}", details)
        return contract.NewNode(name=new.name, token=new.token, expires_at=timestamp(new.expires_at))

    async def edit(self, actor: Actor, node_id: str, request: contract.EditNodeRequest) -> contract.AdminNode:
        """Change what players and the choice of relays see, and what operators note. Raises ApiError `node_not_found`, `invalid_body`."""
        wanted: dict[str, str | int | None] = {
            "name": request.name,
            "country": None if request.country is None else request.country.upper(),
            "city": request.city,
            "region": request.region,
            "priority": request.priority_ms,
            "monthly_cost": request.monthly_cost,
        }
        changes = {name: value for name, value in wanted.items() if value is not None}
        if any(isinstance(value, str) and not value.isprintable() for value in changes.values()):
            raise ApiError(ErrorCode.INVALID_BODY, "name, city and region are printable")
        async with in_transaction():
            node = await Node.filter(id=node_id, deleted_at=None).select_for_update().first()
            if node is None:
                raise _not_found(node_id)
            details: dict[str, JsonValue] = {
                name: [getattr(node, name), value] for name, value in changes.items() if getattr(node, name) != value
            }
            if details:
                await Node.filter(id=node_id).update(**changes)
                await record(actor, "nodes.edit", f"node:{node_id}", details)
        return await self.show(node_id)

    async def disable(self, actor: Actor, node_id: str, *, dry_run: bool) -> contract.NodeAct:
        """No new sessions from now on; those that run go on. Raises ApiError `node_not_found`."""
        node = await _node(node_id)
        changed = node.disabled_at is None
        if not dry_run:
            changed = await self._disabled(actor, node_id, "nodes.disable", {})
        return await self._act(node_id, dry_run=dry_run, changed=changed)

    async def enable(self, actor: Actor, node_id: str, *, dry_run: bool) -> contract.NodeAct:
        """Sessions again, from the relay's next heartbeat on. Raises ApiError `node_not_found`.

        A relay that was told to drain goes on draining until its process starts anew: it is listed as draining.
        """
        node = await _node(node_id)
        changed = node.disabled_at is not None
        if not dry_run:
            async with in_transaction():
                back = Node.filter(id=node_id, deleted_at=None, disabled_at__not_isnull=True)
                changed = bool(await back.update(disabled_at=None, drained_at=None))
                if changed:
                    await record(actor, "nodes.enable", f"node:{node_id}", {})
        return await self._act(node_id, dry_run=dry_run, changed=changed)

    async def drain(self, actor: Actor, node_id: str, seconds: int, *, dry_run: bool) -> contract.NodeAct:
        """Disable it, and have it tell its clients to leave; what runs after `seconds` ends. Raises ApiError `node_not_found`.

        When the relay cannot be reached the answer says so, and it is disabled all the same.
        """
        node = await _node(node_id)
        if dry_run:
            return await self._act(node_id, dry_run=True, changed=True)
        await self._disabled(actor, node_id, "nodes.drain", {"seconds": seconds}, drained_at=utc_now())
        failure = await self._control.drain(node.control_url, node.control_key, seconds)
        return await self._act(node_id, dry_run=False, changed=True, told=failure is None, failure=failure)

    async def delete(self, actor: Actor, node_id: str, *, dry_run: bool) -> contract.NodeAct:
        """Out for good: its key is worthless, sessions through it end. What was played stays. Raises ApiError `node_not_found`."""
        node = await _node(node_id)
        running = await _running(node_id)
        if dry_run:
            return await self._act(node_id, dry_run=True, changed=True, running=running)
        now = utc_now()
        async with in_transaction():
            won = await Node.filter(id=node_id, deleted_at=None).update(deleted_at=now, key_hash=DELETED_KEY)
            if not won:
                raise _not_found(node_id)
            await Node.filter(id=node_id, disabled_at=None).update(disabled_at=now)
            ended = await end_live(DELETED_BECAUSE, now, ids=[session.id for session in running])
            details: dict[str, JsonValue] = {"name": node.name, "host": node.host, "ended_sessions": len(ended)}
            await record(actor, "nodes.delete", f"node:{node_id}", details)
        await self._states.forget(node_id)
        await self._revocations.push(ended)
        failure = await self._control.drain(node.control_url, node.control_key, 0)
        return await self._act(
            node_id, dry_run=False, changed=True, told=failure is None, failure=failure, running=ended
        )

    async def _disabled(
        self,
        actor: Actor,
        node_id: str,
        act: str,
        details: Mapping[str, JsonValue],
        *,
        drained_at: datetime | None = None,
    ) -> bool:
        """Disable it, and for a drain note when; True when something changed. Raises ApiError `node_not_found`."""
        async with in_transaction():
            won = bool(await Node.filter(id=node_id, deleted_at=None, disabled_at=None).update(disabled_at=utc_now()))
            if drained_at is not None and not await Node.filter(id=node_id, deleted_at=None).update(
                drained_at=drained_at
            ):
                raise _not_found(node_id)
            if won or drained_at is not None:
                await record(actor, act, f"node:{node_id}", details)
        # Players no longer see it, without waiting for its next heartbeat.
        await self._states.forget(node_id)
        return won

    async def _act(
        self,
        node_id: str,
        *,
        dry_run: bool,
        changed: bool,
        told: bool | None = None,
        failure: str | None = None,
        running: Sequence[Session] | None = None,
    ) -> contract.NodeAct:
        node = await _node(node_id, deleted_too=True)
        sessions = await _running(node_id) if running is None else running
        return contract.NodeAct(
            node=await self._shown(node),
            dry_run=dry_run,
            changed=changed,
            told=told,
            control_failure=failure,
            running=[
                contract.RunningSession(
                    session_id=session.id,
                    account_id=session.account_id,
                    game=session.game,
                    started_at=timestamp(session.started_at),
                )
                for session in sessions[:MAX_NAMED]
            ],
            running_total=len(sessions),
        )

    async def _shown(self, node: Node) -> contract.AdminNode:
        counts = await _running_counts(node.id)
        return await self._view(node, counts.get(node.id, 0))

    async def _view(self, node: Node, running: int) -> contract.AdminNode:
        last = await self._states.last(node.id)
        age_s = None if last is None else max(0.0, time.time() - last.at_s)
        live = last if age_s is not None and age_s < SILENT_AFTER_S else None
        return contract.AdminNode(
            id=node.id,
            relay_id=node.relay_id,
            name=node.name,
            state=_state(node, live),
            country=node.country,
            city=node.city,
            region=node.region,
            priority_ms=node.priority,
            host=node.host,
            port=node.port,
            control_url=node.control_url,
            version=node.version,
            load_percent=None if live is None else live.load_percent,
            sessions=None if live is None else live.sessions,
            max_sessions=node.max_sessions if live is None else live.max_sessions,
            running_sessions=running,
            loop_lag_ms=None if live is None else live.loop_lag_ms,
            masks=None if live is None else live.mask,
            heard_seconds_ago=None if age_s is None else round(age_s, 1),
            created_at=timestamp(node.created_at),
            disabled_at=_maybe(node.disabled_at),
            drained_at=_maybe(node.drained_at),
            deleted_at=_maybe(node.deleted_at),
            monthly_cost=node.monthly_cost,
            web_ping_url=None if live is None else live.web_ping_url,
        )


def _state(node: Node, live: RelayState | None) -> contract.AdminNodeState:
    if node.deleted_at is not None:
        return "deleted"
    if node.drained_at is not None:
        return "draining"
    if node.disabled_at is not None:
        return "disabled"
    if live is None:
        return "silent"
    states: dict[str, contract.AdminNodeState] = {"up": "up", "full": "full", "draining": "draining"}
    return states[live.state.value]


async def _node(node_id: str, *, deleted_too: bool = False) -> Node:
    node = await Node.get_or_none(id=node_id)
    if node is None or (node.deleted_at is not None and not deleted_too):
        raise _not_found(node_id)
    return node


async def _running(node_id: str) -> list[Session]:
    """Live sessions with this exit, oldest first."""
    live = Session.filter(node_id=node_id, ended_at=None, expires_at__gt=utc_now())
    return await live.order_by("started_at", "id").select_related("node")


async def _running_counts(node_id: str | None = None) -> dict[str, int]:
    live = Session.filter(ended_at=None, expires_at__gt=utc_now())
    if node_id is not None:
        live = live.filter(node_id=node_id)
    rows = await live.annotate(n=Count("id")).group_by("node_id").values_list("node_id", "n")
    return {str(key): int(count) for key, count in rows}


def _maybe(moment: datetime | None) -> str | None:
    return None if moment is None else timestamp(moment)


def _not_found(node_id: str) -> ApiError:
    return ApiError(ErrorCode.NODE_NOT_FOUND, f"there is no relay '{node_id}'")

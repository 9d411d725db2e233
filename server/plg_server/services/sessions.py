"""Sessions: a player starts one, renews it, adds a target, stops it with its metrics, and looks back.

A plan's `max_sessions` is kept by letting the newest win: when a start would be one too many, the account's session that
was renewed longest ago ends. A client that crashed therefore never locks its player out, and sharing an account among more
people than the plan allows ends their sessions in turn.
"""

import base64
import secrets
from datetime import datetime

import msgspec
import structlog
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from plg.contract import sessions as contract
from plg.contract.problem import ErrorCode
from plg.contract.relay_control import RevokeRequest
from plg.protocol.constants import KEY_LENGTH
from plg.protocol.destination import Address
from plg_server.ids import new_id, utc_now
from plg_server.models.accounts import Account
from plg_server.models.sessions import Session
from plg_server.problems import ApiError
from plg_server.relay_control_client import RelayControl
from plg_server.services.accounts import AccountService, add_to_totals
from plg_server.services.destination_rules import Target, merge_targets, refuse_unless_boostable
from plg_server.services.game_catalog import GameCatalog, GameProfile
from plg_server.services.game_search import GameSearch
from plg_server.services.nodes import LiveNode, live_nodes
from plg_server.services.relay_choice import Candidate, Choice, choose_relay
from plg_server.services.relay_keys import TICKET_LIFETIME
from plg_server.services.relay_state import RelayStates, game_leg
from plg_server.services.session_grants import CAPS, SKEW, approved_targets, make_grant, record_of
from plg_server.services.targets import TargetRules

NO_RELAY_RETRY_S = 10.0
MAX_BYTES_PER_PACKET = 2700
"""The largest game payload that the tunnel carries; a client that claims more is wrong."""

GRACE_S = 60.0
"""A client's clock and ours may differ; its session cannot have lasted longer than ours by more."""


class SessionService:
    """All rules about sessions. Every method needs an active database; most may raise StoreUnavailable."""

    def __init__(
        self,
        accounts: AccountService,
        catalog: GameCatalog,
        search: GameSearch,
        states: RelayStates,
        targets: TargetRules,
        control: RelayControl,
    ) -> None:
        self._accounts = accounts
        self._catalog = catalog
        self._search = search
        self._states = states
        self._targets = targets
        self._control = control

    async def start(self, account: Account, request: contract.StartSessionRequest) -> contract.SessionGrant:
        """A new session on the best relay.

        Raises ApiError `game_not_found`, `game_not_supported`, `target_refused`, `subscription_needed`, `node_not_found`
        or `no_relay_free`.
        """
        profile = self._find_game(request.game)
        refuse_unless_boostable(profile)
        targets: list[Target] = []
        if request.target is not None:
            targets = merge_targets([], await self._targets.approve(request.target, profile))
        elif not profile.acl.rules and not profile.detail.observed_targets:
            raise ApiError(
                ErrorCode.GAME_NOT_SUPPORTED,
                f"no server address of {profile.detail.name} is known; name one with --target HOST:PORT",
            )
        plan = self._accounts.plan_of(account)
        if plan.max_sessions < 1:
            raise ApiError(ErrorCode.SUBSCRIPTION_NEEDED, f"the plan '{plan.name}' holds no sessions")
        addresses = [target.address for target in targets]
        await self._states.add_interest(profile.slug, addresses)
        live, choice = await self._choose(profile, request, addresses)
        now = utc_now()
        session = Session(
            id=new_id(),
            account_id=account.id,
            node_id=live.node.id,
            game=profile.slug,
            cid=secrets.token_hex(8),
            secret=base64.b64encode(secrets.token_bytes(KEY_LENGTH)).decode(),
            target=request.target,
            approved=" ".join(target.text for target in targets),
            client_version="".join(c if c.isprintable() else " " for c in request.client_version),
            started_at=now,
            renewed_at=now,
            expires_at=now + TICKET_LIFETIME,
            predicted_total_ms=choice.predicted_total_ms,
            chosen_because=choice.because[:255],
        )
        async with in_transaction():
            # The lock on the account makes two starts of one player come one after the other.
            await Account.filter(id=account.id).select_for_update().first()
            await session.save(force_create=True)
            replaced = await self._end_surplus(account.id, plan.max_sessions, now)
        for old in replaced:
            self._push_revocation(old)
        return make_grant(session, profile, live, now)

    async def renew(self, account: Account, session_id: str) -> contract.SessionGrant:
        """The same session with a later end. Raises ApiError `session_not_found`, `session_ended` or `no_relay_free`.

        A session whose relay went silent is not moved: the game's server knows the player by that relay's address. The
        client starts a new session instead.
        """
        session = await self._own(account, session_id)
        live = await self._relay_of(session)
        now = utc_now()
        won = await Session.filter(id=session.id, ended_at=None, expires_at__gt=now).update(
            renewed_at=now, expires_at=now + TICKET_LIFETIME
        )
        if not won:
            raise _ended(session)
        session.renewed_at, session.expires_at = now, now + TICKET_LIFETIME
        return make_grant(session, self._profile_of(session), live, now)

    async def add_target(self, account: Account, session_id: str, text: str) -> contract.SessionGrant:
        """The same session with one more destination; its ticket keeps its end.

        Raises as `renew`, and ApiError `target_refused`.
        """
        session = await self._own(account, session_id)
        profile = self._profile_of(session)
        new = await self._targets.approve(text, profile)
        live = await self._relay_of(session)
        now = utc_now()
        async with in_transaction():
            # Locked and read again: two targets that come at once must not lose each other, nor be one too many.
            current = await Session.filter(id=session.id).select_for_update().first()
            if current is None or current.ended_at is not None or current.expires_at <= now:
                raise _ended(session)
            merged = merge_targets(approved_targets(current), new)
            current.approved = " ".join(target.text for target in merged)
            await current.save(update_fields=["approved"])
        await self._states.add_interest(profile.slug, [target.address for target in new])
        return make_grant(current, profile, live, now)

    async def stop(
        self, account: Account, session_id: str, request: contract.StopSessionRequest
    ) -> contract.SessionRecord:
        """End the session and count its metrics, once, whatever is repeated. Raises ApiError `session_not_found`."""
        session = await self._own(account, session_id)
        now = utc_now()
        seconds = min(request.seconds, (now - session.started_at).total_seconds() + GRACE_S)
        most_packets = int((seconds + GRACE_S) * 2 * CAPS.packets_per_second)
        up, down = min(request.packets_up, most_packets), min(request.packets_down, most_packets)
        first = request.paths[0] if request.paths else None
        async with in_transaction():
            won = await Session.filter(id=session.id, measured_at=None).update(
                measured_at=now,
                seconds=seconds,
                packets_up=up,
                packets_down=down,
                bytes_up=min(request.bytes_up, up * MAX_BYTES_PER_PACKET),
                bytes_down=min(request.bytes_down, down * MAX_BYTES_PER_PACKET),
                leaked=min(request.leaked, most_packets),
                rtt_ms_p50=first.rtt_ms_p50 if first is not None else None,
                loss_up_percent=first.loss_up_percent if first is not None else None,
                loss_down_percent=first.loss_down_percent if first is not None else None,
                paths=msgspec.json.encode(request.paths).decode(),
            )
            # Replaced or expired sessions ended before their metrics came: the first end stays.
            reason = "".join(c if c.isprintable() else " " for c in request.reason)
            ended = await Session.filter(id=session.id, ended_at=None).update(
                ended_at=now, ended_because=reason, secret=""
            )
            fresh = await Session.get(id=session.id).select_related("node")
            if won:
                await add_to_totals(
                    account.id,
                    seconds=round(fresh.seconds),
                    packets=fresh.packets_up + fresh.packets_down,
                    bytes_=fresh.bytes_up + fresh.bytes_down,
                )
        if ended:
            self._push_revocation(fresh)
        return record_of(fresh, now)

    async def history(self, account: Account, limit: int, offset: int) -> contract.SessionPage:
        """The account's sessions, newest first."""
        mine = Session.filter(account_id=account.id)
        rows = await mine.order_by("-started_at", "-id").limit(limit).offset(offset).select_related("node")
        now = utc_now()
        return contract.SessionPage(
            sessions=[record_of(row, now) for row in rows], total=await mine.count(), limit=limit, offset=offset
        )

    def _find_game(self, name: str) -> GameProfile:
        profile = self._catalog.find(name)
        if profile is None:
            raise game_not_found(name, self._search)
        return profile

    async def _choose(
        self, profile: GameProfile, request: contract.StartSessionRequest, addresses: list[Address]
    ) -> tuple[LiveNode, Choice]:
        every = {live.node.id: live for live in await live_nodes(self._states)}
        if request.node_id is not None and request.node_id not in every:
            names = [f"{live.node.name} ({live.node.id})" for live in every.values()]
            raise ApiError(ErrorCode.NODE_NOT_FOUND, f"no relay '{request.node_id}' is alive", nearest=names[:5])
        free = [live for live in every.values() if live.state.state == "up"]
        if request.node_id is not None:
            free = [live for live in free if live.node.id == request.node_id]
        measured = {entry.node_id: entry for entry in request.measurements}
        candidates = []
        for live in free:
            entry = measured.get(live.node.id)
            candidates.append(
                Candidate(
                    node_id=live.node.id,
                    name=live.node.name,
                    load_percent=live.state.load_percent,
                    answered=None if entry is None else entry.rtt_ms is not None,
                    rtt_ms=None if entry is None else entry.rtt_ms,
                    loss_percent=0.0 if entry is None else entry.loss_percent,
                    leg=game_leg(live.state, profile, addresses),
                )
            )
        choice = choose_relay(candidates, asked_for=request.node_id is not None)
        if choice is None:
            if not every:
                detail = "no relay is online; ask the operator of the server"
            elif request.node_id is not None:
                detail = f"the relay {every[request.node_id].node.name} takes no new sessions now (full or draining)"
            else:
                detail = f"all {len(every)} relays are full or draining; try again soon"
            raise ApiError(ErrorCode.NO_RELAY_FREE, detail, retry_after_s=NO_RELAY_RETRY_S)
        return every[choice.node_id], choice

    async def _end_surplus(self, account_id: str, max_sessions: int, now: datetime) -> list[Session]:
        """End the account's live sessions beyond the plan, longest without renewal first; returns them."""
        live = (
            await Session.filter(account_id=account_id, ended_at=None, expires_at__gt=now)
            .order_by("-renewed_at", "-started_at", "-id")
            .select_related("node")
        )
        surplus = live[max_sessions:]
        for old in surplus:
            await Session.filter(id=old.id, ended_at=None).update(ended_at=now, ended_because="replaced", secret="")
        return surplus

    async def _own(self, account: Account, session_id: str) -> Session:
        """The caller's own session; another one's is as unknown as none."""
        session = await Session.get_or_none(id=session_id, account_id=account.id).select_related("node")
        if session is None:
            raise ApiError(ErrorCode.SESSION_NOT_FOUND, f"you have no session '{session_id}'")
        return session

    async def _relay_of(self, session: Session) -> LiveNode:
        """The live relay of a running session."""
        if session.ended_at is not None or session.expires_at <= utc_now():
            raise _ended(session)
        found = next((live for live in await live_nodes(self._states) if live.node.id == session.node_id), None)
        if found is None:
            raise ApiError(
                ErrorCode.NO_RELAY_FREE,
                f"the relay {session.node.name} does not answer; keep playing, or start a new session",
                retry_after_s=NO_RELAY_RETRY_S,
            )
        return found

    def _profile_of(self, session: Session) -> GameProfile:
        profile = self._catalog.by_slug.get(session.game)
        if profile is None:
            raise ApiError(ErrorCode.SESSION_ENDED, f"the game '{session.game}' was taken out of the catalogue")
        return profile

    def _push_revocation(self, session: Session) -> None:
        """Tell the relay now; the heartbeat's list tells it again should this get lost."""
        if session.node.control_url is None:
            return
        expires_at_s = int((session.expires_at + SKEW).timestamp())
        self._control.push(
            session.node.control_url,
            session.node.control_key,
            RevokeRequest(cid=session.cid, expires_at_s=expires_at_s),
        )


async def expire_sessions(now: datetime) -> int:
    """Close sessions whose ticket ran out without a stop; returns how many. For the periodic job."""
    closed = await Session.filter(Q(ended_at=None), expires_at__lte=now - SKEW).update(
        ended_at=now, ended_because="expired", secret=""
    )
    if closed:
        structlog.get_logger().info("sessions_expired", count=closed)
    return closed


def game_not_found(name: str, search: GameSearch) -> ApiError:
    """The refusal for a game that nobody knows, with what may have been meant."""
    nearest = search.nearest(name)
    hint = f"; did you mean {', '.join(nearest)}?" if nearest else "; `plg games` lists all"
    return ApiError(ErrorCode.GAME_NOT_FOUND, f"no game is called '{name}'{hint}", nearest=nearest)


def _ended(session: Session) -> ApiError:
    why = session.ended_because or "expired"
    return ApiError(ErrorCode.SESSION_ENDED, f"this session has ended ({why}); start a new one")

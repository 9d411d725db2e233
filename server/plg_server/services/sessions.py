"""Sessions: a player starts one, renews it, adds a target, stops it with its metrics, and looks back.

A plan's `max_sessions` is kept by letting the newest win: when a start would be one too many, the account's session that
was renewed longest ago ends. A client that crashed therefore never locks its player out, and sharing an account among more
people than the plan allows ends their sessions in turn.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
import structlog
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from plg.contract import sessions as contract
from plg.contract.accounts import Plan
from plg.contract.problem import ErrorCode
from plg_server.ids import new_id, utc_now
from plg_server.models.accounts import Account
from plg_server.models.sessions import Session, SessionRelay
from plg_server.problems import ApiError
from plg_server.services.accounts import AccountService, add_to_totals
from plg_server.services.asked_game import AskedGames
from plg_server.services.destination_rules import Target, merge_targets
from plg_server.services.game_catalog import GameCatalog, GameProfile
from plg_server.services.game_legs import Destination, leg_answer
from plg_server.services.nodes import LiveNode
from plg_server.services.relay_keys import TICKET_LIFETIME
from plg_server.services.relay_state import RelayStates
from plg_server.services.route_matrix import RouteMatrices, RouteMatrix
from plg_server.services.session_ends import Revocations
from plg_server.services.session_grants import SKEW, approved_targets, make_grant
from plg_server.services.session_records import learn, record_of, take_metrics
from plg_server.services.session_refill import refill, shortfall
from plg_server.services.session_relays import (
    STANDBY,
    company_of,
    forget_secrets,
    fresh_secret,
    rows_of,
    standby_row,
    transit_row,
)
from plg_server.services.session_ways import (
    NO_RELAY_RETRY_S,
    PathPlan,
    Ways,
    choose_ways,
    degraded_line,
    plan_paths,
)
from plg_server.services.targets import TargetRules

MAX_SWEPT = 1000
"""Rows of ended sessions that one round of the periodic job cleans; the next round takes the rest."""


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """What the operator allows a session: paths in all (1: no redundancy), and whether it gets a standby exit."""

    max_paths: int
    standby_exits: bool


class SessionService:
    """All rules about sessions. Every method needs an active database; most may raise StoreUnavailable."""

    def __init__(
        self,
        accounts: AccountService,
        catalog: GameCatalog,
        asked: AskedGames,
        states: RelayStates,
        matrices: RouteMatrices,
        targets: TargetRules,
        revocations: Revocations,
        limits: SessionLimits,
    ) -> None:
        self._accounts = accounts
        self._catalog = catalog
        self._asked = asked
        self._states = states
        self._matrices = matrices
        self._targets = targets
        self._revocations = revocations
        self._limits = limits

    async def start(self, account: Account, request: contract.StartSessionRequest) -> contract.SessionGrant:
        """A new session: the best exit, transits to it, and a standby exit on another host.

        Raises ApiError `game_not_found`, `game_not_supported`, `target_refused`, `subscription_needed`, `mode_not_allowed`,
        `node_...` for a named relay, or `no_relay_free`.
        """
        profile, targets = await self._asked.boostable(request.game, request.target)
        plan = self._accounts.plan_of(account)
        _refuse_without_plan(plan)
        paths = plan_paths(request.mode, request.interfaces, self._limits.max_paths)
        destination = Destination(profile, tuple(target.address for target in targets))
        await self._states.add_interest(profile.slug, destination.addresses)
        matrix = await self._matrices.of(destination, account_id=account.id, measurements=request.measurements)
        ways = await choose_ways(matrix, request, paths, standby_exits=self._limits.standby_exits)
        now = utc_now()
        wants_standby = self._limits.standby_exits and request.standby
        session = _new_session(account, request, profile, targets, paths, ways, now, wants_standby=wants_standby)
        rows = [transit_row(session, entry, number, now) for number, entry in enumerate(ways.transits, 1)]
        if ways.standby is not None:
            rows.append(standby_row(session, ways.standby, now))
        async with in_transaction():
            # The lock on the account makes two starts of one player come one after the other.
            await Account.filter(id=account.id).select_for_update().first()
            await session.save(force_create=True)
            for row in rows:
                await row.save(force_create=True)
            replaced = await self._end_surplus(account.id, plan.max_sessions, now)
        await self._revocations.push(replaced)
        live = matrix.live[session.node_id]
        company = company_of(session, live, rows, matrix)
        return make_grant(session, profile, live, now, transits=company.transits, standby=company.standby)

    async def renew(self, account: Account, session_id: str) -> contract.SessionGrant:
        """The same session with a later end. Raises ApiError `session_not_found`, `session_ended`, `no_relay_free`
        or `subscription_needed`.

        A session whose relay went silent is not moved: the game's server knows the player by that relay's address. The
        client starts a new session instead.
        """
        session = await self._own(account, session_id)
        matrix, live = await self._living(session)
        profile = self._profile_of(session)
        # A match is not cut in the middle: a plan that ended refuses only what is new, the ticket that is there runs out.
        _refuse_without_plan(self._accounts.plan_of(account))
        now = utc_now()
        won = await Session.filter(id=session.id, ended_at=None, expires_at__gt=now).update(
            renewed_at=now, expires_at=now + TICKET_LIFETIME
        )
        if not won:
            raise _ended(session)
        session.renewed_at, session.expires_at = now, now + TICKET_LIFETIME
        return await self._grant_again(session, profile, live, matrix, now)

    async def replace_transits(
        self, account: Account, session_id: str, request: contract.ReplaceTransitsRequest
    ) -> contract.SessionGrant:
        """The same session with other relays in the places of those that failed; its end does not move.

        A transit that lives and is not excluded keeps its path, its secret and its ticket's meaning; so does the standby.
        Raises as `renew`.
        """
        session = await self._own(account, session_id)
        profile = self._profile_of(session)
        addresses = tuple(target.address for target in approved_targets(session))
        matrix, live = await self._living(session, Destination(profile, addresses), request.measurements)
        now = utc_now()
        async with in_transaction():
            # Locked: two calls at once must not fill one place twice.
            current = await Session.filter(id=session.id).select_for_update().first()
            if current is None or current.ended_at is not None or current.expires_at <= now:
                raise _ended(session)
            rows = await rows_of(current)
            gone = [row for row in rows if _is_gone(row, request, matrix)]
            kept = [row for row in rows if row not in gone]
            failed = {row.node_id for row in gone if row.role == STANDBY}
            new, current.degraded_because = refill(
                current, matrix, kept, now, exclude=frozenset(request.exclude), failed_standby=frozenset(failed)
            )
            await SessionRelay.filter(id__in=[row.id for row in gone]).update(removed_at=now)
            for row in new:
                await row.save(force_create=True)
            await current.save(update_fields=["degraded_because"])
        for row in gone:
            if row.role == STANDBY:
                self._revocations.push_one(row.node, row.cid, current.expires_at)
        return await self._grant_again(current, profile, live, matrix, now)

    async def add_target(self, account: Account, session_id: str, text: str) -> contract.SessionGrant:
        """The same session with one more destination; its ticket keeps its end.

        Raises as `renew`, and ApiError `target_refused`.
        """
        session = await self._own(account, session_id)
        profile = self._profile_of(session)
        new = await self._targets.approve(text, profile)
        matrix, live = await self._living(session)
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
        return await self._grant_again(current, profile, live, matrix, now)

    async def stop(
        self, account: Account, session_id: str, request: contract.StopSessionRequest
    ) -> contract.SessionRecord:
        """End the session and count its metrics, once, whatever is repeated. Raises ApiError `session_not_found`."""
        session = await self._own(account, session_id)
        now = utc_now()
        async with in_transaction():
            won = await take_metrics(session, request, now)
            # Replaced or expired sessions ended before their metrics came: the first end stays.
            reason = "".join(c if c.isprintable() else " " for c in request.reason)
            ended = await Session.filter(id=session.id, ended_at=None).update(
                ended_at=now, ended_because=reason, secret=""
            )
            if ended:
                await forget_secrets([session.id])
            fresh = await Session.get(id=session.id).select_related("node")
            if won:
                await add_to_totals(
                    account.id,
                    seconds=round(fresh.seconds),
                    packets=fresh.packets_up + fresh.packets_down,
                    bytes_=fresh.bytes_up + fresh.bytes_down,
                )
                await learn(fresh, request, self._catalog.by_slug.get(fresh.game), now)
        if ended:
            await self._revocations.push([fresh])
        return record_of(fresh, now)

    async def history(self, account: Account, limit: int, offset: int) -> contract.SessionPage:
        """The account's sessions, newest first."""
        mine = Session.filter(account_id=account.id)
        rows = await mine.order_by("-started_at", "-id").limit(limit).offset(offset).select_related("node")
        now = utc_now()
        return contract.SessionPage(
            sessions=[record_of(row, now) for row in rows], total=await mine.count(), limit=limit, offset=offset
        )

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
        if surplus:
            await forget_secrets(old.id for old in surplus)
        return surplus

    async def _own(self, account: Account, session_id: str) -> Session:
        """The caller's own session; another one's is as unknown as none."""
        session = await Session.get_or_none(id=session_id, account_id=account.id).select_related("node")
        if session is None:
            raise ApiError(ErrorCode.SESSION_NOT_FOUND, f"you have no session '{session_id}'")
        return session

    async def _living(
        self,
        session: Session,
        destination: Destination | None = None,
        measurements: Sequence[contract.RelayMeasurement] = (),
    ) -> tuple[RouteMatrix, LiveNode]:
        """The relays that live, and the one of this running session among them."""
        if session.ended_at is not None or session.expires_at <= utc_now():
            raise _ended(session)
        where = destination or Destination(self._profile_of(session))
        matrix = await self._matrices.of(where, account_id=session.account_id, measurements=measurements)
        found = matrix.live.get(session.node_id)
        if found is None:
            raise ApiError(
                ErrorCode.NO_RELAY_FREE,
                f"the relay {session.node.name} does not answer; keep playing, or start a new session",
                retry_after_s=NO_RELAY_RETRY_S,
            )
        return matrix, found

    async def _grant_again(
        self, session: Session, profile: GameProfile, live: LiveNode, matrix: RouteMatrix, now: datetime
    ) -> contract.SessionGrant:
        """A grant with what of the session's further relays lives now."""
        company = company_of(session, live, await rows_of(session), matrix)
        session.degraded_because = shortfall(session, company)
        return make_grant(session, profile, live, now, transits=company.transits, standby=company.standby)

    def _profile_of(self, session: Session) -> GameProfile:
        profile = self._catalog.by_slug.get(session.game)
        if profile is None:
            raise ApiError(ErrorCode.SESSION_ENDED, f"the game '{session.game}' was taken out of the catalogue")
        return profile


def _new_session(
    account: Account,
    request: contract.StartSessionRequest,
    profile: GameProfile,
    targets: Sequence[Target],
    paths: PathPlan,
    ways: Ways,
    now: datetime,
    *,
    wants_standby: bool,
) -> Session:
    relay = ways.exit.relay
    return Session(
        id=new_id(),
        account_id=account.id,
        node_id=relay.node_id,
        game=profile.slug,
        cid=secrets.token_hex(8),
        secret=fresh_secret(),
        target=request.target,
        approved=" ".join(target.text for target in targets),
        client_version="".join(c if c.isprintable() else " " for c in request.client_version),
        started_at=now,
        renewed_at=now,
        expires_at=now + TICKET_LIFETIME,
        predicted_total_ms=relay.total_ms,
        chosen_because=ways.exit.because[:255],
        mode=paths.mode,
        interfaces=paths.interfaces,
        max_paths=paths.max_paths,
        wants_standby=wants_standby,
        degraded_because=degraded_line(
            paths,
            len(ways.transits),
            ways.no_transit,
            standby_wanted=wants_standby,
            has_standby=ways.standby is not None,
            asked=request.interfaces,
        ),
        leg_ms=relay.leg.figure.rtt_ms,
        leg_place=relay.leg.place,
        game_leg=msgspec.json.encode(leg_answer(relay.leg)).decode(),
    )


async def expire_sessions(now: datetime) -> int:
    """Close sessions whose ticket ran out without a stop; returns how many. For the periodic job."""
    closed = await Session.filter(Q(ended_at=None), expires_at__lte=now - SKEW).update(
        ended_at=now, ended_because="expired", secret=""
    )
    # Sessions that end elsewhere lose these at once; this also finds those that an older server ended.
    stale = await SessionRelay.filter(session__ended_at__not_isnull=True).exclude(secret="").limit(MAX_SWEPT)
    if stale:
        await SessionRelay.filter(id__in=[row.id for row in stale]).update(secret="")
    if closed:
        structlog.get_logger().info("sessions_expired", count=closed)
    return closed


def _refuse_without_plan(plan: Plan) -> None:
    if plan.max_sessions < 1:
        raise ApiError(
            ErrorCode.SUBSCRIPTION_NEEDED,
            "you have no plan that runs: see the plans with plg plan, try it with plg plan trial, or pay with plg pay",
        )


def _is_gone(row: SessionRelay, request: contract.ReplaceTransitsRequest, matrix: RouteMatrix) -> bool:
    """Whether another relay should take its place."""
    failed = request.standby_failed if row.role == STANDBY else row.node_id in request.exclude
    return failed or row.node_id not in matrix.live


def _ended(session: Session) -> ApiError:
    why = session.ended_because or "expired"
    return ApiError(ErrorCode.SESSION_ENDED, f"this session has ended ({why}); start a new one")

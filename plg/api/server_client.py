"""Every public route of the server as one typed method."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from enum import Enum, auto
from typing import TypeVar
from urllib.parse import quote

import msgspec

from plg.api.credentials import Anonymous, Credentials
from plg.api.errors import (
    SIGN_IN_LOST,
    NotSignedIn,
    ServerMisbehaved,
    ServerRefused,
    ServerUnreachable,
    UnreachableReason,
)
from plg.api.http_transport import HttpTransport, Reply
from plg.contract.accounts import Account, LoginRequest, RefreshRequest, RegisterRequest, TokenPair
from plg.contract.benchmarks import BenchmarkPage, BenchmarkReceipt, BenchmarkReport, BenchmarkSummaries
from plg.contract.billing import (
    Checkout,
    CheckoutRequest,
    PaymentPage,
    PlanList,
    Redeemed,
    RedeemRequest,
    ReferralReport,
    Subscription,
)
from plg.contract.games import GameDetail, GamePage
from plg.contract.nodes import NodeList
from plg.contract.problem import ErrorCode
from plg.contract.receipts import Receipt, SubscriptionHistory
from plg.contract.routes import RouteReport, RouteRequest
from plg.contract.schema import API_PREFIX
from plg.contract.sessions import (
    ApproveTargetRequest,
    ReplaceTransitsRequest,
    SessionGrant,
    SessionPage,
    SessionRecord,
    StartSessionRequest,
    StopSessionRequest,
)

T = TypeVar("T")

RETRY_DELAYS_S = (0.2, 0.6)
"""Implementation. Pauses before the second and third try of a GET: a server that restarts is back after about half a second."""

_WORTH_A_RETRY = frozenset({502, 503, 504})


class SignInUse(Enum):
    """Whether a call carries the access token."""

    NEVER = auto()
    IF_THERE = auto()
    REQUIRED = auto()


class ServerClient:
    """The server's public API for one account, or for nobody.

    Every method raises ServerUnreachable, ServerMisbehaved, ServerRefused, and, where an account is needed, NotSignedIn. GETs are
    tried up to three times; anything that changes something is sent once. An expired access token is renewed once per call.
    """

    def __init__(self, transport: HttpTransport, credentials: Credentials) -> None:
        self._transport = transport
        self._credentials = credentials

    @property
    def server(self) -> str:
        """The base URL."""
        return self._transport.server

    async def register(self, request: RegisterRequest) -> Account:
        """Makes an account; it does not sign in."""
        return await self._post("/auth/register", Account, request, SignInUse.NEVER)

    async def login(self, request: LoginRequest) -> TokenPair:
        return await self._post("/auth/login", TokenPair, request, SignInUse.NEVER)

    async def refresh(self, refresh_token: str) -> TokenPair:
        """Uses up `refresh_token`. Nobody but a Credentials calls it, under the store's lock."""
        return await self._post(
            "/auth/refresh", TokenPair, RefreshRequest(refresh_token=refresh_token), SignInUse.NEVER
        )

    async def logout(self, refresh_token: str) -> None:
        """Ends the sign-in that `refresh_token` belongs to."""
        await self._send("POST", "/auth/logout", msgspec.json.encode(RefreshRequest(refresh_token=refresh_token)), None)

    async def account(self) -> Account:
        return await self._get("/me", Account, SignInUse.REQUIRED)

    async def account_of(self, access_token: str) -> Account:
        """The account of a token that was just handed out and is not stored yet."""
        return self._decode(await self._send("GET", "/me", None, access_token), Account)

    async def games(
        self, *, query: str | None = None, category: str | None = None, limit: int, offset: int = 0
    ) -> GamePage:
        wanted = {"query": query, "category": category, "limit": str(limit), "offset": str(offset)}
        return await self._get("/games", GamePage, SignInUse.NEVER, _given(wanted))

    async def game(self, slug: str) -> GameDetail:
        return await self._get(f"/games/{quote(slug, safe='')}", GameDetail, SignInUse.NEVER)

    async def nodes(self, *, game: str | None = None, target: str | None = None) -> NodeList:
        """The live relays; their ping tokens come only with a sign-in."""
        return await self._get("/nodes", NodeList, SignInUse.IF_THERE, _given({"game": game, "target": target}))

    async def routes(self, request: RouteRequest) -> RouteReport:
        """Every relay as a way to a game, ranked by the caller's and the relays' measurements."""
        return await self._post("/routes", RouteReport, request, SignInUse.REQUIRED)

    async def send_benchmark(self, request: BenchmarkReport) -> BenchmarkReceipt:
        """Hands in what `plg bench` measured."""
        return await self._post("/benchmarks", BenchmarkReceipt, request, SignInUse.REQUIRED)

    async def benchmarks(self, *, game: str | None = None, region: str | None = None) -> BenchmarkSummaries:
        """What players measured in the last days."""
        return await self._get(
            "/benchmarks", BenchmarkSummaries, SignInUse.NEVER, _given({"game": game, "region": region})
        )

    async def own_benchmarks(self, *, limit: int, offset: int = 0) -> BenchmarkPage:
        """The account's own reports, newest first."""
        given = {"limit": str(limit), "offset": str(offset)}
        return await self._get("/benchmarks/mine", BenchmarkPage, SignInUse.REQUIRED, given)

    async def start_session(self, request: StartSessionRequest) -> SessionGrant:
        return await self._post("/sessions", SessionGrant, request, SignInUse.REQUIRED)

    async def renew_session(self, session_id: str) -> SessionGrant:
        return await self._post(f"/sessions/{quote(session_id, safe='')}/renew", SessionGrant, None, SignInUse.REQUIRED)

    async def replace_transits(self, session_id: str, request: ReplaceTransitsRequest) -> SessionGrant:
        """Other transits after one died; the same session, another ticket."""
        path = f"/sessions/{quote(session_id, safe='')}/transits"
        return await self._post(path, SessionGrant, request, SignInUse.REQUIRED)

    async def approve_target(self, session_id: str, request: ApproveTargetRequest) -> SessionGrant:
        path = f"/sessions/{quote(session_id, safe='')}/targets"
        return await self._post(path, SessionGrant, request, SignInUse.REQUIRED)

    async def stop_session(self, session_id: str, request: StopSessionRequest) -> SessionRecord:
        path = f"/sessions/{quote(session_id, safe='')}/stop"
        return await self._post(path, SessionRecord, request, SignInUse.REQUIRED)

    async def sessions(self, *, limit: int, offset: int = 0) -> SessionPage:
        """The account's sessions, newest first."""
        return await self._get(
            "/sessions", SessionPage, SignInUse.REQUIRED, {"limit": str(limit), "offset": str(offset)}
        )

    async def plans(self) -> PlanList:
        """What may be had here and how it may be paid; nothing where the server asks for no plan."""
        return await self._get("/plans", PlanList, SignInUse.NEVER)

    async def subscription(self) -> Subscription:
        return await self._get("/subscription", Subscription, SignInUse.REQUIRED)

    async def start_trial(self) -> Subscription:
        return await self._post("/subscription/trial", Subscription, None, SignInUse.REQUIRED)

    async def cancel_subscription(self) -> Subscription:
        """The plan works until the end of what was paid."""
        return await self._post("/subscription/cancel", Subscription, None, SignInUse.REQUIRED)

    async def redeem(self, code: str) -> Redeemed:
        """Use a promo, gift or referral code."""
        return await self._post("/codes/redeem", Redeemed, RedeemRequest(code=code), SignInUse.REQUIRED)

    async def referral(self) -> ReferralReport:
        """The account's own referral code and what it earned."""
        return await self._get("/referral", ReferralReport, SignInUse.REQUIRED)

    async def payments(self, *, limit: int, offset: int = 0) -> PaymentPage:
        """GET /v1/payments"""
        query = {"limit": str(limit), "offset": str(offset)}
        return await self._get("/payments", PaymentPage, SignInUse.REQUIRED, query)

    async def receipt(self, payment_id: str) -> Receipt:
        """GET /v1/payments/{id}/receipt"""
        return await self._get(f"/payments/{quote(payment_id, safe='')}/receipt", Receipt, SignInUse.REQUIRED)

    async def subscription_history(self) -> SubscriptionHistory:
        """GET /v1/subscription/history"""
        return await self._get("/subscription/history", SubscriptionHistory, SignInUse.REQUIRED)

    async def checkout(self, request: CheckoutRequest) -> Checkout:
        """Set out to pay: a link, and the code that names the payment."""
        return await self._post("/payments/checkout", Checkout, request, SignInUse.REQUIRED)

    async def _get(self, path: str, answer: type[T], use: SignInUse, query: Mapping[str, str] | None = None) -> T:
        for delay_s in RETRY_DELAYS_S:
            try:
                return self._decode(await self._signed("GET", path, None, use, query), answer)
            except ServerUnreachable as error:
                if error.reason is not UnreachableReason.BROKEN_OFF:
                    raise
            except (ServerRefused, ServerMisbehaved) as error:
                if error.status not in _WORTH_A_RETRY:
                    raise
            await asyncio.sleep(delay_s)
        return self._decode(await self._signed("GET", path, None, use, query), answer)

    async def _post(self, path: str, answer: type[T], request: msgspec.Struct | None, use: SignInUse) -> T:
        body = None if request is None else msgspec.json.encode(request)
        return self._decode(await self._signed("POST", path, body, use), answer)

    async def _signed(
        self, method: str, path: str, body: bytes | None, use: SignInUse, query: Mapping[str, str] | None = None
    ) -> Reply:
        """Sends with the access token that `use` asks for; renews an expired one and sends once more."""
        token = None if use is SignInUse.NEVER else self._credentials.access_token()
        if token is not None:
            try:
                return await self._send_signed(method, path, body, token, query)
            except NotSignedIn:
                if use is SignInUse.REQUIRED:
                    raise
        elif use is SignInUse.REQUIRED:
            raise NotSignedIn(self.server, self._credentials.lost())
        return await self._send(method, path, body, None, query)

    async def _send_signed(
        self, method: str, path: str, body: bytes | None, token: str, query: Mapping[str, str] | None
    ) -> Reply:
        try:
            return await self._send(method, path, body, token, query)
        except ServerRefused as refusal:
            if refusal.code != ErrorCode.TOKEN_EXPIRED:
                raise self._lost_or(refusal) from refusal
        token = await self._credentials.renew(token, self.refresh)
        try:
            return await self._send(method, path, body, token, query)
        except ServerRefused as refusal:
            raise self._lost_or(refusal) from refusal

    def _lost_or(self, refusal: ServerRefused) -> ServerRefused | NotSignedIn:
        """A refusal of the token itself means that the person must sign in again."""
        if refusal.code not in SIGN_IN_LOST:
            return refusal
        return NotSignedIn(self.server, self._credentials.lost())

    async def _send(
        self, method: str, path: str, body: bytes | None, token: str | None, query: Mapping[str, str] | None = None
    ) -> Reply:
        return await self._transport.exchange(method, API_PREFIX + path, query=query, body=body, token=token)

    def _decode(self, reply: Reply, answer: type[T]) -> T:
        if reply.media_type != "application/json":
            raise ServerMisbehaved(self.server, reply.status, f"{reply.media_type} instead of JSON")
        try:
            return msgspec.json.decode(reply.body, type=answer)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ServerMisbehaved(self.server, reply.status, f"not a valid {answer.__name__}: {error}") from error


def _given(query: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in query.items() if value is not None}


@asynccontextmanager
async def open_server(
    server: str, credentials: Credentials | None = None, *, language: str | None = None
) -> AsyncIterator[ServerClient]:
    """A client of the server at base URL `server`, closed when the block ends. A new account gets its e-mails in `language`."""
    transport = HttpTransport(server, language=language)
    try:
        yield ServerClient(transport, credentials or Anonymous())
    finally:
        await transport.close()

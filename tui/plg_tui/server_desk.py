"""What the dashboard asks of the server, with the person's own login. Each question is a connection of its own: nothing to keep alive."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from plg.api.credentials import Credentials, FixedToken, StoredSignIn
from plg.api.server_client import ServerClient, open_server
from plg.api.token_store import StoreNotice, TokenStore, token_directory
from plg.cli.invocation import Invocation
from plg.cli.language import spoken
from plg.cli.server_access import notice_words
from plg.cli.settings import ServerAddress
from plg.cli.signing_in import checked_email, sign_in
from plg.contract.accounts import Account, RegisterRequest
from plg.contract.benchmarks import BenchmarkPage, BenchmarkSummaries
from plg.contract.billing import Checkout, CheckoutRequest, PlanList, ReferralReport, Subscription
from plg.contract.games import GameDetail, GamePage
from plg.contract.sessions import SessionPage

PAGE_GAMES: Final = 500
"""Implementation. As `plg games`: the most that the server gives at once, enough for the whole list."""


class ServerDesk:
    """`tell` gets a sentence when the token store did something on its own. Questions raise ApiError."""

    def __init__(self, invocation: Invocation, address: ServerAddress, tell: Callable[[str], object]) -> None:
        self._invocation = invocation
        self._address = address
        self._tell = tell

    async def games(self, query: str, category: str | None) -> GamePage:
        """The server's own search: both languages, typing errors forgiven."""
        async with open_server(self._address.url) as client:
            return await client.games(query=query.strip() or None, category=category, limit=PAGE_GAMES)

    async def game(self, slug: str) -> GameDetail:
        """All that the profile knows."""
        async with open_server(self._address.url) as client:
            return await client.game(slug)

    async def sessions(self, *, limit: int, offset: int = 0) -> SessionPage:
        """The account's sessions, newest first. Raises NotSignedIn."""
        async with self.signed() as client:
            return await client.sessions(limit=limit, offset=offset)

    async def benchmarks(self) -> BenchmarkSummaries:
        """What players measured in the last days, for every game."""
        async with open_server(self._address.url) as client:
            return await client.benchmarks()

    async def own_benchmarks(self, *, limit: int) -> BenchmarkPage:
        """The account's own reports, newest first. Raises NotSignedIn."""
        async with self.signed() as client:
            return await client.own_benchmarks(limit=limit)

    async def subscription(self) -> Subscription:
        """The account's plan. Raises NotSignedIn."""
        async with self.signed() as client:
            return await client.subscription()

    async def plans(self) -> PlanList:
        async with open_server(self._address.url) as client:
            return await client.plans()

    async def referral(self) -> ReferralReport:
        async with self.signed() as client:
            return await client.referral()

    async def start_trial(self) -> Subscription:
        async with self.signed() as client:
            return await client.start_trial()

    async def cancel_plan(self) -> Subscription:
        async with self.signed() as client:
            return await client.cancel_subscription()

    async def redeem(self, code: str) -> Subscription:
        """Use a code; what the plan is then."""
        async with self.signed() as client:
            return (await client.redeem(code)).subscription

    async def checkout(self, plan: str, provider: str, currency: str) -> Checkout:
        async with self.signed() as client:
            return await client.checkout(CheckoutRequest(plan=plan, provider=provider, currency=currency))

    async def account(self) -> Account:
        """Who is logged in. Raises NotSignedIn."""
        async with self.signed() as client:
            return await client.account()

    async def sign_in(self, email: str, password: str, totp: str | None = None) -> Account:
        """Log in and keep the tokens; `totp` is the code of the second factor. Raises CliError for what is no address."""
        chosen = checked_email(email)
        async with open_server(self._address.url) as client:
            account, _kept = await sign_in(client, self._store(), chosen, password, totp=totp)
        return account

    async def register(self, email: str, password: str) -> Account:
        """Make an account, then log in. The server's e-mails will be in the language that is spoken now."""
        chosen = checked_email(email)
        async with open_server(self._address.url, language=spoken()) as client:
            await client.register(RegisterRequest(email=chosen, password=password))
        return await self.sign_in(chosen, password)

    @asynccontextmanager
    async def signed(self) -> AsyncIterator[ServerClient]:
        """A client that signs its calls where they need it."""
        async with open_server(self._address.url, self._credentials()) as client:
            yield client

    def _store(self) -> TokenStore:
        settings = self._invocation.settings

        def told(notice: StoreNotice) -> None:
            self._tell(notice_words(notice)[0])

        return TokenStore(token_directory(settings.directory), keeping=settings.keeping(), notify=told)

    def _credentials(self) -> Credentials:
        if token := self._invocation.settings.token():
            return FixedToken(self._address.url, token)
        return StoredSignIn(self._address.url, self._store())

"""Browsers that are signed in: the token in the cookie, the sign-in that it stands for, and its end."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from plg.contract.accounts import LoginRequest, RegisterRequest
from plg_server.ids import utc_now
from plg_server.models.accounts import Account, SignIn
from plg_server.models.browser_sessions import BrowserSession
from plg_server.services.accounts import AccountService, Identity, refuse_banned
from plg_server.services.devices import note_use
from plg_server.services.tokens import token_hash

TOKEN_BYTES = 32
"""256 bits: nothing to guess, so a plain SHA-256 is kept."""

MOVED_EVERY = timedelta(hours=6)
"""How often a browser in use writes: its end is exact to so much."""

SIGNED_OUT = "logout"


class BrowserSessions:
    """Every method needs an active database."""

    def __init__(self, accounts: AccountService, lifetime: timedelta, clock: Callable[[], datetime] = utc_now) -> None:
        """`lifetime` is how long a browser may be away before it has to sign in again."""
        self._accounts = accounts
        self.lifetime = lifetime
        self._clock = clock

    async def sign_in(self, request: LoginRequest, address: str) -> str:
        """A new token for the cookie, never one that the browser brought along. Raises as `AccountService.authenticate`."""
        return await self.begin(await self._accounts.authenticate(request), request.device, address)

    async def sign_up(self, request: RegisterRequest, device: str, address: str) -> tuple[str, str]:
        """Make an account and sign its browser in: the token, and the account's id. Raises as `AccountService.register`."""
        made = await self._accounts.register(request)
        return await self.begin(await Account.get(id=made.id), device, address), made.id

    async def begin(self, account: Account, device: str, address: str) -> str:
        """The same for an account whose owner is known by other means, such as having just been made."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        now = self._clock()
        async with in_transaction():
            sign_in = await self._accounts.begin_sign_in(account, device, address, now)
            await BrowserSession.create(
                token_hash=token_hash(token), sign_in_id=sign_in.id, expires_at=now + self.lifetime
            )
        return token

    async def identify(self, token: str, address: str) -> Identity | None:
        """Who has this token; None when it is nobody's, has ended or was revoked. Raises ApiError `account_banned`."""
        hashed, now = token_hash(token), self._clock()
        row = await BrowserSession.get_or_none(
            Q(token_hash=hashed, expires_at__gt=now, sign_in__ended_at=None)
        ).select_related("sign_in__account")
        if row is None:
            return None
        refuse_banned(row.sign_in.account)
        if row.expires_at - now < self.lifetime - MOVED_EVERY:
            async with in_transaction():
                await BrowserSession.filter(token_hash=hashed).update(expires_at=now + self.lifetime)
                await note_use(row.sign_in_id, address, now)
        return Identity(row.sign_in.account, row.sign_in_id)

    async def renew(self, sign_in_id: str) -> str:
        """Another token for the same sign-in; earlier ones are worth nothing from here on."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        expires_at = self._clock() + self.lifetime
        async with in_transaction():
            await BrowserSession.filter(sign_in_id=sign_in_id).delete()
            await BrowserSession.create(token_hash=token_hash(token), sign_in_id=sign_in_id, expires_at=expires_at)
        return token

    async def end(self, sign_in_id: str) -> None:
        """Sign this browser out."""
        await SignIn.filter(id=sign_in_id, ended_at=None).update(ended_at=self._clock(), ended_because=SIGNED_OUT)

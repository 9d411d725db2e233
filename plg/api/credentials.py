"""Who the client is to the server: nobody, the bearer of PLG_TOKEN, or a stored sign-in that renews itself."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from plg.api.errors import SIGN_IN_LOST, NotSignedIn, NotSignedInReason, ServerRefused
from plg.api.token_store import SignIn, TokenStore
from plg.contract.accounts import TokenPair

Rotate = Callable[[str], Awaitable[TokenPair]]
"""Takes a refresh token to the server and brings the new pair."""


class Credentials(Protocol):
    """What the server client needs to sign its calls."""

    def access_token(self) -> str | None:
        """The token for the next call; None without a sign-in."""
        ...

    def lost(self) -> NotSignedInReason:
        """Why there is no usable token."""
        ...

    async def renew(self, rejected: str, rotate: Rotate, /) -> str:
        """A fresh access token in place of the `rejected` one. Raises NotSignedIn when there is none to be had."""
        ...


class Anonymous:
    """No account."""

    def access_token(self) -> str | None:
        return None

    def lost(self) -> NotSignedInReason:
        return NotSignedInReason.NEVER

    async def renew(self, _rejected: str, _rotate: Rotate, /) -> str:
        raise NotSignedIn("", NotSignedInReason.NEVER)


class FixedToken:
    """The access token of PLG_TOKEN: used as it is, never stored, never renewed."""

    def __init__(self, server: str, token: str) -> None:
        self._server = server
        self._token = token

    def access_token(self) -> str | None:
        return self._token

    def lost(self) -> NotSignedInReason:
        return NotSignedInReason.ENVIRONMENT

    async def renew(self, _rejected: str, _rotate: Rotate, /) -> str:
        raise NotSignedIn(self._server, NotSignedInReason.ENVIRONMENT)


class StoredSignIn:
    """The sign-in of a token store, renewed at most once per rejected token over all processes.

    A refresh token works once, and using it twice ends the sign-in. So a renewal holds the store's lock, looks first whether another
    process has renewed already, and is finished even when its caller is cancelled (Ctrl-C): the answer must reach the disk.
    """

    def __init__(self, server: str, store: TokenStore) -> None:
        self._server = server
        self._store = store
        self._sign_in: SignIn | None = None
        self._why_none = NotSignedInReason.NEVER
        try:
            self._sign_in = store.load(server)
        except NotSignedIn as unreadable:
            self._why_none = unreadable.reason
        if self._sign_in is not None:
            self._why_none = NotSignedInReason.ENDED

    def access_token(self) -> str | None:
        return None if self._sign_in is None else self._sign_in.tokens.access_token

    def lost(self) -> NotSignedInReason:
        return self._why_none

    async def renew(self, rejected: str, rotate: Rotate, /) -> str:
        renewal = asyncio.ensure_future(self._renew_alone(rejected, rotate))
        try:
            return await asyncio.shield(renewal)
        except asyncio.CancelledError:
            await asyncio.wait({renewal})  # bounded by the lock's and the request's own time limits
            raise

    async def _renew_alone(self, rejected: str, rotate: Rotate) -> str:
        lock = self._store.lock()
        try:
            await lock.acquire_async()
            current = await asyncio.to_thread(self._store.load, self._server)
            if current is None:
                self._sign_in = None
                raise NotSignedIn(self._server, NotSignedInReason.ENDED)
            if current.tokens.access_token != rejected:
                self._sign_in = current  # another process was faster
                return current.tokens.access_token
            if not current.tokens.refresh_token:
                raise NotSignedIn(self._server, NotSignedInReason.ENDED)  # an API token: nothing renews it
            try:
                pair = await rotate(current.tokens.refresh_token)
            except ServerRefused as refusal:
                if refusal.code not in SIGN_IN_LOST:
                    raise
                await asyncio.to_thread(self._store.remove, self._server)
                self._sign_in = None
                raise NotSignedIn(self._server, NotSignedInReason.ENDED) from refusal
            self._sign_in = SignIn(email=current.email, tokens=pair)
            await asyncio.to_thread(self._store.save, self._server, self._sign_in)
            return pair.access_token
        finally:
            lock.release()

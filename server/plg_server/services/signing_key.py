"""One signing key for all replicas. What one of them signs or seals another one must be able to read: tokens, second factors, codes.

A replica with a key of its own would end the sign-ins of everybody whom the round robin sends to it, and seal secrets that no other
opens. So each tells a fingerprint of its key in the store, for as long as it lives, and one that finds another's does not start.
"""

import hashlib
import hmac

from plg_server.config import ConfigError
from plg_server.store import Store, StoreUnavailable

LIVES_S = 60.0
"""After a replica was killed its key is forgotten in this time; another key may be used then."""

TELL_EVERY_S = 20.0
"""Two may get lost."""

_NAME = "signing_key"


class OtherSigningKey(Exception):
    """A replica with another key runs beside this one."""


class SigningKey:
    """Tells this replica's key, and looks at that of the others."""

    def __init__(self, store: Store, secret: bytes) -> None:
        self._store = store
        # 64 bits of an HMAC: enough to tell keys apart, and nothing to sign with.
        self._mine = hmac.new(secret, b"which key is this", hashlib.sha256).hexdigest()[:16]

    async def begin(self) -> None:
        """Raises ConfigError when a replica that runs has another key. A store that is away is asked again by `tick`."""
        try:
            await self.tick()
        except OtherSigningKey:
            raise ConfigError(
                "token_secret is not the one of another server that uses the same store: "
                "give all of them the same token_secret, or the same file token.key"
            ) from None
        except StoreUnavailable:
            return

    async def tick(self) -> None:
        """Tell it for another while. Raises OtherSigningKey, StoreUnavailable."""
        if await self._store.add(_NAME, self._mine, LIVES_S):
            return
        told = await self._store.get(_NAME)
        if told is not None and not hmac.compare_digest(told, self._mine):
            raise OtherSigningKey
        await self._store.set(_NAME, self._mine, LIVES_S)

    async def end(self) -> None:
        """This replica goes; those that stay tell it again within TELL_EVERY_S."""
        try:
            if await self._store.get(_NAME) == self._mine:
                await self._store.delete(_NAME)
        except StoreUnavailable:
            return

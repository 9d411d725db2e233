"""An account with a password that is quick to check and, if wished, a second factor; made straight in the database."""

from dataclasses import dataclass

from argon2 import PasswordHasher

from plg_server import app_keys
from plg_server.models.account_safety import SecondFactor
from plg_server.models.accounts import Account
from plg_server.services.tokens import load_token_secret
from plg_server.services.totp import Seal, step_of, totp_code
from support.api_driver import PASSWORD, ApiDriver, Reply
from support.callers import Caller, signed_in_as

QUICK_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""Real argon2 work is tested where it matters."""


@dataclass(frozen=True)
class Guarded:
    """The account, and what its owner's authenticator would show."""

    api: ApiDriver
    caller: Caller
    email: str

    @property
    def token(self) -> str:
        """Its access token."""
        return self.caller.access_token

    async def code(self, later_steps: int = 0) -> str:
        """The code of now, or of so many half minutes later."""
        config = self.api.app[app_keys.CONFIG]
        with self.api.app[app_keys.DATABASE].active():
            row = await SecondFactor.get(account_id=self.caller.account_id)
        secret = Seal(load_token_secret(config.token_secret, config.data_dir)).open(
            row.sealed_secret, self.caller.account_id
        )
        assert secret is not None
        return totp_code(secret, step_of(self.api.app[app_keys.CLOCK]()) + later_steps)

    async def sign_in(self, **more: str) -> Reply:
        """POST /v1/auth/login."""
        return await self.api.post("/v1/auth/login", {"email": self.email, "password": PASSWORD, **more})

    async def turn_on(self) -> list[str]:
        """Set up and confirm with the code of the half minute before, so that the one of now is unused; the recovery codes."""
        begun = await self.api.post("/v1/me/totp", {"password": PASSWORD}, self.token)
        assert begun.status == 200, begun.text
        confirmed = await self.api.post("/v1/me/totp/confirm", {"code": await self.code(-1)}, self.token)
        assert confirmed.status == 200, confirmed.text
        return list(confirmed.json["codes"])


async def guarded_account(api: ApiDriver, role: str = "player") -> Guarded:
    """A new account, signed in, whose password is PASSWORD."""
    caller = await signed_in_as(api, role)
    with api.app[app_keys.DATABASE].active():
        await Account.filter(id=caller.account_id).update(password_hash=QUICK_HASH)
        email = (await Account.get(id=caller.account_id)).email
    return Guarded(api, caller, email)

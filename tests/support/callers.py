"""Callers of every kind, made straight in the database: a password costs more than all that such a caller asks for."""

from dataclasses import dataclass

from plg.contract.api_tokens import CreateTokenRequest, Scope
from plg_server import app_keys
from plg_server.ids import new_id, utc_now
from plg_server.models.accounts import Account, SignIn
from plg_server.services import api_tokens
from support.api_driver import ApiDriver


@dataclass(frozen=True)
class Caller:
    """An account that is signed in. `headers` are what its requests carry."""

    account_id: str
    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        """The access token."""
        return {"Authorization": f"Bearer {self.access_token}"}


async def signed_in_as(api: ApiDriver, role: str = "player", *, banned: bool = False, ended: bool = False) -> Caller:
    """A new account with this role and its tokens. Nobody knows its password."""
    now = utc_now()
    name = new_id()
    with api.app[app_keys.DATABASE].active():
        account = await Account.create(
            id=name,
            email=f"{name}@example.org",
            display_name=name,
            password_hash="none",
            role=role,
            created_at=now,
            email_verified_at=now,
            banned_at=now if banned else None,
        )
    return await signed_in_again(api, account.id, ended=ended)


async def signed_in_again(api: ApiDriver, account_id: str, *, ended: bool = False) -> Caller:
    """One more sign-in of this account, over already if `ended`."""
    now = utc_now()
    with api.app[app_keys.DATABASE].active():
        sign_in = await SignIn.create(
            id=new_id(), account_id=account_id, created_at=now, ended_at=now if ended else None
        )
        pair = await api.app[app_keys.ACCOUNTS]._issue(account_id, sign_in.id, now)
    return Caller(account_id, pair.access_token, pair.refresh_token)


async def api_token(api: ApiDriver, role: str, *scopes: Scope, made_as: str | None = None) -> str:
    """An API token with these scopes, of a new account that has this role now, and had `made_as` when the token was made."""
    owner = await signed_in_as(api, made_as or role)
    with api.app[app_keys.DATABASE].active():
        account = await Account.get(id=owner.account_id)
        made = await api_tokens.create(account, CreateTokenRequest(name="script", scopes=[*scopes]), utc_now())
        await Account.filter(id=owner.account_id).update(role=role)
    return made.token

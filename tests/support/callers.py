"""Callers of every kind, made straight in the database: a password costs more than all that such a caller asks for."""

from dataclasses import dataclass

from plg_server import app_keys
from plg_server.ids import new_id, utc_now
from plg_server.models.accounts import Account, SignIn
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
            banned_at=now if banned else None,
        )
        sign_in = await SignIn.create(id=new_id(), account=account, created_at=now, ended_at=now if ended else None)
        pair = await api.app[app_keys.ACCOUNTS]._issue(account.id, sign_in.id, now)
    return Caller(account.id, pair.access_token, pair.refresh_token)

"""Accounts from the server's own machine, straight on its database: the first admin, and who is locked out.

Whoever may read the server's configuration may do this; the audit log says "operator at the machine".
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec
from tortoise.transactions import in_transaction

from plg.contract.schema import Email, Password
from plg_server.config import ServerConfig
from plg_server.database import open_database
from plg_server.ids import new_id, utc_now
from plg_server.models.account_safety import ApiToken, RecoveryCode, SecondFactor
from plg_server.models.accounts import Account, SignIn
from plg_server.operator_tasks import make_data_dir, told_when_unreachable
from plg_server.schema_migration import migrate
from plg_server.services.accounts import normal_email
from plg_server.services.admin_user_acts import sign_out_everywhere
from plg_server.services.audit import MACHINE, JsonValue, record
from plg_server.services.passwords import Passwords


class UnknownAccount(Exception):
    """No account has this address; the text is one line for the operator."""


class WrongInput(Exception):
    """An address or a password that cannot be; the text is one line for the operator."""


@dataclass(frozen=True)
class AdminMade:
    """What `create_admin` did. `changed` is false when the account was an admin already."""

    account_id: str
    email: str
    created: bool
    changed: bool


@dataclass(frozen=True)
class PasswordReset:
    """What `reset_password` did."""

    email: str
    sign_ins_ended: int
    tokens_revoked: int
    has_second_factor: bool
    second_factor_removed: bool


async def has_account(config: ServerConfig, email: str) -> bool:
    """Whether the address has an account. Raises WrongInput for what is no address, and as `create_relay_token`."""
    wanted = _checked_email(email)
    async with _database(config):
        return await Account.exists(email=wanted)


async def require_account(config: ServerConfig, email: str) -> None:
    """Raises UnknownAccount unless the address has an account; else as `has_account`."""
    if not await has_account(config, email):
        raise UnknownAccount(f"no account has the address {email}")


async def create_admin(config: ServerConfig, email: str, password: str | None) -> AdminMade:
    """Make this account an admin, and the account itself where there is none (then it needs `password`). A ban is lifted.

    Raises WrongInput (an address or a password that cannot be), MigrationError, DatabaseDamaged, CannotReach.
    """
    wanted = _checked_email(email)
    hashed = None if password is None else await _hashed(password)
    now = utc_now()
    async with _database(config), in_transaction():
        account = await Account.filter(email=wanted).select_for_update().first()
        created = account is None
        if account is None:
            if hashed is None:
                raise WrongInput("a new account needs a password")
            account = await Account.create(
                id=new_id(),
                email=wanted,
                display_name=wanted.partition("@")[0],
                password_hash=hashed,
                created_at=now,
            )
        before, was_banned = account.role, account.banned_at is not None
        changed = created or before != "admin" or was_banned
        if changed:
            await Account.filter(id=account.id).update(role="admin", banned_at=None, ban_reason="")
            details: dict[str, JsonValue] = {
                "created": created,
                "from": before,
                "to": "admin",
                "was_banned": was_banned,
            }
            await record(MACHINE, "users.role", f"account:{account.id}", details)
    return AdminMade(account.id, account.email, created, changed)


async def reset_password(
    config: ServerConfig, email: str, password: str, *, second_factor_off: bool = False
) -> PasswordReset:
    """Give the account a new password and sign it out everywhere. Raises UnknownAccount; else as `create_admin`."""
    wanted = _checked_email(email)
    hashed = await _hashed(password)
    now = utc_now()
    async with _database(config), in_transaction():
        account = await Account.filter(email=wanted).select_for_update().first()
        if account is None:
            raise UnknownAccount(f"no account has the address {email}")
        sign_ins = await SignIn.filter(account_id=account.id, ended_at=None).count()
        tokens = await ApiToken.filter(account_id=account.id, revoked_at=None).count()
        factor = await SecondFactor.exists(account_id=account.id, confirmed_at__not_isnull=True)
        await Account.filter(id=account.id).update(password_hash=hashed)
        await sign_out_everywhere(account.id, "password_reset", now)
        if second_factor_off:
            await SecondFactor.filter(account_id=account.id).delete()
            await RecoveryCode.filter(account_id=account.id).delete()
        details = {"sign_ins": sign_ins, "tokens": tokens, "second_factor_removed": factor and second_factor_off}
        await record(MACHINE, "users.reset_password", f"account:{account.id}", details)
    return PasswordReset(account.email, sign_ins, tokens, factor, factor and second_factor_off)


@contextlib.asynccontextmanager
async def _database(config: ServerConfig) -> AsyncIterator[None]:
    """The server's database, brought up to date and active. Works before the first start too, and beside a running server."""
    make_data_dir(config)
    with told_when_unreachable(config):
        await migrate(config)
        database = await open_database(config)
        try:
            with database.active():
                yield
        finally:
            await database.close()


async def _hashed(password: str) -> str:
    """Raises WrongInput for a password that the API would refuse too."""
    try:
        msgspec.convert(password, Password)
    except msgspec.ValidationError:
        raise WrongInput("a password has 10 to 256 characters") from None
    passwords = Passwords(1)
    try:
        return await passwords.hash(password)
    finally:
        passwords.close()


def _checked_email(email: str) -> str:
    try:
        wanted = normal_email(msgspec.convert(email, Email))
    except msgspec.ValidationError:
        raise WrongInput(f"{email!r} is no e-mail address") from None
    if not wanted.isprintable():
        raise WrongInput("an e-mail address has no invisible characters")
    return wanted

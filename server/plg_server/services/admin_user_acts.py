"""What operators do to accounts: ban, unban, role, sign out everywhere. There is always an admin who can sign in."""

from datetime import datetime

from tortoise.transactions import in_transaction

from plg.contract import admin_users as contract
from plg.contract.problem import ErrorCode
from plg_server.ids import utc_now
from plg_server.models.account_safety import ApiToken
from plg_server.models.accounts import Account, SignIn
from plg_server.models.sessions import Session
from plg_server.problems import ApiError
from plg_server.services.account_deletion import DELETED_ROLE
from plg_server.services.admin_users import AdminUsers, unknown_user
from plg_server.services.audit import Actor, JsonValue, record
from plg_server.services.session_ends import Revocations, end_live


class AdminUserActs:
    """Every method needs an active database, and raises ApiError `user_not_found`.

    With `dry_run` every check is made and the answer says what would change, but nothing is changed or recorded.
    """

    def __init__(self, users: AdminUsers, revocations: Revocations) -> None:
        self._users = users
        self._revocations = revocations

    async def ban(self, actor: Actor, user_id: str, request: contract.BanRequest) -> contract.UserChange:
        """Sign the account out, end its sessions, and let it in no more. Raises ApiError `last_admin`."""
        now = utc_now()
        ended: list[Session] = []
        async with in_transaction():
            account = await _held(user_id, keep_admin=True)
            changed = account.banned_at is None or account.ban_reason != request.reason
            sessions = await _live_sessions(user_id, now)
            sign_ins, tokens = await _open_doors(user_id)
            account.banned_at = account.banned_at or now
            account.ban_reason = request.reason
            if changed and not request.dry_run:
                await account.save(update_fields=["banned_at", "ban_reason"])
                await sign_out_everywhere(user_id, "banned", now)
                ended = await end_live("banned", now, account_id=user_id)
                sessions = len(ended)
                details: dict[str, JsonValue] = {"reason": request.reason, "sign_ins": sign_ins}
                details |= {"tokens": tokens, "sessions": sessions}
                await record(actor, "users.ban", f"account:{user_id}", details)
        await self._revocations.push(ended)
        if not changed:
            sign_ins = tokens = sessions = 0
        return self._told(account, request.dry_run, changed, sign_ins, tokens, sessions)

    async def unban(self, actor: Actor, user_id: str, request: contract.UserActRequest) -> contract.UserChange:
        """Let the account in again; it signs in anew."""
        async with in_transaction():
            account = await _held(user_id)
            changed = account.banned_at is not None
            reason, account.banned_at, account.ban_reason = account.ban_reason, None, ""
            if changed and not request.dry_run:
                await account.save(update_fields=["banned_at", "ban_reason"])
                await record(actor, "users.unban", f"account:{user_id}", {"was_banned_for": reason})
        return self._told(account, request.dry_run, changed)

    async def set_role(self, actor: Actor, user_id: str, request: contract.RoleRequest) -> contract.UserChange:
        """Give the account a role; it counts from the next request on. Raises ApiError `last_admin`."""
        async with in_transaction():
            account = await _held(user_id, keep_admin=request.role != "admin")
            before, account.role = account.role, request.role
            changed = before != account.role
            if changed and not request.dry_run:
                await account.save(update_fields=["role"])
                await record(actor, "users.role", f"account:{user_id}", {"from": before, "to": account.role})
        return self._told(account, request.dry_run, changed)

    async def sign_out(self, actor: Actor, user_id: str, request: contract.UserActRequest) -> contract.UserChange:
        """End every sign-in and revoke every API token of the account. Sessions that run go on."""
        now = utc_now()
        async with in_transaction():
            account = await _held(user_id)
            sign_ins, tokens = await _open_doors(user_id)
            changed = bool(sign_ins or tokens)
            if changed and not request.dry_run:
                await sign_out_everywhere(user_id, "operator", now)
                details = {"sign_ins": sign_ins, "tokens": tokens}
                await record(actor, "users.sign_out", f"account:{user_id}", details)
        return self._told(account, request.dry_run, changed, sign_ins, tokens)

    def _told(
        self, account: Account, dry_run: bool, changed: bool, sign_ins: int = 0, tokens: int = 0, sessions: int = 0
    ) -> contract.UserChange:
        return contract.UserChange(
            user=self._users.shown(account),
            changed=changed,
            dry_run=dry_run,
            sign_ins_ended=sign_ins,
            tokens_revoked=tokens,
            sessions_ended=sessions,
        )


async def keep_an_admin(account_id: str) -> None:
    """Inside a transaction, first of all: refuses when this account is the only admin who is not banned.

    The rows of all admins are locked, always in one order, so that of two who step down at once the second sees the first.
    Raises ApiError `last_admin`.
    """
    admins = await Account.filter(role="admin", banned_at=None).order_by("id").select_for_update()
    if [admin.id for admin in admins] == [account_id]:
        raise ApiError(ErrorCode.LAST_ADMIN, "this is the last admin: give somebody else the role first")


async def sign_out_everywhere(account_id: str, because: str, now: datetime) -> None:
    """Inside a transaction: ends every sign-in and revokes every API token."""
    await SignIn.filter(account_id=account_id, ended_at=None).update(ended_at=now, ended_because=because)
    await ApiToken.filter(account_id=account_id, revoked_at=None).update(revoked_at=now)


async def _held(user_id: str, *, keep_admin: bool = False) -> Account:
    """The account, locked until the transaction ends."""
    if keep_admin:
        await keep_an_admin(user_id)
    account = await Account.filter(id=user_id).select_for_update().first()
    if account is None or account.role == DELETED_ROLE:
        raise unknown_user(user_id)
    return account


async def _open_doors(account_id: str) -> tuple[int, int]:
    """How many sign-ins and API tokens work."""
    sign_ins = await SignIn.filter(account_id=account_id, ended_at=None).count()
    return sign_ins, await ApiToken.filter(account_id=account_id, revoked_at=None).count()


async def _live_sessions(account_id: str, now: datetime) -> int:
    return await Session.filter(account_id=account_id, ended_at=None, expires_at__gt=now).count()

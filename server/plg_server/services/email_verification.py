"""Is the address the account's own? A code is e-mailed to it, and comes back typed or by a link."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise.transactions import in_transaction

from plg.contract import account_changes as contract
from plg.contract.problem import ErrorCode
from plg_server.config import ServerConfig
from plg_server.ids import timestamp, utc_now
from plg_server.models.accounts import Account
from plg_server.problems import ApiError
from plg_server.services import outbox
from plg_server.services.entitlement import lock_account
from plg_server.services.mail_codes import FreshCode, MailCodes, Purpose, refused
from plg_server.services.mail_kinds import MailKind

RESEND_AFTER = timedelta(seconds=60)
"""An e-mail takes seconds to arrive; who asks again at once has not looked yet."""

SENDS_AN_HOUR = 5
"""Enough for a spam folder, too little to bother the owner of a foreign address."""

LIMIT_WINDOW = timedelta(hours=1)


@dataclass(frozen=True)
class MailLinks:
    """Addresses of the pages that e-mails point to; empty texts where the server does not know its own address."""

    public_url: str | None

    def of(self, page: str, code: FreshCode) -> str:
        """The link of a code. Its token stands behind the #, so that it reaches no log and no other site."""
        return "" if self.public_url is None else f"{self.public_url.rstrip('/')}/account/{page}#{code.link_token}"


class EmailVerification:
    """Every method needs an active database."""

    def __init__(self, config: ServerConfig, codes: MailCodes, clock: Callable[[], datetime] = utc_now) -> None:
        self._config = config
        self._codes = codes
        self._clock = clock
        self._links = MailLinks(config.public_url)

    async def begin(self, account: Account) -> None:
        """Inside the transaction that makes the account: send its first code, where e-mails are sent at all."""
        if self._config.mail.on:
            await self._put_code(account, self._clock())

    async def send(self, account_id: str) -> contract.MailSent:
        """Send another code. Raises ApiError `mail_off`, `email_verified_already` or `rate_limited`."""
        refuse_when_mail_is_off(self._config)
        now = self._clock()
        async with in_transaction():
            account = await locked(account_id)
            if account.email_verified_at is not None:
                raise ApiError(ErrorCode.EMAIL_VERIFIED_ALREADY, "this address is confirmed already")
            await refuse_too_many(self._codes, account_id, Purpose.VERIFY, now)
            code = await self._put_code(account, now)
        return contract.MailSent(expires_at=timestamp(code.expires_at), resend_after_s=RESEND_AFTER.total_seconds())

    async def confirm(self, account_id: str, address: str, now: datetime) -> None:
        """Inside a transaction, with a used code: the address counts as confirmed if it is still the account's."""
        if not await Account.filter(id=account_id, email=address).update(email_verified_at=now):
            raise refused()

    async def confirm_link(self, token: str) -> None:
        """Confirm by the link of an e-mail. Raises ApiError `code_refused`."""
        now = self._clock()
        async with in_transaction():
            code = await self._codes.use(Purpose.VERIFY, token, now)
            await self.confirm(code.account_id, code.address, now)

    def refuse_unverified(self, account: Account) -> None:
        """Raises ApiError `email_not_verified` where the server asks for a confirmed address and the account has none."""
        if self._config.mail.verification_needed and account.email_verified_at is None:
            raise ApiError(
                ErrorCode.EMAIL_NOT_VERIFIED,
                "confirm your e-mail address first: POST /v1/me/email/verification sends a code, "
                "POST /v1/me/email/verify takes it (plg account verify)",
            )

    async def _put_code(self, account: Account, now: datetime) -> FreshCode:
        code = await self._codes.make(account.id, Purpose.VERIFY, account.email, now)
        facts = {"code": code.text, "link": self._links.of("verify", code)}
        await outbox.put(MailKind.VERIFY, account, "", facts, now)
        return code


def refuse_when_mail_is_off(config: ServerConfig) -> None:
    """Raises ApiError `mail_off`."""
    if not config.mail.on:
        raise ApiError(ErrorCode.MAIL_OFF, "this server sends no e-mail; ask its operator")


async def refuse_too_many(codes: MailCodes, account_id: str, purpose: Purpose, now: datetime) -> None:
    """Inside a transaction that has locked the account. Raises ApiError `rate_limited`."""
    made = await codes.made_since(account_id, purpose, now - LIMIT_WINDOW)
    if made and made[0] + RESEND_AFTER > now:
        wait_s = (made[0] + RESEND_AFTER - now).total_seconds()
    elif len(made) >= SENDS_AN_HOUR:
        wait_s = (made[SENDS_AN_HOUR - 1] + LIMIT_WINDOW - now).total_seconds()
    else:
        return
    # A clock that was set back must not keep anybody waiting longer than the limit itself.
    wait_s = min(wait_s, LIMIT_WINDOW.total_seconds())
    raise ApiError(ErrorCode.RATE_LIMITED, "an e-mail was sent a moment ago; look for it first", retry_after_s=wait_s)


async def locked(account_id: str) -> Account:
    """The account, for this transaction alone. Raises ApiError `token_invalid` when it was deleted a moment ago."""
    account = await lock_account(account_id)
    if account is None:
        raise ApiError(ErrorCode.TOKEN_INVALID, "this account is gone; sign in again")
    return account

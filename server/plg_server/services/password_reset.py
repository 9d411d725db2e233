"""A new password for somebody who has lost the old one.

The request only leaves a row in the outbox, the same for every address: whether there is such an account is looked up when the
e-mail is about to be sent, in the background, so neither the answer nor its time can tell.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from tortoise.transactions import in_transaction

from plg.contract.problem import ErrorCode
from plg_server.config import ServerConfig
from plg_server.ids import utc_now
from plg_server.models.account_safety import ApiToken
from plg_server.models.accounts import Account, SignIn
from plg_server.models.mail import OutboxMail
from plg_server.problems import ApiError
from plg_server.services import outbox
from plg_server.services.accounts import normal_email
from plg_server.services.email_verification import MailLinks, refuse_when_mail_is_off
from plg_server.services.mail_codes import MailCodes, Purpose
from plg_server.services.mail_kinds import MailKind, mail_language
from plg_server.services.mail_texts import when
from plg_server.services.passwords import Passwords, PasswordsBusy

ASKED_AN_HOUR = 3
"""E-mails to one address in an hour; further requests get the same answer and nothing else."""

ASKED_WINDOW = timedelta(hours=1)


class PasswordReset:
    """Every method needs an active database."""

    def __init__(
        self, config: ServerConfig, passwords: Passwords, codes: MailCodes, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._config = config
        self._passwords = passwords
        self._codes = codes
        self._clock = clock
        self._links = MailLinks(config.public_url)

    async def ask(self, email: str, language: str) -> None:
        """Somebody wants a new password for this address. Raises ApiError `mail_off`, whatever the address."""
        refuse_when_mail_is_off(self._config)
        now = self._clock()
        address = normal_email(email)
        asked = OutboxMail.filter(kind=MailKind.RESET, address=address, created_at__gt=now - ASKED_WINDOW)
        if await asked.count() < ASKED_AN_HOUR:
            await outbox.put_for(MailKind.RESET, None, address, language, {}, now)

    async def facts_for(self, mail: OutboxMail) -> dict[str, str] | None:
        """In the background: what stands in the e-mail of a request, or None when nobody here has that address."""
        account = await Account.get_or_none(email=mail.address)
        if account is None:
            return None
        async with in_transaction():
            code = await self._codes.make(account.id, Purpose.RESET, account.email, self._clock())
        mail.language = mail_language(account.language)
        return {"code": code.text, "link": self._links.of("reset", code)}

    async def reset(self, code_text: str, new_password: str) -> None:
        """Set a new password with an e-mailed code: every sign-in and API token ends, and the account is told.

        Raises ApiError `code_refused`.
        """
        # Looked at before the hash is made: a wrong code must not cost what only a right one is worth.
        await self._codes.find(Purpose.RESET, code_text, self._clock())
        password_hash = await hashed(self._passwords, new_password)
        now = self._clock()
        async with in_transaction():
            code = await self._codes.use(Purpose.RESET, code_text, now)
            # Who reads the mailbox has shown that it is theirs.
            changed = await Account.filter(id=code.account_id).update(password_hash=password_hash)
            await Account.filter(id=code.account_id, email=code.address, email_verified_at=None).update(
                email_verified_at=now
            )
            if changed:
                await end_all_access(code.account_id, "password_reset", now)
                await self._codes.end_all(code.account_id, now, (Purpose.RESET, Purpose.CHANGE_EMAIL))
                await tell_password_changed(self._config, code.account_id, now)


async def end_sign_ins(account_id: str, reason: str, now: datetime, *, but: str | None = None) -> int:
    """End all sign-ins of the account except `but`; gives how many."""
    live = SignIn.filter(account_id=account_id, ended_at=None)
    return await (live if but is None else live.exclude(id=but)).update(ended_at=now, ended_because=reason)


async def end_all_access(account_id: str, reason: str, now: datetime) -> None:
    """Where somebody else may have had the account: its API tokens end with its sign-ins."""
    await end_sign_ins(account_id, reason, now)
    await ApiToken.filter(account_id=account_id, revoked_at=None).update(revoked_at=now)


async def tell_password_changed(config: ServerConfig, account_id: str, now: datetime) -> None:
    """Inside the transaction of the change: say so by e-mail, where e-mails are sent at all."""
    account = await Account.get(id=account_id)
    if config.mail.on:
        await outbox.put(MailKind.PASSWORD_CHANGED, account, "", {"at": when(now)}, now)


async def hashed(passwords: Passwords, password: str) -> str:
    """The hash of a new password. Raises ApiError `rate_limited` when too many wait."""
    try:
        return await passwords.hash(password)
    except PasswordsBusy:
        raise busy() from None


def busy() -> ApiError:
    """Too many password checks at once."""
    return ApiError(ErrorCode.RATE_LIMITED, "too many sign-ins at this moment", retry_after_s=2.0)

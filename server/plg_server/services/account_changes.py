"""What somebody changes about their own account: password, address, language.

A new address counts once a code from its mailbox came back; the old one is told then and can take the change back for seven days.
"""

from collections.abc import Callable
from datetime import datetime

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from plg.contract import account_changes as contract
from plg.contract.problem import ErrorCode
from plg_server.config import ServerConfig
from plg_server.ids import timestamp, utc_now
from plg_server.models.accounts import Account
from plg_server.models.mail import MailCode
from plg_server.problems import ApiError
from plg_server.services import outbox
from plg_server.services.accounts import email_taken, is_held, normal_email, refuse_invisible, refuse_overlong
from plg_server.services.email_verification import (
    RESEND_AFTER,
    EmailVerification,
    MailLinks,
    locked,
    refuse_too_many,
    refuse_when_mail_is_off,
)
from plg_server.services.mail_codes import MailCodes, Purpose, refused
from plg_server.services.mail_kinds import MailKind
from plg_server.services.password_reset import busy, end_all_access, end_sign_ins, hashed, tell_password_changed
from plg_server.services.passwords import Passwords, PasswordsBusy
from plg_server.services.totp import withdraw_since


class AccountChanges:
    """Every method needs an active database."""

    def __init__(
        self,
        config: ServerConfig,
        passwords: Passwords,
        codes: MailCodes,
        verification: EmailVerification,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._config = config
        self._passwords = passwords
        self._codes = codes
        self._verification = verification
        self._clock = clock
        self._links = MailLinks(config.public_url)

    async def describe(self, account_id: str) -> contract.AccountSettings:
        """The account's address, whether it is confirmed, and its language."""
        account = await Account.get(id=account_id)
        pending = await MailCode.filter(
            account_id=account_id, purpose=Purpose.CHANGE_EMAIL, used_at=None, expires_at__gt=self._clock()
        ).first()
        return contract.AccountSettings(
            email=account.email,
            email_verified=account.email_verified_at is not None,
            verification_needed=self._config.mail.verification_needed,
            sends_mail=self._config.mail.on,
            new_email=None if pending is None else pending.address,
            language=account.language,
        )

    async def set_language(self, account_id: str, language: str) -> None:
        """The language of e-mails from now on."""
        await Account.filter(id=account_id).update(language=language)

    async def change_password(self, account: Account, sign_in_id: str, old: str, new: str) -> None:
        """Every other sign-in ends, and the account is told. Raises ApiError `wrong_password` or `rate_limited`."""
        await self._check_password(account, old)
        password_hash = await hashed(self._passwords, new)
        now = self._clock()
        async with in_transaction():
            # Of two changes at the same moment with the same old password one wins.
            if not await Account.filter(id=account.id, password_hash=account.password_hash).update(
                password_hash=password_hash
            ):
                raise _wrong_password()
            await end_sign_ins(account.id, "password_changed", now, but=sign_in_id)
            await self._codes.end_all(account.id, now, (Purpose.RESET,))
            await tell_password_changed(self._config, account.id, now)

    async def change_email(self, account: Account, password: str, new_email: str) -> contract.MailSent:
        """Send a code to the new address; nothing changes before it comes back.

        Raises ApiError `mail_off`, `wrong_password`, `invalid_body` or `rate_limited`. Whether the address has an account already is
        only said to who reads its mailbox.
        """
        refuse_when_mail_is_off(self._config)
        address = normal_email(new_email)
        refuse_overlong(address)
        refuse_invisible(address)
        await self._check_password(account, password)
        if address == account.email:
            raise ApiError(ErrorCode.INVALID_BODY, "this is the account's address already")
        now = self._clock()
        async with in_transaction():
            locked_account = await locked(account.id)
            await refuse_too_many(self._codes, account.id, Purpose.CHANGE_EMAIL, now)
            code = await self._codes.make(account.id, Purpose.CHANGE_EMAIL, address, now)
            facts = {"code": code.text, "link": self._links.of("verify", code)}
            await outbox.put_for(MailKind.CHANGE_EMAIL, account.id, address, locked_account.language, facts, now)
        return contract.MailSent(expires_at=timestamp(code.expires_at), resend_after_s=RESEND_AFTER.total_seconds())

    async def verify(self, account_id: str, code_text: str) -> None:
        """Take the code of a new account's or a new address's e-mail. Raises ApiError `code_refused` or `email_taken`."""
        now = self._clock()
        async with in_transaction():
            code = await self._codes.use_short(account_id, (Purpose.VERIFY, Purpose.CHANGE_EMAIL), code_text, now)
            if code is not None:
                await self._apply(code, now)
        if code is None:  # here, so that the try that was counted stays counted
            raise refused()

    async def verify_link(self, token: str) -> None:
        """The same by the link of either e-mail, for anybody who has it. Raises ApiError `code_refused` or `email_taken`."""
        now = self._clock()
        async with in_transaction():
            try:
                code = await self._codes.use(Purpose.VERIFY, token, now)
            except ApiError:
                code = await self._codes.use(Purpose.CHANGE_EMAIL, token, now)
            await self._apply(code, now)

    async def undo_email(self, text: str) -> None:
        """Take a change of address back, with the code that the old address got: every sign-in and API token ends.

        Raises ApiError `code_refused`.
        """
        now = self._clock()
        async with in_transaction():
            code = await self._codes.use(Purpose.UNDO_EMAIL, text, now)
            await self._set_email(code.account_id, code.address, now)
            # Whoever changed it knew the password: their codes, sign-ins and tokens are worth nothing from here on.
            await self._codes.end_all(code.account_id, now)
            await end_all_access(code.account_id, "email_undone", now)
            await withdraw_since(code.account_id, code.created_at)

    async def _apply(self, code: MailCode, now: datetime) -> None:
        if code.purpose == Purpose.VERIFY:
            await self._verification.confirm(code.account_id, code.address, now)
            return
        account = await locked(code.account_id)
        old_address = account.email
        if await is_held(code.address, now, by=account.id):
            raise email_taken()
        await self._set_email(account.id, code.address, now)
        await self._codes.end_all(account.id, now, (Purpose.VERIFY, Purpose.RESET, Purpose.CHANGE_EMAIL))
        undo = await self._codes.make(account.id, Purpose.UNDO_EMAIL, old_address, now)
        facts = {
            "code": undo.text,
            "link": self._links.of("undo", undo),
            "new_email": code.address,
            "until": f"{undo.expires_at:%Y-%m-%d}",
        }
        await outbox.put_for(MailKind.EMAIL_CHANGED, account.id, old_address, account.language, facts, now)

    async def _set_email(self, account_id: str, address: str, now: datetime) -> None:
        try:
            await Account.filter(id=account_id).update(email=address, email_verified_at=now)
        except IntegrityError:
            raise email_taken() from None

    async def _check_password(self, account: Account, password: str) -> None:
        try:
            right = await self._passwords.verify(account.password_hash, password)
        except PasswordsBusy:
            raise busy() from None
        if not right:
            raise _wrong_password()


def _wrong_password() -> ApiError:
    return ApiError(ErrorCode.WRONG_PASSWORD, "the password is wrong")

"""One's own account: the address and its confirmation, the password, the language of e-mails."""

from typing import Annotated, Literal

from msgspec import Meta

from plg.contract.schema import Answer, Email, Password, Request, Timestamp

MailCodeText = Annotated[
    str,
    Meta(min_length=4, max_length=64, pattern=r"^[A-Za-z0-9_ -]+$", description="a code from an e-mail, or a link's"),
]
OldPassword = Annotated[str, Meta(min_length=1, max_length=256)]
LanguageName = Literal["en", "ru"]


class AccountSettings(Answer, frozen=True, kw_only=True):
    """GET /v1/me/settings. `new_email` waits for its code; `verification_needed`: without a confirmed address nobody plays here."""

    email: str
    email_verified: bool
    verification_needed: bool
    sends_mail: bool
    new_email: str | None
    language: str


class LanguageRequest(Request, frozen=True, kw_only=True):
    """POST /v1/me/language"""

    language: LanguageName


class MailSent(Answer, frozen=True, kw_only=True):
    """A code is on its way: until when it works, and after how many seconds another may be asked for."""

    expires_at: Timestamp
    resend_after_s: float


class MailCodeRequest(Request, frozen=True, kw_only=True):
    """POST /v1/me/email/verify, /v1/auth/verify-link and /v1/auth/undo-email"""

    code: MailCodeText


class ChangeEmailRequest(Request, frozen=True, kw_only=True):
    """POST /v1/me/email"""

    new_email: Email
    password: OldPassword


class ChangePasswordRequest(Request, frozen=True, kw_only=True):
    """POST /v1/me/password"""

    old_password: OldPassword
    new_password: Password


class ForgotRequest(Request, frozen=True, kw_only=True):
    """POST /v1/auth/forgot"""

    email: Email


class Asked(Answer, frozen=True, kw_only=True):
    """The answer to a request for a new password: the same for every address."""

    detail: str


class ResetRequest(Request, frozen=True, kw_only=True):
    """POST /v1/auth/reset"""

    code: MailCodeText
    new_password: Password

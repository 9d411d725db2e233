"""Refusals in words for a person who looks at a page, in both languages; the API's own lines are for programs."""

import re

from plg.contract.problem import ErrorCode
from plg_server.pages.language import N_, translated
from plg_server.problems import ApiError

WORDS: dict[ErrorCode, str] = {
    ErrorCode.NOT_FOUND: N_("There is nothing at this address."),
    ErrorCode.METHOD_NOT_ALLOWED: N_("This page cannot be asked for in this way."),
    ErrorCode.BODY_TOO_LARGE: N_("That is more text than this form takes."),
    ErrorCode.RATE_LIMITED: N_("Too many tries. Wait a minute and try again."),
    ErrorCode.INTERNAL: N_("Something went wrong on the server. Nothing was changed; try again in a moment."),
    ErrorCode.DATABASE_UNAVAILABLE: N_("The server's database does not answer. Try again in a moment."),
    ErrorCode.STORE_UNAVAILABLE: N_("A part of the server does not answer. Try again in a moment."),
    ErrorCode.EMAIL_TAKEN: N_("An account with this e-mail address exists. Sign in, or use another address."),
    ErrorCode.BAD_CREDENTIALS: N_("The e-mail address or the password is wrong."),
    ErrorCode.ACCOUNT_BANNED: N_("This account is banned. Write to the operator of this server."),
    ErrorCode.FORBIDDEN: N_("Your account may not do this."),
    ErrorCode.SUBSCRIPTION_NEEDED: N_("This needs a plan."),
    ErrorCode.BILLING_OFF: N_("Nothing is sold on this server."),
    ErrorCode.TRIAL_USED: N_("The trial was used already."),
    ErrorCode.CODE_REFUSED: N_("This code is wrong, has ended or was used already."),
    ErrorCode.CODE_USED: N_("This code was used already."),
    ErrorCode.PROVIDER_UNAVAILABLE: N_("This way to pay does not answer. Try another one, or try again in a minute."),
    ErrorCode.MAIL_OFF: N_("This server sends no e-mail. Ask its operator."),
    ErrorCode.EMAIL_NOT_VERIFIED: N_("Confirm your e-mail address first."),
    ErrorCode.EMAIL_VERIFIED_ALREADY: N_("Your e-mail address is confirmed already."),
    ErrorCode.WRONG_PASSWORD: N_("The password is wrong."),
    ErrorCode.TOTP_NEEDED: N_("Enter the code of your authenticator, or a recovery code."),
    ErrorCode.TOTP_WRONG: N_("The code is wrong. Enter a fresh one, or a recovery code."),
    ErrorCode.TOTP_ON: N_("The second factor is on already."),
    ErrorCode.TOTP_OFF: N_("The second factor is off."),
    ErrorCode.TOO_MANY_TOKENS: N_("You have as many tokens as there may be. Revoke one first."),
    ErrorCode.LAST_ADMIN: N_("This is the last admin; make another one first."),
    ErrorCode.NOTHING_TO_CANCEL: N_("There is nothing to cancel."),
    ErrorCode.NOTHING_TO_CHANGE: N_("There is nothing to change."),
    ErrorCode.CLAIM_REFUSED: N_("This token is wrong, or has ended."),
}
"""What stands here is said in both languages. Other refusals keep the API's own line, which is English and exact."""

FORM_EXPIRED = N_(
    "This form is too old, or your browser keeps no cookies for this site (over http, only on this machine). Send it again."
)

_FIELD = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<field>[a-z_0-9]*).*`)?$", re.DOTALL)
_MISSING = re.compile(r"missing required field `(?P<field>\w+)`")
_AT_LEAST = re.compile(r"length >= (?P<number>\d+)")
_AT_MOST = re.compile(r"length <= (?P<number>\d+)")

TOO_SHORT = N_("At least {number} characters.")
TOO_LONG = N_("At most {number} characters.")
NEEDED = N_("This is needed.")
WRONG = N_("This cannot be right.")


def refusal_words(error: ApiError, language: str) -> str:
    """One or two sentences."""
    words = WORDS.get(error.code)
    # An operator's line says exactly what is wrong; of these codes the exact line says more than ours.
    return translated(language, words) if words is not None else error.detail


def field_refusal(message: str) -> tuple[str, str, int]:
    """Which field msgspec's message is about ("" when none), the words for it, and the number in them."""
    missing = _MISSING.search(message)
    if missing is not None:
        return missing["field"], NEEDED, 0
    found = _FIELD.match(message)
    field, what = ("", message) if found is None else (found["field"] or "", found["what"])
    for pattern, words in ((_AT_LEAST, TOO_SHORT), (_AT_MOST, TOO_LONG)):
        bound = pattern.search(what)
        if bound is not None:
            number = int(bound["number"])
            return (field, NEEDED, 0) if words is TOO_SHORT and number == 1 else (field, words, number)
    return field, WRONG, 0

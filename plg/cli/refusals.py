"""What the server's refusals mean to a person, and which exit code they get."""

from plg.api.errors import ServerRefused
from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.language import N_, Language, _, ngettext, spoken
from plg.contract.problem import ErrorCode

_SENTENCES: dict[str, str] = {
    ErrorCode.MALFORMED_REQUEST: N_("the server did not understand the request"),
    ErrorCode.MALFORMED_JSON: N_("the server did not understand the request"),
    ErrorCode.INVALID_BODY: N_("the server does not accept what was sent"),
    ErrorCode.INVALID_QUERY: N_("the server does not accept what was asked"),
    ErrorCode.BODY_TOO_LARGE: N_("too much was sent to the server"),
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: N_("the server did not understand the request"),
    ErrorCode.NOT_FOUND: N_("the server does not know what was asked for"),
    ErrorCode.METHOD_NOT_ALLOWED: N_("the server did not understand the request"),
    ErrorCode.RATE_LIMITED: N_("too many tries in a short time"),
    ErrorCode.INTERNAL: N_("the server has an internal error"),
    ErrorCode.DATABASE_UNAVAILABLE: N_("the server cannot reach its database"),
    ErrorCode.STORE_UNAVAILABLE: N_("the server cannot reach its store"),
    ErrorCode.EMAIL_TAKEN: N_("this e-mail address has an account already"),
    ErrorCode.BAD_CREDENTIALS: N_("wrong e-mail address or password"),
    ErrorCode.TOKEN_MISSING: N_("not logged in"),
    ErrorCode.TOKEN_INVALID: N_("the login is not valid any more"),
    ErrorCode.TOKEN_EXPIRED: N_("the login is over"),
    ErrorCode.TOKEN_REUSED: N_("the login was used twice and was ended for safety"),
    ErrorCode.ACCOUNT_BANNED: N_("this account is blocked"),
    ErrorCode.FORBIDDEN: N_("this account may not do that"),
    ErrorCode.SUBSCRIPTION_NEEDED: N_("the account's plan does not include this"),
    ErrorCode.GAME_NOT_FOUND: N_("unknown game"),
    ErrorCode.GAME_NOT_SUPPORTED: N_("this game cannot be carried"),
    ErrorCode.NODE_NOT_FOUND: N_("unknown relay"),
    ErrorCode.NODE_DRAINING: N_("this relay is closing down"),
    ErrorCode.NODE_FULL: N_("this relay is full"),
    ErrorCode.NODE_DISABLED: N_("this relay was switched off by the operator"),
    ErrorCode.NODE_OFFLINE: N_("this relay is not up"),
    ErrorCode.NO_RELAY_FREE: N_("no relay is free"),
    ErrorCode.MODE_NOT_ALLOWED: N_("the server does not allow this mode"),
    ErrorCode.IMPLAUSIBLE: N_("the server does not believe these figures"),
    ErrorCode.TARGET_REFUSED: N_("the server does not allow this address"),
    ErrorCode.SESSION_NOT_FOUND: N_("unknown session"),
    ErrorCode.SESSION_ENDED: N_("the session is over"),
    ErrorCode.TOO_MANY_SESSIONS: N_("the account has as many sessions as its plan allows"),
    ErrorCode.ENROLMENT_REFUSED: N_("the server does not accept this enrolment"),
    ErrorCode.BILLING_OFF: N_("nothing is sold on this server: everybody may play"),
    ErrorCode.PLAN_NOT_FOUND: N_("no such plan is on offer"),
    ErrorCode.TRIAL_USED: N_("the trial was had before"),
    ErrorCode.NOTHING_TO_CANCEL: N_("there is no running plan to cancel"),
    ErrorCode.NOTHING_TO_CHANGE: N_("there is nothing to change"),
    ErrorCode.CODE_REFUSED: N_("no such code, or it has ended or was used up"),
    ErrorCode.CODE_USED: N_("this account has used that code already"),
    ErrorCode.PROVIDER_NOT_FOUND: N_("this server does not take payments that way"),
    ErrorCode.PROVIDER_UNAVAILABLE: N_("the payment provider does not answer"),
    ErrorCode.NOTICE_REFUSED: N_("the server does not accept this notice of a payment"),
    ErrorCode.MAIL_OFF: N_("this server sends no e-mail"),
    ErrorCode.EMAIL_NOT_VERIFIED: N_("the account's e-mail address is not confirmed yet"),
    ErrorCode.EMAIL_VERIFIED_ALREADY: N_("this e-mail address is confirmed already"),
    ErrorCode.WRONG_PASSWORD: N_("the password is wrong"),
    ErrorCode.USER_NOT_FOUND: N_("unknown account"),
    ErrorCode.CLAIM_REFUSED: N_("the token is not valid, or the server has an admin already"),
    ErrorCode.TOTP_NEEDED: N_("a code of your authenticator is needed"),
    ErrorCode.TOTP_WRONG: N_("the code is wrong, or was used already"),
    ErrorCode.TOTP_ON: N_("the second factor is on already"),
    ErrorCode.TOTP_OFF: N_("the second factor is off"),
    ErrorCode.SCOPE_MISSING: N_("this API token may not do that"),
    ErrorCode.TOO_MANY_TOKENS: N_("the account has as many API tokens as it may"),
    ErrorCode.LAST_ADMIN: N_("the last admin cannot go"),
    ErrorCode.TELEGRAM_OFF: N_("this server has no Telegram bot"),
}

_EXIT_CODES: dict[str, ExitCode] = {
    ErrorCode.INVALID_BODY: ExitCode.USAGE,
    ErrorCode.INVALID_QUERY: ExitCode.USAGE,
    ErrorCode.DATABASE_UNAVAILABLE: ExitCode.UNREACHABLE,
    ErrorCode.STORE_UNAVAILABLE: ExitCode.UNREACHABLE,
    ErrorCode.BAD_CREDENTIALS: ExitCode.NOT_LOGGED_IN,
    ErrorCode.TOKEN_MISSING: ExitCode.NOT_LOGGED_IN,
    ErrorCode.TOKEN_INVALID: ExitCode.NOT_LOGGED_IN,
    ErrorCode.TOKEN_EXPIRED: ExitCode.NOT_LOGGED_IN,
    ErrorCode.TOKEN_REUSED: ExitCode.NOT_LOGGED_IN,
    ErrorCode.SUBSCRIPTION_NEEDED: ExitCode.SUBSCRIPTION_NEEDED,
    ErrorCode.GAME_NOT_FOUND: ExitCode.NOT_FOUND,
    ErrorCode.NODE_NOT_FOUND: ExitCode.NOT_FOUND,
    ErrorCode.NODE_DRAINING: ExitCode.UNREACHABLE,
    ErrorCode.NODE_FULL: ExitCode.UNREACHABLE,
    ErrorCode.NODE_DISABLED: ExitCode.NOT_FOUND,
    ErrorCode.NODE_OFFLINE: ExitCode.UNREACHABLE,
    ErrorCode.NO_RELAY_FREE: ExitCode.UNREACHABLE,
    ErrorCode.MODE_NOT_ALLOWED: ExitCode.USAGE,
    ErrorCode.TOO_MANY_SESSIONS: ExitCode.BUSY,
    ErrorCode.PLAN_NOT_FOUND: ExitCode.NOT_FOUND,
    ErrorCode.CODE_REFUSED: ExitCode.NOT_FOUND,
    ErrorCode.PROVIDER_NOT_FOUND: ExitCode.NOT_FOUND,
    ErrorCode.PROVIDER_UNAVAILABLE: ExitCode.UNREACHABLE,
    ErrorCode.USER_NOT_FOUND: ExitCode.NOT_FOUND,
    ErrorCode.TOTP_NEEDED: ExitCode.NOT_LOGGED_IN,
    ErrorCode.TOTP_WRONG: ExitCode.NOT_LOGGED_IN,
}
"""Every other code is a plain failure."""

_NEXT_STEPS: dict[str, str] = {
    ErrorCode.EMAIL_TAKEN: N_("run: plg login"),
    ErrorCode.BAD_CREDENTIALS: N_("try again with: plg login"),
    ErrorCode.TOKEN_MISSING: N_("run: plg login"),
    ErrorCode.TOKEN_INVALID: N_("run: plg login"),
    ErrorCode.TOKEN_EXPIRED: N_("run: plg login"),
    ErrorCode.TOKEN_REUSED: N_("run: plg login"),
    ErrorCode.GAME_NOT_FOUND: N_("see: plg games"),
    ErrorCode.NODE_NOT_FOUND: N_("see: plg nodes"),
    ErrorCode.NODE_DRAINING: N_("see: plg nodes"),
    ErrorCode.NODE_FULL: N_("see: plg nodes"),
    ErrorCode.NODE_DISABLED: N_("see: plg nodes"),
    ErrorCode.NODE_OFFLINE: N_("see: plg nodes"),
    ErrorCode.NO_RELAY_FREE: N_("see: plg nodes"),
    ErrorCode.MODE_NOT_ALLOWED: N_("try: plg connect GAME --mode off"),
    ErrorCode.TOO_MANY_SESSIONS: N_("end another one with: plg disconnect"),
    ErrorCode.SUBSCRIPTION_NEEDED: N_("see: plg plan"),
    ErrorCode.PLAN_NOT_FOUND: N_("see: plg plan"),
    ErrorCode.TRIAL_USED: N_("see: plg plan"),
    ErrorCode.MAIL_OFF: N_("ask the server's operator"),
    ErrorCode.TELEGRAM_OFF: N_("ask the server's operator"),
    ErrorCode.EMAIL_NOT_VERIFIED: N_("run: plg account verify"),
    ErrorCode.PROVIDER_NOT_FOUND: N_("see: plg plan"),
    ErrorCode.PROVIDER_UNAVAILABLE: N_("try again in a minute"),
    ErrorCode.TOTP_NEEDED: N_("on a terminal plg asks for it; in a script give --totp CODE"),
    ErrorCode.TOTP_WRONG: N_("wait for the next code, then try again"),
    ErrorCode.TOTP_ON: N_("see: plg account totp status"),
    ErrorCode.TOTP_OFF: N_("see: plg account totp on"),
    ErrorCode.SCOPE_MISSING: N_("make one with more scopes: plg account tokens create; or run: plg login"),
    ErrorCode.TOO_MANY_TOKENS: N_("see: plg account tokens list"),
    ErrorCode.DATABASE_UNAVAILABLE: N_("try again in a minute"),
    ErrorCode.STORE_UNAVAILABLE: N_("try again in a minute"),
    ErrorCode.USER_NOT_FOUND: N_("see: plg admin users list"),
    ErrorCode.CLAIM_REFUSED: N_("on the server's machine: plg server create-admin EMAIL"),
    ErrorCode.INTERNAL: N_("tell the server's operator the request id"),
}

_DETAIL_SAYS_MORE = frozenset(
    {
        ErrorCode.INVALID_BODY,
        ErrorCode.INVALID_QUERY,
        ErrorCode.TARGET_REFUSED,
        ErrorCode.GAME_NOT_SUPPORTED,
        ErrorCode.FORBIDDEN,
        ErrorCode.IMPLAUSIBLE,
        ErrorCode.MODE_NOT_ALLOWED,
        ErrorCode.SCOPE_MISSING,
    }
)
"""Refusals whose English detail names the very thing that is wrong, so that a Russian reader gets it too."""


def explain(refusal: ServerRefused) -> CliError:
    """The line, the next step and the exit code of a refusal."""
    return CliError(
        _sentence(refusal),
        code=refusal.code,
        exit_code=_EXIT_CODES.get(refusal.code, ExitCode.FAILURE),
        next_step=_next_step(refusal),
        nearest=refusal.nearest,
        request_id=refusal.request_id,
    )


def _sentence(refusal: ServerRefused) -> str:
    """The server's own words in English, which know the case best; ours in any other language."""
    ours = _SENTENCES.get(refusal.code)
    if ours is None:
        return _("the server refused: {detail}").format(detail=refusal.detail or refusal.code)
    if spoken() is Language.EN:
        # The nearest names are shown once, from their own field, whatever the server's sentence says of them.
        return (refusal.detail.partition("; did you mean ")[0] if refusal.nearest else refusal.detail) or ours
    if refusal.code in _DETAIL_SAYS_MORE and refusal.detail:
        return f"{_(ours)} ({refusal.detail})"
    return _(ours)


def _next_step(refusal: ServerRefused) -> str | None:
    if refusal.code == ErrorCode.RATE_LIMITED and refusal.retry_after_s is not None:
        seconds = max(1, round(refusal.retry_after_s))
        return ngettext("try again in {n} second", "try again in {n} seconds", seconds).format(n=seconds)
    step = _NEXT_STEPS.get(refusal.code)
    return None if step is None else _(step)

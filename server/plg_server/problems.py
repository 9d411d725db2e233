"""Errors on their way out: one exception for "this request is refused", one writer of `application/problem+json`."""

import msgspec
from aiohttp import web

from plg.contract.problem import ErrorCode, Problem

CONTENT_TYPE = "application/problem+json"

STATUS_OF: dict[ErrorCode, int] = {
    ErrorCode.MALFORMED_REQUEST: 400,
    ErrorCode.MALFORMED_JSON: 400,
    ErrorCode.INVALID_BODY: 422,
    ErrorCode.INVALID_QUERY: 422,
    ErrorCode.BODY_TOO_LARGE: 413,
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: 415,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.INTERNAL: 500,
    ErrorCode.DATABASE_UNAVAILABLE: 503,
    ErrorCode.STORE_UNAVAILABLE: 503,
    ErrorCode.EMAIL_TAKEN: 409,
    ErrorCode.BAD_CREDENTIALS: 401,
    ErrorCode.TOKEN_MISSING: 401,
    ErrorCode.TOKEN_INVALID: 401,
    ErrorCode.TOKEN_EXPIRED: 401,
    ErrorCode.TOKEN_REUSED: 401,
    ErrorCode.ACCOUNT_BANNED: 403,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.SUBSCRIPTION_NEEDED: 403,
    ErrorCode.GAME_NOT_FOUND: 404,
    ErrorCode.GAME_NOT_SUPPORTED: 422,
    ErrorCode.NODE_NOT_FOUND: 404,
    ErrorCode.NODE_DRAINING: 409,
    ErrorCode.NODE_FULL: 503,
    ErrorCode.NODE_DISABLED: 409,
    ErrorCode.NODE_OFFLINE: 503,
    ErrorCode.NO_RELAY_FREE: 503,
    ErrorCode.TARGET_REFUSED: 403,
    ErrorCode.SESSION_NOT_FOUND: 404,
    ErrorCode.SESSION_ENDED: 409,
    ErrorCode.MODE_NOT_ALLOWED: 403,
    ErrorCode.IMPLAUSIBLE: 422,
    ErrorCode.TOO_MANY_SESSIONS: 409,
    ErrorCode.ENROLMENT_REFUSED: 403,
    ErrorCode.BILLING_OFF: 409,
    ErrorCode.PLAN_NOT_FOUND: 404,
    ErrorCode.TRIAL_USED: 409,
    ErrorCode.NOTHING_TO_CANCEL: 409,
    ErrorCode.NOTHING_TO_CHANGE: 409,
    ErrorCode.CODE_REFUSED: 404,
    ErrorCode.CODE_USED: 409,
    ErrorCode.PROVIDER_NOT_FOUND: 404,
    ErrorCode.PROVIDER_UNAVAILABLE: 503,
    ErrorCode.NOTICE_REFUSED: 403,
    ErrorCode.MAIL_OFF: 409,
    ErrorCode.EMAIL_NOT_VERIFIED: 403,
    ErrorCode.EMAIL_VERIFIED_ALREADY: 409,
    ErrorCode.WRONG_PASSWORD: 403,
    ErrorCode.USER_NOT_FOUND: 404,
    ErrorCode.CLAIM_REFUSED: 403,
    ErrorCode.TOTP_NEEDED: 401,
    ErrorCode.TOTP_WRONG: 401,
    ErrorCode.TOTP_ON: 409,
    ErrorCode.TOTP_OFF: 409,
    ErrorCode.SCOPE_MISSING: 403,
    ErrorCode.TOO_MANY_TOKENS: 409,
    ErrorCode.LAST_ADMIN: 409,
    ErrorCode.TELEGRAM_OFF: 409,
}
"""The HTTP status of every code. A test holds it complete."""


class ApiError(Exception):
    """This request is refused. `detail` is one line for a person; the status follows from the code."""

    def __init__(
        self,
        code: ErrorCode,
        detail: str,
        *,
        nearest: list[str] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.nearest = nearest or []
        self.retry_after_s = retry_after_s

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return STATUS_OF[self.code]


def title_of(code: ErrorCode) -> str:
    """A short title that does not change from case to case (RFC 9457, section 3.1.3)."""
    return code.value.replace("_", " ").capitalize()


def _shown(text: str) -> str:
    """Texts may repeat what a caller sent: no line break, invisible or right-to-left mark of it reaches a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def problem_response(error: ApiError, request_id: str) -> web.Response:
    """Write the refusal. 401 carries WWW-Authenticate (RFC 9110, 11.6.1), a wait carries Retry-After in whole seconds."""
    problem = Problem(
        title=title_of(error.code),
        status=error.status,
        code=error.code,
        detail=_shown(error.detail),
        request_id=request_id,
        nearest=[_shown(name) for name in error.nearest],
        retry_after_s=error.retry_after_s,
    )
    response = web.Response(status=error.status, body=msgspec.json.encode(problem), content_type=CONTENT_TYPE)
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="plg"'
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(max(1, int(-(-error.retry_after_s // 1))))
    return response

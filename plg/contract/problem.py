"""Errors as `application/problem+json` (RFC 9457), with a stable code that scripts may rely on."""

from enum import StrEnum

from plg.contract.schema import Answer


class ErrorCode(StrEnum):
    """Stable names of what can go wrong; the CLI's JSON errors use the same ones."""

    MALFORMED_REQUEST = "malformed_request"
    MALFORMED_JSON = "malformed_json"
    INVALID_BODY = "invalid_body"
    INVALID_QUERY = "invalid_query"
    BODY_TOO_LARGE = "body_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    RATE_LIMITED = "rate_limited"
    INTERNAL = "internal"
    DATABASE_UNAVAILABLE = "database_unavailable"
    STORE_UNAVAILABLE = "store_unavailable"
    EMAIL_TAKEN = "email_taken"
    BAD_CREDENTIALS = "bad_credentials"
    TOKEN_MISSING = "token_missing"
    TOKEN_INVALID = "token_invalid"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_REUSED = "token_reused"
    ACCOUNT_BANNED = "account_banned"
    FORBIDDEN = "forbidden"
    SUBSCRIPTION_NEEDED = "subscription_needed"
    GAME_NOT_FOUND = "game_not_found"
    GAME_NOT_SUPPORTED = "game_not_supported"
    NODE_NOT_FOUND = "node_not_found"
    NODE_DRAINING = "node_draining"
    NODE_FULL = "node_full"
    NODE_DISABLED = "node_disabled"
    NODE_OFFLINE = "node_offline"
    NO_RELAY_FREE = "no_relay_free"
    TARGET_REFUSED = "target_refused"
    SESSION_NOT_FOUND = "session_not_found"
    SESSION_ENDED = "session_ended"
    MODE_NOT_ALLOWED = "mode_not_allowed"
    IMPLAUSIBLE = "implausible"
    TOO_MANY_SESSIONS = "too_many_sessions"
    ENROLMENT_REFUSED = "enrolment_refused"
    BILLING_OFF = "billing_off"
    PLAN_NOT_FOUND = "plan_not_found"
    TRIAL_USED = "trial_used"
    NOTHING_TO_CANCEL = "nothing_to_cancel"
    NOTHING_TO_CHANGE = "nothing_to_change"
    CODE_REFUSED = "code_refused"
    CODE_USED = "code_used"
    PROVIDER_NOT_FOUND = "provider_not_found"
    PROVIDER_UNAVAILABLE = "provider_unavailable"
    NOTICE_REFUSED = "notice_refused"
    MAIL_OFF = "mail_off"
    EMAIL_NOT_VERIFIED = "email_not_verified"
    EMAIL_VERIFIED_ALREADY = "email_verified_already"
    WRONG_PASSWORD = "wrong_password"
    USER_NOT_FOUND = "user_not_found"
    CLAIM_REFUSED = "claim_refused"
    TOTP_NEEDED = "totp_needed"
    TOTP_WRONG = "totp_wrong"
    TOTP_ON = "totp_on"
    TOTP_OFF = "totp_off"
    SCOPE_MISSING = "scope_missing"
    TOO_MANY_TOKENS = "too_many_tokens"
    LAST_ADMIN = "last_admin"
    TELEGRAM_OFF = "telegram_off"


class Problem(Answer, frozen=True, kw_only=True):
    """One error answer. `detail` is one line for a person; `code` is for programs; `nearest` offers what may be meant."""

    title: str
    status: int
    code: ErrorCode
    detail: str
    request_id: str
    type: str = "about:blank"
    nearest: list[str] = []
    retry_after_s: float | None = None

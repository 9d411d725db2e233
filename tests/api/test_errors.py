"""The failures of the API client: their messages are for logs, their fields for programs."""

from pathlib import Path

from plg.api.errors import (
    ApiError,
    NotSignedIn,
    NotSignedInReason,
    ServerMisbehaved,
    ServerRefused,
    ServerUnreachable,
    TokenFileCorrupt,
    TokenFileUnusable,
    UnreachableReason,
)

SERVER = "https://plg.example.org"


def test_each_failure_names_where_and_why() -> None:
    failures = [
        (ServerUnreachable(SERVER, UnreachableReason.TIMED_OUT), [SERVER, "timed out"]),
        (ServerUnreachable(SERVER, UnreachableReason.OTHER, "odd"), [SERVER, "(odd)"]),
        (ServerMisbehaved(SERVER, 302, "a redirect"), [SERVER, "302", "a redirect"]),
        (ServerRefused(server=SERVER, code="rate_limited", status=429, detail="wait"), ["429", "rate_limited", "wait"]),
        (NotSignedIn(SERVER, NotSignedInReason.NEVER), [SERVER, "no sign-in stored"]),
        (TokenFileCorrupt(Path("tokens.json"), Path("tokens.json.corrupt")), ["tokens.json", "tokens.json.corrupt"]),
        (TokenFileUnusable(Path("tokens.json"), "read-only"), ["tokens.json", "read-only"]),
    ]
    for failure, parts in failures:
        assert isinstance(failure, ApiError)
        assert all(part in str(failure) for part in parts)


def test_a_refusal_keeps_what_the_next_step_needs() -> None:
    refusal = ServerRefused(
        server=SERVER,
        code="game_not_found",
        status=404,
        detail="no",
        nearest=("cs2",),
        request_id="r1",
        retry_after_s=2.5,
    )
    assert (refusal.code, refusal.nearest, refusal.request_id, refusal.retry_after_s) == (
        "game_not_found",
        ("cs2",),
        "r1",
        2.5,
    )

"""Every failure of an update has its line, its code and its exit code."""

import pytest

from plg.cli.exit_codes import ExitCode
from plg.cli.update_failures import explain_release_error
from plg.release.errors import (
    AnotherUpdate,
    BadKey,
    CannotSwap,
    CannotWrite,
    IndexUnreachable,
    MemoryDamaged,
    NothingToGoBackTo,
    NotTrusted,
    ReleaseError,
    TooLarge,
    UnsafeAddress,
    Untrusted,
)


@pytest.mark.parametrize("kind", Untrusted)
def test_what_is_not_believed_is_refused_with_its_reason(kind: Untrusted) -> None:
    told = explain_release_error(NotTrusted(kind, "detail-of-it"))
    assert (told.exit_code, told.code) == (ExitCode.UPDATE_REFUSED, f"update_{kind.value}")
    assert "{" not in told.message
    assert told.next_step


@pytest.mark.parametrize(
    ("error", "exit_code", "word"),
    [
        (TooLarge(5), ExitCode.UPDATE_REFUSED, "5 bytes"),
        (UnsafeAddress("http://x"), ExitCode.UPDATE_REFUSED, "http://x"),
        (IndexUnreachable("https://x", "timed out"), ExitCode.UNREACHABLE, "timed out"),
        (BadKey("abc"), ExitCode.BAD_CONFIGURATION, "abc"),
        (MemoryDamaged("/p"), ExitCode.BAD_CONFIGURATION, "/p"),
        (AnotherUpdate("x"), ExitCode.BUSY, "another"),
        (NothingToGoBackTo("/p"), ExitCode.NOT_FOUND, "previous"),
        (CannotSwap("why"), ExitCode.FAILURE, "why"),
        (CannotWrite("/p", "full", is_full=True), ExitCode.FAILURE, "/p"),
        (CannotWrite("/p", "no", is_forbidden=True), ExitCode.NEEDS_PRIVILEGES, "/p"),
        (CannotWrite("/p", "input/output error"), ExitCode.FAILURE, "/p"),
        (ReleaseError("something"), ExitCode.FAILURE, "something"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_failures_name_what_a_person_needs(error: ReleaseError, exit_code: ExitCode, word: str) -> None:
    told = explain_release_error(error)
    assert told.exit_code is exit_code
    assert word in told.message


def test_a_full_disk_has_a_code_of_its_own() -> None:
    assert explain_release_error(CannotWrite("/p", "full", is_full=True)).code == "disk_full"

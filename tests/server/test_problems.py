"""Problem documents (RFC 9457)."""

import msgspec
import pytest

from plg.contract.problem import ErrorCode, Problem
from plg_server.problems import STATUS_OF, ApiError, problem_response, title_of


def test_every_code_has_a_status_that_is_an_error() -> None:
    assert set(STATUS_OF) == set(ErrorCode)
    assert all(400 <= status <= 503 for status in STATUS_OF.values())


@pytest.mark.parametrize(("wait_s", "header"), [(0.2, "1"), (1.0, "1"), (1.1, "2"), (59.01, "60")])
def test_a_wait_is_rounded_up_to_whole_seconds(wait_s: float, header: str) -> None:
    response = problem_response(ApiError(ErrorCode.RATE_LIMITED, "wait", retry_after_s=wait_s), "r1")
    assert response.headers["Retry-After"] == header


def test_the_document_says_all_that_the_refusal_knows() -> None:
    error = ApiError(ErrorCode.GAME_NOT_FOUND, "no game is called dotta", nearest=["dota-2"])
    response = problem_response(error, "r1")
    assert isinstance(response.body, bytes)
    assert response.content_type == "application/problem+json"
    assert msgspec.json.decode(response.body, type=Problem) == Problem(
        title="Game not found", status=404, code=ErrorCode.GAME_NOT_FOUND, detail="no game is called dotta",
        request_id="r1", nearest=["dota-2"],
    )  # fmt: skip
    assert title_of(ErrorCode.INTERNAL) == "Internal"
    assert "WWW-Authenticate" not in response.headers


def test_nothing_that_a_terminal_would_obey_is_repeated() -> None:
    error = ApiError(ErrorCode.INVALID_BODY, "no \u202ename\x1b[2J\nis", nearest=["a\u200bb"])
    body = problem_response(error, "r1").body
    assert isinstance(body, bytes)
    problem = msgspec.json.decode(body, type=Problem)
    assert (problem.detail, problem.nearest) == ("no  name [2J is", ["a b"])

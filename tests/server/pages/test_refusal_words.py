"""Refusals in a person's words."""

import msgspec
import pytest

from plg.contract.problem import ErrorCode
from plg.contract.schema import Email, Request
from plg_server.pages.refusal_words import NEEDED, TOO_LONG, TOO_SHORT, WRONG, field_refusal, refusal_words
from plg_server.problems import ApiError


def test_known_codes_are_said_in_the_visitors_language_and_others_keep_their_own_line() -> None:
    known = ApiError(ErrorCode.BAD_CREDENTIALS, "for programs")
    assert refusal_words(known, "en") == "The e-mail address or the password is wrong."
    assert refusal_words(ApiError(ErrorCode.IMPLAUSIBLE, "the exact line"), "ru") == "the exact line"


class Inner(Request, frozen=True, kw_only=True):
    """Inside another."""

    size: int


class Filled(Request, frozen=True, kw_only=True):
    """With a bound of each kind."""

    email: Email
    name: str = msgspec.field(default="")
    inner: Inner | None = None


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Object missing required field `email`", ("email", NEEDED, 0)),
        ("Expected `str` of length >= 1 - at `$.password`", ("password", NEEDED, 0)),
        ("Expected `str` of length >= 8 - at `$.password`", ("password", TOO_SHORT, 8)),
        ("Expected `str` of length <= 64 - at `$.name`", ("name", TOO_LONG, 64)),
        ("Expected `int`, got `str` - at `$.count`", ("count", WRONG, 0)),
        ("Expected `str` of length <= 9 - at `$.names[...]`", ("names", TOO_LONG, 9)),
        ("Object contains unknown field `x`", ("", WRONG, 0)),
        ("", ("", WRONG, 0)),
    ],
)
def test_msgspecs_messages_become_a_field_and_words(message: str, told: tuple[str, str, int]) -> None:
    assert field_refusal(message) == told


@pytest.mark.parametrize(("body", "field"), [({}, "email"), ({"email": "x"}, "email"), ({"email": "a@example.org", "name": 1}, "name"),
                                             ({"email": "a@example.org", "inner": {"size": "x"}}, "inner")])  # fmt: skip
def test_the_words_of_the_installed_msgspec_are_understood(body: dict[str, object], field: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(body, Filled)
    assert field_refusal(str(caught.value))[0] == field

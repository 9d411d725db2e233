"""Reading a form: bounded, strict, and told by field what is wrong with it."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_origin
from urllib.parse import parse_qsl

import msgspec
from aiohttp import hdrs, web

from plg.contract.problem import ErrorCode
from plg.contract.schema import Request
from plg_server.bodies import BODY_WAIT_S
from plg_server.problems import ApiError

FIELDS_LIMIT = 300
"""No form of ours comes near it."""

CONTENT_TYPE = "application/x-www-form-urlencoded"

NEVER_SHOWN_AGAIN = ("password", "totp", "csrf", "token", "secret", "code")
"""Fields with such a word in their name do not go back into a page."""

FormT = TypeVar("FormT", bound=Request)


class FormRefused(Exception):
    """A field cannot be right; `message` is msgspec's own."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass
class Typed:
    """What a form held: every value of every field, in the order of the page."""

    values: dict[str, list[str]] = field(default_factory=dict)

    def one(self, name: str) -> str:
        """The first value; empty when there is none."""
        return self.values.get(name, [""])[0]

    def shown(self) -> dict[str, list[str]]:
        """What may go back into the page."""
        return {
            name: texts for name, texts in self.values.items() if not any(word in name for word in NEVER_SHOWN_AGAIN)
        }


async def read_form(request: web.Request, limit_bytes: int) -> Typed:
    """The fields. Raises ApiError: 415 (no form), 413, 400 (broken off, slow, or not UTF-8), 422 (NUL characters)."""
    if request.content_type != CONTENT_TYPE:
        raise ApiError(ErrorCode.UNSUPPORTED_MEDIA_TYPE, f"send a form as {CONTENT_TYPE}")
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise ApiError(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "send the form without Content-Encoding")
    data = bytearray()
    try:
        async with asyncio.timeout(BODY_WAIT_S):
            async for piece in request.content.iter_any():
                data += piece
                if len(data) > limit_bytes:
                    raise ApiError(ErrorCode.BODY_TOO_LARGE, f"the form is larger than {limit_bytes // 1024} KiB")
    except TimeoutError:
        raise ApiError(ErrorCode.MALFORMED_REQUEST, f"the form did not arrive within {BODY_WAIT_S:g} s") from None
    except (ConnectionError, web.RequestPayloadError):
        raise ApiError(ErrorCode.MALFORMED_REQUEST, "the form was broken off") from None
    try:
        pairs = parse_qsl(data.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_LIMIT, errors="strict")
    except (UnicodeDecodeError, ValueError):
        raise ApiError(ErrorCode.MALFORMED_REQUEST, "this is not a form as browsers send it") from None
    typed = Typed()
    for name, text in pairs:
        if "\0" in text or "\0" in name:
            raise ApiError(ErrorCode.INVALID_BODY, "a NUL character is not allowed in any text")
        # Browsers send line ends of text areas as CR LF (HTML standard, "form submission").
        typed.values.setdefault(name, []).append(text.replace("\r\n", "\n"))
    return typed


def form_as(typed: Typed, kind: type[FormT]) -> FormT:
    """The fields as `kind`. A field that was left empty counts as not given; numbers and switches are read from their text.

    Raises FormRefused.
    """
    kinds = {one.encode_name: one.type for one in msgspec.structs.fields(kind)}
    values: dict[str, Any] = {}
    for name, texts in typed.values.items():
        # A space around an address or a code is a slip of the hand; in a password it may be meant.
        given = [text for text in (raw if "password" in name else raw.strip() for raw in texts) if text != ""]
        if is_list(kinds.get(name)):
            values[name] = given
        elif given:
            values[name] = given[0]
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise FormRefused(str(error)) from None


def is_list(kind: object) -> bool:
    """Whether a field of this type takes all that was ticked."""
    while (origin := get_origin(kind)) is not None and origin is not list:
        kind = getattr(kind, "__origin__", None)
    return origin is list

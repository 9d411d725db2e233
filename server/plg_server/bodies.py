"""Reading what a client sends and writing what it gets: bounded, strict, and refused with one clear line."""

import asyncio
import functools
import re
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from aiohttp import hdrs, web

from plg.contract.problem import ErrorCode
from plg.contract.schema import Request
from plg_server.problems import ApiError

BODY_LIMIT_BYTES = 64 * 1024
"""No body of ours comes near it: the largest, a heartbeat with 256 measurements, is under 40 KiB."""

BODY_WAIT_S = 10.0
"""A body of at most 64 KiB needs no longer on any line; a caller that drips bytes must not hold a connection for ever."""

QUERY_LIMIT_CHARS = 2048
"""A query string beyond it is no search for a game."""

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?", re.ASCII)
"""RFC 8259, section 6, without an exponent and bounded."""

RequestT = TypeVar("RequestT", bound=Request)


async def read_body(request: web.Request, kind: type[RequestT]) -> RequestT:
    """The JSON body as `kind`.

    Raises ApiError: 415 (not JSON), 413 (over BODY_LIMIT_BYTES), 400 (not valid JSON, or not whole in BODY_WAIT_S), 422 (wrong types, bounds,
    unknown fields or a NUL character). Depth needs no limit of its own: our types are four levels deep, and the decoder stops at the first
    level that does not fit.
    """
    if request.content_type != "application/json":
        raise ApiError(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "send the body as Content-Type: application/json")
    if (request.charset or "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        raise ApiError(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "JSON is sent in UTF-8")
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        # A compressed body may grow a thousandfold while it is read; no client of ours needs one.
        raise ApiError(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "send the body without Content-Encoding")
    if (request.content_length or 0) > BODY_LIMIT_BYTES:
        raise _too_large()
    try:
        async with asyncio.timeout(BODY_WAIT_S):
            data = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise _too_large() from None
    except TimeoutError:
        raise ApiError(ErrorCode.MALFORMED_JSON, f"the body did not arrive within {BODY_WAIT_S:g} s") from None
    except (ConnectionError, web.RequestPayloadError):
        # The caller went away or its framing is wrong. Left alone, the lost connection would look like the database's.
        raise ApiError(ErrorCode.MALFORMED_JSON, "the body was broken off") from None
    if not data:
        raise ApiError(ErrorCode.MALFORMED_JSON, "the body is empty; send a JSON object")
    try:
        body = msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise ApiError(ErrorCode.INVALID_BODY, one_line(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(ErrorCode.MALFORMED_JSON, one_line(f"the body is not valid JSON: {error}")) from None
    if b"\\u0000" in data and _holds_nul(msgspec.json.decode(data)):
        # PostgreSQL cannot store it, and no text that a person wrote has one.
        raise ApiError(ErrorCode.INVALID_BODY, "a NUL character is not allowed in any text")
    _refuse_times_outside_the_calendar(body, ErrorCode.INVALID_BODY)
    return body


def _holds_nul(value: object) -> bool:
    """Whether any text in decoded JSON has a NUL character. The depth is that of our types: the value has passed them."""
    match value:
        case str():
            return "\0" in value
        case list():
            return any(_holds_nul(item) for item in value)
        case dict():
            return any(_holds_nul(name) or _holds_nul(item) for name, item in value.items())
    return False


def _too_large() -> ApiError:
    return ApiError(ErrorCode.BODY_TOO_LARGE, f"the body is larger than {BODY_LIMIT_BYTES // 1024} KiB")


def read_query(request: web.Request, kind: type[RequestT], *, known_only: bool = False) -> RequestT:
    """The query string as `kind`; what stands where a number or a boolean is wanted is read as JSON writes it. With `known_only` other
    names are passed over, as pages must: whoever links to them adds marks of their own; so are fields that a person left empty.
    Raises ApiError 422."""
    if len(request.query_string) > QUERY_LIMIT_CHARS:
        raise ApiError(ErrorCode.INVALID_QUERY, f"the query is longer than {QUERY_LIMIT_CHARS} characters")
    values: dict[str, str] = {}
    for name, value in request.query.items():
        if known_only and (name not in kind.__struct_fields__ or value == ""):
            continue
        if name in values:
            raise ApiError(ErrorCode.INVALID_QUERY, one_line(f"query parameter {name!r} is given twice"))
        values[name] = value
    _refuse_unprintable(values, ErrorCode.INVALID_QUERY)
    try:
        query = msgspec.convert({name: _read_value(kind, name, text) for name, text in values.items()}, kind)
    except msgspec.ValidationError as error:
        raise ApiError(ErrorCode.INVALID_QUERY, one_line(str(error))) from None
    _refuse_times_outside_the_calendar(query, ErrorCode.INVALID_QUERY)
    return query


def _read_value(kind: type[Request], name: str, text: str) -> object:
    """The text, or the number or boolean that it says where only that can be meant: msgspec's own lax reading would also take
    "null" for nothing and "0" for a moment."""
    wanted = _field_types(kind).get(name)
    if wanted is None or not (_NUMBER.fullmatch(text) or text in ("true", "false")):
        return text
    try:
        msgspec.convert(text, wanted)
    except msgspec.ValidationError:
        return msgspec.json.decode(text)
    return text


@functools.cache
def _field_types(kind: type[Request]) -> dict[str, Any]:
    return {field.encode_name: field.type for field in msgspec.structs.fields(kind)}


def _refuse_times_outside_the_calendar(given: Request, code: ErrorCode) -> None:
    # An offset can put the first and the last hours of the calendar beyond it, where no database can follow.
    for name in given.__struct_fields__:
        value = getattr(given, name)
        if isinstance(value, datetime):
            try:
                value.astimezone(UTC)
            except OverflowError:
                raise ApiError(code, f"{name} lies outside of the years 1 to 9999") from None


def read_path(request: web.Request, kind: type[RequestT], missing: ErrorCode) -> RequestT:
    """The path parameters as `kind`. What does not have the right form names nothing: ApiError 404 with `missing`."""
    # A page's address has its language too, which is not the handler's.
    values = {name: text for name, text in request.match_info.items() if name in kind.__struct_fields__}
    _refuse_unprintable(values, missing)
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError:
        shown = ", ".join(f"{name} {value[:64]!r}" for name, value in values.items())
        raise ApiError(missing, one_line(f"nothing is called {shown}")) from None


def _refuse_unprintable(values: dict[str, str], code: ErrorCode) -> None:
    # NUL cannot be stored in PostgreSQL, and bytes that are no UTF-8 arrive as lone surrogates.
    for name, value in values.items():
        if any(character < " " or "\ud800" <= character <= "\udfff" for character in name + value):
            raise ApiError(code, "control characters and bytes that are not UTF-8 are not allowed in the address")


def one_line(text: str, limit: int = 300) -> str:
    """The text on one line of printable characters, cut to `limit`."""
    line = "".join(character if character.isprintable() else " " for character in text)
    return line if len(line) <= limit else f"{line[: limit - 1]}…"

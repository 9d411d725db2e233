"""What a route is: its address, its bodies, who may use it. The URL map and the OpenAPI document are both made from it.

`@route(...)` turns a handler into a `Route`; each handlers module lists its routes in `ROUTES`, and `plg_server.app` names
those modules. A handler gets `request`, and by keyword whatever it declared: `body`, `query`, `path` (msgspec structs that
have been checked). It returns the answer struct, or None for 204, or a response of its own.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from aiohttp import web

from plg.contract.problem import ErrorCode
from plg.contract.schema import Request


class Auth(StrEnum):
    """Who may call a route."""

    NONE = "none"
    OPTIONAL = "optional"
    """Anybody; a token that is given must be good."""
    ACCOUNT = "account"
    SUPPORT = "support"
    """An account with the role support or admin."""
    ADMIN = "admin"
    RELAY = "relay"


SIGNED_IN = frozenset({Auth.ACCOUNT, Auth.SUPPORT, Auth.ADMIN})
"""The kinds whose handlers find an `IDENTITY` on the request."""


class Limit(StrEnum):
    """Rate limit class; the names are the fields of `config.RateLimits`. NONE is for health and documents."""

    NONE = "none"
    SIGN_IN = "sign_in"
    REFRESH = "refresh"
    READ = "read"
    WRITE = "write"
    RELAY = "relay"
    CODE = "code"
    """Where codes could be guessed."""
    NOTICE = "notice"
    """What payment providers send."""


Authenticator = Callable[[web.Request], Awaitable[None]]
"""Checks the caller and leaves who it is on the request; raises ApiError when it is nobody we know."""

Handler = Callable[..., Awaitable[msgspec.Struct | web.StreamResponse | None]]

_INPUTS = ("path", "query", "body")
_PATH_NAME = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Route:
    """One operation of the API. `errors` are those of the handler itself; the common ones are added by `all_errors`."""

    method: str
    url: str
    handler: Handler
    name: str
    summary: str
    tag: str
    auth: Auth
    limit: Limit
    status: int
    answer: type[msgspec.Struct] | None
    other_statuses: Mapping[int, type[msgspec.Struct]]
    body: type[Request] | None
    query: type[Request] | None
    path: type[Request] | None
    path_missing: ErrorCode
    errors: tuple[ErrorCode, ...]
    media_type: str
    documented: bool

    @property
    def all_errors(self) -> tuple[ErrorCode, ...]:
        """Every code that this route may answer with, own ones first."""
        codes = [*self.errors]
        if self.body is not None:
            codes += [
                ErrorCode.MALFORMED_JSON,
                ErrorCode.INVALID_BODY,
                ErrorCode.BODY_TOO_LARGE,
                ErrorCode.UNSUPPORTED_MEDIA_TYPE,
            ]
        if self.query is not None:
            codes.append(ErrorCode.INVALID_QUERY)
        if self.path is not None:
            codes.append(self.path_missing)
        if self.auth is not Auth.NONE:
            codes.append(ErrorCode.TOKEN_INVALID)
        if self.auth is Auth.OPTIONAL or self.auth in SIGNED_IN:
            codes += [ErrorCode.TOKEN_EXPIRED, ErrorCode.ACCOUNT_BANNED]
        if self.auth is Auth.RELAY or self.auth in SIGNED_IN:
            codes.append(ErrorCode.TOKEN_MISSING)
        if self.auth in (Auth.SUPPORT, Auth.ADMIN):
            codes.append(ErrorCode.FORBIDDEN)
        if self.auth in SIGNED_IN:
            codes.append(ErrorCode.SCOPE_MISSING)
        if self.limit is not Limit.NONE:
            codes.append(ErrorCode.RATE_LIMITED)
        codes += [ErrorCode.DATABASE_UNAVAILABLE, ErrorCode.INTERNAL]
        return tuple(dict.fromkeys(codes))


def route(
    method: str,
    url: str,
    *,
    auth: Auth,
    limit: Limit,
    answer: type[msgspec.Struct] | None = None,
    other_statuses: Mapping[int, type[msgspec.Struct]] | None = None,
    status: int = 0,
    body: type[Request] | None = None,
    query: type[Request] | None = None,
    path: type[Request] | None = None,
    path_missing: ErrorCode = ErrorCode.NOT_FOUND,
    errors: tuple[ErrorCode, ...] = (),
    media_type: str = "application/json",
    documented: bool = True,
) -> Callable[[Handler], Route]:
    """Declare an operation. `status` 0 means 200 with an answer and 204 without.

    `other_statuses` are answers of the handler's own
    beside errors. `path_missing` is the code when a path parameter cannot name anything (wrong form): it is a 404, not a 422.
    Raises TypeError when the handler's parameters do not match what is declared: a fault of the programmer, at start.
    """

    def declare(handler: Handler) -> Route:
        declared = {"path": path, "query": query, "body": body}
        parameters = inspect.signature(handler).parameters
        for name in _INPUTS:
            expected = declared[name]
            if (name in parameters) != (expected is not None) or (
                expected is not None and parameters[name].annotation is not expected
            ):
                raise TypeError(f"{method} {url}: parameter {name!r} of {handler.__name__} does not match {expected}")
        fields = set(path.__struct_fields__) if path is not None else set()
        if fields != set(_PATH_NAME.findall(url)):
            raise TypeError(f"{method} {url}: the path struct has {sorted(fields)}")
        document = inspect.getdoc(handler) or ""
        return Route(
            method=method,
            url=url,
            handler=handler,
            name=handler.__name__,
            summary=document.split("\n\n")[0].replace("\n", " "),
            tag=_tag(handler.__module__),
            auth=auth,
            limit=limit,
            status=status or (200 if answer is not None or media_type != "application/json" else 204),
            answer=answer,
            other_statuses=other_statuses or {},
            body=body,
            query=query,
            path=path,
            path_missing=path_missing,
            errors=errors,
            media_type=media_type,
            documented=documented,
        )

    return declare


def _tag(module: str) -> str:
    """The subject of a handlers module: "games", and "admin_games" for the operators' one."""
    package = "plg_server.handlers."
    return module.removeprefix(package).replace(".", "_") if module.startswith(package) else module.rpartition(".")[2]

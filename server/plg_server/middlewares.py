"""The chain around every handler, from the outside in: request id, access log and metrics, CORS, errors, then the route
itself (rate limit by address, authentication, rate limit by account, input, handler)."""

import re
import secrets
import time
from collections.abc import Awaitable, Callable

import msgspec
import structlog
from aiohttp import hdrs, web

from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.bodies import read_body, read_path, read_query
from plg_server.pages.rendering import problem_page, wants_page
from plg_server.problems import ApiError, problem_response
from plg_server.rate_limits import caller_of, client_address, parse_networks
from plg_server.routes import SIGNED_IN, Limit, Route
from plg_server.store import StoreUnavailable
from plg_server.token_scopes import refuse_beyond_scope

NextHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REQUEST_ID_HEADER = "X-Request-ID"
_GIVEN_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

CORS_MAX_AGE_S = 600

UNAVAILABLE_RETRY_S = 5.0

OWN_HEADERS = {
    # Instead of aiohttp's own, which names versions.
    "Server": "plg",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Answers carry tokens and keys: no cache on the way may keep them.
    "Cache-Control": "no-store",
}


@web.middleware
async def request_id_middleware(request: web.Request, handler: NextHandler) -> web.StreamResponse:
    """Give the request a name that the log, the answer and the error share. A client's own is kept when it is harmless."""
    given = request.headers.get(REQUEST_ID_HEADER, "")
    request_id = given if _GIVEN_REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    request[app_keys.REQUEST_ID] = request_id
    trusted = parse_networks(request.app[app_keys.CONFIG].trusted_proxies)
    request[app_keys.CLIENT_ADDRESS] = client_address(request, trusted)
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        response = await handler(request)
    if not response.prepared:
        response.headers[REQUEST_ID_HEADER] = request_id
        for name, value in OWN_HEADERS.items():
            response.headers.setdefault(name, value)
    return response


@web.middleware
async def access_log_middleware(request: web.Request, handler: NextHandler) -> web.StreamResponse:
    """One log line and the metrics of each request, by route template."""
    metrics = request.app[app_keys.METRICS]
    started = time.perf_counter()
    with metrics.in_flight.track_inprogress():
        response = await handler(request)
    elapsed_s = time.perf_counter() - started
    resource = request.match_info.route.resource
    template = resource.canonical if resource is not None else "(unknown)"
    method = request.method if request.method in hdrs.METH_ALL else "(other)"
    metrics.requests.labels(method, template, str(response.status)).inc()
    metrics.seconds.labels(method, template).observe(elapsed_s)
    log = structlog.get_logger()
    write = log.debug if template in ("/healthz", "/readyz", "/metrics") else log.info
    write(
        "request",
        method=method,
        route=template,
        status=response.status,
        elapsed_ms=round(elapsed_s * 1000, 1),
        address=request[app_keys.CLIENT_ADDRESS],
    )
    return response


@web.middleware
async def errors_middleware(request: web.Request, handler: NextHandler) -> web.StreamResponse:
    """Every failure leaves as a problem document; what we did not foresee is logged with its traceback and says nothing."""
    try:
        return await handler(request)
    except ApiError as error:
        refusal = error
    except web.HTTPMethodNotAllowed as error:
        refusal = ApiError(ErrorCode.METHOD_NOT_ALLOWED, f"allowed here: {', '.join(sorted(error.allowed_methods))}")
        response = _refuse(request, refusal)
        response.headers[hdrs.ALLOW] = ", ".join(sorted(error.allowed_methods))
        return response
    except web.HTTPNotFound:
        refusal = ApiError(ErrorCode.NOT_FOUND, "there is nothing at this address; the API is described at /docs")
    except web.HTTPRequestEntityTooLarge:
        refusal = ApiError(ErrorCode.BODY_TOO_LARGE, "the body is too large")
    except web.HTTPException:
        raise
    except StoreUnavailable as error:
        structlog.get_logger().error("store_unavailable", reason=str(error))
        refusal = ApiError(
            ErrorCode.STORE_UNAVAILABLE, "the server's store does not answer", retry_after_s=UNAVAILABLE_RETRY_S
        )
    except Exception as error:  # noqa: BLE001 - the last place where an error can still become an answer
        refusal = _unforeseen(request, error)
    return _refuse(request, refusal)


def _unforeseen(request: web.Request, error: Exception) -> ApiError:
    if request.app[app_keys.DATABASE].is_unavailable(error):
        structlog.get_logger().error("database_unavailable", reason=f"{type(error).__name__}: {error}")
        return ApiError(
            ErrorCode.DATABASE_UNAVAILABLE, "the server's database does not answer", retry_after_s=UNAVAILABLE_RETRY_S
        )
    structlog.get_logger().error("unforeseen", exc_info=error)
    return ApiError(ErrorCode.INTERNAL, "something went wrong on the server; its log has the request id")


def _refuse(request: web.Request, refusal: ApiError) -> web.Response:
    request.app[app_keys.METRICS].refused.labels(refusal.code.value).inc()
    if wants_page(request):
        return problem_page(request, refusal)
    return problem_response(refusal, request[app_keys.REQUEST_ID])


@web.middleware
async def cors_middleware(request: web.Request, handler: NextHandler) -> web.StreamResponse:
    """Cross-origin calls from the configured origins only (Fetch standard, 3.2). Off by default: no header at all."""
    origin = request.headers.get(hdrs.ORIGIN)
    allowed = request.app[app_keys.CONFIG].cors_origins
    if origin is None or not allowed:
        return await handler(request)
    is_preflight = request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
    response = web.Response(status=204) if is_preflight and origin in allowed else await handler(request)
    response.headers.add(hdrs.VARY, hdrs.ORIGIN)
    if origin in allowed:
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
        response.headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = f"{REQUEST_ID_HEADER}, Retry-After, ETag"
        if is_preflight:
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = "GET, POST, PUT, PATCH, DELETE"
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = f"Authorization, Content-Type, {REQUEST_ID_HEADER}"
            response.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = str(CORS_MAX_AGE_S)
    return response


MIDDLEWARES = (request_id_middleware, access_log_middleware, cors_middleware, errors_middleware)


def served(route: Route) -> NextHandler:
    """The aiohttp handler of a route: limits, authentication and input before, the answer after."""

    async def serve(request: web.Request) -> web.StreamResponse:
        with request.app[app_keys.DATABASE].active():
            return await _run(route, request)

    return serve


async def _run(route: Route, request: web.Request) -> web.StreamResponse:
    limiter = request.app[app_keys.RATE_LIMITER]
    # Before authentication, which costs a query: a flood of bad tokens is stopped here.
    await limiter.check(route.limit, f"address:{caller_of(request[app_keys.CLIENT_ADDRESS])}")
    await request.app[app_keys.AUTHENTICATORS][route.auth](request)
    refuse_beyond_scope(route, request)
    if route.auth in SIGNED_IN and route.limit is not Limit.NONE:
        await limiter.check(route.limit, f"account:{request[app_keys.IDENTITY].account_id}")
    inputs: dict[str, msgspec.Struct] = {}
    if route.path is not None:
        inputs["path"] = read_path(request, route.path, route.path_missing)
    if route.query is not None:
        inputs["query"] = read_query(request, route.query)
    if route.body is not None:
        inputs["body"] = await read_body(request, route.body)
    result = await route.handler(request, **inputs)
    if result is None:
        return web.Response(status=route.status)
    if isinstance(result, web.StreamResponse):
        return result
    return web.Response(status=route.status, body=msgspec.json.encode(result), content_type="application/json")

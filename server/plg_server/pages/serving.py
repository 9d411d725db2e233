"""Around every page: limits, who looks, where a form comes from, its fields, the handler, and errors as pages."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import hdrs, web

from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.bodies import read_path, read_query
from plg_server.pages.all_pages import all_pages
from plg_server.pages.form_origin import FIELD, refuse_foreign_origin
from plg_server.pages.forms import FormRefused, form_as, read_form
from plg_server.pages.kept_pages import KeptPages, kept_response
from plg_server.pages.language import LANGUAGES, translated
from plg_server.pages.page import Access, Page
from plg_server.pages.refusal_words import FORM_EXPIRED, field_refusal, refusal_words
from plg_server.pages.rendering import (
    REFUSAL,
    SHOWN_AT,
    TYPED,
    Refusal,
    address,
    go,
    open_templates,
    problem_page,
    safe_next,
)
from plg_server.pages.static_files import static_file
from plg_server.pages.visitor import (
    FORM_BINDING,
    LANGUAGE,
    SESSION_COOKIE,
    identify,
    visitor_of,
    wanted_language,
)
from plg_server.problems import ApiError
from plg_server.rate_limits import caller_of
from plg_server.routes import Limit

Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]

KEPT_PAGES = web.AppKey("kept_pages", KeptPages)

NEEDED_ROLES: dict[Access, tuple[str, ...]] = {Access.SUPPORT: ("support", "admin"), Access.ADMIN: ("admin",)}


def add_pages(app: web.Application) -> None:
    """All pages, the addresses without a language that lead to them, and the static files."""
    open_templates(app)
    app[KEPT_PAGES] = KeptPages()
    for page in all_pages():
        address_of_page = f"/{{language:{'|'.join(LANGUAGES)}}}{page.url}"
        if page.method == hdrs.METH_GET:
            # These answer HEAD too, with which links are previewed and watched.
            app.router.add_get(address_of_page, served_page(page))
            app.router.add_get(page.url, to_language)
        else:
            app.router.add_route(page.method, address_of_page, served_page(page))
    app.router.add_get("/static/{name}", static_file)


async def to_language(request: web.Request) -> web.StreamResponse:
    """An address without a language leads to the visitor's own (with what stands behind the question mark; browsers keep the #)."""
    # As it came: decoded, it could hold line ends, which have no place in a header.
    query = f"?{request.rel_url.raw_query_string}" if request.rel_url.raw_query_string else ""
    return web.Response(
        status=302,
        headers={
            hdrs.LOCATION: f"/{wanted_language(request)}{request.rel_url.raw_path}{query}",
            hdrs.VARY: f"{hdrs.ACCEPT_LANGUAGE}, {hdrs.COOKIE}",
        },
    )


def served_page(page: Page) -> Serve:
    """The aiohttp handler of a page."""

    async def serve(request: web.Request) -> web.StreamResponse:
        request[LANGUAGE] = request.match_info["language"]
        key = _kept_key(page, request)
        kept = request.app[KEPT_PAGES].find(key) if key else None
        if kept is not None:
            return kept_response(request, kept)
        with request.app[app_keys.DATABASE].active():
            try:
                response = await _run(page, request)
            except ApiError as error:
                request.app[app_keys.METRICS].refused.labels(error.code.value).inc()
                return problem_page(request, error)
        if key and isinstance(response, web.Response) and response.status == 200 and not response.cookies:
            return kept_response(request, request.app[KEPT_PAGES].keep(key, response, page.kept_s))
        return response

    return serve


def _kept_key(page: Page, request: web.Request) -> tuple[str, ...]:
    """What a page that is kept is known by; empty for what must be made anew."""
    if not page.kept_s or request.query_string or SESSION_COOKIE in request.cookies:
        return ()
    return (request.path, visitor_of(request).theme, request.host)


async def _run(page: Page, request: web.Request) -> web.StreamResponse:
    limiter = request.app[app_keys.RATE_LIMITER]
    await limiter.check(page.limit, f"address:{caller_of(request[app_keys.CLIENT_ADDRESS])}")
    try:
        await identify(request)
    except ApiError as error:
        # What anybody may see, a banned account's browser may see too: it is then nobody's.
        if error.code is not ErrorCode.ACCOUNT_BANNED or page.access is not Access.ANYBODY:
            raise
    if page.form is not None:
        refuse_foreign_origin(request)
    refused = _turned_away(page, request)
    if refused is not None:
        return refused
    identity = request.get(app_keys.IDENTITY)
    if identity is not None and page.limit is not Limit.NONE:
        await limiter.check(page.limit, f"account:{identity.account_id}")
    inputs = _address_inputs(page, request)
    if page.form is None:
        return await page.handler(request, **inputs)
    return await _run_form(page, request, inputs)


def _address_inputs(page: Page, request: web.Request) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    if page.path is not None:
        inputs["path"] = read_path(request, page.path, ErrorCode.NOT_FOUND)
    if page.query is not None:
        inputs["query"] = read_query(request, page.query, known_only=True)
    return inputs


async def _run_form(page: Page, request: web.Request, inputs: dict[str, Any]) -> web.StreamResponse:
    if page.form is None:
        raise TypeError("no form")
    typed = await read_form(request, page.form_limit_bytes)
    request[TYPED] = typed
    language = visitor_of(request).language
    token = typed.one(FIELD)
    typed.values.pop(FIELD, None)
    refusal: Refusal
    if not request.app[app_keys.FORM_TOKENS].is_right(request[FORM_BINDING], token):
        refusal = Refusal(ErrorCode.FORBIDDEN, translated(language, FORM_EXPIRED), {})
    else:
        try:
            form = form_as(typed, page.form)
            return await page.handler(request, form=form, **inputs)
        except FormRefused as error:
            name, words, number = field_refusal(error.message)
            said = translated(language, words).format(number=number)
            refusal = Refusal(ErrorCode.INVALID_BODY, "" if name else said, {name: said} if name else {})
        except ApiError as error:
            refusal = Refusal(error.code, refusal_words(error, language), {})
    request.app[app_keys.METRICS].refused.labels(refusal.code.value).inc()
    if page.shown_again is None:
        raise ApiError(refusal.code, refusal.words)
    request[REFUSAL] = refusal
    request[SHOWN_AT] = page.shown_again.url.format(**request.match_info)
    again = {name: inputs[name] for name in page.shown_again.inputs if name in inputs}
    if page.shown_again.query is not None and "query" not in again:
        again["query"] = msgspec.convert({}, page.shown_again.query)
    return await page.shown_again.handler(request, **again)


def _turned_away(page: Page, request: web.Request) -> web.StreamResponse | None:
    """Where a visitor who may not see this page goes instead. Raises ApiError `forbidden` for an account that may not."""
    if page.access is Access.ANYBODY:
        return None
    identity = request.get(app_keys.IDENTITY)
    if identity is None:
        back = request.path_qs if page.form is None else address(visitor_of(request).language, "/account")
        return go(request, "/sign-in", next=safe_next(back))
    roles = NEEDED_ROLES.get(page.access)
    if roles is not None and identity.account.role not in roles:
        raise ApiError(ErrorCode.FORBIDDEN, "this needs the account of an operator")
    return None

"""Templates to HTML: one Jinja environment for each language, what every template may use, and redirects after a form."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp_jinja2
import jinja2
from aiohttp import hdrs, web
from markupsafe import Markup

from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.pages.filters import FILTERS
from plg_server.pages.form_origin import FIELD
from plg_server.pages.forms import Typed
from plg_server.pages.language import LANGUAGES, catalogue, translated
from plg_server.pages.notes import NOTES
from plg_server.pages.refusal_words import refusal_words
from plg_server.pages.security_headers import PAGE_HEADERS, STRICT_TRANSPORT, content_security_policy
from plg_server.pages.static_files import asset
from plg_server.pages.visitor import Visitor, form_binding, keep_form_binding, visitor_of
from plg_server.problems import ApiError

ENVIRONMENTS = {language: web.AppKey(f"templates_{language}", jinja2.Environment) for language in LANGUAGES}

NEXT_LIMIT_CHARS = 500


@dataclass(frozen=True)
class Refusal:
    """Why the form before was refused: one line for a person, and lines by field."""

    code: ErrorCode
    words: str
    fields: Mapping[str, str]


REFUSAL = web.RequestKey("page_refusal", Refusal)
TYPED = web.RequestKey("page_typed", Typed)
SHOWN_AT = web.RequestKey("page_shown_at", str)
"""Of a page that answers a form with another address: its own address without a language, to which all its links come back."""


def open_templates(app: web.Application) -> None:
    """Make the environments. Templates are read when first used."""
    for language, key in ENVIRONMENTS.items():
        environment = aiohttp_jinja2.setup(
            app,
            app_key=key,
            loader=jinja2.PackageLoader("plg_server.pages"),
            extensions=["jinja2.ext.i18n"],
            filters=FILTERS,
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        # The extension adds this method; typeshed does not know extensions.
        install: Callable[..., None] = environment.install_gettext_translations  # type: ignore[attr-defined]
        install(catalogue(language), newstyle=True)
        environment.globals |= {"asset": asset, "icon": icon, "languages": LANGUAGES}


def icon(name: str, label: str = "") -> Markup:
    """A picture of `static/icons.svg`; with a label it speaks, without one it is only an ornament."""
    told = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="icon" {}><use href="{}#{}"></use></svg>').format(told, asset("icons.svg"), name)


def render(
    request: web.Request,
    template: str,
    *,
    status: int = 200,
    connect_sources: Iterable[str] = (),
    frame_sources: Iterable[str] = (),
    **context: Any,
) -> web.Response:
    """The page of this template, in the visitor's language. `connect_sources` and `frame_sources` widen this page's security policy."""
    visitor = visitor_of(request)
    refusal = request.get(REFUSAL)
    typed = request.get(TYPED)
    page_context = {
        "visitor": visitor,
        "here": request.get(SHOWN_AT) or path_without_language(request.path),
        "url": lambda path, /, **query: address(visitor.language, path, **query),
        "absolute": lambda path: f"{own_url(request)}{path}",
        "csrf_field": lambda: csrf_field(request),
        "problem": refusal,
        "typed": typed.shown() if typed is not None else {},
        "note": translated(visitor.language, NOTES.get(request.query.get("note", ""), "")),
        "config": request.app[app_keys.CONFIG],
        **context,
    }
    text = aiohttp_jinja2.render_string(template, request, page_context, app_key=ENVIRONMENTS[visitor.language])
    response = web.Response(text=text, status=refusal_status(refusal) or status, content_type="text/html")
    add_headers(request, response, visitor, connect_sources, frame_sources)
    keep_form_binding(request, response)
    return response


def refusal_status(refusal: Refusal | None) -> int | None:
    """The status of a page that says why a form was refused."""
    return None if refusal is None else ApiError(refusal.code, "").status


def add_headers(
    request: web.Request,
    response: web.StreamResponse,
    visitor: Visitor,
    connect_sources: Iterable[str] = (),
    frame_sources: Iterable[str] = (),
) -> None:
    """What each page says to the browser beside its HTML."""
    response.headers.update(PAGE_HEADERS)
    response.headers["Content-Security-Policy"] = content_security_policy(connect_sources, frame_sources)
    response.headers[hdrs.CONTENT_LANGUAGE] = visitor.language
    if (request.app[app_keys.CONFIG].public_url or "").startswith("https://"):
        response.headers["Strict-Transport-Security"] = STRICT_TRANSPORT


def csrf_field(request: web.Request) -> Markup:
    """The hidden field that every form with a POST has."""
    token = request.app[app_keys.FORM_TOKENS].token(form_binding(request))
    return Markup('<input type="hidden" name="{}" value="{}">').format(FIELD, token)


def problem_page(request: web.Request, error: ApiError) -> web.Response:
    """An error as a page."""
    visitor = visitor_of(request)
    response = render(
        request,
        "problem.html",
        status=error.status,
        words=refusal_words(error, visitor.language),
        request_id=request[app_keys.REQUEST_ID],
        error=error,
    )
    if error.retry_after_s is not None:
        response.headers[hdrs.RETRY_AFTER] = str(max(1, int(-(-error.retry_after_s // 1))))
    return response


def wants_page(request: web.Request) -> bool:
    """Whether an error is for a person at a browser: programs and the API get problem documents."""
    return "text/html" in request.headers.get(hdrs.ACCEPT, "") and not request.path.startswith("/v1/")


def go(request: web.Request, path: str, *, note: str = "", **query: str) -> web.Response:
    """After a form: show another page of ours (303, so that reloading sends nothing twice). Raises KeyError for a note that is none."""
    if note:
        query["note"] = note if note in NOTES else NOTES[note]
    return web.Response(status=303, headers={hdrs.LOCATION: address(visitor_of(request).language, path, **query)})


def address(language: str, path: str, /, **query: str) -> str:
    """ "/games" in this language: "/en/games"."""
    return f"/{language}{path}" + (f"?{urlencode(query)}" if query else "")


def path_without_language(path: str) -> str:
    """ "/en/games" -> "/games"."""
    parts = path.split("/", 2)
    return f"/{parts[2] if len(parts) > 2 else ''}" if len(parts) > 1 and parts[1] in LANGUAGES else path


def safe_next(text: str) -> str:
    """Where to go after signing in: a path of ours, never another site's address."""
    is_plain = (
        len(text) <= NEXT_LIMIT_CHARS and "\\" not in text and all(" " < character < "\x7f" for character in text)
    )
    # It begins with a path that no browser takes for a host: "/en/..." or "/en?...".
    first, _, _ = text.removeprefix("/").partition("?")[0].partition("/")
    return text if is_plain and text.startswith("/") and first in LANGUAGES else ""


def own_url(request: web.Request) -> str:
    """The server's address without a path, as visitors know it."""
    return (request.app[app_keys.CONFIG].public_url or f"{request.scheme}://{request.host}").rstrip("/")

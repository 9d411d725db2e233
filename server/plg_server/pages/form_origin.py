"""Where a form comes from: only pages of ours may send one (beside it stands a token, `services.form_tokens`)."""

from urllib.parse import urlsplit

from aiohttp import hdrs, web

from plg.contract.problem import ErrorCode
from plg_server import app_keys
from plg_server.problems import ApiError

FIELD = "csrf"
"""The hidden field that holds the token."""


def refuse_foreign_origin(request: web.Request) -> None:
    """Raises ApiError `forbidden` for a form that another site's page sent. Browsers say where a form comes from (Fetch standard,
    "Origin"; Fetch Metadata for those that leave it out); what is no browser says nothing and has no cookie to abuse."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None:
        public_url = request.app[app_keys.CONFIG].public_url
        own = {request.host, urlsplit(public_url).netloc if public_url else request.host}
        is_own = _host_of(origin) in own
    else:
        is_own = request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")
    if not is_own:
        raise ApiError(ErrorCode.FORBIDDEN, "this form came from another site")


def _host_of(origin: str) -> str:
    scheme, _, host = origin.partition("://")
    return host if scheme in ("http", "https") else ""

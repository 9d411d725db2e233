"""What a page is: its address, who may see it, what it reads. Like `plg_server.routes` for the API, but for people.

`@page(...)` turns a handler into a `Page`; each module lists its pages in `PAGES`, and `all_pages.py` names those modules. A page at
"/account/devices" lives at "/en/account/devices" and "/ru/account/devices"; the address without a language leads to one of them.
"""

import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aiohttp import web

from plg.contract.schema import Request
from plg_server.bodies import BODY_LIMIT_BYTES
from plg_server.routes import Limit


class Access(StrEnum):
    """Who may see a page. Whoever is not signed in is sent to sign in first, and then back."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed_in"
    SUPPORT = "support"
    """An account with the role support or admin."""
    ADMIN = "admin"


PageHandler = Callable[..., Awaitable[web.StreamResponse]]

_INPUTS = ("path", "query", "form")
_PATH_NAME = re.compile(r"{(\w+)}")


@dataclass(frozen=True)
class Page:
    """One page, or what one of its forms does."""

    method: str
    url: str
    handler: PageHandler
    access: Access
    limit: Limit
    path: type[Request] | None
    query: type[Request] | None
    form: type[Request] | None
    form_limit_bytes: int
    shown_again: "Page | None"
    kept_s: float

    @property
    def name(self) -> str:
        """What the handler is called."""
        return self.handler.__name__

    @property
    def inputs(self) -> dict[str, type[Request]]:
        """What the handler reads, by the name of its parameter."""
        kinds: dict[str, Any] = {"path": self.path, "query": self.query, "form": self.form}
        return {name: kind for name, kind in kinds.items() if kind is not None}


def page(
    method: str,
    url: str,
    *,
    access: Access,
    limit: Limit,
    path: type[Request] | None = None,
    query: type[Request] | None = None,
    form: type[Request] | None = None,
    form_limit_bytes: int = BODY_LIMIT_BYTES,
    shown_again: Page | None = None,
    kept_s: float = 0.0,
) -> Callable[[PageHandler], Page]:
    """Declare a page. `url` has no language.

    `form` is for POST only; when a form is refused, `shown_again` is shown with the reason and what was typed. A page that is the same
    for everybody who is not signed in may be kept for `kept_s` seconds. Raises TypeError when the handler does not match: at start.
    """

    def declare(handler: PageHandler) -> Page:
        made = Page(method, url, handler, access, limit, path, query, form, form_limit_bytes, shown_again, kept_s)
        parameters = inspect.signature(handler).parameters
        for name in _INPUTS:
            if (name in parameters) != (name in made.inputs) or (
                name in parameters and parameters[name].annotation is not made.inputs[name]
            ):
                raise TypeError(f"{method} {url}: parameter {name!r} of {handler.__name__} is not as declared")
        if set(_PATH_NAME.findall(url)) != (set(path.__struct_fields__) if path is not None else set()):
            raise TypeError(f"{method} {url}: the path struct does not have the names of the address")
        if (method == "POST") != (form is not None):
            raise TypeError(f"{method} {url}: forms are sent by POST, and by nothing else")
        if shown_again is not None and not set(shown_again.inputs) <= {*made.inputs, "query"}:
            raise TypeError(f"{method} {url}: {shown_again.name} reads more than this form knows")
        return made

    return declare


class NoFields(Request, frozen=True, kw_only=True):
    """A form that is only a button."""

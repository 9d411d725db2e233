"""Who looks at a page."""

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from plg_server.models.accounts import Account
from plg_server.pages.visitor import (
    FORM_BINDING,
    FORM_COOKIE,
    Visitor,
    form_binding,
    keep_form_binding,
    visitor_of,
    wanted_language,
)


def request_of(path: str = "/", cookie: str = "", accept: str = "") -> web.Request:
    return make_mocked_request("GET", path, headers={"Cookie": cookie, "Accept-Language": accept})


@pytest.mark.parametrize(
    ("path", "cookie", "accept", "language"),
    [
        ("/ru/games", "plg-language=en", "en", "ru"),
        ("/games", "plg-language=ru", "en", "ru"),
        ("/games", "", "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("/games", "plg-language=xx", "en", "en"),
        ("/games", "", "", "en"),
        ("/games", "", "\x7f;;;q=,,", "en"),
        ("/russian", "", "en", "en"),
    ],
)
def test_the_language_is_the_addresss_then_the_chosen_then_the_browsers(
    path: str, cookie: str, accept: str, language: str
) -> None:
    assert wanted_language(request_of(path, cookie, accept)) == language


@pytest.mark.parametrize(
    ("cookie", "theme"),
    [("plg-theme=dark", "dark"), ("plg-theme=light", "light"), ('plg-theme="><b>', "auto"), ("", "auto")],
)
def test_only_themes_that_there_are_get_into_a_page(cookie: str, theme: str) -> None:
    assert visitor_of(request_of(cookie=cookie)).theme == theme


@pytest.mark.parametrize(
    ("role", "operator", "admin"), [("player", False, False), ("support", True, False), ("admin", True, True)]
)
def test_what_a_role_may(role: str, operator: bool, admin: bool) -> None:
    visitor = Visitor("en", "auto", Account(role=role))
    assert (visitor.is_operator, visitor.is_admin) == (operator, admin)
    nobody = Visitor("en", "auto", None)
    assert (nobody.is_operator, nobody.is_admin) == (False, False)


def test_a_form_is_bound_to_a_cookie_that_the_browser_then_gets_once() -> None:
    request, response = request_of(), web.Response()
    binding = form_binding(request)
    assert len(binding) >= 32
    assert form_binding(request) == binding
    keep_form_binding(request, response)
    assert response.cookies[FORM_COOKIE].value == binding

    again, silent = request_of(cookie=f"{FORM_COOKIE}={binding}"), web.Response()
    again[FORM_BINDING] = binding
    keep_form_binding(again, silent)
    assert not silent.cookies
    without_form = web.Response()
    keep_form_binding(request_of(), without_form)
    assert not without_form.cookies

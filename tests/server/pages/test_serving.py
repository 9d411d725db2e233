"""Around every page: languages, copies, errors, and who is turned away."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from multidict import CIMultiDict

from plg_server import app_keys
from plg_server.pages.visitor import SESSION_COOKIE
from support.api_driver import PASSWORD, ApiDriver
from support.shared_server import shared_server
from support.site_visitor import SiteVisitor

HTML = {"Accept": "text/html"}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiDriver]:
    async with shared_server(tmp_path / "data") as api:
        yield api


async def asked(api: ApiDriver, url: str, method: str = "GET", **headers: str) -> tuple[int, CIMultiDict[str], str]:
    named = HTML | {name.replace("_", "-"): text for name, text in headers.items()}
    async with api.client.request(method, url, headers=named, allow_redirects=False) as reply:
        return reply.status, CIMultiDict(reply.headers), await reply.text()


async def test_an_address_without_a_language_leads_to_the_visitors_own(api: ApiDriver) -> None:
    for language, cookie, wanted in (("ru,en;q=0.5", "", "ru"), ("en", "", "en"), ("en", "plg-language=ru", "ru")):
        status, headers, _ = await asked(api, "/sign-in?next=/en/&x=%0d%0aY", Accept_Language=language, Cookie=cookie)
        assert (status, headers["Location"]) == (302, f"/{wanted}/sign-in?next=/en/&x=%0D%0AY")
        assert {"Accept-Language", "Cookie"} == set(headers["Vary"].split(", "))


async def test_a_page_that_is_kept_is_told_apart_by_language_theme_and_sign_in(api: ApiDriver) -> None:
    _, headers, english = await asked(api, "/en/")
    assert (await asked(api, "/en/", If_None_Match=headers["ETag"]))[0] == 304
    assert 'lang="ru"' in (await asked(api, "/ru/"))[2]
    assert 'data-theme="dark"' in (await asked(api, "/en/", Cookie="plg-theme=dark"))[2]
    await api.register()
    visitor = SiteVisitor(api)
    await visitor.sign_in("player@example.org", PASSWORD)
    _, own_headers, own = await asked(api, "/en/", Cookie=f"{SESSION_COOKIE}={visitor.cookies[SESSION_COOKIE]}")
    assert own_headers["Cache-Control"] == "no-store"
    assert "ETag" not in own_headers
    assert "/en/account" in own
    assert "/en/account" not in (await asked(api, "/en/"))[2]
    assert (await asked(api, "/en/"))[2] == english


async def test_head_says_what_get_would(api: ApiDriver) -> None:
    for url in ("/en/", "/ru/sign-in", "/sign-in"):
        status, headers, text = await asked(api, url, "HEAD")
        assert (status, text) == ((await asked(api, url))[0], "")
        assert status == 302 or "Content-Security-Policy" in headers


@pytest.mark.parametrize(("method", "url", "status"), [
    ("GET", "/en/none", 404), ("GET", "/ru/none", 404), ("GET", "/none", 404), ("DELETE", "/en/sign-in", 405), ("GET", "/en/sign-out", 405),
    ("GET", "/en/look?theme=none", 422), ("POST", "/en/sign-in", 415), ("GET", "/xx/", 404),
])  # fmt: skip
async def test_an_error_is_a_page_with_the_name_of_the_request(
    api: ApiDriver, method: str, url: str, status: int
) -> None:
    said, headers, text = await asked(api, url, method)
    assert said == status
    assert headers["Content-Type"].startswith("text/html")
    assert headers["X-Request-ID"] in text
    assert "Content-Security-Policy" in headers
    assert headers["Cache-Control"] == "no-store"


async def test_programs_get_problem_documents(api: ApiDriver) -> None:
    reply = await api.get("/en/none")
    assert (reply.status, reply.code) == (404, "not_found")


async def test_a_fault_is_a_page_that_says_nothing_of_it(api: ApiDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("the secret reason")

    monkeypatch.setattr(api.app[app_keys.BROWSER_SESSIONS], "identify", broken)
    status, _, text = await asked(api, "/en/", Cookie=f"{SESSION_COOKIE}=x")
    assert status == 500
    assert "the secret reason" not in text
    assert "RuntimeError" not in text


async def test_whoever_is_not_signed_in_is_sent_to_sign_in(api: ApiDriver) -> None:
    status, headers, _ = await asked(api, "/ru/sign-out", "POST")
    assert (status, headers["Location"]) == (303, "/ru/sign-in?next=%2Fru%2Faccount")


async def test_addresses_are_limited_on_pages_too(tmp_path: Path) -> None:
    async with shared_server(tmp_path / "limited", {"rate_limits_on": True, "rate_read": "2/day"}) as api:
        statuses = [await asked(api, "/en/sign-in") for _ in range(3)]
        assert [one[0] for one in statuses] == [200, 200, 429]
        assert int(statuses[2][1]["Retry-After"]) >= 1

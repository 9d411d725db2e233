"""Who may send a form, whose cookie counts, where a sign-in leads: the pages against those who wish them ill."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.accounts import Account, SignIn
from plg_server.models.browser_sessions import BrowserSession
from plg_server.pages.form_origin import FIELD
from plg_server.pages.visitor import FORM_COOKIE, SESSION_COOKIE
from plg_server.services.passwords import Passwords
from support.api_driver import PASSWORD, ApiDriver
from support.billing_world import MovingClock
from support.shared_server import shared_server
from support.site_visitor import Shown, SiteVisitor

EMAIL, BANNED, NOBODY = "player@example.org", "banned@example.org", "nobody@example.org"
FORM = "application/x-www-form-urlencoded"
SIGN_IN = "/en/sign-in"
PLANTED = "A" * 43


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiDriver]:
    """One account that may sign in and one that is banned."""
    async with shared_server(tmp_path / "data") as api:
        for email in (EMAIL, BANNED):
            await api.register(email)
        with api.app[app_keys.DATABASE].active():
            await Account.filter(email=BANNED).update(banned_at=utc_now())
        yield api


async def signed_in(api: ApiDriver) -> SiteVisitor:
    visitor = SiteVisitor(api)
    await visitor.sign_in(EMAIL, PASSWORD)
    assert SESSION_COOKIE in visitor.cookies
    return visitor


async def is_signed_in(visitor: SiteVisitor) -> bool:
    return (await visitor.open("/en/")).html.find('action="/en/sign-in"') < 0 and "/en/sign-in" not in (
        await visitor.open("/en/")
    ).links


async def send(
    api: ApiDriver, url: str, fields: dict[str, str], cookies: dict[str, str], **headers: str
) -> tuple[int, str, list[str]]:
    """A form as somebody without our page makes it: status, Location, Set-Cookie lines."""
    said = {"Accept": "text/html", "Content-Type": FORM, "Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())}
    async with api.client.post(
        url,
        data=urlencode(fields),
        headers=said | {name.replace("_", "-"): text for name, text in headers.items()},
        allow_redirects=False,
    ) as reply:
        await reply.read()
        return reply.status, reply.headers.get("Location", ""), reply.headers.getall("Set-Cookie", [])


def token_in(shown: Shown, form: str) -> str:
    return shown.form(form).fields[FIELD][0]


async def test_a_form_needs_the_token_of_its_own_browser(api: ApiDriver) -> None:
    visitor, stranger = SiteVisitor(api), SiteVisitor(api)
    own, other = token_in(await visitor.open(SIGN_IN), "sign-in"), token_in(await stranger.open(SIGN_IN), "sign-in")
    fields = {"email": EMAIL, "password": PASSWORD}
    for token in ({}, {FIELD: ""}, {FIELD: other}, {FIELD: own[:-1]}, {FIELD: "\u20ac"}):
        status, location, cookies = await send(api, SIGN_IN, fields | token, visitor.cookies)
        assert (status, location) == (403, ""), token
        assert not any(line.startswith(f"{SESSION_COOKIE}=") for line in cookies)
    assert (await send(api, SIGN_IN, fields | {FIELD: own}, {}))[0] == 403
    assert (await send(api, SIGN_IN, fields | {FIELD: own}, visitor.cookies))[:2] == (303, "/en/account")


async def test_a_form_of_before_the_sign_in_and_of_another_session_is_worth_nothing(api: ApiDriver) -> None:
    visitor = SiteVisitor(api)
    anonymous = token_in(await visitor.open(SIGN_IN), "sign-in")
    first, second = await signed_in(api), await signed_in(api)
    tokens = api.app[app_keys.FORM_TOKENS]
    of_second = tokens.token(second.cookies[SESSION_COOKIE])
    for token in (anonymous, of_second, tokens.token("")):
        assert (await send(api, "/en/sign-out", {FIELD: token}, first.cookies))[0] == 403
    assert (await send(api, "/en/sign-out", {FIELD: tokens.token(first.cookies[SESSION_COOKIE])}, first.cookies))[
        0
    ] == 303


async def test_after_the_sign_out_neither_cookie_nor_form_works(api: ApiDriver) -> None:
    visitor = await signed_in(api)
    kept = dict(visitor.cookies)
    token = api.app[app_keys.FORM_TOKENS].token(kept[SESSION_COOKIE])
    assert (await send(api, "/en/sign-out", {FIELD: token}, kept))[0] == 303
    status, location, _ = await send(api, "/en/sign-out", {FIELD: token}, kept)
    assert (status, location.partition("?")[0]) == (303, SIGN_IN)
    again = SiteVisitor(api)
    again.cookies = kept
    assert not await is_signed_in(again)


@pytest.mark.parametrize(
    "said",
    [
        {"Origin": "https://evil.example.org"}, {"Origin": "null"}, {"Origin": ""}, {"Origin": "http://["}, {"Origin": "file://"},
        {"Origin": "http://127.0.0.1.evil.example.org"}, {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"},
    ],
)  # fmt: skip
async def test_a_form_from_elsewhere_is_refused_even_with_the_right_token(api: ApiDriver, said: dict[str, str]) -> None:
    visitor = SiteVisitor(api)
    fields = {"email": EMAIL, "password": PASSWORD, FIELD: token_in(await visitor.open(SIGN_IN), "sign-in")}
    assert (await send(api, SIGN_IN, fields, visitor.cookies, **said))[0] == 403
    assert (await send(api, SIGN_IN, fields, visitor.cookies, Sec_Fetch_Site="same-origin"))[0] == 303


async def test_a_planted_cookie_is_neither_believed_nor_kept(api: ApiDriver) -> None:
    """Session fixation: somebody set the cookie before the victim signed in."""
    visitor = SiteVisitor(api)
    visitor.cookies[SESSION_COOKIE] = PLANTED
    shown = await visitor.open(SIGN_IN)
    assert shown.status == 200
    await visitor.submit(shown.form("sign-in"), email=EMAIL, password=PASSWORD)
    assert visitor.cookies[SESSION_COOKIE] != PLANTED
    assert await is_signed_in(visitor)
    attacker = SiteVisitor(api)
    attacker.cookies[SESSION_COOKIE] = PLANTED
    assert not await is_signed_in(attacker)


async def test_each_sign_in_has_a_token_of_its_own_and_the_database_holds_none(api: ApiDriver) -> None:
    first, second = await signed_in(api), await signed_in(api)
    tokens = {first.cookies[SESSION_COOKIE], second.cookies[SESSION_COOKIE]}
    assert len(tokens) == 2
    with api.app[app_keys.DATABASE].active():
        kept = await BrowserSession.all().values_list("token_hash", flat=True)
    assert len(kept) == 2
    assert tokens.isdisjoint(kept)


@pytest.mark.parametrize("end", ["revoked", "banned", "expired", "deleted"])
async def test_a_session_that_is_over_signs_nobody_in(tmp_path: Path, end: str) -> None:
    clock = MovingClock()
    async with shared_server(tmp_path / "data", clock=clock) as api:
        await api.register(EMAIL)
        visitor = await signed_in(api)
        assert await is_signed_in(visitor)
        with api.app[app_keys.DATABASE].active():
            if end == "revoked":
                await SignIn.all().update(ended_at=utc_now(), ended_because="revoked")
            elif end == "banned":
                await Account.all().update(banned_at=utc_now())
            elif end == "deleted":
                await Account.all().delete()
        if end == "expired":
            clock.forward(days=api.app[app_keys.CONFIG].refresh_token_days, minutes=1)
        if end == "banned":
            assert (await visitor.open("/en/account")).status == 403
        else:
            assert not await is_signed_in(visitor)
        assert (await visitor.open("/en/")).status == 200


async def test_a_session_lives_while_it_is_used(tmp_path: Path) -> None:
    clock = MovingClock()
    async with shared_server(tmp_path / "data", clock=clock) as api:
        await api.register(EMAIL)
        visitor = await signed_in(api)
        for _ in range(3):
            clock.forward(days=api.app[app_keys.CONFIG].refresh_token_days - 1)
            assert await is_signed_in(visitor)


async def test_cookies_are_for_this_host_alone_and_out_of_scripts_reach(api: ApiDriver) -> None:
    async with api.client.get(SIGN_IN, headers={"Accept": "text/html"}) as reply:
        (form_cookie,) = reply.headers.getall("Set-Cookie")
    binding = form_cookie.partition("=")[2].partition(";")[0]
    token = api.app[app_keys.FORM_TOKENS].token(binding)
    fields = {"email": EMAIL, "password": PASSWORD, FIELD: token}
    _, _, cookies = await send(api, SIGN_IN, fields, {FORM_COOKIE: binding})
    (session_cookie,) = [line for line in cookies if line.startswith(f"{SESSION_COOKIE}=")]
    for line, same_site in ((form_cookie, "Strict"), (session_cookie, "Lax")):
        name, _, rest = line.partition("=")
        attributes = {part.strip().lower() for part in rest.split(";")[1:]}
        assert name.startswith("__Host-")
        assert {"secure", "httponly", "path=/", f"samesite={same_site.lower()}"} <= attributes
        assert not any(attribute.startswith("domain") for attribute in attributes)
    assert any(line.startswith(f"{FORM_COOKIE}=") and "Max-Age=0" in line for line in cookies)


FOREIGN = [
    "https://evil.example.org/", "//evil.example.org/en/", "/\\evil.example.org/en/", "\\\\evil.example.org", "javascript:alert(1)",
    "/%09/evil.example.org", "/\t/evil.example.org", "http:evil.example.org", "///evil.example.org/en/", "/en/\r\nX-Evil: 1", "//[",
    "http://[/en/", "https:/en/", "/fr/account", "en/account", "", "/", "/en@evil.example.org", "\x00/en/", "/en/\u202e",
]  # fmt: skip


@pytest.mark.parametrize("target", FOREIGN)
async def test_a_sign_in_leads_to_no_address_but_ours(api: ApiDriver, target: str) -> None:
    visitor = SiteVisitor(api)
    shown = await visitor.open(f"{SIGN_IN}?next={quote(target, safe='')}")
    assert shown.status in (200, 422)
    fields = {"email": EMAIL, "password": PASSWORD, "next": target}
    page = await visitor.open(SIGN_IN)
    status, location, _ = await send(api, SIGN_IN, fields | {FIELD: token_in(page, "sign-in")}, visitor.cookies)
    assert (status, location) in [(303, "/en/account"), (422, "")]
    async with api.client.get(f"/look?theme=dark&next={quote(target, safe='')}", allow_redirects=False) as reply:
        assert reply.status in (302, 303, 422)
        assert re.match(r"/(en|ru)/", reply.headers.get("Location", "/en/"))
    async with api.client.get(f"/en/look?theme=dark&next={quote(target, safe='')}", allow_redirects=False) as reply:
        assert (reply.status, reply.headers.get("Location")) in [(303, "/en/"), (422, None)]


async def test_a_sign_in_leads_back_to_the_page_that_asked_for_it(api: ApiDriver) -> None:
    visitor = SiteVisitor(api)
    page = await visitor.open(f"{SIGN_IN}?next=/ru/account%3Fpage%3D2")
    token = token_in(page, "sign-in")
    assert page.form("sign-in").fields["next"] == ["/ru/account?page=2"]
    fields = {"email": EMAIL, "password": PASSWORD, "next": "/ru/account?page=2", FIELD: token}
    assert (await send(api, SIGN_IN, fields, visitor.cookies))[1] == "/ru/account?page=2"


async def test_whether_somebody_has_an_account_shows_neither_in_words_nor_in_work(
    api: ApiDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = 0
    verify = Passwords.verify

    async def counted(passwords: Passwords, encoded: str | None, password: str) -> bool:
        nonlocal runs
        runs += 1
        return await verify(passwords, encoded, password)

    monkeypatch.setattr(Passwords, "verify", counted)
    told = []
    for email in (EMAIL, BANNED, NOBODY):
        visitor = SiteVisitor(api)
        shown = await visitor.open(SIGN_IN)
        runs = 0
        refused = await visitor.submit(shown.form("sign-in"), email=email, password="wrong battery")
        told.append((refused.status, refused.text.replace(email, "E"), runs))
        assert "wrong battery" not in refused.html
        assert SESSION_COOKIE not in visitor.cookies
    assert told[0] == told[1] == told[2]
    assert (told[0][0], told[0][2]) == (401, 1)


async def test_tries_to_sign_in_are_counted(tmp_path: Path) -> None:
    async with shared_server(tmp_path / "data", {"rate_limits_on": True, "rate_sign_in": "3/day"}) as api:
        visitor = SiteVisitor(api)
        shown = await visitor.open(SIGN_IN)
        form = shown.form("sign-in")
        statuses = [(await visitor.submit(form, email=NOBODY, password="wrong battery")).status for _ in range(5)]
        assert statuses[:3] == [401] * 3
        assert statuses[3:] == [429] * 2


async def test_cookies_that_are_no_text_are_no_cookies(api: ApiDriver) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.client.port)
    try:
        for name in (SESSION_COOKIE, FORM_COOKIE, "plg-language", "plg-theme"):
            for path in ("/en/sign-in", "/", "/en/account"):
                writer.write(
                    f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nCookie: {name}=".encode()
                    + b"\xff\xfe\x80\r\n\r\n"
                )
                head = await read_answer(reader)
                assert head < 500, (name, path)
    finally:
        writer.close()
        await writer.wait_closed()


async def read_answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    await reader.readexactly(int(length[1]) if length else 0)
    return int(head.split(b" ")[1])


async def test_an_expired_binding_is_made_anew_with_the_next_page(api: ApiDriver) -> None:
    visitor = SiteVisitor(api)
    old = (await visitor.open(SIGN_IN)).form("sign-in")
    visitor.cookies.clear()
    again = await visitor.submit(old, email=EMAIL, password=PASSWORD)
    assert again.status == 403
    assert again.form("sign-in").fields["email"] == [EMAIL]
    await visitor.submit(again.form("sign-in"), password=PASSWORD)
    assert await is_signed_in(visitor)

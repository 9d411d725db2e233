"""The cabinet's pages, as a whole: each opens for its owner in both languages, and for nobody else."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.api_driver import ApiDriver
from support.billing_world import DONATEPAY
from support.guarded_account import guarded_account
from support.shared_server import shared_server
from support.site_visitor import SiteVisitor

PASSWORD = "correct horse battery"

PAGES = (
    "/account",
    "/account/sessions",
    "/account/benchmarks",
    "/account/plan",
    "/account/payments",
    "/account/security",
    "/account/security/password",
    "/account/security/email",
    "/account/security/totp",
    "/account/security/totp/confirm",
    "/account/security/totp/off",
    "/account/security/totp/codes",
    "/account/security/devices",
    "/account/security/tokens",
    "/account/telegram",
    "/account/referral",
    "/account/data",
    "/account/data/delete",
)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiDriver]:
    settings = {"billing": "on", "telegram_bot_name": "plg_test_bot", **DONATEPAY}
    async with shared_server(tmp_path, settings) as made:
        yield made


async def test_every_page_opens_for_its_owner_in_both_languages(api: ApiDriver) -> None:
    visitor = SiteVisitor(api)
    await visitor.sign_in((await guarded_account(api)).email, PASSWORD)
    for path in PAGES:
        for language, menu in (("en", "Overview"), ("ru", "Обзор")):
            shown = await visitor.open(f"/{language}{path}")
            assert (shown.status, shown.path) == (200, f"/{language}{path}")
            assert menu in shown.text
            assert f'lang="{language}"' in shown.html
            assert not re.search(r'<[^>]+\s(style|on\w+)="', shown.html)
            ids = re.findall(r'<[^>]+?\sid="([^"]+)"', shown.html)
            assert len(ids) == len(set(ids)), path
            assert all("csrf" in form.fields for form in shown.forms if form.method == "post")


async def test_whoever_is_not_signed_in_is_asked_to_and_comes_back(api: ApiDriver) -> None:
    email = (await guarded_account(api)).email
    visitor = SiteVisitor(api)
    for path in PAGES:
        assert (await visitor.open(f"/en{path}")).path == "/en/sign-in"
    shown = await visitor.open("/en/account/data/delete")
    shown = await visitor.submit(shown.form("sign-in"), email=email, password=PASSWORD)
    assert shown.path == "/en/account/data/delete"


async def test_the_menu_says_where_one_is(api: ApiDriver) -> None:
    visitor = SiteVisitor(api)
    await visitor.sign_in((await guarded_account(api)).email, PASSWORD)
    shown = await visitor.open("/en/account/security/devices")
    marked = re.findall(r'href="([^"]+)" aria-current="page"', shown.html)
    assert "/en/account/security" in marked

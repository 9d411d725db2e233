"""The cabinet's pages as a whole: each opens for its owner in both languages, and for nobody else."""

import re

from plg_server.pages.account.frame import PAGE_ROWS, PageNumber
from support.api_driver import PASSWORD, ApiDriver
from support.guarded_account import Guarded
from support.site_visitor import SiteVisitor

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


async def test_every_page_opens_for_its_owner_in_both_languages_and_every_form_has_its_token(
    visitor: SiteVisitor,
) -> None:
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


async def test_whoever_is_not_signed_in_is_asked_to_and_comes_back(cabinet: ApiDriver, owner: Guarded) -> None:
    visitor = SiteVisitor(cabinet)
    for path in PAGES:
        assert (await visitor.open(f"/en{path}")).path == "/en/sign-in"
    shown = await visitor.open("/en/account/data/delete")
    shown = await visitor.submit(shown.form("sign-in"), email=owner.email, password=PASSWORD)
    assert shown.path == "/en/account/data/delete"


async def test_the_menu_says_where_one_is(visitor: SiteVisitor) -> None:
    shown = await visitor.open("/en/account/security/devices")
    marked = re.findall(r'href="([^"]+)" aria-current="page"', shown.html)
    assert marked.count("/en/account/security") == 2  # at the side, and in the menu of narrow windows
    assert "/en/account/data" not in marked


def test_pages_of_a_list_begin_where_the_one_before_ended() -> None:
    assert [PageNumber(page=number).offset for number in (1, 2, 3)] == [0, PAGE_ROWS, 2 * PAGE_ROWS]


async def test_a_page_that_answers_a_refused_form_links_to_its_own_address(visitor: SiteVisitor) -> None:
    shown = await visitor.open("/en/account/plan")
    refused = await visitor.submit(shown.form("use-code"), code="NO-SUCH-CODE")
    assert refused.path == "/en/account/plan/code"
    other = await visitor.open(next(link for link in refused.links if "language=ru" in link))
    assert (other.status, other.path) == (200, "/ru/account/plan")
    menu = re.findall(r'href="([^"]+)" aria-current="page"', refused.html)
    assert "/en/account/plan" in menu

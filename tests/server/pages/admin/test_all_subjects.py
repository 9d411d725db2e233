"""All of the operators' pages: who gets in, what a support person may not, ids that are nobody's, forms from elsewhere, hostile names."""

import re

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.codes import Code
from plg_server.models.nodes import Node
from plg_server.models.payments import Payment
from plg_server.pages.admin import setup, setup_steps
from plg_server.pages.admin.all_subjects import SUBJECTS
from plg_server.pages.page import Access, Page
from support.callers import signed_in_as
from support.desk_visitor import Desk, desk_visitor, own_form
from support.operator_rows import account_row, node_row, session_row
from support.site_visitor import Form, SiteVisitor

UNKNOWN = "0123456789abcdef"

FIELDS: dict[str, dict[str, str]] = {
    "/ban": {"reason": "x"},
    "/role": {"role": "player"},
    "/match": {"checkout_id": UNKNOWN},
    "/extend": {"days": "1", "reason": "x", "key": UNKNOWN},
    "/plan": {"plan": "monthly", "reason": "x"},
    "/cancel": {"reason": "x"},
    "/take-back": {"grant_id": UNKNOWN, "reason": "x"},
    "/admin/plans/{name}/edit": {"days": "3"},
    "/admin/nodes/{node_id}/edit": {"name": "x", "priority_ms": "1"},
    "/admin/nodes/new": {"name": "x"},
    "/admin/plans": {"name": "x", "days": "3"},
    "/admin/codes/new": {"kind": "promo", "percent": "10"},
    "/admin/codes/find": {"find_code": "abc"},
    "/admin/games/import": {"toml": "x"},
    "/admin/games/reset": {"name": "cs2"},
    "/admin/incidents/new": {"title": "x", "text": "x"},
    "/tell": {"text": "x"},
    "/setup/relay": {"name": "x"},
}

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def pages(method: str) -> list[Page]:
    subjects = [subject for subject in SUBJECTS if subject not in (setup, setup_steps)]
    return [page for subject in subjects for page in subject.PAGES if page.method == method]


def filled(page: Page) -> str:
    """Its address with names that are nobody's."""
    return "/en" + re.sub(r"{\w+}", UNKNOWN, page.url)


def fields_of(page: Page) -> dict[str, str]:
    return next((fields for end, fields in FIELDS.items() if page.url.endswith(end)), {})


async def test_nobody_else_gets_in(desk: Desk) -> None:
    stranger, player = SiteVisitor(desk.api), await desk_visitor(desk.api, "player")
    for page in pages("GET"):
        assert (await stranger.open(filled(page))).path == "/en/sign-in", page.url
        assert (await player.open(filled(page))).status == 403, page.url


async def test_a_name_that_is_nobodys_answers_404(desk: Desk) -> None:
    for page in pages("GET"):
        if page.path is not None:
            assert (await desk.admin.open(filled(page))).status == 404, page.url
    token_page = await desk.admin.open("/en/admin/codes/new")
    for page in pages("POST"):
        if page.path is not None:
            shown = await desk.admin.submit(own_form(token_page, filled(page), **fields_of(page)))
            assert shown.status == 404, (page.url, shown.status)
    assert await desk.acts() == []


async def test_a_support_person_is_refused_what_only_admins_do(desk: Desk) -> None:
    token_page = await desk.support.open("/en/admin/codes")
    refused = [page for page in pages("POST") if page.access is Access.ADMIN]
    assert len(refused) > 20
    for page in refused:
        shown = await desk.support.submit(own_form(token_page, filled(page), confirmed="true", **fields_of(page)))
        assert shown.status == 403, page.url
    assert await desk.acts() == []


async def test_a_form_without_its_token_does_nothing(desk: Desk) -> None:
    with desk.active:
        victim = await account_row("victim@example.org", utc_now())
    for page in pages("POST"):
        address = filled(page).replace(UNKNOWN, victim.id)
        shown = await desk.admin.submit(
            Form("", address, "post", {name: [text] for name, text in {**fields_of(page), "confirmed": "true"}.items()})
        )
        assert shown.status in (403, 404), (page.url, shown.status)
    assert await desk.acts() == []


async def test_a_support_person_sees_every_list_and_is_offered_only_what_they_may_do(desk: Desk) -> None:
    may = {page.url for page in pages("POST") if page.access is Access.SUPPORT}
    assert may == {
        "/admin/subscriptions/{account}/extend",
        "/admin/subscriptions/{account}/plan",
        "/admin/subscriptions/{account}/cancel",
        "/admin/subscriptions/{account}/take-back",
        "/admin/codes/find",
    }
    await desk.buyer("1", amount_minor=1)
    buyer = await desk.buyer("2")
    lists = [f"/en{page.url}" for page in pages("GET") if page.path is None and page.access is Access.SUPPORT]
    for address in [*lists, f"/en/admin/users/{buyer}", f"/en/admin/subscriptions/{buyer}", "/en/admin/games/cs2"]:
        if address.endswith("/export"):
            continue
        shown = await desk.support.open(address)
        assert shown.status == 200, (address, shown.status)
        offered = {form.action for form in shown.forms if form.method == "post"}
        assert all("/admin/subscriptions/" in one or one.endswith("/codes/find") for one in offered), (address, offered)


async def test_hostile_names_stay_words(desk: Desk) -> None:
    now = utc_now()
    with desk.active:
        account = await account_row(
            f"{HOSTILE[:60]}@example.org", now, display_name=HOSTILE[:64], banned_at=now, ban_reason=HOSTILE
        )
        node = await node_row(HOSTILE[:64], 7, now)
        session = await session_row(account, node, now, client_version=HOSTILE[:32], chosen_because=HOSTILE)
        await Node.filter(id=node.id).update(city=HOSTILE[:64], region=HOSTILE[:64], monthly_cost=HOSTILE[:32])
        await Code.create(
            id=UNKNOWN, code_hash="x", kind="gift", label=HOSTILE[:64], days=1, plan_name="monthly", uses_left=1, created_at=now
        )  # fmt: skip
    await desk.buyer("1", comment=HOSTILE)
    with desk.active:
        payment = await Payment.all().first()
    assert payment is not None
    addresses = [f"{page.url}" for page in pages("GET") if page.path is None and not page.url.endswith("/export")]
    addresses += [f"/admin/users/{account.id}", f"/admin/nodes/{node.id}", f"/admin/sessions/{session.id}"]
    addresses += [f"/admin/payments/{payment.id}", f"/admin/codes/{UNKNOWN}", f"/admin/subscriptions/{account.id}"]
    seen = 0
    for address in addresses:
        shown = await desk.admin.open(f"/ru{address}")
        assert shown.status == 200, (address, shown.status)
        assert "<script>alert" not in shown.html, address
        assert "<img src=x" not in shown.html, address
        seen += "alert(1)" in shown.text
    assert seen > 8


async def test_the_desk_is_an_operators_own_address_in_both_languages(desk: Desk) -> None:
    assert app_keys.CONFIG in desk.api.app
    caller = await signed_in_as(desk.api)
    for language, words in (("en", "Overview"), ("ru", "Обзор")):
        assert words in (await desk.admin.open(f"/{language}/admin")).text
    assert (await desk.support.open(f"/en/admin/users/{caller.account_id}")).status == 200

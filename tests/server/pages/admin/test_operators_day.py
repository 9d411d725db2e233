"""An admin's day without JavaScript, in both languages: add a relay, mend a game, match a payment, ban a player, give days, read the log."""

import re

import pytest

from plg_server.models.accounts import Account
from plg_server.models.payments import Payment
from support.desk_visitor import Desk, desk_visitor
from support.site_visitor import Shown, SiteVisitor


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_an_admins_day_goes_by_links_and_forms_alone(desk: Desk, language: str) -> None:
    buyer = await desk.buyer("1", comment="thanks")
    cheat = await desk.buyer("2")
    admin = await desk_visitor(desk.api, "admin", language)
    home = await admin.open(f"/{language}/admin")

    async def follow(shown: Shown, end: str) -> Shown:
        """The link that a person would press."""
        link = next(link for link in shown.links if link.partition("?")[0].endswith(end))
        reached = await admin.open(link)
        assert reached.status == 200, link
        return reached

    async def do(shown: Shown, form: str, **fields: str) -> Shown:
        """A form, and the button of the page that asks once more."""
        trial = await admin.submit(shown.form(form), **fields)
        return await admin.submit(trial.form("confirm"))

    # A relay.
    relays = await follow(home, "/admin/nodes")
    made = await admin.submit((await follow(relays, "/admin/nodes/new")).form("new-node"), name="frankfurt-1")
    token = re.search(r"--token (\S+)", made.text)
    assert token is not None
    body = {"enrol_token": token[1], "public_host": "9.9.9.9", "port": 443}
    assert (await desk.api.post("/v1/relays/enrol", body)).status == 200
    assert "frankfurt-1" in (await admin.open(f"/{language}/admin/nodes")).text

    # A game.
    games = await admin.submit((await follow(home, "/admin/games")).form("filters"), query="cs2")
    mended = await do(await follow(games, "/admin/games/cs2"), "edit-game", windows="cs2.exe\ncs2-new.exe")
    assert mended.status == 200
    assert "cs2-new.exe" in (await desk.api.get("/v1/games/cs2")).json["executables_windows"]

    # A payment.
    with desk.active:
        payment = await Payment.get(external_id="1")
    matched = await admin.submit((await follow(home, "/admin/payments/queue")).form(f"/{payment.id}/match"))
    assert matched.status == 200

    # A player who cheats.
    found = await admin.submit((await follow(home, "/admin/users")).form("filters"), query=cheat)
    banned = await do(await follow(found, f"/admin/users/{cheat}"), "ban", reason="cheats")
    assert banned.path == f"/{language}/admin/users/{cheat}"

    # And what was done.
    log = await follow(home, "/admin/audit")
    for act in ("nodes.create", "games.edit", "payments.match", "users.ban"):
        assert act in log.text
    with desk.active:
        assert (await Account.get(id=buyer)).plan_name == "monthly"
        assert (await Account.get(id=cheat)).banned_at is not None


async def test_every_page_has_one_heading_and_every_field_a_label(desk: Desk) -> None:
    relay_free = ["/admin", "/admin/nodes", "/admin/nodes/new", "/admin/users", "/admin/sessions", "/admin/payments"]
    money = ["/admin/payments/queue", "/admin/subscriptions", "/admin/plans", "/admin/plans/monthly", "/admin/codes"]
    rest = ["/admin/codes/new", "/admin/games", "/admin/games/cs2", "/admin/games/import", "/admin/audit"]
    more = [
        "/admin/tokens",
        "/admin/incidents/new",
        "/admin/settings",
        "/admin/graphs",
        "/setup/server",
        "/setup/relay",
    ]
    visitor: SiteVisitor = desk.admin
    for address in [*relay_free, *money, *rest, *more]:
        shown = await visitor.open(f"/en{address}")
        assert len(re.findall(r"<h1[ >]", shown.html)) == 1, address
        labelled = set(re.findall(r'<label for="([^"]+)"', shown.html))
        fields = re.findall(r"<(?:input|select|textarea)\s([^>]*)>", shown.html)
        ids = [found[1] for text in fields if (found := re.search(r'\bid="([^"]+)"', text))]
        assert len(ids) == len(set(ids)), address
        assert set(ids) <= labelled, (address, set(ids) - labelled)
        assert " style=" not in shown.html, address

"""/setup: the first admin by the token of the server's log, and nothing for anybody else."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.accounts import Account
from plg_server.services.admin_claim import offer_claim
from support.api_driver import PASSWORD, ApiDriver
from support.callers import signed_in_as
from support.desk_visitor import acts_of, desk_visitor
from support.shared_server import shared_server
from support.site_visitor import SiteVisitor

EMAIL = "owner@example.org"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiDriver]:
    """A server without an admin, which lets nobody register."""
    settings = {"registration_open": False, "rate_limits_on": True, "rate_code": "8/hour"}
    async with shared_server(tmp_path / "data", settings) as made:
        yield made


async def offered(api: ApiDriver) -> str:
    with api.app[app_keys.DATABASE].active():
        token = await offer_claim(utc_now())
    assert token is not None
    return token


async def admins(api: ApiDriver) -> list[str]:
    with api.app[app_keys.DATABASE].active():
        return [row.email for row in await Account.filter(role="admin")]


async def test_the_token_makes_the_account_and_the_admin_in_one_go_and_then_the_wizard_is_gone(api: ApiDriver) -> None:
    token, visitor = await offered(api), SiteVisitor(api)
    form = (await visitor.open("/setup")).form("setup")
    done = await visitor.submit(form, token=token, email=EMAIL, password=PASSWORD)
    assert (done.path, done.status) == ("/en/setup/server", 200)
    assert "You are the admin of this server." in done.text
    assert await admins(api) == [EMAIL]
    assert await acts_of(api) == ["admin.claim account"]
    stranger = SiteVisitor(api)
    assert (await stranger.open("/en/setup")).status == 404
    assert (await stranger.submit(form, token=token, email="other@example.org", password=PASSWORD)).status in (403, 404)
    assert (await visitor.open("/en/setup")).path == "/en/setup/server"
    assert (await visitor.open("/en/admin")).status == 200


async def test_a_signed_in_account_becomes_the_admin(api: ApiDriver) -> None:
    token, visitor = await offered(api), await desk_visitor(api, "player")
    shown = await visitor.open("/en/setup")
    assert "email" not in shown.form("setup").fields
    done = await visitor.submit(shown.form("setup"), token=token)
    assert done.path == "/en/setup/server"
    assert len(await admins(api)) == 1


async def test_no_token_no_wizard_and_wrong_ones_are_limited(api: ApiDriver) -> None:
    await offered(api)
    visitor = SiteVisitor(api)
    form = (await visitor.open("/en/setup")).form("setup")
    seen = set()
    for _ in range(10):
        shown = await visitor.submit(form, token="A" * 32, email=EMAIL, password=PASSWORD)
        seen.add(shown.status)
        assert "A" * 32 not in shown.html
    assert seen == {403, 429}
    with api.app[app_keys.DATABASE].active():
        assert await Account.all().count() == 0


async def test_what_is_missing_is_told_at_its_field(api: ApiDriver) -> None:
    token, visitor = await offered(api), SiteVisitor(api)
    form = (await visitor.open("/ru/setup")).form("setup")
    shown = await visitor.submit(form, token=token, email=EMAIL, password="")
    assert shown.status == 422
    assert shown.form("setup").fields["email"] == [EMAIL]
    assert await admins(api) == []


async def test_the_later_steps_are_there_for_admins_alone(api: ApiDriver) -> None:
    player = await desk_visitor(api, "player")
    admin = await desk_visitor(api, "admin")
    assert (await signed_in_as(api)).account_id
    for step in ("server", "mail", "relay", "money", "done"):
        assert (await player.open(f"/en/setup/{step}")).status == 404
        assert (await SiteVisitor(api).open(f"/en/setup/{step}")).status == 404
        assert (await admin.open(f"/en/setup/{step}")).status == 200

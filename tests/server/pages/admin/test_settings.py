"""/admin/settings: the effective configuration without its secrets, and a test e-mail."""

from pathlib import Path

from plg_server.models.mail import OutboxMail
from support.billing_world import DONATEPAY
from support.desk_visitor import Desk, desk_world


async def test_the_configuration_is_shown_and_secrets_are_not(desk: Desk) -> None:
    shown = await desk.support.open("/en/admin/settings")
    assert "donatepay_page" in shown.text
    assert DONATEPAY["donatepay_key"] not in shown.html
    assert DONATEPAY["donatepay_webhook_secret"] not in shown.html
    assert "answered in" in shown.text
    assert "This server sends no e-mail." in shown.text


async def test_a_test_mail_waits_in_the_outbox_for_the_admins_own_address(tmp_path: Path) -> None:
    settings = {"mail_url": "smtp://ann:secret-word@127.0.0.1:9", "mail_from": "PLG <plg@example.org>"}
    async with desk_world(tmp_path / "data", **settings) as desk:
        shown = await desk.admin.open("/en/admin/settings")
        assert "secret-word" not in shown.html
        done = await desk.admin.submit(shown.form("test-mail"))
        assert "An e-mail waits to be sent" in done.text
        with desk.active:
            assert await OutboxMail.filter(kind="test").count() == 1
        assert await desk.acts() == ["mail.test account"]

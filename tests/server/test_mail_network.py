"""How e-mail is wired into the application."""

from pathlib import Path

from plg_server import app_keys
from plg_server.models.mail import OutboxMail
from support.mail_world import mail_world
from support.shared_server import shared_server


async def test_a_server_with_a_mail_server_sends_by_itself_and_counts_it(tmp_path: Path) -> None:
    async with mail_world(tmp_path) as world:
        await world.player("ann@example.org")
        metrics = (await world.api.get("/metrics")).text
    assert 'plg_server_mails_total{kind="verify",outcome="sent"} 1.0' in metrics


async def test_one_without_asks_nobody_to_confirm_an_address(tmp_path: Path) -> None:
    async with shared_server(tmp_path) as api:
        await api.signed_in()
        with api.app[app_keys.DATABASE].active():
            assert await OutboxMail.all().count() == 0

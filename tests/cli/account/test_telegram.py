"""`plg account telegram`, against a real server."""

import sqlite3
from pathlib import Path

from support.inside import Inside
from support.selling_server import selling_server


def test_a_link_is_given_and_the_state_told(plg: Inside, tmp_path: Path) -> None:
    with selling_server(tmp_path / "server", billing="off", telegram_bot_name="plg_test_bot") as seller:
        environ = seller.environ
        assert plg("account", "telegram", **environ).out == "no chat is linked\n"
        made = plg("account", "telegram", "link", **environ)
        link = made.out.strip()
        assert link.startswith("https://t.me/plg_test_bot?start=")
        assert f"/start {link.partition('=')[2]}" in made.err
        invitation = plg("account", "telegram", "link", "--json", **environ).document()["invitation"]
        assert invitation["link"] == f"https://t.me/plg_test_bot?start={invitation['code']}"

        def shown(reminders: int, blocked_at: str | None) -> str:
            with sqlite3.connect(tmp_path / "server" / "server.sqlite3", timeout=20) as rows:
                account_id = rows.execute("SELECT id FROM accounts").fetchone()[0]
                rows.execute(
                    "INSERT OR REPLACE INTO telegram_links (id, account_id, chat_id, linked_at, reminders, blocked_at)"
                    " VALUES ('a', ?, 42, '2026-11-22 10:00:00+00:00', ?, ?)",
                    (account_id, reminders, blocked_at),
                )
            rows.close()
            return plg("account", "telegram", "status", **environ).out

        assert shown(1, None) == "linked since 2026-11-22; reminders are on\n"
        assert shown(0, None) == "linked since 2026-11-22; reminders are off\n"
        assert "blocked" in shown(0, "2026-11-22 11:00:00+00:00")
        gone = plg("account", "telegram", "unlink", "--json", **environ).document()["telegram"]
        assert (gone["linked_at"], gone["bot"]) == (None, "plg_test_bot")


def test_a_server_without_a_bot_is_told_in_one_line(plg: Inside, tmp_path: Path) -> None:
    with selling_server(tmp_path / "server", billing="off") as seller:
        assert plg("account", "telegram", **seller.environ).out == "this server has no Telegram bot\n"
        refused = plg("account", "telegram", "link", "--json", **seller.environ)
        assert (refused.code, refused.error()["code"]) == (1, "telegram_off")

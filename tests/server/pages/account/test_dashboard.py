"""/account."""

from datetime import timedelta

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.accounts import Account
from support.api_driver import ApiDriver
from support.guarded_account import Guarded
from support.operator_rows import node_row, session_row
from support.site_visitor import SiteVisitor


async def test_a_newcomer_sees_what_to_do_next_and_no_figure_that_nobody_measured(visitor: SiteVisitor) -> None:
    shown = await visitor.open("/en/account")
    for step in ("Get a plan", "Play through PLG once", "Link Telegram"):
        assert step in shown.text
    assert "Confirm your e-mail address" not in shown.text  # this server sends no e-mail
    assert "Not enough measured yet: 0 of 5 sessions." in shown.text
    assert "Nothing was played yet." in shown.text


async def test_a_player_sees_their_own_gain_and_last_sessions(
    cabinet: ApiDriver, owner: Guarded, visitor: SiteVisitor
) -> None:
    now = utc_now()
    with cabinet.app[app_keys.DATABASE].active():
        account, node = await Account.get(id=owner.caller.account_id), await node_row("Frankfurt 1", 1, now)
        for number in range(6):
            at = now - timedelta(hours=number)
            await session_row(
                account, node, at, ended_at=at, measured_at=at, seconds=65, measured_total_ms=30.0,
                direct_ms=50.0 + number, packets_up=5000, packets_down=5000, saved_up=25, saved_down=25,
            )  # fmt: skip
    shown = await visitor.open("/ru/account")
    assert "22.5 мс" in shown.text
    assert "Медиана последних 6 сессий" in shown.text
    assert "0.50 %" in shown.text
    assert "Frankfurt 1" in shown.text
    assert shown.text.count("Counter-Strike 2") == 5

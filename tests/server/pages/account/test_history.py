"""/account/sessions."""

from datetime import timedelta

from plg_server import app_keys
from plg_server.ids import new_id, utc_now
from plg_server.models.accounts import Account
from plg_server.models.sessions import Session
from plg_server.pages.account.history import ping_chart
from support.api_driver import ApiDriver
from support.guarded_account import Guarded, guarded_account
from support.operator_rows import node_row, session_row
from support.played_sessions import PLAYED, record
from support.site_visitor import SiteVisitor


async def test_the_history_comes_in_pages_by_game_and_each_session_has_a_page_of_its_own(
    cabinet: ApiDriver, owner: Guarded, visitor: SiteVisitor
) -> None:
    now = utc_now()
    other = await guarded_account(cabinet)
    with cabinet.app[app_keys.DATABASE].active():
        node = await node_row("Frankfurt 1", 1, now)
        mine, foreign = [await Account.get(id=one.caller.account_id) for one in (owner, other)]
        rows = [
            await session_row(
                mine, node, now - timedelta(hours=number), ended_at=now, measured_at=now, seconds=60 + number,
                measured_total_ms=30.0, direct_ms=51.5, loss_up_percent=0.25,
            )
            for number in range(21)
        ]  # fmt: skip
        await Session.filter(id=rows[0].id).update(game="dota-2")
        theirs = await session_row(foreign, node, now)
    first = await visitor.open("/en/account/sessions")
    assert "21 sessions" in first.text
    assert "Page 1 of 2" in first.text
    assert "lost 0.2 / — %" in first.text
    assert 'aria-labelledby="pings-title pings-desc"' in first.html
    assert f"/en/account/sessions/{rows[20].id}" not in first.links
    second = await visitor.open(next(link for link in first.links if "page=2" in link))
    assert f"/en/account/sessions/{rows[20].id}" in second.links

    only = await visitor.submit(first.form("filter"), game="dota-2")
    assert "1 session" in only.text
    one = await visitor.open(f"/ru/account/sessions/{rows[0].id}")
    assert one.status == 200
    for words in ("Dota 2", "30.0 мс", "51.5 мс", "+21.5", "0.25 %", "Frankfurt 1"):
        assert words in one.text
    for unknown in (theirs.id, new_id(), "..", "x" * 300):
        assert (await visitor.open(f"/en/account/sessions/{unknown}")).status == 404, unknown


def test_the_chart_goes_from_old_to_new_and_leaves_out_what_nobody_measured() -> None:
    chart = ping_chart([*PLAYED, record(9, None, None)], "en")
    assert chart.index("01-13") < chart.index("01-20")
    assert "01-11" not in chart
    assert ping_chart([record(1, None, None)], "en") == ""

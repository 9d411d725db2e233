"""/admin/codes: made with their texts shown once, found by them, ended."""

import re

from plg_server.models.codes import Code
from support.desk_visitor import Desk, confirmed


async def test_codes_are_made_found_and_ended(desk: Desk) -> None:
    form = (await desk.admin.open("/en/admin/codes/new")).form("new-codes")
    made = await desk.admin.submit(form, kind="gift", days="7", count="2", label="fair", expires="2099-12-31")
    assert "2 codes are made" in made.text
    found = re.search(r'<pre id="texts"[^>]*>(\S+)\s', made.html)
    assert found is not None
    text = found[1]
    assert text not in (await desk.admin.open("/en/admin/codes")).html
    shown = await desk.support.submit((await desk.support.open("/en/admin/codes")).form("find"), find_code=text)
    assert "fair" in shown.text
    assert "stop" not in shown.ids
    done = await confirmed(desk.admin, (await desk.admin.open(shown.path)).form("stop-batch"))
    assert "stopped" in done.text
    with desk.active:
        assert await Code.filter(label="fair", disabled_at__not_isnull=True).count() == 2
    assert [act.partition(" ")[0] for act in await desk.acts()] == ["codes.create", "codes.stop"]
    assert "Nobody has brought a friend yet." in (await desk.support.open("/en/admin/codes/referrals")).text


async def test_a_code_that_gives_nothing_is_refused_and_kept_in_the_form(desk: Desk) -> None:
    form = (await desk.admin.open("/en/admin/codes/new")).form("new-codes")
    refused = await desk.admin.submit(form, kind="promo", label="spring")
    assert refused.status == 422
    assert refused.form("new-codes").fields["label"] == ["spring"]


async def test_a_text_of_ones_own_never_returns_to_the_form_of_the_search(desk: Desk) -> None:
    shown = await desk.support.submit((await desk.support.open("/en/admin/codes")).form("find"), find_code="NOT-THERE")
    assert shown.status == 404
    assert "NOT-THERE" not in shown.html

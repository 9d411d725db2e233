"""/account/telegram and /account/referral."""

import re
from pathlib import Path

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.services import telegram_links
from support.api_driver import PASSWORD, ApiDriver
from support.guarded_account import guarded_account
from support.shared_server import shared_server
from support.site_visitor import SiteVisitor


async def test_a_link_with_its_code_joins_the_chat_and_unlinking_parts_it(
    cabinet: ApiDriver, visitor: SiteVisitor
) -> None:
    shown = await visitor.open("/ru/account/telegram")
    begun = await visitor.submit(shown.form("link"))
    code = re.findall(r"/start ([A-Z0-9-]+)<", begun.html)[0]
    assert any(link.startswith("https://t.me/plg_test_bot?start=") for link in begun.links)
    assert 'class="qr"' in begun.html
    assert code not in (await visitor.open("/ru/account/telegram")).html
    with cabinet.app[app_keys.DATABASE].active():
        await telegram_links.link(code, 4711, "ru", utc_now())
    linked = await visitor.open("/ru/account/telegram")
    assert "Привязан" in linked.text
    parted = await visitor.submit(linked.form("unlink"))
    assert "Чат отвязан." in parted.text
    with cabinet.app[app_keys.DATABASE].active():
        assert await telegram_links.of_chat(4711) is None


async def test_ones_own_link_leads_a_friend_to_the_sign_up_with_the_code(
    cabinet: ApiDriver, visitor: SiteVisitor
) -> None:
    shown = await visitor.open("/en/account/referral")
    link = re.findall(r'id="link">([^<]+)<', shown.html)[0]
    assert "7 days for both of you" in shown.text
    friend = SiteVisitor(cabinet)
    page = await friend.open(link)
    assert page.path == "/en/sign-up"
    assert page.form("sign-up").fields["ref"][0] in shown.text
    await friend.submit(page.form("sign-up"), email="friend@example.org", password=PASSWORD)
    again = await visitor.open("/en/account/referral")
    assert "Came by your link 1" in again.text
    assert "friend@example.org" not in again.html


async def test_where_there_is_no_bot_and_nothing_is_sold_the_pages_say_so(tmp_path: Path) -> None:
    async with shared_server(tmp_path) as api:
        visitor = SiteVisitor(api)
        await visitor.sign_in((await guarded_account(api)).email, PASSWORD)
        telegram = await visitor.open("/ru/account/telegram")
        assert "нет бота в Telegram" in telegram.text
        assert "Nothing is sold on this server" in (await visitor.open("/en/account/referral")).text
        plan = await visitor.open("/en/account/plan")
        assert "Everything included" in plan.text
        assert not {"pay", "trial", "use-code"} & {form.id for form in plan.forms}

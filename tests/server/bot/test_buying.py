"""From /subscribe to a link to pay at."""

from plg_server.models.payments import Checkout
from plg_server.services.plans import PlanFacts, edit_plan
from support.billing_world import DONATEPAY
from support.bot_world import StartBot
from support.payment_signers import ROBOKASSA


async def test_a_plan_and_a_way_are_chosen_and_the_link_is_given(start_bot: StartBot) -> None:
    bot = await start_bot(billing="on", **DONATEPAY, **ROBOKASSA)
    ann, account = await bot.linked(7, language="ru")
    shown = await bot.write(ann, "/subscribe")
    assert shown is not None
    assert "499.00 RUB" in shown.plain
    assert shown.labels == ["monthly, 30 дней", "quarterly, 90 дней", "yearly, 365 дней"]
    ways = await bot.press(ann, "monthly")
    assert ways.message_id == shown.message_id
    assert {label.partition(":")[0] for label in ways.labels} == {"donatepay", "robokassa"}
    paying = await bot.press(ann, "donatepay")
    with bot.world.database.active():
        checkout = await Checkout.get(account_id=account.id)
    assert checkout.code in paying.plain
    assert "обязательно укажите код" in paying.plain
    assert checkout.code in paying.url()


async def test_with_a_single_way_the_link_comes_at_once(start_bot: StartBot) -> None:
    bot = await start_bot(billing="on", **DONATEPAY)
    ann, _account = await bot.linked(7)
    await bot.write(ann, "/subscribe")
    assert (await bot.press(ann, "yearly")).url().startswith("https://donate.example.org/")


async def test_prices_are_shown_to_everybody_and_paid_by_who_is_linked(start_bot: StartBot) -> None:
    bot = await start_bot(billing="on", **DONATEPAY)
    ann = bot.telegram.person(7)
    shown = await bot.write(ann, "/subscribe")
    assert shown is not None
    assert ("5.99 USD" in shown.plain, shown.labels, "/start" in shown.plain) == (True, [], True)
    for data in ("plan:monthly", "pay:monthly:donatepay:RUB"):
        await bot.press_data(ann, data)
        assert "Link this chat" in bot.telegram.last(ann).plain


async def test_what_is_not_offered_any_more_is_refused(start_bot: StartBot) -> None:
    bot = await start_bot(billing="on", **DONATEPAY)
    ann, account = await bot.linked(7)
    await bot.write(ann, "/subscribe")
    with bot.world.database.active():
        await edit_plan(PlanFacts("monthly", 30, prices={"RUB": "499.00"}), bot.clock(), withdrawn=True)
    for data in (
        "plan:monthly",
        "pay:monthly:donatepay:RUB",
        "pay:yearly:nobody:RUB",
        "pay:" + "x" * 60,
        "pay::",
        "plan:",
    ):
        await bot.press_data(ann, data)
        assert "not offered any more" in bot.telegram.last(ann).plain, data
    with bot.world.database.active():
        assert not await Checkout.filter(account_id=account.id).exists()


async def test_a_server_that_takes_no_payments_says_so(start_bot: StartBot) -> None:
    bot = await start_bot(billing="on")
    ann, _account = await bot.linked(7)
    shown = await bot.write(ann, "/subscribe")
    assert shown is not None
    assert ("takes no payments" in shown.plain, shown.labels) == (True, [])

"""Commands about one's own account: linking, /status, /referral, /language, /reminders."""

import re

from plg.contract.problem import ErrorCode
from plg_server.bot.account_facts import status_facts
from plg_server.bot.answers import Answer, Button
from plg_server.bot.asking import Asker, asker_of
from plg_server.bot.texts import word
from plg_server.bot.world import BotWorld
from plg_server.models.accounts import Account
from plg_server.problems import ApiError
from plg_server.services import telegram_links
from plg_server.services.referrals import referral_report

LINK_TRIES_AN_HOUR = 20
"""Of one chat: nobody meets a code by guessing, and nobody should burden the database with trying."""

_START_PARAMETER = re.compile(r"[A-Za-z0-9 _-]{1,64}")


async def start(world: BotWorld, asker: Asker, argument: str, language_code: str) -> Answer:
    """/start, and /start CODE, which a link `t.me/BOT?start=CODE` sends. A code that is sent twice links once and is told twice."""
    if not argument:
        if asker.link is not None:
            return asker.answer("account.known", name=asker.link.account.display_name)
        return _welcome(world, asker)
    if await _tries_too_often(world, asker.chat_id):
        return asker.answer("commands.slow_down")
    if not _START_PARAMETER.fullmatch(argument):
        return asker.answer("account.code_refused")
    try:
        link = await telegram_links.link(argument, asker.chat_id, language_code, world.clock())
    except ApiError as error:
        taken = error.code is ErrorCode.CODE_USED
        return asker.answer("account.chat_taken" if taken else "account.code_refused")
    account = await Account.get(id=link.account_id)
    return asker_of(asker.chat_id, link, language_code).answer("account.linked", name=account.display_name)


def _welcome(world: BotWorld, asker: Asker) -> Answer:
    url = world.config.public_url
    return asker.answer("account.welcome", how=f"{url.rstrip('/')}/account/telegram" if url else "")


async def _tries_too_often(world: BotWorld, chat_id: int) -> bool:
    return await world.store.incr(f"bot:link:{chat_id}", 3600.0) > LINK_TRIES_AN_HOUR


async def status(world: BotWorld, asker: Asker) -> Answer:
    """/status"""
    if asker.link is None:
        return asker.answer("account.link_first")
    facts = await status_facts(world, asker.link.account)
    text = asker.say("account.status", s=facts)
    if facts.state == "self_hosted":
        return Answer(text)
    return Answer(text, ((Button(word(asker.language, "subscribe"), data="plans"),),))


async def referral(world: BotWorld, asker: Asker) -> Answer:
    """/referral"""
    if not world.config.billing.on:
        return asker.answer("money.off")
    if asker.link is None:
        return asker.answer("account.link_first")
    return asker.answer("account.referral", r=await referral_report(asker.link.account_id, world.clock()))


def language(asker: Asker) -> Answer:
    """/language"""
    if asker.link is None:
        return asker.answer("account.language_by_telegram")
    names = (("ru", "russian"), ("en", "english"))
    return Answer(
        asker.say("account.language"),
        (tuple(Button(word(asker.language, label), data=f"language:{code}") for code, label in names),),
    )


async def choose_language(asker: Asker, code: str) -> Answer:
    """A button of /language."""
    if asker.link is None or code not in ("ru", "en"):
        return asker.answer("account.link_first")
    await telegram_links.choose_language(asker.link.id, code)
    return Asker(asker.chat_id, code, asker.link).answer("account.language_chosen")


def reminders(asker: Asker, on: bool | None = None) -> Answer:
    """/reminders. `on`: as it is now, when that was just changed."""
    if asker.link is None:
        return asker.answer("account.link_first")
    is_on = asker.link.reminders if on is None else on
    label = word(asker.language, "reminders_off" if is_on else "reminders_on")
    button = Button(label, data=f"reminders:{'off' if is_on else 'on'}")
    return Answer(asker.say("account.reminders", on=is_on), ((button,),))


async def choose_reminders(asker: Asker, choice: str) -> Answer:
    """A button of /reminders."""
    if asker.link is None or choice not in ("on", "off"):
        return asker.answer("account.link_first")
    await telegram_links.choose_reminders(asker.link.id, on=choice == "on")
    return reminders(asker, choice == "on")


async def unlink(asker: Asker) -> Answer:
    """/unlink. Where nothing is linked it says the same."""
    if asker.link is not None:
        await telegram_links.unlink(asker.link.account_id)
    return asker.answer("account.unlinked")

"""/games, /nodes and /help, for everybody."""

import pytest

from plg_server.bot.asking import asker_of
from plg_server.bot.public_commands import GAMES_A_PAGE, games, help_, turn_page
from support.bot_world import BotDriver
from support.operator_rows import node_row

ANN = asker_of(7, None, "en")


async def test_games_are_found_and_told_how_to_boost_them(bot: BotDriver) -> None:
    ann = bot.telegram.person(7, language="ru")
    assert "plg connect cs2" in await bot.said(ann, "/games кс2")
    assert "нет" in await bot.said(ann, "/games qqqqqqqqqqqqqqq")


async def test_pages_are_turned_to_the_end_and_show_every_game_once(bot: BotDriver) -> None:
    seen: list[str] = []
    answer = games(bot.world, ANN, "")
    pages = 1
    while True:
        seen += [line for line in answer.text.splitlines() if line.startswith("•")]
        following = [button for row in answer.buttons for button in row if button.label.startswith("Next")]
        if not following:
            break
        pages += 1
        answer = turn_page(bot.world, ANN, following[0].data.partition(":")[2])
    assert len(seen) == len(set(seen)) == len(bot.world.catalog.profiles)
    assert pages == -(-len(seen) // GAMES_A_PAGE)


@pytest.mark.parametrize("data", ["", "x:cs", "-1:cs", "99999:cs", "9999:", "²:cs", "1:" + "ж" * 60])
async def test_a_page_that_is_not_there_shows_one_that_is(bot: BotDriver, data: str) -> None:
    assert turn_page(bot.world, ANN, data).text


async def test_relays_are_shown_with_their_state(bot: BotDriver) -> None:
    ann = bot.telegram.person(7)
    assert "No relay" in await bot.said(ann, "/nodes")
    with bot.world.database.active():
        await node_row("Oslo <1>", 1, bot.clock())
    assert "🟢 Oslo <1>: up, 0 sessions" in await bot.said(ann, "/nodes")


def test_help_names_every_command() -> None:
    text = help_(ANN).text
    assert all(f"/{name}" in text for name in ("status", "subscribe", "games", "nodes", "referral", "start"))

"""Keys of the player's own."""

from pathlib import Path

import pytest

from plg_tui.app import Dashboard
from plg_tui.keymap import EVERYWHERE, ON_A_SCREEN, checked_keys, is_key, usual_keys
from plg_tui.screens.games import GamesScreen
from plg_tui.screens.history import HistoryScreen
from plg_tui.screens.relays import RelaysScreen
from plg_tui.screens.session import SessionScreen
from plg_tui.screens.subscription import SubscriptionScreen
from support.dashboard_pilot import dashboard_at, screen_text, until
from support.talking_tunnel import STATUS


def bindings(*owners: type) -> dict[str, str]:
    return {entry.id: entry.key for owner in owners for entry in owner.__dict__["BINDINGS"] if entry.id}


def test_every_key_that_can_be_changed_is_one_that_a_screen_has() -> None:
    assert bindings(Dashboard) == EVERYWHERE
    assert bindings(SessionScreen) == ON_A_SCREEN["session"]
    assert bindings(RelaysScreen) == ON_A_SCREEN["relays"]
    assert bindings(GamesScreen) == ON_A_SCREEN["games"]
    assert bindings(HistoryScreen) == ON_A_SCREEN["history"]
    assert bindings(SubscriptionScreen) == ON_A_SCREEN["subscription"]


def test_the_usual_keys_do_not_stand_in_each_others_way() -> None:
    assert checked_keys(usual_keys()).faults == ()


@pytest.mark.parametrize("name", ["f", "Ж", "f9", "ctrl+x", "space", "plus", "question_mark", "shift+f3", "alt+left"])
def test_a_key_is_a_character_or_a_name(name: str) -> None:
    assert is_key(name)


@pytest.mark.parametrize("name", ["", " ", "ctrl+", "hyperspace", "f99", "\x1b", "ctrl+nothing"])
def test_what_no_terminal_sends_is_no_key(name: str) -> None:
    assert not is_key(name)


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        ({"freze": "f"}, "nothing is called 'freze'; known: freeze"),
        ({"freeze": "hyperspace"}, "'hyperspace' of 'freeze' is no key"),
        ({"freeze": "a,b,c,e,f"}, "of 'freeze' is no key"),
        ({"freeze": "d"}, "'freeze' and 'disconnect' would have the same key d"),
        ({"freeze": "q"}, "'freeze' and 'leave' would have the same key q"),
        ({"leave": "s"}, "'leave' and 'sort' would have the same key s"),
        ({"wider": "="}, "'wider' and 'closer' would have the same key ="),
    ],
)
def test_what_cannot_be_used_is_named_and_the_usual_key_stays(wanted: dict[str, str], fault: str) -> None:
    checked = checked_keys(wanted)
    assert checked.keymap == {}
    assert len(checked.faults) == 1
    assert fault in checked.faults[0]


def test_two_may_change_places_and_two_screens_share_a_key() -> None:
    assert checked_keys({"freeze": "d", "disconnect": "space"}).faults == ()
    assert checked_keys({"sort": "d"}).faults == ()


async def test_a_key_of_the_players_own_works_and_stands_in_the_bars(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text('[keys]\nfreeze = "f"\ngames = "f9"\nx = "y"\n')
    app = dashboard_at(tmp_path)
    async with app.run_test(size=(100, 30)) as pilot:
        app.feed.close()
        app.take_status(STATUS)
        await pilot.pause()
        assert any("'x'" in note.message for note in app._notifications)
        await pilot.press("f")
        await pilot.pause()
        assert "frozen" in screen_text(app)
        assert "f Freeze" in screen_text(app)
        assert "F9 Games" in screen_text(app)
        await pilot.press("f9")
        await until(lambda: "[F9 Games]" in screen_text(app), "the games")

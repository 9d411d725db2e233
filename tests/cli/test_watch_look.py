"""The list of games that `plg watch` looks for, while days go by."""

import os
from pathlib import Path

import pytest

from plg.api.errors import ServerUnreachable, UnreachableReason
from plg.api.game_catalogue import KnownGame
from plg.cli.cli_error import CliError
from plg.cli.invocation import GlobalFlags, Invocation
from plg.cli.watch_look import RENEW_EVERY_S, WatchLook, choose_games
from plg.cli.watching import Detail
from support.stand_in_game import running, sleeper


def game(slug: str, *programs: str, boostable: bool = True) -> KnownGame:
    return KnownGame(slug=slug, name=slug.title(), executables=list(programs), boostable=boostable, aliases=[slug[:2]])


KNOWN = [game("alpha", "a1"), game("bravo", "b1"), game("charlie"), game("delta", "d1", boostable=False)]


class World:
    """A person's folder, a clock, and a list that changes."""

    def __init__(self, home: Path, *games: KnownGame) -> None:
        self.games = list(games)
        self.now_s = 0.0
        self.asked = 0
        self.away = False
        self.told: list[Detail] = []
        run = Invocation(GlobalFlags(), {**os.environ, "PLG_CONFIG_DIR": str(home)})
        self.look = WatchLook(run, self._choose, self, lambda: self.now_s)

    def _choose(self) -> list[KnownGame]:
        self.asked += 1
        if self.away:
            raise ServerUnreachable("https://plg.example.org", UnreachableReason.REFUSED, "away")
        return self.games

    def once(self, key: str, event: str, detail: Detail) -> None:
        self.told.append(detail)


def test_the_list_is_asked_for_anew_while_days_go_by_and_an_outage_changes_nothing(tmp_path: Path) -> None:
    name = f"plgl{os.getpid()}"
    world = World(tmp_path)
    with running([str(sleeper(tmp_path / "bin" / name)), "600"]) as process:
        for _ in range(50):
            assert world.look.running() == {}
        assert world.asked == 1
        world.games = [game("new-game", name)]
        world.now_s = RENEW_EVERY_S
        assert world.look.running() == {"new-game": [process.pid]}
        world.away, world.now_s = True, 2 * RENEW_EVERY_S
        assert world.look.running() == {"new-game": [process.pid]}
        assert world.look.running() == {"new-game": [process.pid]}
        assert world.asked == 3


def test_a_profile_that_is_added_meanwhile_counts_at_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.look.running()
    (tmp_path / "profiles").mkdir()
    world.look.running()
    assert world.asked == 2


def test_two_games_of_one_process_are_left_to_the_person(tmp_path: Path) -> None:
    name = f"plgm{os.getpid()}"
    world = World(tmp_path, game("first", name), game("second", name))
    with running([str(sleeper(tmp_path / "bin" / name)), "600"]) as process:
        assert world.look.running() == {}
        assert world.told == [{"games": "first, second", "pids": [process.pid]}]


def test_games_are_chosen_by_any_of_their_names() -> None:
    assert [found.slug for found in choose_games(KNOWN, [], [])] == ["alpha", "bravo"]
    assert [found.slug for found in choose_games(KNOWN, [], ["Alpha"])] == ["bravo"]
    assert [found.slug for found in choose_games(KNOWN, ["BR", "delta"], ["bravo"])] == ["bravo", "delta"]


@pytest.mark.parametrize(("name", "code"), [("alpah", "game_not_found"), ("charlie", "programs_unknown")])
def test_a_game_that_cannot_be_looked_for_is_refused(name: str, code: str) -> None:
    with pytest.raises(CliError) as caught:
        choose_games(KNOWN, [name], [])
    assert caught.value.code == code

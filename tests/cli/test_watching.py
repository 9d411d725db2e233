"""The rules of `plg watch` in invented time, with a tunnel that does as it is told."""

from dataclasses import dataclass, field

import pytest

from plg.cli.exit_codes import ExitCode
from plg.cli.watching import FIRST_WAIT_S, LONGEST_WAIT_S, Detail, Refused, TunnelSilent, Watcher
from plg.contract.cli_output import FlowView, StatusDocument

LOOK_S = 2.0


def status(game: str, pid: int, *, left_direct: int = 0) -> StatusDocument:
    flow = FlowView(
        local_port=1, destination="192.0.2.1:1", route="direct", why="alive_before_connect", packets_up=0, packets_down=0, idle_s=0
    )  # fmt: skip
    return StatusDocument(state="connected", at="", game=game, pid=pid, flows=[flow] * left_direct)


@dataclass
class FakeTunnel:
    """Connects as `answers` say, one after the other; then always."""

    answers: list[Refused] = field(default_factory=list)
    up: StatusDocument | None = None
    silent: bool = False
    crashed: bool = False
    tries: int = 0

    def status(self) -> StatusDocument | None:
        if self.silent:
            raise TunnelSilent
        return self.up

    def connect(self, game: str) -> StatusDocument | Refused:
        self.tries += 1
        if self.answers:
            return self.answers.pop(0)
        self.up = status(game, 1000 + self.tries)
        return self.up

    def leave(self) -> bool:
        self.up = None
        return True

    def broke_off(self) -> bool:
        return self.crashed


@dataclass
class World:
    """Games that run, a clock, and what was told."""

    tunnel: FakeTunnel = field(default_factory=FakeTunnel)
    running: dict[str, list[int]] = field(default_factory=dict)
    now_s: float = 0.0
    told: list[tuple[str, Detail]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watcher = Watcher(
            lambda: dict(self.running),
            self.tunnel,
            lambda event, detail: self.told.append((event, detail)),
            lambda: self.now_s,
        )

    def boosting(self) -> str | None:
        return self.watcher.boosting

    def looks(self, count: int = 1) -> list[str]:
        """What the next looks tell."""
        before = len(self.told)
        for _ in range(count):
            self.watcher.step()
            self.now_s += LOOK_S
        return [event for event, _ in self.told[before:]]


def test_a_game_is_boosted_from_its_start_to_its_end() -> None:
    world = World()
    assert world.looks(3) == []
    world.running["cs2"] = [7]
    assert world.looks() == ["game_started", "connecting", "connected"]
    assert world.boosting() == "cs2"
    assert world.looks(5) == []
    del world.running["cs2"]
    assert world.looks() == []
    assert world.looks() == ["game_ended", "leaving", "disconnected"]
    assert world.boosting() is None
    assert world.tunnel.tries == 1


def test_a_game_that_hands_over_to_its_own_next_process_is_not_left() -> None:
    world = World(running={"cs2": [7]})
    world.looks()
    world.running.clear()
    world.looks()
    world.running["cs2"] = [8]
    assert world.looks(3) == []
    assert world.watcher.boosting == "cs2"


def test_a_server_that_is_away_is_tried_again_ever_more_seldom() -> None:
    away = Refused(ExitCode.UNREACHABLE, "server_unreachable", "away")
    world = World(FakeTunnel(answers=[away] * 20), {"cs2": [7]})
    world.looks(1800)
    waits = [detail["again_in_s"] for event, detail in world.told if event == "not_connected"]
    assert waits[:4] == [FIRST_WAIT_S, 10, 20, 40]
    assert set(waits[7:]) == {LONGEST_WAIT_S}
    assert world.tunnel.tries < 3600 / LONGEST_WAIT_S + 8
    world.looks(6000)
    assert world.watcher.boosting == "cs2"


@pytest.mark.parametrize(
    "refused",
    [
        Refused(ExitCode.DIRECT_IS_BETTER, "direct_is_better", ""),
        Refused(ExitCode.NEEDS_PRIVILEGES, "capture_unavailable", ""),
        Refused(ExitCode.FAILURE, "tcp_only", ""),
    ],
)
def test_what_trying_again_does_not_mend_waits_for_the_games_next_start(refused: Refused) -> None:
    world = World(FakeTunnel(answers=[refused]), {"cs2": [7]})
    world.looks(100)
    assert world.tunnel.tries == 1
    assert world.told[-1][1]["again_in_s"] is None
    world.running.clear()
    world.looks(2)
    world.running["cs2"] = [8]
    assert "connected" in world.looks(3)


def test_a_match_that_ran_already_is_said_to_stay_direct_once() -> None:
    world = World(running={"cs2": [7]})
    world.looks()
    world.tunnel.up = status("cs2", 1001, left_direct=2)
    assert world.looks(3) == ["match_left_direct"]


def test_somebody_elses_tunnel_is_left_alone_and_ours_comes_after_it() -> None:
    world = World(FakeTunnel(up=status("dota-2", 5)), {"cs2": [7]})
    assert world.looks(3) == ["game_started", "tunnel_busy"]
    assert world.told[-1][1]["carries"] == "dota-2"
    world.tunnel.up = None
    assert world.looks() == ["connecting", "connected"]


def test_two_games_take_turns() -> None:
    world = World(running={"cs2": [7]})
    world.looks()
    world.running["dota-2"] = [8]
    assert world.looks(2) == ["game_started"]
    del world.running["cs2"]
    assert world.looks(3) == ["game_ended", "leaving", "disconnected", "connecting", "connected"]
    assert world.watcher.boosting == "dota-2"


def test_a_tunnel_that_somebody_ends_stays_ended_until_the_game_starts_anew() -> None:
    world = World(running={"cs2": [7]})
    world.looks()
    world.tunnel.up = None
    assert world.looks(200) == ["tunnel_ended"]
    world.running.clear()
    world.looks(2)
    world.running["cs2"] = [9]
    assert "connected" in world.looks()


def test_a_tunnel_that_breaks_off_is_started_again_after_a_while() -> None:
    world = World(FakeTunnel(crashed=True), {"cs2": [7]})
    world.looks()
    world.tunnel.up = None
    assert world.looks(5) == ["tunnel_lost", "connecting", "connected"]


def test_a_tunnel_that_does_not_answer_is_waited_for() -> None:
    world = World(FakeTunnel(silent=True), {"cs2": [7]})
    assert world.looks(5) == ["game_started"]
    world.tunnel.silent = False
    assert world.looks() == ["connecting", "connected"]

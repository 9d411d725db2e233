"""The relay's process dies or is replaced in the middle of a match: what game servers see of it (design: promise R5)."""

import asyncio
import os
import signal
import time
import urllib.request
from pathlib import Path

import pytest

from support.fake_systemd import FakeSystemd
from support.live_relay import RelayProcess, enrolled_identity, game_socket, relay_process
from support.requirements import require_linux
from support.restart_match import GameServer, Match

KILLS = 20
PLAY_BETWEEN_S = 1.1  # less would count as an early death, and each start would wait longer


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    require_linux()
    enrolled_identity(tmp_path)
    return tmp_path


def settings(data_dir: Path, **values: object) -> tuple[str, str]:
    """Options for `plg relay run`."""
    file = data_dir / "relay.toml"
    file.write_text("".join(f"{key} = {str(value).lower()}\n" for key, value in values.items()), encoding="utf-8")
    return "--config", str(file)


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def relay_of(keeper: int) -> int:
    """The process that carries packets: the keeper's oldest child; 0 when there is none just now."""
    return next(iter(children(keeper)), 0)


def metrics(relay: RelayProcess) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{relay.metrics_port}/metrics", timeout=5) as answer:
        return str(answer.read().decode())


def kill_relay(relay: RelayProcess) -> None:
    os.kill(relay_of(relay.process.pid), signal.SIGKILL)


async def test_a_relay_killed_twenty_times_is_one_player_to_each_game_server(data_dir: Path) -> None:
    with relay_process(data_dir, *settings(data_dir, restarts_per_minute=1000)) as relay:
        match = Match(relay.port)
        await match.begin()
        for _ in range(KILLS):
            await match.play_through(lambda: kill_relay(relay))
            await match.play(at_most_s=PLAY_BETWEEN_S)
        assert [len(game.sources) for game in match.games] == [1, 1]
        assert [game.refusals for game in match.games] == [0, 0]
        shown = await asyncio.to_thread(metrics, relay)
        assert f'plg_relay_restarts_total{{reason="crash"}} {KILLS}.0' in shown
        assert 'plg_relay_drops_total{reason="stale_after_restart"}' in shown
        match.close()


async def test_without_a_keeper_a_killed_relay_shows_game_servers_a_closed_port(data_dir: Path) -> None:
    with relay_process(data_dir, *settings(data_dir, keeper=False)) as relay:
        match = Match(relay.port)
        await match.begin()
        relay.process.kill()
        relay.process.wait()
        await match.play(at_most_s=0.5)
        assert all(game.refusals for game in match.games)
        match.close()


async def test_a_reload_keeps_players_in_their_match(data_dir: Path) -> None:
    with relay_process(data_dir) as relay:
        match = Match(relay.port)
        await match.begin()
        before = relay_of(relay.process.pid)
        relay.process.send_signal(signal.SIGHUP)
        assert await match.play(until=lambda: relay_of(relay.process.pid) != before, at_most_s=30)
        await match.play_through(lambda: None)
        assert [len(game.sources) for game in match.games] == [1, 1]
        assert [game.refusals for game in match.games] == [0, 0]
        shown = await asyncio.to_thread(metrics, relay)
        assert 'plg_relay_restarts_total{reason="reload"} 1.0' in shown
        match.close()


async def test_a_reload_with_bad_settings_changes_nothing(data_dir: Path) -> None:
    with relay_process(data_dir, *settings(data_dir)) as relay:
        match = Match(relay.port)
        await match.begin()
        settings(data_dir, workers=1000)
        before = relay_of(relay.process.pid)
        relay.process.send_signal(signal.SIGHUP)
        log = data_dir / "stderr.log"
        assert await match.play(until=lambda: "goes on as it is" in log.read_text(), at_most_s=30)
        assert "workers = 1000 is not allowed" in log.read_text()
        assert relay_of(relay.process.pid) == before
        assert [game.refusals for game in match.games] == [0, 0]
        match.close()


async def test_a_restart_of_the_whole_service_keeps_players_in_their_match(data_dir: Path) -> None:
    manager = FakeSystemd(data_dir)
    with relay_process(data_dir, environ=manager.environ) as relay:
        match = Match(relay.port)
        await match.begin()
        game_sockets = 2
        assert await match.play(until=lambda: len(manager.listen()) == 3 + game_sockets, at_most_s=10)
        relay.process.kill()
        relay.process.wait()
        await match.play(at_most_s=0.3)
    launcher, passed = manager.next_start()
    # Its ports are the system's choice by the settings, and those of before by what the service manager gives back.
    with relay_process(data_dir, environ=manager.environ, launcher=launcher, passed=passed) as again:
        assert again.port == relay.port
        assert again.metrics_port == relay.metrics_port
        await match.play_through(lambda: None)
        await match.play_through(lambda: kill_relay(again))
        assert [len(game.sources) for game in match.games] == [1, 1]
        assert [game.refusals for game in match.games] == [0, 0]
        match.player.session.close(time.monotonic())
        match.player.step()
        again.process.terminate()
        assert await asyncio.to_thread(again.process.wait, 20) == 0
    assert manager.listen() == ["control", "front0-1", "metrics"], "what is over is stored no longer"
    match.close()
    manager.close()


async def test_a_worker_that_dies_shows_game_servers_no_closed_port_either(data_dir: Path) -> None:
    with relay_process(data_dir, "--workers", "2") as relay:
        match = Match(relay.port)
        await match.begin()
        main = relay_of(relay.process.pid)
        first_port = [next(iter(game.sources))[1] for game in match.games]
        for worker in children(main):
            await match.play_through(lambda pid=worker: os.kill(pid, signal.SIGKILL))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        await match.play_through(lambda: os.kill(main, signal.SIGKILL))
        assert [game.sources for game in match.games] == [{("127.0.0.1", port)} for port in first_port]
        assert [game.refusals for game in match.games] == [0, 0]
        match.close()


def test_a_game_server_of_these_tests_notices_a_closed_port() -> None:
    for is_bound in (False, True):
        server = GameServer(is_bound_to_player=is_bound)
        with game_socket() as player:
            player.sendto(b"hello", server.address)
            server.step()
        for _ in range(3):
            server.step()
        assert server.refusals
        server.opened.close()

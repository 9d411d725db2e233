"""`plg relay run` as a process: starts, drains, dies, resumes, refuses."""

import asyncio
import json
import signal
import socket
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from plg.contract.relay_control import RELAY_AUTH_HEADER, RelayHealth
from plg.protocol.events import Established, HandshakeRefused, RelayDraining, SessionClosed
from plg_relay.app import write_port_file
from plg_relay.errors import RelayError
from plg_relay.identity import identity_path
from support.live_relay import (
    CONTROL_KEY,
    LivePlayer,
    RelayProcess,
    enrolled_identity,
    game_socket,
    live_grant,
    relay_process,
)


def health(relay: RelayProcess) -> RelayHealth:
    request = urllib.request.Request(
        f"http://127.0.0.1:{relay.control_port}/v1/health", headers={RELAY_AUTH_HEADER: CONTROL_KEY}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return msgspec.json.decode(answer.read(), type=RelayHealth)


def metrics(relay: RelayProcess) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{relay.metrics_port}/metrics", timeout=5) as answer:
        return str(answer.read().decode())


async def ended(relay: RelayProcess, within_s: float) -> int:
    return await asyncio.to_thread(relay.process.wait, within_s)


def happened(player: LivePlayer, kind: type) -> Callable[[], bool]:
    return lambda: any(isinstance(event, kind) for event in player.events)


async def test_a_relay_whose_server_is_away_serves_tickets_from_its_cache(tmp_path: Path) -> None:
    enrolled_identity(tmp_path)
    port_file = tmp_path / "port"
    with relay_process(tmp_path, "--port-file", str(port_file)) as relay:
        assert int(port_file.read_text()) == relay.port
        player, game = LivePlayer.at(relay.port), game_socket()
        await player.connect()
        player.send(b"open", game.getsockname())
        game.sendto(b"answer", await player.game_receives(game, b"open"))
        await player.until(lambda: player.payloads == [b"answer"], "the answer")
        assert health(relay).sessions == 1
        assert 'plg_relay_packets_total{direction="down"} 1.0' in metrics(relay)
        player.close()
        game.close()


async def test_with_json_its_log_is_for_programs_too(tmp_path: Path) -> None:
    enrolled_identity(tmp_path)
    with relay_process(tmp_path) as relay:
        relay.process.send_signal(signal.SIGTERM)
        assert relay.process.wait(timeout=20) == 0
    lines = [json.loads(line) for line in (tmp_path / "stderr.log").read_text(encoding="utf-8").splitlines()]
    assert lines
    assert all({"time", "level", "logger", "event"} <= line.keys() for line in lines)


async def test_a_relay_killed_and_started_again_gives_the_player_the_same_port(tmp_path: Path) -> None:
    enrolled_identity(tmp_path)
    game = game_socket()
    with relay_process(tmp_path) as relay:
        player = LivePlayer.at(relay.port)
        await player.connect()
        player.send(b"before", game.getsockname())
        seen_from = await player.game_receives(game, b"before")
        relay.process.kill()
        relay.process.wait()
    with relay_process(tmp_path, port=relay.port) as again:
        newcomer = LivePlayer.at(again.port, live_grant(cid=0x77))
        await newcomer.connect()
        newcomer.send(b"new", game.getsockname())
        assert (await newcomer.game_receives(game, b"new"))[1] % 2 != seen_from[1] % 2, "the other half of the range"
        await player.until(lambda: sum(isinstance(one, Established) for one in player.events) == 2, "second session")
        player.send(b"after", game.getsockname())
        assert await player.game_receives(game, b"after") == seen_from
        game.sendto(b"answer", seen_from)
        await player.until(lambda: player.payloads == [b"answer"], "the answer after the restart")
        newcomer.close()
    player.close()
    game.close()


async def test_sigterm_drains_and_the_relay_ends_with_its_last_session(tmp_path: Path) -> None:
    enrolled_identity(tmp_path)
    with relay_process(tmp_path, "--drain-seconds", "30") as relay:
        player = LivePlayer.at(relay.port)
        await player.connect()
        relay.process.send_signal(signal.SIGTERM)
        await player.until(happened(player, RelayDraining), "DRAIN")
        late = LivePlayer.at(relay.port, live_grant(cid=2))
        late.session.connect(time.monotonic())
        await late.until(happened(late, HandshakeRefused), "refusal")
        assert relay.process.poll() is None
        player.session.close(time.monotonic())
        player.step()
        assert await ended(relay, 10) == 0
        player.close()
        late.close()


async def test_a_second_signal_ends_the_relay_at_once_and_players_are_told(tmp_path: Path) -> None:
    enrolled_identity(tmp_path)
    with relay_process(tmp_path, "--drain-seconds", "60") as relay:
        player = LivePlayer.at(relay.port)
        await player.connect()
        relay.process.send_signal(signal.SIGTERM)
        await player.until(happened(player, RelayDraining), "DRAIN")
        relay.process.send_signal(signal.SIGTERM)
        assert await ended(relay, 10) == 0
        await player.until(happened(player, SessionClosed), "CLOSE")
        player.close()


async def test_a_drain_ends_after_its_time_even_with_players(tmp_path: Path) -> None:
    enrolled_identity(tmp_path)
    with relay_process(tmp_path, "--drain-seconds", "1") as relay:
        player = LivePlayer.at(relay.port)
        await player.connect()
        relay.process.send_signal(signal.SIGTERM)
        assert await ended(relay, 10) == 0
        player.close()


def refusal(tmp_path: Path, *options: str, port: int = 0) -> str:
    with pytest.raises(AssertionError, match="did not start") as caught, relay_process(tmp_path, *options, port=port):
        pass
    return str(caught.value)


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    enrolled_identity(tmp_path)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        told = refusal(tmp_path, port=holder.getsockname()[1])
    assert "is taken by another program" in told
    assert '"exit_code":11' in told
    assert "Traceback" not in told


def test_a_damaged_identity_is_one_line(tmp_path: Path) -> None:
    enrolled_identity(tmp_path)
    identity_path(tmp_path).write_text("{")
    told = refusal(tmp_path)
    assert "damaged" in told
    assert '"exit_code":10' in told


def test_lab_mode_is_refused_on_a_relay_with_a_public_address(tmp_path: Path) -> None:
    enrolled_identity(tmp_path, public_host="9.9.9.9")
    told = refusal(tmp_path)
    assert "allow_private" in told
    assert "public" in told


def test_a_port_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RelayError, match="cannot write the port file"):
        write_port_file(tmp_path / "none" / "port", 1)

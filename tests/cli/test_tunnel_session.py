"""One `plg connect` in this process. (On a terminal and with signals: test_connect, in a process of its own.)"""

import asyncio
import signal
from pathlib import Path

import pytest

from plg.api.errors import ServerUnreachable
from plg.cli.settings import server_address
from plg.cli.tunnel_session import run_tunnel
from plg.tunnel.connect_request import ConnectRequest
from support.inside import invocation_at


async def test_a_failed_start_puts_the_signal_handlers_back(tmp_path: Path) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    run = invocation_at(tmp_path, as_json=True, PLG_RUNTIME_DIR=str(tmp_path / "run"), PLG_TOKEN="abc")
    with pytest.raises(ServerUnreachable):
        await run_tunnel(run, server_address("http://127.0.0.1:1", "--server"), ConnectRequest(game="openarena"), 5.0)
    assert {number: signal.getsignal(number) for number in before} == before
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["tunnel.lock"]


async def test_time_that_is_over_before_it_connects_leaves_quietly(tmp_path: Path) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the caller hangs up
        writer.close()

    mute = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = mute.sockets[0].getsockname()[1]
    run = invocation_at(tmp_path, as_json=True, PLG_RUNTIME_DIR=str(tmp_path / "run"), PLG_TOKEN="abc")
    address = server_address(f"http://127.0.0.1:{port}", "--server")
    async with asyncio.timeout(10):
        assert await run_tunnel(run, address, ConnectRequest(game="openarena"), 0.3) == 0
    mute.close()
    await mute.wait_closed()
    await asyncio.sleep(0.05)  # the connection's own end

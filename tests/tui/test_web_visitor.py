"""A visitor's process: started without a shell, and never left behind."""

import asyncio
import sys
from pathlib import Path

import aiohttp
import psutil
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from plg_tui.web_visitor import WEB_DRIVER, Size, Visitor, serve_visitor

SAYS_HELLO = """
import os, sys
sys.stdout.buffer.write(b"__GANGLION__\\n")
text = (os.environ["TEXTUAL_DRIVER"] + " " + os.environ["COLUMNS"] + "x" + os.environ["ROWS"] + " " + sys.argv[1]).encode()
sys.stdout.buffer.write(b"D" + len(text).to_bytes(4, "big") + text)
sys.stdout.flush()
"""


def one_visitor(command: list[str], seen: list[Visitor]) -> web.Application:
    async def visit(request: web.Request) -> web.WebSocketResponse:
        opened = web.WebSocketResponse()
        await opened.prepare(request)
        seen.append(Visitor(command, {"PATH": ""}, opened))
        await serve_visitor(seen[-1], opened, Size(100, 30))
        return opened

    app = web.Application()
    app.add_routes([web.get("/", visit)])
    return app


async def test_the_process_gets_its_words_as_they_are_and_the_size_of_the_browser() -> None:
    seen: list[Visitor] = []
    odd = "; touch /nowhere $(x) 'y"
    app = one_visitor([sys.executable, "-c", SAYS_HELLO + "sys.stdin.read()", odd], seen)
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession() as client,
        client.ws_connect(server.make_url("/")) as tab,
    ):
        assert (await tab.receive_bytes(timeout=20)).decode() == f"{WEB_DRIVER} 100x30 {odd}"


async def test_a_dashboard_that_ends_closes_its_page() -> None:
    app = one_visitor([sys.executable, "-c", SAYS_HELLO, "x"], [])
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession() as client,
        client.ws_connect(server.make_url("/")) as tab,
    ):
        await tab.receive_bytes(timeout=20)
        assert (await tab.receive(timeout=20)).type is aiohttp.WSMsgType.CLOSE


async def test_one_that_hangs_is_ended_by_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plg_tui.web_visitor.END_WAIT_S", 0.3)
    seen: list[Visitor] = []
    app = one_visitor([sys.executable, "-c", SAYS_HELLO + "import time; time.sleep(600)", "x"], seen)
    async with TestServer(app) as server, aiohttp.ClientSession() as client:
        async with client.ws_connect(server.make_url("/")) as tab:
            await tab.receive_bytes(timeout=20)
            process = seen[0].process
            assert process is not None
            assert psutil.pid_exists(process.pid)
        async with asyncio.timeout(20):
            await process.wait()
    assert process.returncode == -9


async def test_one_whose_end_is_not_waited_for_is_ended_by_force() -> None:
    seen: list[Visitor] = []
    app = one_visitor([sys.executable, "-c", SAYS_HELLO + "import time; time.sleep(600)", "x"], seen)
    # aiohttp's test server cancels a handler when its client has gone, here in the middle of the wait for the dashboard's end.
    async with (
        TestServer(app) as server,
        aiohttp.ClientSession() as client,
        client.ws_connect(server.make_url("/")) as tab,
    ):
        await tab.receive_bytes(timeout=20)
    process = seen[0].process
    assert process is not None
    assert process.returncode == -9

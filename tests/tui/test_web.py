"""The dashboard in a browser: the whole story in a real one, and strangers who get nothing."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import psutil
import pytest
from aiohttp import web
from playwright.async_api import Browser, expect

from plg.lab.product import clean_environment
from plg_tui.web import MOST_VISITORS, NotLoopback, WebDashboard, host_names, loopback_address
from plg_tui.web_page import STATIC_FILES
from support.browser import headless_chromium, watched_page
from support.local_server import serving
from support.loopback_lab import loopback_lab, play
from support.web_terminal import FIND_TERMINAL, WebTerminal, web_dashboard


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with headless_chromium() as chromium:
        yield chromium


def packets_up(screen: str) -> int:
    found = re.search(r"packets (\d+) up", screen)
    return int(found[1]) if found else -1


@pytest.mark.timeout(240)
async def test_register_find_connect_watch_disconnect_in_a_browser(browser: Browser, tmp_path: Path) -> None:
    with loopback_lab(tmp_path, register=False) as lab, web_dashboard(lab.player.environment, tmp_path) as (url, _):
        async with watched_page(browser, width_px=1280, height_px=820) as visit:
            await visit.page.add_init_script(FIND_TERMINAL)
            await visit.page.goto(url)
            shown = WebTerminal(visit.page, tmp_path)
            await shown.see("No tunnel is running.")
            await shown.keys("Control+p")
            await shown.see("Search the commands")
            await shown.type("log in")
            await shown.see(lambda screen: "Log in" in screen and "Open: " not in screen)
            await asyncio.sleep(0.5)  # the palette puts its cursor on the hit a moment after it shows it
            await shown.keys("ArrowDown", "Enter")
            await shown.see("E-mail address")
            await shown.type("player@lab.example")
            await shown.keys("Tab")
            await shown.type("correct horse of the browser")
            await shown.keys("Tab", "Tab", "Enter")
            await shown.see("Logged in at")

            await shown.keys("F3")
            await shown.see("Enter connects")
            await shown.type("openarena")
            # "open" alone finds this one too: the whole word has been looked for once it is gone.
            await shown.see(lambda screen: "OpenArena" in screen and "OpenTTD" not in screen)
            await shown.keys("Control+o")
            await shown.see("Connect OpenArena")
            await shown.type(lab.game.address)
            await shown.keys(
                "Tab", "ArrowDown", "ArrowDown", "ArrowDown", "Enter", "Tab", "Tab", "Space", "Tab", "Enter"
            )
            connected = await shown.see("● connected", timeout_s=60)
            port = int(re.search(r"Let the game connect to 127\.0\.0\.1:(\d+)", connected)[1])  # type: ignore[index]  # a message of the tunnel

            before = packets_up(await shown.text())
            assert await asyncio.to_thread(play, port, 60) == 60
            after = await shown.see(lambda screen: packets_up(screen) >= before + 60)
            assert re.search("[⠁-⣿]", after) is not None, after
            clock = re.search(r"\d:\d\d:\d\d", after)
            assert clock is not None
            await shown.see(lambda screen: clock[0] not in screen)

            await shown.keys("d")
            await shown.see("A match is live")
            await shown.keys("ArrowRight", "Enter")
            await shown.see("No tunnel is running.")
            assert lab.player.plg("status", check=False).exit_code == 3
            await shown.keys("q")
            await expect(visit.page.locator("#ended")).to_be_visible()
            complaints = [line for line in visit.console if "GPU stall" not in line]
            assert (complaints, visit.script_errors, visit.policy_violations) == ([], [], [])
            assert (visit.failed_requests, visit.foreign_requests) == ([], [])


async def test_a_closed_tab_ends_its_process_and_so_does_the_end_of_the_command(
    browser: Browser, tmp_path: Path
) -> None:
    with web_dashboard(environment(tmp_path), tmp_path) as (url, process):
        drawing = psutil.Process(process.pid)
        async with watched_page(browser) as visit:
            await visit.page.add_init_script(FIND_TERMINAL)
            await visit.page.goto(url)
            await WebTerminal(visit.page, tmp_path).see("No tunnel is running.")
            assert len(drawing.children()) == 1
        await ended(drawing.children())
        async with watched_page(browser) as visit:
            await visit.page.add_init_script(FIND_TERMINAL)
            await visit.page.goto(url)
            await WebTerminal(visit.page, tmp_path).see("No tunnel is running.")
            children = drawing.children()
            process.send_signal(15)
            assert await asyncio.to_thread(process.wait, 20) == 0
            assert [child for child in children if child.is_running()] == []
            await expect(visit.page.locator("#ended")).to_be_visible()


async def test_a_foreign_page_cannot_reach_it_even_with_the_key(browser: Browser, tmp_path: Path) -> None:
    with web_dashboard(environment(tmp_path), tmp_path) as (url, process):
        attack = f"""<!doctype html><title>waiting</title><script>
        const socket = new WebSocket({json.dumps(url.replace("http:", "ws:") + "ws?width=80&height=24")});
        const read = fetch({json.dumps(url)}).then((answer) => answer.text(), () => "nothing");
        const framed = document.createElement("iframe"); framed.src = {json.dumps(url)}; document.documentElement.append(framed);
        const opened = new Promise((done) => {{ socket.onopen = () => done("opened"); socket.onerror = () => done("refused"); }});
        Promise.all([opened, read]).then((found) => {{ document.title = found.join(" "); }});
        </script>"""

        async def foreign(_request: web.Request) -> web.Response:
            return web.Response(text=attack, content_type="text/html")

        app = web.Application()
        app.add_routes([web.get("/", foreign)])
        with serving(app) as evil:
            async with watched_page(browser) as visit:
                await visit.page.goto(evil)
                await expect(visit.page).to_have_title("refused nothing")
                assert psutil.Process(process.pid).children() == []


async def test_requests_under_another_name_from_another_page_or_without_the_key_are_refused(tmp_path: Path) -> None:
    with web_dashboard(environment(tmp_path), tmp_path) as (url, process):
        port = urlsplit(url).port or 0
        own = f"http://127.0.0.1:{port}"
        async with aiohttp.ClientSession() as client:

            async def status(path: str, **headers: str) -> int:
                async with client.get(path, headers=headers) as answer:
                    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
                    return answer.status

            assert await status(url) == 200
            assert await status(url, Host=f"localhost:{port}") == 200
            for name in (f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}", f"127.0.0.1.:{port}", ""):
                assert await status(url, Host=name) == 421, name
            for origin in (
                "http://evil.example",
                "null",
                own.replace("http", "https"),
                f"{own}/",
                "http://127.0.0.1:1",
            ):
                assert await status(url, Origin=origin) == 403, origin
                assert await socket_status(client, url, origin=origin) == 403, origin
            assert await socket_status(client, url, origin=None) == 403
            assert await socket_status(client, url, origin=own, host=f"evil.example:{port}") == 421
            for path in (
                "/",
                "/ws",
                "/static/",
                f"{urlsplit(url).path}../ws",
                f"{urlsplit(url).path}static/js/textual.js",
            ):
                assert await status(own + path) == 404, path
            async with client.post(url, data=b"x" * 10) as answer:
                assert answer.status == 405
        assert psutil.Process(process.pid).children() == []


async def test_nothing_on_the_page_comes_from_elsewhere(tmp_path: Path) -> None:
    with web_dashboard(environment(tmp_path), tmp_path) as (url, _):
        async with aiohttp.ClientSession() as client:
            named: set[str] = set()
            for name in ("", "page.css", "page.js", *STATIC_FILES):
                async with client.get(url + name) as answer:
                    assert answer.status == 200, name
                    content = await answer.read()
                if name in {"", "page.css", "xterm.css"}:
                    found = re.findall(rb"(?:src=|href=|url\(|@import )[\"']?([^\"')>]+)", content)
                    named |= {address.decode() for address in found}
    assert named == {"data:,", "page.css", "page.js", "xterm.css", "textual.js", "mono.ttf"}


async def test_more_tabs_than_a_person_opens_are_refused(tmp_path: Path) -> None:
    with web_dashboard(environment(tmp_path), tmp_path) as (url, process):
        own = url.removesuffix(urlsplit(url).path)
        async with aiohttp.ClientSession() as client:
            opened = [await client.ws_connect(f"{url}ws", headers={"Origin": own}) for _ in range(MOST_VISITORS)]
            assert await socket_status(client, url, origin=own) == 503
            for tab in opened:
                await tab.close()
        await ended(psutil.Process(process.pid).children())


async def test_what_no_browser_sends_changes_nothing(tmp_path: Path) -> None:
    with web_dashboard(environment(tmp_path), tmp_path) as (url, process):
        own = url.removesuffix(urlsplit(url).path)
        async with (
            aiohttp.ClientSession() as client,
            client.ws_connect(f"{url}ws?width=99999999&height=x", headers={"Origin": own}) as tab,
        ):
            for text in ("", "{}", "[", "[7]", "[]", '["stdin"]', '["stdin", 7]', '["resize", {"width": -1}]', '["resize", {"width": 1e9}]',
                         '["ping", "' + "x" * 99 + '"]', "[" * 5000, '["unheard-of", 1]', '["stdin", "\\ud800"]'):  # fmt: skip
                await tab.send_str(text)
            await tab.send_bytes(b"\0\1")
            await tab.send_str('["ping", "7"]')
            async with asyncio.timeout(20):
                while True:
                    message = await tab.receive()
                    assert message.type in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}
                    if message.type is aiohttp.WSMsgType.TEXT:
                        break
            assert json.loads(message.data) == ["pong", "7"]
        assert process.poll() is None


def test_only_loopback_addresses_are_listened_on() -> None:
    assert [loopback_address(host) for host in ("127.0.0.1", "localhost", "127.0.0.53", "::1", "[::1]")] == [
        "127.0.0.1", "127.0.0.1", "127.0.0.53", "::1", "::1",
    ]  # fmt: skip
    for host in (
        "0.0.0.0",
        "::",
        "",
        "192.0.2.1",
        "example.org",
        "localhost.evil.example",
        "127.1",
        "::ffff:192.0.2.1",
    ):
        with pytest.raises(NotLoopback):
            loopback_address(host)


def test_names_of_the_dashboard() -> None:
    assert host_names("127.0.0.1", 80) == {"127.0.0.1:80", "localhost:80"}
    assert host_names("::1", 8080) == {"[::1]:8080", "localhost:8080"}


def test_every_dashboard_has_a_key_of_its_own() -> None:
    made = [WebDashboard(["true"], {}, host="127.0.0.1", port=0) for _ in range(3)]
    keys = {urlsplit(one.url).path for one in made}
    for one in made:
        one.close()
    assert len(keys) == 3
    assert min(map(len, keys)) > 30


async def socket_status(client: aiohttp.ClientSession, url: str, *, origin: str | None, host: str | None = None) -> int:
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    headers |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    headers |= {} if origin is None else {"Origin": origin}
    headers |= {} if host is None else {"Host": host}
    async with client.get(f"{url}ws", headers=headers) as answer:
        return answer.status


async def ended(children: list[psutil.Process]) -> None:
    _gone, alive = await asyncio.to_thread(psutil.wait_procs, children, 20)
    assert alive == []


def environment(folder: Path) -> dict[str, str]:
    runtime = folder / "run"
    runtime.mkdir(mode=0o700, exist_ok=True)
    return clean_environment(
        {
            "PLG_CONFIG_DIR": str(folder / "config"),
            "PLG_RUNTIME_DIR": str(runtime),
            "PLG_SERVER": "http://127.0.0.1:1",
            "PLG_TOKEN_STORE": "file",
            "PLG_LANG": "en",
            "LC_ALL": "C.UTF-8",
        }
    )

"""What a browser is called among the devices."""

import pytest
from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from plg_server.pages.browser_names import BROWSERS, READ_CHARS, SYSTEMS, browser_name

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


def named(agent: str | None) -> str:
    return browser_name(make_mocked_request("GET", "/", headers={} if agent is None else {"User-Agent": agent}))


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME}", "Chrome on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Edg/140.0", "Edge on Windows"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {CHROME} OPR/120.0", "Opera on macOS"),
        (f"Mozilla/5.0 (Linux; Android 14; K) {CHROME}", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("curl/8.0", "Browser"),
        (None, "Browser"),
        ("x" * READ_CHARS + "Firefox", "Browser"),
    ],
)
def test_by_the_user_agent(agent: str | None, name: str) -> None:
    assert named(agent) == name


@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x3000)))
def test_nothing_foreign_gets_into_the_name(agent: str) -> None:
    browsers, systems = {name for _, name in BROWSERS} | {"Browser"}, {name for _, name in SYSTEMS} | {""}
    browser, _, system = named(agent).partition(" on ")
    assert browser in browsers
    assert system in systems

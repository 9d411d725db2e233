"""/openapi.json and /docs: everything from our own files, and nothing else may run in the page."""

import re

import pytest

from support.api_driver import ApiDriver, StartServer


@pytest.fixture
async def api(start_server: StartServer) -> ApiDriver:
    """Documents do not depend on the backend."""
    return await start_server(public_url="https://plg.example.org")


async def test_the_document_is_served_with_the_public_address(api: ApiDriver) -> None:
    reply = await api.get("/openapi.json")
    assert reply.json["openapi"] == "3.1.0"
    assert reply.json["servers"] == [{"url": "https://plg.example.org"}]


@pytest.mark.parametrize(
    ("url", "kind"), [("/docs", "text/html"), ("/docs/docs.js", "text/javascript"), ("/docs/docs.css", "text/css")]
)
async def test_the_page_loads_nothing_from_elsewhere(api: ApiDriver, url: str, kind: str) -> None:
    reply = await api.get(url)
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith(kind)
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert not re.search(r"(https?:)?//[a-z0-9.-]+\.[a-z]{2,}", reply.text)


async def test_everything_that_the_page_asks_for_is_there(api: ApiDriver) -> None:
    page = (await api.get("/docs")).text
    asked = set(re.findall(r'(?:src|href)="(/[^"]+)"', page))
    assert asked == {"/docs/docs.css", "/docs/docs.js", "/docs/docs.svg", "/openapi.json"}
    for url in asked:
        assert (await api.get(url)).status == 200
    assert "<script>" not in page
    assert "innerHTML" not in (await api.get("/docs/docs.js")).text

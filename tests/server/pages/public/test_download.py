"""/download."""

import hashlib
from pathlib import Path

import pytest

from plg_server.pages.public.download import systems_for
from support.shared_server import shared_server
from support.site_visitor import SiteVisitor


@pytest.mark.parametrize(
    ("agent", "first"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", "linux"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9)", "other"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "other"),
        ("", "linux"),
        ("x" * 100_000, "linux"),
    ],
)
def test_the_visitors_own_system_comes_first_and_none_is_missing(agent: str, first: str) -> None:
    systems = systems_for(agent)
    assert systems[0].name == first
    assert {system.name for system in systems} == {"linux", "windows", "other"}
    assert systems[0].is_visitors == (agent != "" and not agent.startswith("xx"))


async def test_where_nothing_is_put_up_the_page_says_so_and_how_to_build(tmp_path: Path) -> None:
    async with shared_server(tmp_path, {"public_url": "https://plg.example.org"}) as api:
        shown, russian = await SiteVisitor(api).open("/en/download"), await SiteVisitor(api).open("/ru/download")
    assert "has put up no finished program" in shown.text
    assert "не выложил готовых программ" in russian.text
    assert "export PLG_SERVER=https://plg.example.org plg login" in shown.text
    assert {"linux", "windows", "other", "own"} <= shown.ids
    assert not any(link.startswith("/releases/") for link in shown.links)


async def test_a_wheel_that_lies_in_the_folder_can_be_fetched_from_the_page(tmp_path: Path) -> None:
    releases = tmp_path / "releases"
    releases.mkdir()
    (releases / "plgames_booster-0.1.0-py3-none-any.whl").write_bytes(b"wheel")
    async with shared_server(tmp_path / "data", {"releases_dir": str(releases)}) as api:
        shown = await SiteVisitor(api).open("/en/download")
        assert "/releases/plgames_booster-0.1.0-py3-none-any.whl" in shown.links
        async with api.client.get("/releases/plgames_booster-0.1.0-py3-none-any.whl") as reply:
            assert (reply.status, await reply.read()) == (200, b"wheel")
    assert hashlib.sha256(b"wheel").hexdigest() in shown.text
    assert "No signed list of versions" in shown.text

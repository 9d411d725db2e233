"""What browsers and search engines ask for by themselves, and what a page weighs."""

import json
import re
import struct
import time
from pathlib import Path
from xml.etree import ElementTree

import make_index
import pytest

from plg.release.download import fetch_file, fetch_index
from plg.release.index_check import check_index
from plg.release.trusted_keys import read_keys
from plg_server.handlers.site_files import NAMESPACE, PUBLIC_PATHS
from plg_server.pages.all_pages import all_pages
from plg_server.pages.page import Access
from support.public_site import SELLING, hand_in, page_weight_bytes
from support.shared_server import shared_server
from support.site_visitor import SiteVisitor

PUBLIC_URL = {"public_url": "https://plg.example.org"}
PAGE_BUDGET_BYTES = 150_000


async def test_robots_and_sitemap_name_public_pages_only(tmp_path: Path) -> None:
    async with shared_server(tmp_path, PUBLIC_URL) as api:
        robots = await api.get("/robots.txt")
        sitemap = await api.get("/sitemap.xml")
        assert "Sitemap: https://plg.example.org/sitemap.xml" in robots.text
        places = [place.text or "" for place in ElementTree.fromstring(sitemap.text).iter(f"{{{NAMESPACE}}}loc")]
        assert len(places) == len(set(places)) == 2 * (len(PUBLIC_PATHS) + 270)
        assert all(re.match(r"https://plg\.example\.org/(en|ru)/", place) for place in places)
        disallowed = [line.removeprefix("Disallow: ") for line in robots.text.splitlines() if line.startswith("Dis")]
        assert not any("/account" in place or "/admin" in place for place in places)
        assert all(path.startswith("/") for path in disallowed)


async def test_every_page_of_the_sitemap_is_there_with_what_links_show(tmp_path: Path) -> None:
    known = {page.url for page in all_pages() if page.access is Access.ANYBODY}
    async with shared_server(tmp_path, PUBLIC_URL) as api:
        for path in [one for one in PUBLIC_PATHS if one in known] + ["/games/cs2"]:
            html = (await SiteVisitor(api).open(f"/ru{path}")).html
            assert f'<link rel="canonical" href="https://plg.example.org/ru{path}">' in html
            for language in ("en", "ru"):
                other = f'<link rel="alternate" hreflang="{language}" href="https://plg.example.org/{language}{path}">'
                assert other in html, path
            assert re.search(r'<meta property="og:title" content="[^"]+">', html), path
            assert re.search(r'<meta name="description" content="[^"]{30,}">', html), path
            assert 'property="og:image" content="https://plg.example.org/static/og.' in html
            assert "noindex" not in html, path


async def test_pages_of_an_account_are_for_no_search_engine(tmp_path: Path) -> None:
    async with shared_server(tmp_path) as api:
        assert '<meta name="robots" content="noindex">' in (await SiteVisitor(api).open("/en/sign-in")).html


async def test_an_address_that_the_asker_made_up_is_escaped_and_kept_by_no_cache(tmp_path: Path) -> None:
    async with shared_server(tmp_path) as api:
        sitemap = await api.get("/sitemap.xml", headers={"Host": 'a"><x y="'})
        robots = await api.get("/robots.txt", headers={"Host": 'a"><x y="'})
    assert ElementTree.fromstring(sitemap.text).find(".//x") is None
    assert {sitemap.headers["Cache-Control"], robots.headers["Cache-Control"]} == {"private, no-cache"}


async def test_icons_and_manifest_are_what_they_say(tmp_path: Path) -> None:
    async with shared_server(tmp_path) as api:
        async with api.client.get("/favicon.ico") as reply:
            icon = await reply.read()
            assert reply.content_type == "image/x-icon"
        kind, count, size_bytes, offset = (*struct.unpack("<HHH", icon[:6])[1:], *struct.unpack("<II", icon[14:22]))
        assert (kind, count, size_bytes + offset) == (1, 1, len(icon))
        async with api.client.get("/apple-touch-icon.png") as reply:
            touch = await reply.read()
        assert (touch[:8], struct.unpack(">II", touch[16:24])) == (b"\x89PNG\r\n\x1a\n", (180, 180))
        manifest = json.loads((await api.get("/site.webmanifest")).text)
        for picture in manifest["icons"]:
            async with api.client.get(picture["src"]) as reply:
                assert (reply.status, reply.content_type) == (200, "image/png")


async def test_no_public_page_weighs_more_than_its_budget(tmp_path: Path) -> None:
    async with shared_server(tmp_path, SELLING) as api:
        await hand_in(api, "cs2", "fra", "improved", "no_difference")
        paths = {page.url for page in all_pages() if page.access is Access.ANYBODY and page.method == "GET"}
        weights = {
            f"/{language}{path}": await page_weight_bytes(api, f"/{language}{path}")
            for language in ("en", "ru")
            for path in [one for one in PUBLIC_PATHS if one in paths] + ["/games/cs2"]
        }
    assert {url: weight for url, weight in weights.items() if weight >= PAGE_BUDGET_BYTES} == {}
    assert min(weights.values()) > 5_000


async def test_a_download_that_is_not_put_up_is_not_found_whatever_its_name(tmp_path: Path) -> None:
    releases = tmp_path / "releases"
    releases.mkdir()
    (tmp_path / "data").mkdir()
    async with shared_server(tmp_path / "data", {"releases_dir": str(releases)}) as api:
        for name in ("index.json", "plg", "..%2fdata%2fserver.sqlite3", ".hidden", "a%00b", "x" * 300):
            reply = await api.get(f"/releases/{name}")
            assert reply.status == 404, name


async def test_the_program_that_updates_itself_believes_and_fetches_what_the_operator_signed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, key = tmp_path / "releases", tmp_path / "release.key"
    folder.mkdir()
    name = "plg-9.9.9-linux-x86_64"
    (folder / name).write_bytes(b"the program")
    assert make_index.main(["new-key", str(key)]) == 0
    public_key = capsys.readouterr().out.strip()
    assert make_index.main(["index", str(folder), "--key", str(key), "--version", "9.9.9"]) == 0
    async with shared_server(tmp_path / "data", {"releases_dir": str(folder)}) as api:
        shown = await SiteVisitor(api).open("/en/download")
        address = str(api.client.make_url("/releases/index.json"))
        content = await fetch_index(address)
        checked = check_index(content, read_keys([public_key]), channel="stable", seen=None, now_s=time.time())
        (file,) = checked.index.releases[0].files
        fetched = await fetch_file(address, file, tmp_path, lambda *_: None)
    assert fetched.read_bytes() == b"the program"
    assert f"/releases/{name}" in shown.links
    for told in ("Version 9.9.9", public_key, file.sha256, "plg config set update_index", f"chmod +x {name}"):
        assert told in shown.text, told

"""Styles, scripts and pictures."""

import gzip
import re
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path

import pytest

from plg_server.pages.static_files import TYPES, asset
from support.api_driver import ApiDriver
from support.shared_server import shared_server


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiDriver]:
    async with shared_server(tmp_path / "data") as api:
        yield api


def sources() -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (files("plg_server") / "pages" / "static").iterdir()}


def test_every_file_in_the_folder_is_of_a_kind_that_is_served() -> None:
    assert {name.rpartition(".")[2] for name in sources()} <= set(TYPES)


async def test_each_is_served_under_its_hash_for_ever_and_under_its_name_for_minutes(api: ApiDriver) -> None:
    for name, body in sources().items():
        for url, kept in ((asset(name), "immutable"), (f"/static/{name}", "max-age=300")):
            async with api.client.get(url, headers={"Accept-Encoding": "identity"}) as reply:
                assert (reply.status, await reply.read()) == (200, body), url
                assert kept in reply.headers["Cache-Control"]
                assert reply.content_type == TYPES[name.rpartition(".")[2]]
                assert reply.headers["X-Content-Type-Options"] == "nosniff"
            async with api.client.get(url, headers={"Accept-Encoding": "gzip"}, auto_decompress=False) as reply:
                got = await reply.read()
                assert (gzip.decompress(got) if reply.headers.get("Content-Encoding") == "gzip" else got) == body


@pytest.mark.parametrize(
    "name", ["none.css", "site.0000000000.css", "..%2fnotes.py", "%00", "site.css%00", "%ff", "a" * 4000]
)
async def test_nothing_else_is_served(api: ApiDriver, name: str) -> None:
    async with api.client.get(f"/static/{name}", headers={"Accept": "text/html"}) as reply:
        assert reply.status in (400, 404)


def test_a_name_that_is_none_is_a_fault_of_a_template() -> None:
    with pytest.raises(KeyError):
        asset("none.css")


def test_styles_and_scripts_name_nothing_of_another_site() -> None:
    """Nor inline pictures of other kinds than the policy allows. Namespaces of SVG are names, no addresses."""
    for name, body in sources().items():
        if name.rpartition(".")[2] in ("css", "js", "svg"):
            text = re.sub(r"/\*.*?\*/|<!--.*?-->", "", body.decode(), flags=re.DOTALL)
            found = re.findall(r"""(?:https?:)?//[a-z0-9][^\s"')]*""", re.sub(r"(?m)^\s*//.*$", "", text))
            assert [one for one in found if "//www.w3.org/" not in one] == [], name

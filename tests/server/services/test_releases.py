"""Downloads that an operator puts up."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from plg_server.services.releases import NOTHING, Releases

KEY = base64.b64encode(b"k" * 32).decode()
PROGRAM = "plg-0.2.0-linux-x86_64"


def put_up(folder: Path, **changes: Any) -> None:
    """A signed index of one file, as the format has it; the signature itself is nobody's business here."""
    folder.mkdir(exist_ok=True)
    (folder / PROGRAM).write_bytes(b"program")
    files = [
        {
            "platform": "linux-x86_64",
            "form": "single",
            "name": PROGRAM,
            "size": 7,
            "sha256": hashlib.sha256(b"program").hexdigest(),
        }
    ]
    releases = [{"version": "0.2.0", "files": files}, {"version": "0.1.0", "files": []}]
    index = {
        "channel": "stable",
        "published_at": "2026-01-01T00:00:00Z",
        "expires_at": "2026-02-01T00:00:00Z",
        "releases": releases,
        **changes,
    }
    payload = base64.b64encode(json.dumps(index).encode()).decode()
    envelope = {"payload": payload, "signatures": [{"key": KEY, "signature": "AAAA"}]}
    (folder / "index.json").write_text(json.dumps(envelope))


async def test_the_newest_version_of_the_index_is_shown_with_its_keys(tmp_path: Path) -> None:
    put_up(tmp_path)
    shown = await Releases(tmp_path).shown()
    assert (shown.version, shown.channel, shown.keys, shown.has_index) == ("0.2.0", "stable", (KEY,), True)
    assert [one.name for one in shown.of("linux")] == [PROGRAM]
    assert shown.of("windows") == []


async def test_wheels_are_for_every_system_and_need_no_index(tmp_path: Path) -> None:
    (tmp_path / "plgames_booster-0.2.0-py3-none-any.whl").write_bytes(b"wheel")
    (tmp_path / "no wheel.whl").write_bytes(b"x")
    shown = await Releases(tmp_path).shown()
    (wheel,) = shown.of("windows")
    assert (wheel.form, wheel.sha256) == ("wheel", hashlib.sha256(b"wheel").hexdigest())
    assert not shown.has_index


async def test_a_changed_folder_is_read_anew(tmp_path: Path) -> None:
    releases = Releases(tmp_path)
    assert await releases.shown() == NOTHING
    put_up(tmp_path)
    assert (await releases.shown()).version == "0.2.0"
    (tmp_path / PROGRAM).write_bytes(b"another program")
    assert (await releases.shown()).downloads == ()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"payload": "%%%", "signatures": []}',
        b'{"payload": "e30=", "signatures": []}',
        b"x" * 600_000,
    ],
)
async def test_an_index_that_is_none_is_no_index(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "index.json").write_bytes(content)
    releases = Releases(tmp_path)
    assert not (await releases.shown()).has_index
    assert await releases.file("index.json") is None


@pytest.mark.parametrize("name", ["../secret", "secret", ".hidden", "", "a/b", "plg\n", "index.json\x00", "x" * 200])
async def test_nothing_but_what_is_listed_is_given_out(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("secret")
    put_up(tmp_path / "releases")
    (tmp_path / "releases" / "secret").write_text("secret")
    assert await Releases(tmp_path / "releases").file(name) is None


async def test_an_index_cannot_name_files_elsewhere_nor_links(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret!")
    folder = tmp_path / "releases"
    put_up(folder)
    (folder / PROGRAM).unlink()
    (folder / PROGRAM).symlink_to(tmp_path / "secret")
    releases = Releases(folder)
    assert await releases.file(PROGRAM) is None
    odd = {"platform": "linux-x86_64", "form": "single", "name": "../secret", "size": 7, "sha256": "0" * 64}
    put_up(folder, releases=[{"version": "0.3.0", "files": [odd]}])
    assert (await releases.shown()).downloads == ()
    assert await releases.file("../secret") is None


async def test_a_folder_that_is_missing_or_was_never_named_holds_nothing(tmp_path: Path) -> None:
    for folder in (None, tmp_path / "missing"):
        assert await Releases(folder).shown() == NOTHING
        assert await Releases(folder).file("index.json") is None

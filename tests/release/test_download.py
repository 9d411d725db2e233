"""Fetching from a server that is slow, broken or hostile."""

import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from plg.release import download
from plg.release.download import fetch_file, fetch_index, safe_address
from plg.release.errors import CannotWrite, IndexUnreachable, NotTrusted, TooLarge, UnsafeAddress, Untrusted
from plg.release.index_format import ReleaseFile
from support.release_shop import Shop, cut_after, endless, redirect, serve

DATA = bytes(range(256)) * 4000


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def fetch(shop: Shop, file: ReleaseFile, folder: Path, progress: list[int] | None = None) -> Path:
    seen = progress if progress is not None else []
    return await fetch_file(shop.index_url, file, folder, lambda have, _all: seen.append(have))


async def test_an_index_and_a_file_come_as_they_are(shop: Shop, tmp_path: Path) -> None:
    content, progress = shop.publish(), list[int]()
    assert await fetch_index(shop.index_url) == content
    path = await fetch(shop, shop.file(content=DATA), tmp_path, progress)
    assert path.read_bytes() == DATA
    assert progress[-1] == len(DATA)
    assert progress == sorted(progress)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "address",
    ["http://plg.example.org/index.json", "ftp://plg.example.org/x", "file:///etc/passwd", "https://", "https://user:word@plg.example.org/", "plg.example.org", "https://plg.example.org:x/", "https://a b/", "http://127.0.0.1.example.org/", "http://[::1", "https://x/\x1b"],
)  # fmt: skip
def test_only_https_and_this_very_machine_are_safe(address: str) -> None:
    with pytest.raises(UnsafeAddress):
        safe_address(address)


@pytest.mark.parametrize(
    "address", ["https://plg.example.org/index.json", "http://127.0.0.1:1/", "http://[::1]/", "http://localhost/x"]
)
def test_these_are(address: str) -> None:
    assert safe_address(address) == address


async def test_a_redirect_to_plain_http_is_not_followed(shop: Shop, tmp_path: Path) -> None:
    shop.answers["/index.json"] = redirect("http://192.0.2.1/index.json")
    with pytest.raises(UnsafeAddress):
        await fetch_index(shop.index_url)
    file = shop.file(content=DATA)
    shop.answers[f"/{file.name}"] = redirect("http://192.0.2.1/file")
    with pytest.raises(UnsafeAddress):
        await fetch(shop, file, tmp_path)


def test_a_redirect_never_leaves_https_even_for_this_machine() -> None:
    with pytest.raises(UnsafeAddress):
        download._redirected("https://plg.example.org/a", "http://127.0.0.1/b")
    assert download._redirected("https://plg.example.org/a", "/b") == "https://plg.example.org/b"
    assert download._redirected("http://127.0.0.1:1/a", "https://plg.example.org/b") == "https://plg.example.org/b"


async def test_redirects_are_followed_a_few_times_and_not_for_ever(shop: Shop) -> None:
    content = shop.publish()
    shop.answers["/start"] = redirect("/index.json")
    assert await fetch_index(f"{shop.url}/start") == content
    shop.answers["/round"] = redirect("/round")
    with pytest.raises(IndexUnreachable, match="too many"):
        await fetch_index(f"{shop.url}/round")


async def test_endless_data_is_cut_off(shop: Shop, tmp_path: Path) -> None:
    shop.answers["/index.json"] = endless
    with pytest.raises(TooLarge):
        await fetch_index(shop.index_url)
    file = shop.file(content=DATA)
    shop.answers[f"/{file.name}"] = endless
    with pytest.raises(NotTrusted) as refused:
        await fetch(shop, file, tmp_path)
    assert refused.value.kind is Untrusted.WRONG_SIZE
    assert names(tmp_path) == []


async def test_a_server_that_falls_silent_is_left_and_what_came_is_kept(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "SILENCE_TIMEOUT_S", 0.3)
    file = shop.file(content=DATA)
    let_go = threading.Event()

    def stall(handler: BaseHTTPRequestHandler) -> None:
        cut_after(DATA, 100_000)(handler)
        let_go.wait(10)

    shop.answers[f"/{file.name}"] = stall
    with pytest.raises(IndexUnreachable, match="timed out"):
        await fetch(shop, file, tmp_path)
    let_go.set()
    assert 0 < (tmp_path / f"{file.sha256}.part").stat().st_size <= 100_000


async def test_a_tampered_file_is_refused_and_thrown_away(shop: Shop, tmp_path: Path) -> None:
    file = shop.file(content=DATA)
    shop.pages[f"/{file.name}"] = DATA[:-1] + b"!"
    with pytest.raises(NotTrusted) as refused:
        await fetch(shop, file, tmp_path)
    assert (refused.value.kind, names(tmp_path)) == (Untrusted.WRONG_CONTENT, [])


@pytest.mark.parametrize("content", [DATA[:-1], DATA + b"!", b""], ids=["shorter", "longer", "empty"])
async def test_another_size_is_refused_and_thrown_away(shop: Shop, tmp_path: Path, content: bytes) -> None:
    file = shop.file(content=DATA)
    shop.pages[f"/{file.name}"] = content
    with pytest.raises(NotTrusted) as refused:
        await fetch(shop, file, tmp_path)
    assert (refused.value.kind, names(tmp_path)) == (Untrusted.WRONG_SIZE, [])


async def test_an_interrupted_download_is_continued(shop: Shop, tmp_path: Path) -> None:
    file = shop.file(content=DATA)
    shop.answers[f"/{file.name}"] = cut_after(DATA, 300_000)
    with pytest.raises(IndexUnreachable):
        await fetch(shop, file, tmp_path)
    have = (tmp_path / f"{file.sha256}.part").stat().st_size
    assert 0 < have <= 300_000
    del shop.answers[f"/{file.name}"]
    assert (await fetch(shop, file, tmp_path)).read_bytes() == DATA
    assert shop.asked[-1] == (f"/{file.name}", f"bytes={have}-")
    asked = len(shop.asked)
    assert (await fetch(shop, file, tmp_path)).read_bytes() == DATA
    assert len(shop.asked) == asked  # it is whole: nothing is asked again


async def test_a_server_that_knows_no_ranges_sends_everything_again(shop: Shop, tmp_path: Path) -> None:
    file = shop.file(content=DATA)
    (tmp_path / f"{file.sha256}.part").write_bytes(DATA[:1000])

    def whole(handler: BaseHTTPRequestHandler) -> None:
        del handler.headers["Range"]
        serve(handler, DATA)

    shop.answers[f"/{file.name}"] = whole
    assert (await fetch(shop, file, tmp_path)).read_bytes() == DATA


@pytest.mark.parametrize(
    "left", [b"x" * 500, b"x" * len(DATA), b"x" * (len(DATA) + 1)], ids=["beginning", "all", "more"]
)
async def test_something_else_left_by_an_earlier_try_is_thrown_away(shop: Shop, tmp_path: Path, left: bytes) -> None:
    file = shop.file(content=DATA)
    (tmp_path / f"{file.sha256}.part").write_bytes(left)
    assert (await fetch(shop, file, tmp_path)).read_bytes() == DATA


async def test_a_link_in_the_way_is_not_written_through(shop: Shop, tmp_path: Path) -> None:
    file = shop.file(content=DATA)
    (tmp_path / "victim").write_bytes(b"mine")
    (tmp_path / f"{file.sha256}.part").symlink_to(tmp_path / "victim")
    assert not (await fetch(shop, file, tmp_path)).is_symlink()
    assert (tmp_path / "victim").read_bytes() == b"mine"


async def test_what_cannot_be_written_is_named(shop: Shop, tmp_path: Path) -> None:
    file = shop.file(content=DATA)
    with pytest.raises(CannotWrite):
        await fetch(shop, file, tmp_path / "missing")


async def test_what_is_not_there_and_who_does_not_answer(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(IndexUnreachable, match="HTTP 404"):
        await fetch_index(shop.index_url)
    file = shop.file(content=DATA)
    shop.pages.clear()
    with pytest.raises(IndexUnreachable, match="HTTP 404"):
        await fetch(shop, file, tmp_path)
    for nowhere in (
        "http://127.0.0.1:1/index.json",
        "https://nowhere.invalid/index.json",
        "https://[::1]:1/",
        f"https://{'a' * 300}.invalid/",
    ):
        with pytest.raises(IndexUnreachable):
            await fetch_index(nowhere)

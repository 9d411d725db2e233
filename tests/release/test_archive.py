"""Nothing but a release's own files comes out of an archive, and only below one folder."""

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from plg.release import archive
from plg.release.archive import unpack
from plg.release.errors import NotTrusted, Untrusted
from support.release_shop import NEW, archive_bytes, folder_archive, said


def kind(**fields: object) -> Callable[[tarfile.TarInfo], None]:
    def change(entry: tarfile.TarInfo) -> None:
        for name, value in fields.items():
            setattr(entry, name, value)

    return change


def packed(tmp_path: Path, content: bytes) -> Path:
    (tmp_path / "a.tar.gz").write_bytes(content)
    return tmp_path / "a.tar.gz"


def test_a_release_comes_out_whole_with_the_right_to_run(tmp_path: Path) -> None:
    top = unpack(packed(tmp_path, folder_archive(NEW)), tmp_path / "out")
    assert top == tmp_path / "out" / "plg"
    assert said(top / "plg") == NEW
    assert (top / "_internal" / "library").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    "name",
    ["../evil", "plg/../../evil", "/etc/evil", "plg/..", "plg\\..\\evil", "C:evil", "plg/a:stream", "plg/a\x1b[2J", "plg/a\n", "plg/" + "a" * 201, "plg/end.", "plg/end "],
    ids=ascii,
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    before = {path for path in tmp_path.parent.iterdir() if not path.name.startswith(tmp_path.name)}
    with pytest.raises(NotTrusted) as refused:
        unpack(packed(tmp_path, archive_bytes({"plg/plg": b"x", name: b"evil"})), tmp_path / "out")
    assert refused.value.kind is Untrusted.UNSAFE_ARCHIVE
    assert not (tmp_path / "evil").exists()
    assert {path for path in tmp_path.parent.iterdir() if not path.name.startswith(tmp_path.name)} == before


@pytest.mark.parametrize(
    "type_", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE], ids=str
)
def test_links_and_devices_are_refused(tmp_path: Path, type_: bytes) -> None:
    content = archive_bytes({"plg/plg": b""}, change=kind(type=type_, linkname="/etc/passwd"))
    with pytest.raises(NotTrusted):
        unpack(packed(tmp_path, content), tmp_path / "out")
    assert list((tmp_path / "out").rglob("*")) == []


@pytest.mark.parametrize(
    "entries", [{}, {"plg": b"x"}, {"plg/plg": b"x", "other/plg": b"x"}], ids=["nothing", "no folder", "two folders"]
)
def test_there_is_exactly_one_folder_inside(tmp_path: Path, entries: dict[str, bytes]) -> None:
    with pytest.raises(NotTrusted):
        unpack(packed(tmp_path, archive_bytes(entries)), tmp_path / "out")


def test_a_name_that_comes_twice_is_refused(tmp_path: Path) -> None:
    twice = archive_bytes({"plg/a": b"one", "plg/A": b"two"}, change=lambda entry: setattr(entry, "name", "plg/a"))
    with pytest.raises(NotTrusted):
        unpack(packed(tmp_path, twice), tmp_path / "out")


def test_too_many_and_too_large_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = packed(tmp_path, archive_bytes({f"plg/{number}": b"0123456789" for number in range(10)}))
    monkeypatch.setattr(archive, "MAX_ENTRIES", 9)
    with pytest.raises(NotTrusted, match="too much"):
        unpack(many, tmp_path / "one")
    monkeypatch.setattr(archive, "MAX_ENTRIES", 100)
    monkeypatch.setattr(archive, "MAX_UNPACKED_BYTES", 99)
    with pytest.raises(NotTrusted, match="too much"):
        unpack(many, tmp_path / "other")


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b" + b"x" * 30, folder_archive(NEW)[:100]], ids=["empty", "text", "damaged", "cut"])  # fmt: skip
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(NotTrusted):
        unpack(packed(tmp_path, content), tmp_path / "out")

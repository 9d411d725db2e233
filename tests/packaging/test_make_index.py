"""The maintainers' tool: what it writes is what plg believes, and a private key stays private."""

import subprocess
import sys
import tarfile
import time
from datetime import UTC, datetime
from pathlib import Path

import make_index
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from plg import __version__
from plg.release.archive import unpack
from plg.release.index_check import CheckedIndex, check_index, choose
from plg.release.installation import platform_name
from plg.release.trusted_keys import read_keys
from support.release_shop import program_text
from support.source_tree import ROOT


def tool(*words: object) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, str(ROOT / "ops/packaging/make_index.py"), *map(str, words)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60)


def believed(folder: Path, public: str) -> CheckedIndex:
    content = (folder / "index.json").read_bytes()
    return check_index(content, read_keys([public]), channel="stable", seen=None, now_s=time.time())


@pytest.fixture
def key(tmp_path: Path) -> tuple[Path, str]:
    """A private key's file and the public key."""
    path = tmp_path / "release.key"
    return path, make_index.new_key(path)


def test_from_a_new_key_to_an_index_that_plg_believes(tmp_path: Path) -> None:
    private = tmp_path / "release.key"
    made = tool("new-key", private)
    assert (made.returncode, private.stat().st_mode & 0o777) == (0, 0o600)
    releases = tmp_path / "releases"
    releases.mkdir()
    for version in ("0.2.0", "0.10.0"):
        for end in ("linux-x86_64", "linux-x86_64.tar.gz", "windows-amd64.exe", "windows-amd64-setup.exe"):
            (releases / f"plg-{version}-{end}").write_bytes(program_text(version) + end.encode())
        done = tool("index", releases, "--key", private, "--version", version)
        assert done.returncode == 0, done.stderr
    index = believed(releases, made.stdout.strip()).index
    assert (index.sequence, [release.version for release in index.releases]) == (2, ["0.10.0", "0.2.0"])
    forms = {(file.platform, file.form) for file in index.releases[0].files}
    assert forms == {("linux-x86_64", "single"), ("linux-x86_64", "folder"), ("windows-amd64", "single"), ("windows-amd64", "installer")}  # fmt: skip
    offer = choose(index, current="0.1.0", platform="windows-amd64", form="installer").offer
    assert offer is not None
    assert offer.file.name == "plg-0.10.0-windows-amd64-setup.exe"


def test_a_version_again_replaces_itself_and_still_gets_a_new_number(tmp_path: Path, key: tuple[Path, str]) -> None:
    (tmp_path / "plg-0.2.0-linux-x86_64").write_bytes(b"one")
    for content in (b"one", b"two"):
        (tmp_path / "plg-0.2.0-linux-x86_64").write_bytes(content)
        assert tool("index", tmp_path, "--key", key[0], "--version", "0.2.0").returncode == 0
    index = believed(tmp_path, key[1]).index
    assert (index.sequence, len(index.releases), index.releases[0].files[0].size) == (2, 1, 3)


def test_while_one_key_follows_another_both_sign(tmp_path: Path, key: tuple[Path, str]) -> None:
    second = make_index.new_key(tmp_path / "next.key")
    (tmp_path / "plg-0.2.0-linux-x86_64").write_bytes(b"x")
    done = tool("index", tmp_path, "--key", key[0], "--key", tmp_path / "next.key", "--version", "0.2.0")
    assert done.returncode == 0, done.stderr
    assert believed(tmp_path, key[1]).sha256 == believed(tmp_path, second).sha256


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path, key: tuple[Path, str]) -> None:
    (tmp_path / "plg-0.2.0-linux-x86_64").write_bytes(b"x")
    key[0].chmod(0o640)
    done = tool("index", tmp_path, "--key", key[0], "--version", "0.2.0")
    assert (done.returncode, "can be read by others" in done.stderr, (tmp_path / "index.json").exists()) == (
        1,
        True,
        False,
    )


def test_a_key_is_never_overwritten_and_no_other_kind_is_taken(tmp_path: Path, key: tuple[Path, str]) -> None:
    before = key[0].read_bytes()
    assert tool("new-key", key[0]).returncode == 1
    assert key[0].read_bytes() == before
    other = tmp_path / "other.key"
    other.write_bytes(
        generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    other.chmod(0o600)
    with pytest.raises(make_index.Refused, match="another kind"):
        make_index.read_key(other)
    other.write_text("no key")
    with pytest.raises(make_index.Refused):
        make_index.read_key(other)


@pytest.mark.parametrize(("words", "why"), [(("--version", "0.3.0"), "holds no plg-0.3.0"), (("--version", "0.2.0", "--channel", "trial"), "channel stable"), (("--version", "0.2.0", "--minimum-version", "x"), "not a release index")])  # fmt: skip
def test_what_cannot_be_published_is_refused_and_the_index_stays(
    tmp_path: Path, key: tuple[Path, str], words: tuple[str, ...], why: str
) -> None:
    (tmp_path / "plg-0.2.0-linux-x86_64").write_bytes(b"x")
    assert tool("index", tmp_path, "--key", key[0], "--version", "0.2.0").returncode == 0
    before = (tmp_path / "index.json").read_bytes()
    done = tool("index", tmp_path, "--key", key[0], *words)
    assert (done.returncode, why in done.stderr, (tmp_path / "index.json").read_bytes()) == (1, True, before)


def test_an_index_that_is_damaged_is_not_taken_for_a_new_beginning(tmp_path: Path) -> None:
    (tmp_path / "plg-0.2.0-linux-x86_64").write_bytes(b"x")
    (tmp_path / "index.json").write_text("{")
    with pytest.raises(make_index.Refused):
        make_index.next_index(
            tmp_path, "0.2.0", minimum_version="0.1.0", channel="stable", days=1, now=datetime.now(UTC)
        )


def test_a_folder_is_packed_the_same_each_time_and_comes_out_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "plg-folder"
    (folder / "_internal").mkdir(parents=True)
    (folder / "plg").write_bytes(program_text("1.0"))
    (folder / "plg").chmod(0o755)
    (folder / "_internal" / "real").write_text("x")
    (folder / "_internal" / "link").symlink_to("real")
    (folder / "_internal" / "hard").hardlink_to(folder / "_internal" / "real")
    make_index.pack(folder, tmp_path / "a.tar.gz")
    make_index.pack(folder, tmp_path / "b.tar.gz")
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "b.tar.gz").read_bytes()
    with tarfile.open(tmp_path / "a.tar.gz") as archive:
        assert {entry.type for entry in archive} == {tarfile.REGTYPE, tarfile.DIRTYPE}
    top = unpack(tmp_path / "a.tar.gz", tmp_path / "out")
    assert {path.name: path.read_text() for path in (top / "_internal").iterdir()} == {
        "real": "x",
        "link": "x",
        "hard": "x",
    }
    assert (top / "plg").stat().st_mode & 0o100
    with pytest.raises(FileExistsError):
        make_index.pack(folder, tmp_path / "a.tar.gz")


def test_a_build_gets_the_names_of_a_release_once(tmp_path: Path) -> None:
    (tmp_path / "dist" / "plg-folder").mkdir(parents=True)
    (tmp_path / "dist" / "plg").write_bytes(b"x")
    (tmp_path / "dist" / "plg-folder" / "plg").write_bytes(b"x")
    made = make_index.collect(tmp_path / "dist", tmp_path / "release")
    stem = f"plg-{__version__}-{platform_name()}"
    assert [path.name for path in made] == [stem, f"{stem}.tar.gz"]
    assert [make_index.described(path).form for path in made] == ["single", "folder"]
    with pytest.raises(make_index.Refused, match="already"):
        make_index.collect(tmp_path / "dist", tmp_path / "release")

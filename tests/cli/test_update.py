"""`plg update` as a person meets it: real processes, a real server on loopback, every attack of the list."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from plg import __version__
from plg.cli.exit_codes import ExitCode
from plg.cli.update import pip_command
from plg.release.index_format import Release
from plg.release.installation import Form, Installation
from support.command_line import Done, plg_at
from support.release_shop import (
    AS_FROZEN,
    NEW,
    OLD,
    Shop,
    archive_bytes,
    argv_as,
    cut_after,
    endless,
    folder_at,
    plg_as,
    program_text,
    redirect,
    release_shop,
    said,
    single_at,
    stamp,
)
from support.requirements import require_binary, require_linux, require_root
from support.talking_tunnel import talking_tunnel

Make = Callable[[Path], Installation]
FORMS = [pytest.param(single_at, id="single"), pytest.param(folder_at, id="folder")]


@pytest.fixture(autouse=True)
def _linux() -> None:
    require_linux()


@pytest.fixture
def shop() -> Iterator[Shop]:
    with release_shop() as opened:
        yield opened


def ask(shop: Shop, installation: Installation, home: Path, *words: str) -> Done:
    return plg_as(
        installation, home, "update", *words, PLG_UPDATE_INDEX=shop.index_url, PLG_UPDATE_KEYS=shop.public_key
    )


def unchanged(installation: Installation) -> bool:
    return said(installation.program) == OLD and not installation.previous.exists()


@pytest.mark.parametrize("make", FORMS)
def test_a_newer_version_is_installed_and_one_can_go_back(shop: Shop, tmp_path: Path, make: Make) -> None:
    installation = make(tmp_path)
    shop.publish()
    checked = ask(shop, installation, tmp_path, "--check")
    assert (checked.code, NEW in checked.out, unchanged(installation)) == (0, True, True)

    done = ask(shop, installation, tmp_path, "--yes", "--json")
    document = done.document()
    assert (done.code, document["schema"], document["action"], document["version"]) == (
        0,
        "plg.update/1",
        "installed",
        NEW,
    )
    assert (document["available"], document["form"], document["sequence"]) == (NEW, installation.form, 5)
    assert (said(installation.program), said(installation.program_in(installation.previous))) == (NEW, OLD)
    assert not installation.staging.exists()

    back = ask(shop, installation, tmp_path, "--rollback")
    assert (back.code, back.out) == (0, f"{OLD} is back; the version from just now is kept\n")
    assert said(installation.program) == OLD


def test_the_newest_version_stays(shop: Shop, tmp_path: Path) -> None:
    installation = single_at(tmp_path)
    shop.publish(shop.index(releases=[Release(version=__version__, minimum_version="0.0.1", files=[shop.file()])]))
    done = ask(shop, installation, tmp_path)
    assert (done.code, done.out, unchanged(installation)) == (0, f"{__version__} is the newest version\n", True)
    assert ask(shop, installation, tmp_path, "--json").document()["action"] == "none"


def test_nothing_for_this_platform_and_too_far_a_step_are_said(shop: Shop, tmp_path: Path) -> None:
    installation = single_at(tmp_path)
    shop.publish(shop.index(shop.file(platform="amiga-m68k")))
    assert "no release is for this platform" in ask(shop, installation, tmp_path).out
    shop.publish(shop.index(sequence=6, releases=[Release(version=NEW, minimum_version="9.0.0", files=[shop.file()])]))
    assert "too old to step to it" in ask(shop, installation, tmp_path, "--yes").out
    assert unchanged(installation)


def test_it_asks_and_where_it_cannot_it_names_the_option(shop: Shop, tmp_path: Path) -> None:
    installation = single_at(tmp_path)
    shop.publish()
    done = ask(shop, installation, tmp_path)
    assert (done.code, "give --yes" in done.err, unchanged(installation)) == (2, True, True)


def test_without_a_key_or_an_index_updates_are_not_set_up(tmp_path: Path) -> None:
    installation = single_at(tmp_path)
    done = plg_as(installation, tmp_path, "update", "--json")
    assert (done.code, done.error()["code"]) == (ExitCode.BAD_CONFIGURATION, "updates_not_set_up")
    words = plg_as(installation, tmp_path, "update", "--index", "https://plg.example.org/index.json")
    assert (words.code, "no key is trusted" in words.err, "no release index" in words.err) == (10, True, False)


def test_key_index_and_channel_come_from_the_configuration_too(shop: Shop, tmp_path: Path) -> None:
    installation = single_at(tmp_path)
    shop.publish(shop.index(channel="trial"))
    (tmp_path / "config").mkdir()
    text = f'update_index = "{shop.index_url}"\nupdate_keys = ["{shop.public_key}"]\nupdate_channel = "trial"\n'
    (tmp_path / "config" / "config.toml").write_text(text)
    assert plg_as(installation, tmp_path, "update", "--check", "--json").document()["available"] == NEW
    assert plg_as(installation, tmp_path, "update", "--check", "--channel", "stable").code == ExitCode.UPDATE_REFUSED
    assert plg_as(installation, tmp_path, "update", "--check", "--key", "abc").code == ExitCode.BAD_CONFIGURATION


def test_an_installation_by_pip_is_left_to_pip(shop: Shop, tmp_path: Path) -> None:
    plg = plg_at(tmp_path)
    for words in (("update",), ("update", "--yes"), ("update", "--rollback")):
        done = plg(*words)
        assert (done.code, "installed with pip" in done.err) == (1, True)
        assert f"-> run: {pip_command()}" in done.err
        assert "http" not in done.err
    shop.publish()
    settings = {"PLG_UPDATE_INDEX": shop.index_url, "PLG_UPDATE_KEYS": shop.public_key}
    checked = plg("update", "--check", "--json", **settings).document()
    assert (checked["form"], checked["available"], checked["command"]) == ("pip", NEW, pip_command())
    assert plg("update", "--check", **settings).err == f"run: {pip_command()}\n"
    assert "-m pip install --upgrade" in pip_command()


def tampered_index(shop: Shop) -> None:
    shop.pages["/index.json"] = shop.publish().replace(b'"payload":"e', b'"payload":"f')


def foreign_signer(shop: Shop) -> None:
    shop.publish(key=Ed25519PrivateKey.generate())


def tampered_file(shop: Shop) -> None:
    file = shop.file()
    shop.publish(shop.index(file))
    shop.pages[f"/{file.name}"] = program_text("6.6.6")


def wrong_size(shop: Shop) -> None:
    file = shop.file()
    shop.publish(shop.index(file))
    shop.pages[f"/{file.name}"] += b"#"


def endless_index(shop: Shop) -> None:
    shop.answers["/index.json"] = endless


def endless_file(shop: Shop) -> None:
    file = shop.file()
    shop.publish(shop.index(file))
    shop.answers[f"/{file.name}"] = endless


def expired(shop: Shop) -> None:
    shop.publish(shop.index(expires_at=stamp(datetime.now(UTC) - timedelta(days=1))))


def another_channel(shop: Shop) -> None:
    shop.publish(shop.index(channel="trial"))


def redirected_index(shop: Shop) -> None:
    shop.answers["/index.json"] = redirect("http://192.0.2.1/index.json")


def redirected_file(shop: Shop) -> None:
    file = shop.file()
    shop.publish(shop.index(file))
    shop.answers[f"/{file.name}"] = redirect("http://192.0.2.1/plg")


def another_platforms_program(shop: Shop) -> None:
    shop.publish(shop.index(shop.file(content=b"\x7fELF" + bytes(200))))


def another_versions_program(shop: Shop) -> None:
    shop.publish(shop.index(shop.file(content=program_text("0.0.1"))))


@pytest.mark.parametrize(
    ("attack", "code"),
    [
        (tampered_index, "update_bad_signature"),
        (foreign_signer, "update_bad_signature"),
        (tampered_file, "update_wrong_content"),
        (wrong_size, "update_wrong_size"),
        (endless_index, "update_too_large"),
        (endless_file, "update_wrong_size"),
        (expired, "update_expired"),
        (another_channel, "update_other_channel"),
        (redirected_index, "update_unsafe_address"),
        (redirected_file, "update_unsafe_address"),
        (another_platforms_program, "update_does_not_start"),
        (another_versions_program, "update_does_not_start"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_an_attack_is_refused_and_changes_nothing(
    shop: Shop, tmp_path: Path, attack: Callable[[Shop], None], code: str
) -> None:
    installation = single_at(tmp_path)
    attack(shop)
    done = ask(shop, installation, tmp_path, "--yes", "--json")
    assert (done.code, done.error()["code"], unchanged(installation)) == (ExitCode.UPDATE_REFUSED, code, True)
    left = list(installation.staging.rglob("*")) if installation.staging.exists() else []
    assert [path.name for path in left if path.name != "lock"] == []


@pytest.mark.parametrize("name", ["plg/../../../evil", "/tmp/evil", "../evil"])
def test_an_archive_that_leads_elsewhere_is_refused_although_it_is_signed(
    shop: Shop, tmp_path: Path, name: str
) -> None:
    installation = folder_at(tmp_path)
    evil = archive_bytes({"plg/plg": program_text(NEW), name: b"evil"})
    shop.publish(shop.index(shop.file("folder", content=evil)))
    done = ask(shop, installation, tmp_path, "--yes", "--json")
    assert (done.code, done.error()["code"], unchanged(installation)) == (30, "update_unsafe_archive", True)
    assert list(tmp_path.rglob("evil")) == []


def test_an_older_index_than_the_one_seen_is_refused(shop: Shop, tmp_path: Path) -> None:
    installation = single_at(tmp_path)
    shop.publish(shop.index(sequence=9))
    assert ask(shop, installation, tmp_path, "--check").code == 0
    shop.publish(shop.index(sequence=8))
    assert ask(shop, installation, tmp_path, "--yes", "--json").error()["code"] == "update_older_index"
    shop.publish(shop.index(sequence=9, expires_at="2099-01-01T00:00:00Z"))
    assert ask(shop, installation, tmp_path, "--yes", "--json").error()["code"] == "update_two_indexes"
    assert unchanged(installation)
    (tmp_path / "config" / "updates.json").write_text("{")
    damaged = ask(shop, installation, tmp_path, "--yes", "--json")
    assert (damaged.code, damaged.error()["code"]) == (10, "update_memory_damaged")


def test_a_line_that_breaks_is_taken_up_again(shop: Shop, tmp_path: Path) -> None:
    installation = single_at(tmp_path)
    content = program_text(NEW) + b"#" * 500_000
    file = shop.file(content=content)
    shop.publish(shop.index(file))
    shop.answers[f"/{file.name}"] = cut_after(content, 200_000)
    broken = ask(shop, installation, tmp_path, "--yes", "--json")
    assert (broken.code, unchanged(installation)) == (ExitCode.UNREACHABLE, True)
    del shop.answers[f"/{file.name}"]
    assert ask(shop, installation, tmp_path, "--yes").code == 0
    assert shop.asked[-1][1] is not None  # only the rest was asked for
    assert said(installation.program) == NEW


def test_killed_while_it_downloads_the_old_version_is_whole_and_the_next_try_goes_on(
    shop: Shop, tmp_path: Path
) -> None:
    installation = single_at(tmp_path)
    content = program_text(NEW) + b"#" * 500_000
    file = shop.file(content=content)
    shop.publish(shop.index(file))
    begun, let_go = threading.Event(), threading.Event()

    def stall(handler: BaseHTTPRequestHandler) -> None:
        cut_after(content, 200_000)(handler)
        begun.set()
        let_go.wait(30)

    shop.answers[f"/{file.name}"] = stall
    argv, env = argv_as(
        installation, tmp_path, "update", "--yes", PLG_UPDATE_INDEX=shop.index_url, PLG_UPDATE_KEYS=shop.public_key
    )
    with subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        assert begun.wait(30)
        part = installation.staging / f"{file.sha256}.part"
        while not part.exists() or part.stat().st_size < 100_000:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    let_go.set()
    assert unchanged(installation)
    del shop.answers[f"/{file.name}"]
    assert ask(shop, installation, tmp_path, "--yes").code == 0
    assert (said(installation.program), shop.asked[-1][1] is not None) == (NEW, True)


def test_a_running_tunnel_is_not_disturbed_and_with_yes_its_end_is_waited_for(shop: Shop, tmp_path: Path) -> None:
    installation = single_at(tmp_path)
    shop.publish()
    with talking_tunnel(tmp_path / "run"):
        refused = ask(shop, installation, tmp_path, "--json")
        assert (refused.code, refused.error()["code"]) == (ExitCode.BUSY, "tunnel_running")
        assert ask(shop, installation, tmp_path, "--rollback").code == ExitCode.NOT_FOUND
        argv, env = argv_as(
            installation, tmp_path, "update", "--yes", PLG_UPDATE_INDEX=shop.index_url, PLG_UPDATE_KEYS=shop.public_key
        )
        waiting = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert waiting.stderr is not None
        while "Waiting for the end" not in waiting.stderr.readline():
            assert waiting.poll() is None
        assert unchanged(installation)
    out, err = waiting.communicate(timeout=60)
    assert (waiting.returncode, said(installation.program)) == (0, NEW), out + err


def test_a_folder_of_somebody_else_needs_its_owner(shop: Shop, tmp_path: Path) -> None:
    """Root without its rights stands for another user, who could not even start the Python of a developer's home."""
    require_root()
    require_binary("setpriv")
    installation = single_at(tmp_path)
    shop.publish()
    for path in (installation.target.parent, installation.target):
        os.chown(path, 65534, 65534)
    argv, env = argv_as(
        installation, tmp_path, "update", "--yes", "--json", PLG_UPDATE_INDEX=shop.index_url, PLG_UPDATE_KEYS=shop.public_key
    )  # fmt: skip
    powerless = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", *argv]
    done = subprocess.run(powerless, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == ExitCode.NEEDS_PRIVILEGES, done.stderr
    assert unchanged(installation)


FULL_DISK = """
set -e
mount -t tmpfs -o size=600k plg-full "$1"
mkdir "$1/bin" && cp "$2" "$1/bin/plg"
shift 2
"$@" || code=$?
ls -A "$PLACE/bin"
exit $code
"""


def test_a_full_disk_changes_nothing_and_leaves_nothing(shop: Shop, tmp_path: Path) -> None:
    """A file system of 600 kB in a mount namespace of the test's own; the check of free space is passed by a small promise."""
    require_root()
    require_binary("unshare")
    place = tmp_path / "full"
    place.mkdir()
    original = single_at(tmp_path / "old")
    installation = Installation(Form.SINGLE, place / "bin" / "plg", place / "bin" / "plg")
    shop.publish(shop.index(shop.file(content=program_text(NEW) + b"#" * 900_000)))
    words = ["update", "--yes", "--json"]
    argv, env = argv_as(
        installation,
        tmp_path,
        *words,
        PLG_UPDATE_INDEX=shop.index_url,
        PLG_UPDATE_KEYS=shop.public_key,
        PLACE=str(place),
    )
    # Only the check before the download is taken out of the way: the disk itself must refuse.
    code = AS_FROZEN.replace(
        "from plg.cli.root", "import plg.release.swap\nplg.release.swap.SPACE_FACTOR = 0\nfrom plg.cli.root"
    )
    argv[2] = code
    shell = ["unshare", "--mount", "sh", "-c", FULL_DISK, "sh", str(place), str(original.program), *argv]
    done = subprocess.run(shell, env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, json.loads(done.stderr.splitlines()[-1])["error"]["code"]) == (1, "disk_full")
    assert done.stdout.split() == [".plg.update", "plg"]


def test_too_little_room_is_said_before_the_download(shop: Shop, tmp_path: Path) -> None:
    installation = single_at(tmp_path)
    shop.publish(shop.index(shop.file(size=300_000_000)))
    code = AS_FROZEN.replace(
        "from plg.cli.root", "import plg.release.swap\nplg.release.swap.SPACE_FACTOR = 10**6\nfrom plg.cli.root"
    )
    argv, env = argv_as(
        installation,
        tmp_path,
        "update",
        "--yes",
        "--json",
        PLG_UPDATE_INDEX=shop.index_url,
        PLG_UPDATE_KEYS=shop.public_key,
    )
    argv[2] = code
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60)
    assert json.loads(done.stderr.splitlines()[-1])["error"]["code"] == "disk_full"
    assert [path for path, _range in shop.asked] == ["/index.json"]


def test_there_is_nothing_to_go_back_to_before_the_first_update(shop: Shop, tmp_path: Path) -> None:
    done = ask(shop, single_at(tmp_path), tmp_path, "--rollback", "--json")
    assert (done.code, done.error()["code"]) == (ExitCode.NOT_FOUND, "update_no_previous")


def test_an_installer_is_checked_and_started_where_a_folder_cannot_be_exchanged(shop: Shop, tmp_path: Path) -> None:
    """Windows' way, with a script for the installer."""
    installation = folder_at(tmp_path)
    by_installer = """
import plg.release.installation as kinds
kinds.this_installation = lambda: kinds.Installation(kinds.Form.INSTALLER, kinds.Path(sys.executable).parent, kinds.Path(sys.executable))
from plg.cli.root"""
    as_windows = AS_FROZEN.replace("from plg.cli.root", by_installer)
    script = f'#!/bin/sh\necho "$@" > {tmp_path}/started\n'.encode()
    shop.publish(shop.index(shop.file("installer", content=script)))
    argv, env = argv_as(
        installation,
        tmp_path,
        "update",
        "--yes",
        "--json",
        PLG_UPDATE_INDEX=shop.index_url,
        PLG_UPDATE_KEYS=shop.public_key,
    )
    argv[2] = as_windows
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout)["action"] == "installer_started", done.stderr
    deadline = time.monotonic() + 20
    while not (tmp_path / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert "/SILENT" in (tmp_path / "started").read_text()

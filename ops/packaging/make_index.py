"""For maintainers: makes signing keys and signed release indexes. Uses the product's own rules, so what it writes is what plg reads.

    python ops/packaging/make_index.py new-key release.key            # the private key (0600); prints the public one
    python ops/packaging/make_index.py pack dist/plg-folder plg-0.2.0-linux-x86_64.tar.gz
    python ops/packaging/make_index.py release dist dist/release  # both forms of one build, under the names of a release
    python ops/packaging/make_index.py index releases/ --key release.key --version 0.2.0 --days 30

`index` reads the files `plg-VERSION-PLATFORM[.tar.gz|-setup.exe]` in the folder, adds the version to the index that is there, gives it the
next number, signs the exact bytes and replaces `index.json` whole.
"""

import argparse
import base64
import gzip
import hashlib
import os
import re
import shutil
import stat
import sys
import tarfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from plg import __version__
from plg.release.errors import ReleaseError
from plg.release.index_format import (
    Envelope,
    Release,
    ReleaseFile,
    ReleaseIndex,
    Signature,
    decode_envelope,
    decode_index,
)
from plg.release.installation import platform_name
from plg.release.version_order import version_key
from plg.release.whole_file import replace_file

INDEX_NAME = "index.json"
KEPT_RELEASES = 20
"""Implementation. Older versions stay on the server; nobody is offered them."""
FILE_NAME = re.compile(
    r"plg-(?P<version>[0-9a-z.]+)-(?P<platform>[a-z0-9]+-[a-z0-9_]+?)(?P<end>\.tar\.gz|-setup\.exe|\.exe)?"
)
FORMS = {None: "single", ".exe": "single", ".tar.gz": "folder", "-setup.exe": "installer"}


class Refused(Exception):
    """What was asked for cannot be done; the text is one line."""


def new_key(path: Path) -> str:
    """Writes a private key that only its owner may read; gives the public key. Never over a file that is there."""
    private = Ed25519PrivateKey.generate()
    content = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Refused(f"{path} is there already") from None
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    return public_text(private)


def read_key(path: Path) -> Ed25519PrivateKey:
    """Raises Refused for a file that others may read, or that holds no ed25519 key."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if os.name != "nt" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise Refused(f"{path} can be read by others: chmod 600 {path}")
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Refused(f"{path}: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise Refused(f"{path} holds another kind of key")
    return key


def public_text(key: Ed25519PrivateKey) -> str:
    """The public key as `plg update --key` takes it."""
    return base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def sign(index: ReleaseIndex, keys: Sequence[Ed25519PrivateKey]) -> bytes:
    """The published file: the index and a signature of each key over its exact bytes."""
    payload = msgspec.json.encode(index)
    decode_index(payload)  # what plg would not read is not published
    signatures = [
        Signature(key=public_text(key), signature=base64.b64encode(key.sign(payload)).decode()) for key in keys
    ]
    return msgspec.json.encode(
        Envelope(schema="plg.release_envelope/1", payload=base64.b64encode(payload).decode(), signatures=signatures)
    )


def described(path: Path) -> ReleaseFile:
    """A file of a release, by its name and its bytes. Raises Refused."""
    found = FILE_NAME.fullmatch(path.name)
    if found is None:
        raise Refused(f"{path.name} is not called plg-VERSION-PLATFORM")
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return ReleaseFile(
        platform=found["platform"], form=FORMS[found["end"]], name=path.name, size=path.stat().st_size, sha256=digest
    )


def next_index(
    folder: Path, version: str, *, minimum_version: str, channel: str, days: float, now: datetime
) -> ReleaseIndex:
    """The index that follows the one in the folder, with `version` in it. Raises Refused."""
    files = [
        described(path)
        for path in sorted(folder.iterdir())
        if (found := FILE_NAME.fullmatch(path.name)) and found["version"] == version
    ]
    if not files:
        raise Refused(f"{folder} holds no plg-{version}-PLATFORM")
    before = previous_index(folder)
    if before is not None and before.channel != channel:
        raise Refused(f"{folder} holds the channel {before.channel}")
    older = [release for release in (before.releases if before else []) if release.version != version]
    releases = [*older, Release(version=version, minimum_version=minimum_version, files=files)]
    releases.sort(key=lambda release: version_key(release.version), reverse=True)
    return ReleaseIndex(
        schema="plg.release_index/1",
        channel=channel,
        sequence=1 if before is None else before.sequence + 1,
        published_at=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        expires_at=(now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        releases=releases[:KEPT_RELEASES],
    )


def previous_index(folder: Path) -> ReleaseIndex | None:
    """The index that the folder holds; None when it holds none."""
    try:
        content = (folder / INDEX_NAME).read_bytes()
    except FileNotFoundError:
        return None
    try:
        return decode_index(base64.b64decode(decode_envelope(content).payload, validate=True))
    except ValueError as error:
        raise Refused(f"{folder / INDEX_NAME}: {error}") from error


def pack(folder: Path, archive: Path) -> None:
    """The folder form as a .tar.gz with one folder `plg` and the same bytes whenever it is made; links become files."""
    with (
        archive.open("xb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", dereference=True, format=tarfile.PAX_FORMAT) as target,
    ):
        for path in sorted(folder.rglob("*")):
            name = f"plg/{path.relative_to(folder).as_posix()}"
            entry = target.gettarinfo(path, name)
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ""
            entry.mtime = 0
            if entry.islnk():
                entry.type, entry.size = tarfile.REGTYPE, path.stat().st_size
            if entry.isdir():
                target.addfile(entry)
                continue
            with path.open("rb") as stream:
                target.addfile(entry, stream)


def say(line: str) -> None:
    """A result."""
    sys.stdout.write(line + "\n")


def collect(built: Path, folder: Path) -> list[Path]:
    """What `plg.spec` built, under the names of a release of this version and platform. Never over files that are there."""
    stem = f"plg-{__version__}-{platform_name()}"
    end = ".exe" if sys.platform == "win32" else ""
    single, archive = folder / f"{stem}{end}", folder / f"{stem}.tar.gz"
    if single.exists() or archive.exists():
        raise Refused(f"{folder} holds {stem} already")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy2(built / f"plg{end}", single)
    pack(built / "plg-folder", archive)
    return [single, archive]


def main(words: Sequence[str] | None = None) -> int:
    """One subcommand; 1 with one line on standard error when it is refused."""
    parser = argparse.ArgumentParser(description="Keys and signed release indexes of plg.")
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("new-key", help="make a private key, print the public one")
    making.add_argument("file", type=Path)
    packing = commands.add_parser("pack", help="make the archive of a folder")
    packing.add_argument("folder", type=Path)
    packing.add_argument("archive", type=Path)
    collecting = commands.add_parser("release", help="name and pack what PyInstaller built")
    collecting.add_argument("built", type=Path)
    collecting.add_argument("folder", type=Path)
    indexing = commands.add_parser("index", help="add a version to the index of a folder and sign it")
    indexing.add_argument("folder", type=Path)
    indexing.add_argument(
        "--key", type=Path, action="append", required=True, help="private key; twice while one follows the other"
    )
    indexing.add_argument("--version", required=True)
    indexing.add_argument("--minimum-version", default="0.1.0", help="the oldest version that may step to it directly")
    indexing.add_argument("--channel", default="stable")
    indexing.add_argument("--days", type=float, default=30.0, help="how long the index is believed")
    given = parser.parse_args(words)
    try:
        if given.command == "new-key":
            say(new_key(given.file))
        elif given.command == "pack":
            pack(given.folder, given.archive)
        elif given.command == "release":
            for path in collect(given.built, given.folder):
                say(f"{path}  {path.stat().st_size} bytes")
        else:
            index = next_index(
                given.folder, given.version, minimum_version=given.minimum_version, channel=given.channel, days=given.days, now=datetime.now(UTC)
            )  # fmt: skip
            content = sign(index, [read_key(path) for path in given.key])
            replace_file(given.folder / INDEX_NAME, content, mode=0o644)
            say(f"{given.channel} {index.sequence}: {given.version}, believed until {index.expires_at}")
    except (Refused, ReleaseError, ValueError, OSError) as error:
        sys.stderr.write(f"make_index: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Releases to try `plg update` with: a signing key, programs that say a version, an HTTP server on loopback that can misbehave."""

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import make_index
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from plg import __version__
from plg.release.index_format import Release, ReleaseFile, ReleaseIndex
from plg.release.installation import Form, Installation, platform_name
from support.command_line import Done

NEW = "9.9.9"
OLD = __version__
Answer = Callable[[BaseHTTPRequestHandler], None]


def program_text(version: str) -> bytes:
    """A program that does what a new version is asked before it is believed: say its number."""
    return f'#!/bin/sh\necho \'{{"schema": "plg.version/1", "version": "{version}"}}\'\n'.encode()


def write_program(path: Path, version: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(program_text(version))
    path.chmod(0o755)
    return path


def single_at(folder: Path, version: str = OLD) -> Installation:
    """An installation of one file."""
    program = write_program(folder / "bin" / "plg", version)
    return Installation(Form.SINGLE, program, program)


def folder_at(folder: Path, version: str = OLD) -> Installation:
    """An installation as a folder, with a library beside the program."""
    target = folder / "apps" / "plg"
    program = write_program(target / "plg", version)
    (target / "_internal").mkdir()
    (target / "_internal" / "library").write_text(version)
    return Installation(Form.FOLDER, target, program)


def said(program: Path) -> str:
    """The version that a program says it is."""
    done = subprocess.run([str(program)], capture_output=True, text=True, check=True, timeout=20)
    return str(json.loads(done.stdout)["version"])


def archive_bytes(entries: Mapping[str, bytes], *, change: Callable[[tarfile.TarInfo], None] | None = None) -> bytes:
    """A .tar.gz; `change` may spoil an entry."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, data in entries.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o755 if name.endswith("/plg") else 0o644
            if change is not None:
                change(entry)
            archive.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def folder_archive(version: str) -> bytes:
    return archive_bytes({"plg/plg": program_text(version), "plg/_internal/library": version.encode()})


class Shop:
    """What the server has, and what it was asked."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.pages: dict[str, bytes] = {}
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.url = ""

    @property
    def index_url(self) -> str:
        return f"{self.url}/index.json"

    @property
    def public_key(self) -> str:
        return make_index.public_text(self.key)

    def file(self, form: str = "single", content: bytes | None = None, **fields: Any) -> ReleaseFile:
        """A file of the new version, put into the shop under its name."""
        data = content if content is not None else folder_archive(NEW) if form == "folder" else program_text(NEW)
        name = str(fields.pop("name", f"plg-{NEW}-{form}"))
        self.pages[f"/{name}"] = data
        known: dict[str, Any] = {
            "platform": platform_name(), "form": form, "name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest(),
        }  # fmt: skip
        return ReleaseFile(**{**known, **fields})

    def index(self, *files: ReleaseFile, **fields: Any) -> ReleaseIndex:
        """An index with one new version."""
        now = datetime.now(UTC)
        known: dict[str, Any] = {
            "schema": "plg.release_index/1", "channel": "stable", "sequence": 5, "published_at": stamp(now), "expires_at": stamp(now + timedelta(days=7)),
            "releases": [Release(version=NEW, minimum_version="0.0.1", files=list(files) or [self.file(), self.file("folder")])],
        }  # fmt: skip
        return ReleaseIndex(**{**known, **fields})

    def publish(self, index: ReleaseIndex | None = None, key: Ed25519PrivateKey | None = None) -> bytes:
        """Signed and offered; gives the published bytes."""
        content = make_index.sign(index or self.index(), [key or self.key])
        self.pages["/index.json"] = content
        return content

    def publish_raw(self, payload: bytes) -> None:
        """Any bytes, signed."""
        signature = base64.b64encode(self.key.sign(payload)).decode()
        envelope = {"schema": "plg.release_envelope/1", "payload": base64.b64encode(payload).decode(), "signatures": [{"key": "", "signature": signature}]}  # fmt: skip
        self.pages["/index.json"] = msgspec.json.encode(envelope)


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def release_shop() -> Iterator[Shop]:
    """The server, on a port that the system gives."""
    shop = Shop()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shop.asked.append((self.path, self.headers.get("Range")))
            try:
                answer = shop.answers.get(self.path)
                if answer is not None:
                    answer(self)
                else:
                    serve(self, shop.pages.get(self.path))
            except OSError:
                self.close_connection = True  # the client had enough

        def log_message(self, *_words: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    shop.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield shop
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def serve(handler: BaseHTTPRequestHandler, content: bytes | None) -> None:
    """As a plain file server does, ranges included."""
    wanted = handler.headers.get("Range")
    if content is None:
        handler.send_response(404)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return
    begins = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
    handler.send_response(206 if wanted else 200)
    if wanted:
        handler.send_header("Content-Range", f"bytes {begins}-{len(content) - 1}/{len(content)}")
    handler.send_header("Content-Length", str(len(content) - begins))
    handler.end_headers()
    handler.wfile.write(content[begins:])


def cut_after(content: bytes, count: int) -> Answer:
    """Promises everything and breaks off."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[:count])
        handler.close_connection = True

    return answer


def endless(handler: BaseHTTPRequestHandler) -> None:
    """Says no length and never ends."""
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    while True:
        handler.wfile.write(b" " * 65_536)


def redirect(target: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", target)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


AS_FROZEN = """
import sys
sys.frozen, sys.executable, sys._MEIPASS = True, sys.argv.pop(1), sys.argv.pop(1)
from plg.cli.root import main
main()
"""


def plg_as(installation: Installation, home: Path, *words: str, timeout_s: float = 60, **environ: str) -> Done:
    """The command in a process of its own that takes itself for that installation."""
    argv, env = argv_as(installation, home, *words, **environ)
    done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=timeout_s, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def argv_as(installation: Installation, home: Path, *words: str, **environ: str) -> tuple[list[str], dict[str, str]]:
    unpacked = installation.target / "_internal" if installation.form is Form.FOLDER else home / "unpacked"
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    env = {**kept, "HOME": str(home), "PLG_CONFIG_DIR": str(home / "config"), "PLG_RUNTIME_DIR": str(home / "run"), "LANG": "C.UTF-8", "PYTHONWARNINGS": "error", **environ}  # fmt: skip
    return [sys.executable, "-c", AS_FROZEN, str(installation.program), str(unpacked), *words], env

"""Who may import whom, and in which room each third-party library lives."""

import subprocess
import sys
from pathlib import Path

import pytest

from support.source_tree import ROOT, imported_packages, product_modules

HOMES = {
    "pydivert": ("plg/capture/",),
    "textual": ("tui/plg_tui/",),
    "textual_serve": ("tui/plg_tui/",),
    "tortoise": ("server/plg_server/",),
    "jinja2": ("server/plg_server/",),
    "aiogram": ("server/plg_server/bot/",),
    "aiohttp_jinja2": ("server/plg_server/",),
    "redis": ("server/plg_server/",),
    "typer": ("plg/cli/",),
    "keyring": ("plg/api/",),
    # Route tracing alone: importing scapy takes more than a second, and it is far too slow for packets in flight.
    "scapy": ("plg/probe/route_trace.py",),
}
BANNED = {
    "aioredis": "cannot be imported on Python 3.11: redis.asyncio",
    "click": "typer vendors it: a clean install has none",
}


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("library", sorted(HOMES))
def test_a_library_is_imported_in_its_home_only(library: str) -> None:
    strangers = [
        str(path)
        for path in product_modules()
        if library in imported_packages(path) and not path.as_posix().startswith(HOMES[library])
    ]
    assert strangers == []


@pytest.mark.parametrize("library", sorted(BANNED))
def test_nobody_imports_a_banned_library(library: str) -> None:
    assert [str(path) for path in product_modules() if library in imported_packages(path)] == [], BANNED[library]


def test_the_protocol_imports_only_the_standard_library_and_cryptography() -> None:
    allowed = set(sys.stdlib_module_names) | {"cryptography", "plg"}
    strangers = {
        str(path): imported_packages(path) - allowed
        for path in product_modules()
        if path.is_relative_to(Path("plg/protocol")) and imported_packages(path) - allowed
    }
    assert strangers == {}

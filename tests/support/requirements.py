"""What a test needs of the machine: says as a skip, with the reason, what is missing. With PLG_CI=1 nothing may be
missing, and tests/conftest.py turns each such skip into a failure."""

import os
import shutil
import sys
from pathlib import Path

import pytest

MORE_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/games")
"""Administration tools and games are often not in a service's PATH."""
POSTGRESQL_FOLDERS = "/usr/lib/postgresql"
"""Debian keeps one folder of server binaries for each major version, outside PATH."""


def find_binary(name: str) -> Path | None:
    """Where the program is, None when it is not installed."""
    versions = sorted(
        Path(POSTGRESQL_FOLDERS).glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True
    )
    folders = [os.environ.get("PATH", os.defpath), *MORE_FOLDERS, *map(str, versions)]
    found = shutil.which(name, path=os.pathsep.join(folders))
    return None if found is None else Path(found)


def require_binary(name: str) -> Path:
    """Where the program is; the test is skipped when it is not installed."""
    found = find_binary(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def require_linux() -> None:
    """Skips the test elsewhere."""
    if sys.platform != "linux":
        pytest.skip("needs Linux")


def require_root() -> None:
    """Skips the test without the rights to make network namespaces and filters."""
    require_linux()
    if os.geteuid() != 0:
        pytest.skip("needs root")

"""Versions of plg and which of two is newer."""

import re
from typing import Final

_VERSION: Final = re.compile(r"(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?(?:(a|b|rc)(\d{1,6}))?", re.ASCII)
_FINAL: Final = ("z", 0)
"""Sorts after every trial version of the same numbers: "a", "b" and "rc" come before it in the alphabet."""

VersionKey = tuple[int, int, int, str, int]


def version_key(version: str) -> VersionKey:
    """What versions are ordered by: `1.2`, `1.2.3`, `1.2.3rc1` (the part of PEP 440 that releases use). Raises ValueError."""
    found = _VERSION.fullmatch(version)
    if found is None:
        raise ValueError(f"not a version: {version[:40]}")
    major, minor, patch, stage, number = found.groups()
    last = _FINAL if stage is None else (stage, int(number))
    return int(major), int(minor), int(patch or 0), *last

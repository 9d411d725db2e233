"""The wheel: small, with everything that the product reads and nothing that only developers do."""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.source_tree import PACKAGE_PARENTS, ROOT

MOST_BYTES = 2_000_000
DEVELOPERS_ONLY = {".po", ".md", ".pyc"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made by the backend of pyproject.toml alone, offline, from a copy: a shared checkout may change meanwhile."""
    place = tmp_path_factory.mktemp("wheel")
    source = place / "source"
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("plg", *(parent.rstrip("/") for parent in PACKAGE_PARENTS.values() if parent)):
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, source / name)
    code = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", code, str(place)], cwd=source, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    (made,) = place.glob("*.whl")
    return made


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def data_files() -> Iterator[str]:
    """Everything in the packages that is no Python, as it is called in the wheel."""
    for package, parent in PACKAGE_PARENTS.items():
        for path in (ROOT / parent / package).rglob("*"):
            hidden = any(part.startswith(".") or part == "__pycache__" for part in path.parts[len(ROOT.parts) :])
            if path.is_file() and not hidden and path.suffix not in {".py", *DEVELOPERS_ONLY}:
                yield path.relative_to(ROOT / parent).as_posix()


def test_it_is_below_two_megabytes(wheel: Path) -> None:
    assert wheel.stat().st_size < MOST_BYTES


def test_every_data_file_of_the_packages_is_in_it(wheel: Path) -> None:
    found = names(wheel)
    wanted = set(data_files())
    assert {"plg_tui/plg.tcss", "plg_server/seed/games.toml", "plg/release/release_keys.toml", "plg/py.typed"} <= wanted
    assert len([name for name in wanted if name.endswith(".mo")]) >= 8
    assert wanted - found == set()


def test_every_module_and_migration_is_in_it(wheel: Path) -> None:
    wanted = {
        path.relative_to(ROOT / parent).as_posix()
        for package, parent in PACKAGE_PARENTS.items()
        for path in (ROOT / parent / package).rglob("*.py")
    }
    assert any("plg_server/migrations/0001" in name for name in wanted)
    assert wanted - names(wheel) == set()


def test_nothing_else_is(wheel: Path) -> None:
    found = names(wheel)
    assert {name.partition("/")[0].partition("-")[0] for name in found} == {*PACKAGE_PARENTS, "plgames_booster"}
    assert [
        name for name in found if Path(name).suffix in DEVELOPERS_ONLY or "/tests/" in name or "test_" in name
    ] == []

"""Commands of plg as other users of this machine: an interpreter that they can run, and the step down from root."""

import os
import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

import plg
from plg.machine.service_rights import program_parts, unsafe_part
from support.requirements import require_binary, require_root
from support.source_tree import ROOT

NOT_NEEDED = (".*", "__pycache__", "playwright", "mypy", "tests", "dist", "results")
"""Large, and no part of plg."""


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder of root's that everybody can enter; pytest's own are closed to others."""
    require_root()
    folder = Path(tempfile.mkdtemp(prefix="plg-users-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def open_python(folder: Path) -> Path:
    """An interpreter with plg in it that every user can run. Skips where this one, and the system's of the same version, cannot be."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    candidates = [Path(getattr(sys, "_base_executable", sys.executable)).resolve(), Path(f"/usr/bin/python{version}")]
    base = next((path for path in candidates if path.exists() and _can_run(path)), None)
    if base is None:
        pytest.skip(f"no Python {version} that other users can run")
    home = folder / "python"
    subprocess.run([base, "-m", "venv", "--without-pip", home], check=True, timeout=60)
    packages = next((home / "lib").glob("python*")) / "site-packages"
    found = [
        Path(path) for path in site.getsitepackages() if Path(path).is_dir()
    ]  # Debian names folders that may not be there
    if Path(plg.__file__).is_relative_to(ROOT / "plg"):
        found += [ROOT, ROOT / "server", ROOT / "relay", ROOT / "tui"]  # an editable installation
    shared = [_readable(path, folder / f"packages-{number}") for number, path in enumerate(found)]
    (packages / "plg-tests.pth").write_text("".join(f"{path}\n" for path in shared), encoding="utf-8")
    return home / "bin" / "python"


def _readable(path: Path, target: Path) -> Path:
    """The folder itself, or where others cannot read it (in root's own folder) another name for its files."""
    if _can_run(Path("/usr/bin/test"), "-r", str(path)):
        return path
    shutil.copytree(path, target, copy_function=_link, ignore=shutil.ignore_patterns(*NOT_NEEDED), symlinks=True)
    return target


def _link(source: str, target: str) -> None:
    """A second name is enough, and quick; between two file systems it takes a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def stepped_down(uid: int, argv: Sequence[str]) -> list[str]:
    """The command line that runs `argv` as this user, without any right. The step between has lost root's rights before `argv` is looked for."""
    none = ("--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--no-new-privs")
    setpriv = [str(require_binary("setpriv")), f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *none]
    return [*setpriv, "--", str(require_binary("env")), *argv]


def home_of(folder: Path, uid: int) -> Path:
    """A private folder of that user."""
    home = folder / f"home-{uid}"
    home.mkdir(mode=0o700)
    os.chown(home, uid, uid)
    return home


def give(path: Path, uid: int) -> None:
    """The tree belongs to that user from now on."""
    for entry in (path, *path.rglob("*")):
        os.chown(entry, uid, uid, follow_symlinks=False)


def _can_run(path: Path, *arguments: str) -> bool:
    argv = stepped_down(65534, [str(path), *(arguments or ("-c", ""))])
    return subprocess.run(argv, capture_output=True, timeout=30, check=False).returncode == 0


def require_safe_installation() -> None:
    """Skips where somebody else than root could change this checkout: such a program refuses to be a service."""
    part = unsafe_part(program_parts())
    if part is not None:
        pytest.skip(f"{part} belongs to somebody else than root: no service can run from here")

"""Builds the frozen program as `nox -s package` does, and says what it is made of."""

import ctypes.util
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from support.source_tree import ROOT

SPEC = ROOT / "ops" / "packaging" / "plg.spec"
BUILD_LIMIT_S = 900
"""Forty seconds on a quiet machine, eight times that were seen beside other work."""


@dataclass(frozen=True, slots=True)
class FrozenProgram:
    """Both forms of one build."""

    single: Path
    folder: Path

    @property
    def in_folder(self) -> Path:
        """The program inside the folder."""
        return self.folder / "plg"

    def forms(self) -> dict[str, Path]:
        return {"single": self.single, "folder": self.in_folder}


def missing_python_library() -> str | None:
    """Its name, where only the interpreter's program is installed: the library goes into the frozen program."""
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    own = Path(str(sysconfig.get_config_var("LIBDIR")), str(sysconfig.get_config_var("INSTSONAME")))
    if own.suffix != ".a" and own.is_file():
        return None
    return f"lib{name}" if ctypes.util.find_library(name) is None else None


def build(place: Path) -> FrozenProgram:
    """Both forms, made from the installed packages; fails with the tool's own words."""
    place.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PLG_", "PYTHON"))}
    done = subprocess.run(
        [sys.executable, "-m", "PyInstaller", "--noconfirm", "--distpath", "dist", "--workpath", "work", str(SPEC)],
        cwd=place,
        env={**kept, "PYINSTALLER_CONFIG_DIR": str(place / "cache")},
        capture_output=True,
        text=True,
        timeout=BUILD_LIMIT_S,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return FrozenProgram(place / "dist" / "plg", place / "dist" / "plg-folder")


def run(
    program: Path, *arguments: str, environ: dict[str, str], timeout_s: float = 60
) -> subprocess.CompletedProcess[str]:
    """One command of a frozen program."""
    return subprocess.run([str(program), *arguments], env=environ, capture_output=True, text=True, timeout=timeout_s)

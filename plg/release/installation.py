"""How this plg came onto the machine, and so how it may be replaced."""

import platform
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Form(StrEnum):
    """A release has one file for each of them, but for `pip`."""

    SINGLE = "single"
    """One file that unpacks itself: replaced by another file."""
    FOLDER = "folder"
    """A folder with the program and its libraries: replaced by another folder."""
    INSTALLER = "installer"
    """A folder on Windows, whose open files cannot be renamed: the signed installer does it."""
    PIP = "pip"
    """Python's own installation: pip looks after it."""


@dataclass(frozen=True, slots=True)
class Installation:
    """`target` is what is exchanged (file or folder), `program` what is started."""

    form: Form
    target: Path
    program: Path

    @property
    def previous(self) -> Path:
        """Where the version before is kept: beside, under a name that says so."""
        return self.target.with_name(f"{self.target.name}.previous")

    @property
    def staging(self) -> Path:
        """Where a new version is prepared: beside, so that a rename stays on one file system."""
        return self.target.with_name(f".{self.target.name}.update")

    def program_in(self, target: Path) -> Path:
        """The program of another version of this form, which lies at `target`."""
        return target if self.form is Form.SINGLE else target / self.program.name


def this_installation() -> Installation:
    """Of the running process."""
    program = Path(sys.executable)
    if not getattr(sys, "frozen", False):
        return Installation(Form.PIP, program, program)
    return frozen_installation(program, Path(getattr(sys, "_MEIPASS", program.parent)))


def frozen_installation(program: Path, unpacked: Path) -> Installation:
    """`program` is what was started, `unpacked` where its libraries are: beside it in a folder, in a temporary place otherwise."""
    program, unpacked = program.resolve(), unpacked.resolve()
    if program.parent not in {unpacked.parent, unpacked}:
        return Installation(Form.SINGLE, program, program)
    form = Form.INSTALLER if sys.platform == "win32" else Form.FOLDER
    return Installation(form, program.parent, program)


def platform_name() -> str:
    """The name of this kind of machine in an index: `linux-x86_64`, `windows-amd64`."""
    system = {"linux": "linux", "win32": "windows", "darwin": "macos"}.get(sys.platform, sys.platform)
    return f"{system}-{platform.machine().lower()}"

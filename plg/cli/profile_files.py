"""A person's own profiles: one file each in the configuration directory, replaced whole or not at all."""

from pathlib import Path
from typing import Final

from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.language import _
from plg.cli.profile_lint import LocalProfile, lint_profile, read_profile

FOLDER: Final = "profiles"
MAX_PROFILES: Final = 500


def add_profile(directory: Path, profile: LocalProfile) -> Path:
    """Keeps it, in place of one of the same identifier. Raises CliError."""
    from plg.api.errors import TokenFileUnusable
    from plg.api.private_file import make_private_directory, replace_private

    file = profile_file(directory, profile.slug)
    try:
        make_private_directory(directory)
        make_private_directory(file.parent)
        replace_private(file, profile.text.encode())
    except TokenFileUnusable as error:
        raise not_kept(error.path, error.detail) from error
    return file


def remove_profile(directory: Path, slug: str) -> bool:
    """False when there was none. Raises CliError."""
    file = profile_file(directory, slug)
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise not_kept(file, error.strerror or str(error)) from error
    return True


def not_kept(path: Path, why: str) -> CliError:
    """The disk or its rights refuse."""
    return CliError(
        f"{path}: {why}",
        code="profile_not_written",
        exit_code=ExitCode.BAD_CONFIGURATION,
        next_step=_("nothing was changed; check the directory's rights and the disk"),
    )


def list_profiles(directory: Path) -> tuple[list[LocalProfile], list[Path]]:
    """The profiles that can be used, in order, and the files that cannot."""
    good, damaged = [], []
    try:
        files = sorted(path for path in (directory / FOLDER).iterdir() if path.suffix == ".toml" and path.is_file())[
            :MAX_PROFILES
        ]
    except OSError:
        return [], []
    for file in files:
        profile = _read(file)
        if profile is None:
            damaged.append(file)
        else:
            good.append(profile)
    return good, damaged


def find_profile(directory: Path, slug: str) -> LocalProfile | None:
    """The profile of that identifier; None when there is none. Raises CliError for one that was damaged."""
    file = profile_file(directory, slug)
    if not file.name.removesuffix(".toml") or not file.is_file():
        return None
    profile = _read(file)
    if profile is None:
        raise CliError(
            _("the profile {path} breaks the rules").format(path=file),
            code="profile_faulty",
            exit_code=ExitCode.BAD_CONFIGURATION,
            next_step=_("see: plg profile lint {path}").format(path=file),
        )
    return profile


def profile_file(directory: Path, slug: str) -> Path:
    """Where the profile of an identifier is kept; a text that is none leads to a file that cannot exist."""
    safe = slug if slug and all(letter.isascii() and (letter.isalnum() or letter == "-") for letter in slug) else ""
    return directory / FOLDER / f"{safe[:64]}.toml"


def _read(file: Path) -> LocalProfile | None:
    try:
        profile, _faults = lint_profile(read_profile(file))
    except CliError:
        return None
    return profile if profile is not None and profile.slug == file.name.removesuffix(".toml") else None

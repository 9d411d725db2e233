"""Where tokens live: PLG_TOKEN, the OS keyring, or a 0600 file; one sign-in per server URL.

The file `tokens.json` always says which servers have a sign-in and where it is kept, so that a command without one never pays for
importing the keyring library (127 ms), and a machine without a keyring works the same way.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec

from plg.api.errors import NotSignedIn, NotSignedInReason, TokenFileCorrupt, TokenFileUnusable
from plg.api.file_lock import FileLock
from plg.api.private_file import MAX_BYTES, close_to_others, make_private_directory, read_private, replace_private
from plg.contract.accounts import TokenPair

KEYRING_SERVICE = "plgames-booster"
"""The name under which a person finds our entries in the keyring's own window."""

FILE_VERSION = 1


class Keeping(StrEnum):
    """Where the person wants tokens to be kept; `auto` takes the keyring where there is one."""

    AUTO = "auto"
    KEYRING = "keyring"
    FILE = "file"


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """One account at one server, as it is stored."""

    email: str
    tokens: TokenPair


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What the file knows of one server: the sign-in itself, or that the keyring holds it."""

    kept: str
    sign_in: SignIn | None = None


class _TokenFile(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    servers: dict[str, _Entry]


@dataclass(frozen=True, slots=True)
class RightsRepaired:
    """`path` could be read by others and was closed."""

    path: Path


@dataclass(frozen=True, slots=True)
class KeptInFileInstead:
    """The keyring did not take the tokens; they are in the file `path`."""

    path: Path
    why: str


@dataclass(frozen=True, slots=True)
class CorruptFileSetAside:
    """The old token file was damaged; it was kept as `kept_as` and a new one was begun."""

    path: Path
    kept_as: Path


@dataclass(frozen=True, slots=True)
class KeyringEntryLeft:
    """plg has forgotten the sign-in, but the keyring would not delete its entry."""

    server: str
    why: str


StoreNotice = RightsRepaired | KeptInFileInstead | CorruptFileSetAside | KeyringEntryLeft


def keyring_reason() -> str | None:
    """Why there is no usable OS keyring here; None when there is one. Costs the keyring library's import."""
    import keyring
    from keyring.backends import fail, null

    backend = keyring.get_keyring()
    if isinstance(backend, fail.Keyring | null.Keyring) or backend.priority <= 0:
        return "no keyring service on this machine"
    return None


class TokenStore:
    """Sign-ins in `directory`, safe against crashes and against other plg processes.

    `notify` is told about repairs. Methods raise TokenFileCorrupt (after the file was set aside), TokenFileUnusable, or NotSignedIn
    when a sign-in is known but its keyring does not answer.
    """

    def __init__(self, directory: Path, *, keeping: Keeping, notify: Callable[[StoreNotice], None]) -> None:
        self._directory = directory
        self._keeping = keeping
        self._notify = notify
        self.path = directory / "tokens.json"

    def load(self, server: str) -> SignIn | None:
        """The sign-in at `server`, or None."""
        entry = self._read().servers.get(server)
        if entry is None:
            return None
        if entry.kept == Keeping.KEYRING:
            return self._from_keyring(server)
        return entry.sign_in

    def load_or_mend(self, server: str) -> SignIn | None:
        """As `load`, for signing in and out: a damaged file is set aside and said, a keyring that does not answer holds nothing."""
        try:
            return self.load(server)
        except TokenFileCorrupt as corrupt:
            self._notify(CorruptFileSetAside(corrupt.path, corrupt.kept_as))
        except NotSignedIn:
            pass
        return None

    def where(self, server: str) -> Keeping | None:
        """Where the sign-in at `server` is kept; None without one."""
        entry = self._read().servers.get(server)
        return None if entry is None else Keeping(entry.kept)

    def lock(self) -> FileLock:
        """Keeps other plg processes away from the tokens: hold it over read, change and write."""
        if make_private_directory(self._directory):
            self._notify(RightsRepaired(self._directory))
        return FileLock(self._directory / "tokens.lock")

    def save(self, server: str, sign_in: SignIn) -> Keeping:
        """Stores the sign-in, replacing an older one; the caller holds `lock()`. Gives back where it went."""
        file = self._read_or_begin()
        kept = self._to_keyring(server, sign_in)
        entry = _Entry(kept=kept, sign_in=sign_in if kept is Keeping.FILE else None)
        self._write({**file.servers, server: entry})
        return kept

    def remove(self, server: str) -> bool:
        """Forgets the sign-in at `server`; the caller holds `lock()`. False when there was none."""
        file = self._read_or_begin()
        entry = file.servers.get(server)
        if entry is None:
            return False
        if entry.kept == Keeping.KEYRING:
            self._drop_from_keyring(server)
        self._write({name: other for name, other in file.servers.items() if name != server})
        return True

    def _read(self) -> _TokenFile:
        if close_to_others(self.path):
            self._notify(RightsRepaired(self.path))
        content = read_private(self.path)
        if content is None:
            return _TokenFile(version=FILE_VERSION, servers={})
        try:
            if len(content) > MAX_BYTES:
                raise msgspec.ValidationError("too large")
            file = msgspec.json.decode(content, type=_TokenFile)
            if any(entry.kept == Keeping.FILE and entry.sign_in is None for entry in file.servers.values()):
                raise msgspec.ValidationError("an entry without tokens")
            if any(entry.kept not in {Keeping.FILE, Keeping.KEYRING} for entry in file.servers.values()):
                raise msgspec.ValidationError("an entry of an unknown kind")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise TokenFileCorrupt(self.path, self._set_aside()) from error
        if file.version > FILE_VERSION:
            raise TokenFileUnusable(self.path, f"written by a newer plg (version {file.version} of the file)")
        return file

    def _read_or_begin(self) -> _TokenFile:
        """For writers: a damaged file is set aside, said, and a new one begun, so that signing in mends it."""
        try:
            return self._read()
        except TokenFileCorrupt as corrupt:
            self._notify(CorruptFileSetAside(corrupt.path, corrupt.kept_as))
            return _TokenFile(version=FILE_VERSION, servers={})

    def _set_aside(self) -> Path:
        """Moves the damaged file to the first free `.corrupt` name: an older one is never overwritten."""
        number = 0
        while (kept_as := self.path.with_name(f"{self.path.name}.corrupt" + (f"-{number}" if number else ""))).exists():
            number += 1
        try:
            self.path.replace(kept_as)
        except OSError as error:
            raise TokenFileUnusable(self.path, error.strerror or str(error)) from error
        return kept_as

    def _write(self, servers: dict[str, _Entry]) -> None:
        file = _TokenFile(version=FILE_VERSION, servers=servers)
        replace_private(self.path, msgspec.json.format(msgspec.json.encode(file), indent=2) + b"\n")

    def _to_keyring(self, server: str, sign_in: SignIn) -> Keeping:
        """Puts the tokens into the keyring when wanted and possible; otherwise they belong into the file."""
        if self._keeping is Keeping.FILE:
            return Keeping.FILE
        import keyring
        from keyring.errors import KeyringError

        why = keyring_reason()
        if why is None:
            try:
                keyring.set_password(KEYRING_SERVICE, server, msgspec.json.encode(sign_in).decode())
            except (KeyringError, RuntimeError, OSError) as error:
                why = str(error) or type(error).__name__
            else:
                return Keeping.KEYRING
        elif self._keeping is Keeping.AUTO:
            return Keeping.FILE
        self._notify(KeptInFileInstead(self.path, why))
        return Keeping.FILE

    def _from_keyring(self, server: str) -> SignIn | None:
        import keyring
        from keyring.errors import KeyringError

        if keyring_reason() is not None:
            raise NotSignedIn(server, NotSignedInReason.KEYRING)
        try:
            secret = keyring.get_password(KEYRING_SERVICE, server)
        except (KeyringError, RuntimeError, OSError) as error:
            raise NotSignedIn(server, NotSignedInReason.KEYRING) from error
        if secret is None:
            return None
        try:
            return msgspec.json.decode(secret.encode(), type=SignIn)
        except (msgspec.DecodeError, UnicodeEncodeError) as error:
            raise NotSignedIn(server, NotSignedInReason.KEYRING) from error

    def _drop_from_keyring(self, server: str) -> None:
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.delete_password(KEYRING_SERVICE, server)
        except (KeyringError, RuntimeError, OSError) as error:
            # The entry in the file goes all the same, so plg never uses the secret again; the person learns where it still lies.
            self._notify(KeyringEntryLeft(server, str(error) or type(error).__name__))


def token_directory(config_dir: Path) -> Path:
    """The directory of the token file: one of its own, because its rights are set to 0700."""
    return config_dir / "credentials"

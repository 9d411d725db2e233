"""One sign-in per server, kept where the person wants it, never lost silently."""

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, PasswordDeleteError

from plg.api.errors import NotSignedIn, NotSignedInReason, TokenFileCorrupt, TokenFileUnusable
from plg.api.token_store import (
    KEYRING_SERVICE,
    CorruptFileSetAside,
    Keeping,
    KeptInFileInstead,
    KeyringEntryLeft,
    RightsRepaired,
    SignIn,
    StoreNotice,
    TokenStore,
)
from support.contract_bodies import token_pair

SERVER = "https://plg.example.org"
OTHER = "http://127.0.0.1:8080"


class MemoryKeyring(KeyringBackend):
    """A keyring service as the library's own plug-in interface defines it; `broken` makes it fail as a locked one does."""

    priority = 1

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}
        self.broken = False

    def _check(self) -> None:
        if self.broken:
            raise KeyringError("the keyring is locked")

    def get_password(self, service: str, username: str) -> str | None:
        self._check()
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check()
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._check()
        if self.entries.pop((service, username), None) is None:
            raise PasswordDeleteError("no such entry")


@pytest.fixture
def system_keyring() -> Iterator[MemoryKeyring]:
    before = keyring.get_keyring()
    backend = MemoryKeyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


@pytest.fixture
def notices() -> list[StoreNotice]:
    return []


def store_in(directory: Path, notices: list[StoreNotice], keeping: Keeping = Keeping.AUTO) -> TokenStore:
    return TokenStore(directory, keeping=keeping, notify=notices.append)


def sign_in(number: int = 1) -> SignIn:
    return SignIn(email="ann@example.org", tokens=token_pair(number))


def save(store: TokenStore, server: str, what: SignIn) -> Keeping:
    with store.lock():
        return store.save(server, what)


def test_each_server_has_a_sign_in_of_its_own(tmp_path: Path, notices: list[StoreNotice]) -> None:
    store = store_in(tmp_path / "c", notices, Keeping.FILE)
    save(store, SERVER, sign_in(1))
    save(store, OTHER, sign_in(2))
    again = store_in(tmp_path / "c", notices, Keeping.FILE)
    assert (again.load(SERVER), again.load(OTHER)) == (sign_in(1), sign_in(2))
    with again.lock():
        assert again.remove(SERVER)
        assert not again.remove(SERVER)
    assert (again.load(SERVER), again.load(OTHER)) == (None, sign_in(2))
    assert notices == []


def test_without_a_keyring_auto_takes_the_file_without_a_word(tmp_path: Path, notices: list[StoreNotice]) -> None:
    store = store_in(tmp_path / "c", notices)
    assert save(store, SERVER, sign_in()) is Keeping.FILE
    assert store.where(SERVER) is Keeping.FILE
    assert notices == []


def test_asking_for_a_keyring_that_is_not_there_is_told(tmp_path: Path, notices: list[StoreNotice]) -> None:
    store = store_in(tmp_path / "c", notices, Keeping.KEYRING)
    assert save(store, SERVER, sign_in()) is Keeping.FILE
    assert [type(notice) for notice in notices] == [KeptInFileInstead]
    assert store.load(SERVER) == sign_in()


def test_with_a_keyring_no_token_is_in_the_file(
    tmp_path: Path, notices: list[StoreNotice], system_keyring: MemoryKeyring
) -> None:
    store = store_in(tmp_path / "c", notices)
    assert save(store, SERVER, sign_in()) is Keeping.KEYRING
    assert "refresh-token" not in store.path.read_text()
    assert store_in(tmp_path / "c", notices).load(SERVER) == sign_in()
    with store.lock():
        store.remove(SERVER)
    assert system_keyring.entries == {}


def test_a_keyring_that_refuses_leaves_the_tokens_in_the_file_and_says_so(
    tmp_path: Path, notices: list[StoreNotice], system_keyring: MemoryKeyring
) -> None:
    system_keyring.broken = True
    store = store_in(tmp_path / "c", notices)
    assert save(store, SERVER, sign_in()) is Keeping.FILE
    assert notices == [KeptInFileInstead(store.path, "the keyring is locked")]


def test_a_keyring_that_has_locked_itself_is_told_apart_from_no_sign_in(
    tmp_path: Path, notices: list[StoreNotice], system_keyring: MemoryKeyring
) -> None:
    store = store_in(tmp_path / "c", notices)
    save(store, SERVER, sign_in())
    system_keyring.broken = True
    with pytest.raises(NotSignedIn) as caught:
        store.load(SERVER)
    assert caught.value.reason is NotSignedInReason.KEYRING
    assert store.load_or_mend(SERVER) is None
    with store.lock():
        assert store.remove(SERVER)
    assert notices == [KeyringEntryLeft(SERVER, "the keyring is locked")]
    assert store.where(SERVER) is None


def test_an_entry_that_somebody_deleted_from_the_keyring_is_no_sign_in(
    tmp_path: Path, notices: list[StoreNotice], system_keyring: MemoryKeyring
) -> None:
    store = store_in(tmp_path / "c", notices)
    save(store, SERVER, sign_in())
    del system_keyring.entries[KEYRING_SERVICE, SERVER]
    assert store.load(SERVER) is None


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"version": 1, "servers": {"x": {"kept": "file"}}}',
        b'{"version": 1, "servers": {"x": {"kept": "cloud"}}}',
        b'{"version": 1, "servers": {"x": 7}}',
        b'{"version": 1, "servers": {}' + b" " * 1_000_001 + b"}",
    ],
    ids=["empty", "cut", "not text", "a list", "no tokens", "unknown place", "wrong type", "too large"],
)
def test_a_damaged_file_is_kept_aside_and_named(tmp_path: Path, notices: list[StoreNotice], damage: bytes) -> None:
    store = store_in(tmp_path / "c", notices, Keeping.FILE)
    save(store, SERVER, sign_in())
    store.path.write_bytes(damage)
    with pytest.raises(TokenFileCorrupt) as caught:
        store.load(SERVER)
    assert caught.value.kept_as == store.path.with_name("tokens.json.corrupt")
    assert caught.value.kept_as.read_bytes() == damage
    assert store.load(SERVER) is None


def test_an_earlier_damaged_file_is_not_overwritten(tmp_path: Path, notices: list[StoreNotice]) -> None:
    store = store_in(tmp_path / "c", notices, Keeping.FILE)
    save(store, SERVER, sign_in())
    for damage in (b"first", b"second", b"third"):
        store.path.write_bytes(damage)
        assert store.load_or_mend(SERVER) is None
    kept = sorted(path.read_bytes() for path in store.path.parent.glob("*.corrupt*"))
    assert kept == [b"first", b"second", b"third"]


def test_signing_in_mends_a_damaged_file(tmp_path: Path, notices: list[StoreNotice]) -> None:
    store = store_in(tmp_path / "c", notices, Keeping.FILE)
    save(store, SERVER, sign_in(1))
    store.path.write_bytes(b"{")
    save(store, SERVER, sign_in(2))
    assert notices == [CorruptFileSetAside(store.path, store.path.with_name("tokens.json.corrupt"))]
    assert store.load(SERVER) == sign_in(2)


def test_a_file_of_a_newer_plg_is_left_alone(tmp_path: Path, notices: list[StoreNotice]) -> None:
    store = store_in(tmp_path / "c", notices, Keeping.FILE)
    save(store, SERVER, sign_in())
    store.path.write_bytes(b'{"version": 2, "servers": {}}')
    with pytest.raises(TokenFileUnusable, match="newer plg"):
        store.load(SERVER)
    assert store.path.read_bytes() == b'{"version": 2, "servers": {}}'


def test_open_rights_are_repaired_with_a_notice(tmp_path: Path, notices: list[StoreNotice]) -> None:
    store = store_in(tmp_path / "c", notices, Keeping.FILE)
    save(store, SERVER, sign_in())
    store.path.chmod(0o644)
    assert store.load(SERVER) == sign_in()
    assert notices == [RightsRepaired(store.path)]
    assert store.path.stat().st_mode & 0o777 == 0o600

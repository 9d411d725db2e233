"""Renewing a sign-in: once over all processes, finished even when its caller goes away."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from plg.api.credentials import Anonymous, FixedToken, StoredSignIn
from plg.api.errors import NotSignedIn, NotSignedInReason, ServerRefused, ServerUnreachable, UnreachableReason
from plg.api.token_store import Keeping, SignIn, TokenStore
from plg.contract.accounts import TokenPair
from support.contract_bodies import token_pair

SERVER = "http://127.0.0.1:8080"


@pytest.fixture
def store(tmp_path: Path) -> TokenStore:
    store = TokenStore(tmp_path / "c", keeping=Keeping.FILE, notify=lambda notice: None)
    with store.lock():
        store.save(SERVER, SignIn(email="ann@example.org", tokens=token_pair(1)))
    return store


class Rotation:
    """A server that trades each refresh token once."""

    def __init__(self) -> None:
        self.used: list[str] = []
        self.wait = asyncio.Event()
        self.wait.set()
        self.begun = asyncio.Event()

    async def __call__(self, refresh_token: str) -> TokenPair:
        if refresh_token in self.used:
            raise refused("token_reused")
        self.used.append(refresh_token)
        self.begun.set()
        await self.wait.wait()
        return token_pair(len(self.used) + 1)


def refused(code: str, status: int = 401) -> ServerRefused:
    return ServerRefused(server=SERVER, code=code, status=status, detail="no")


async def test_a_renewal_is_stored_and_used(store: TokenStore) -> None:
    me = StoredSignIn(SERVER, store)
    assert await me.renew("access-1", Rotation()) == "access-2"
    assert me.access_token() == "access-2"
    stored = store.load(SERVER)
    assert stored is not None
    assert stored.tokens == token_pair(2)
    assert stored.email == "ann@example.org"


async def test_many_at_once_use_the_refresh_token_once(store: TokenStore) -> None:
    rotation = Rotation()
    clients = [StoredSignIn(SERVER, store) for _number in range(8)]
    tokens = await asyncio.gather(*(client.renew("access-1", rotation) for client in clients))
    assert set(tokens) == {"access-2"}
    assert rotation.used == ["refresh-token-number-0001"]


async def test_what_another_process_has_renewed_is_taken_over(store: TokenStore) -> None:
    me = StoredSignIn(SERVER, store)
    with store.lock():
        store.save(SERVER, SignIn(email="ann@example.org", tokens=token_pair(7)))
    rotation = Rotation()
    assert await me.renew("access-1", rotation) == "access-7"
    assert rotation.used == []


async def test_a_renewal_reaches_the_disk_when_its_caller_is_cancelled(store: TokenStore) -> None:
    rotation = Rotation()
    rotation.wait.clear()
    me = StoredSignIn(SERVER, store)
    async with asyncio.TaskGroup() as group:
        caller = group.create_task(me.renew("access-1", rotation))
        await rotation.begun.wait()
        caller.cancel()
        await asyncio.sleep(0.01)
        assert not caller.done()
        rotation.wait.set()
    assert caller.cancelled()
    stored = store.load(SERVER)
    assert stored is not None
    assert stored.tokens == token_pair(2)


async def test_a_refused_refresh_token_ends_the_sign_in(store: TokenStore) -> None:
    async def reused(refresh_token: str) -> TokenPair:
        raise refused("token_reused")

    me = StoredSignIn(SERVER, store)
    with pytest.raises(NotSignedIn) as caught:
        await me.renew("access-1", reused)
    assert caught.value.reason is NotSignedInReason.ENDED
    assert store.load(SERVER) is None
    assert me.access_token() is None


async def test_nothing_renews_an_api_token_that_was_stored_as_the_login(store: TokenStore) -> None:
    with store.lock():
        token = msgspec.structs.replace(token_pair(1), access_token="plg_abc", refresh_token="")
        store.save(SERVER, SignIn(email="ann@example.org", tokens=token))
    rotation = Rotation()
    with pytest.raises(NotSignedIn):
        await StoredSignIn(SERVER, store).renew("plg_abc", rotation)
    assert rotation.used == []


@pytest.mark.parametrize(
    "failure", [refused("database_unavailable", 503), ServerUnreachable(SERVER, UnreachableReason.TIMED_OUT)], ids=str
)
async def test_a_server_in_trouble_does_not_end_the_sign_in(store: TokenStore, failure: Exception) -> None:
    async def fails(refresh_token: str) -> TokenPair:
        raise failure

    with pytest.raises(type(failure)):
        await StoredSignIn(SERVER, store).renew("access-1", fails)
    assert store.load(SERVER) is not None


async def test_a_log_out_in_another_process_is_seen(store: TokenStore) -> None:
    me = StoredSignIn(SERVER, store)
    with store.lock():
        store.remove(SERVER)
    with pytest.raises(NotSignedIn):
        await me.renew("access-1", Rotation())


def test_without_a_sign_in_the_reason_is_that_there_never_was_one(store: TokenStore) -> None:
    stranger = StoredSignIn("http://127.0.0.1:9", store)
    assert (stranger.access_token(), stranger.lost()) == (None, NotSignedInReason.NEVER)
    assert (Anonymous().access_token(), Anonymous().lost()) == (None, NotSignedInReason.NEVER)


async def test_the_token_of_the_environment_is_never_renewed() -> None:
    me = FixedToken(SERVER, "abc")
    assert me.access_token() == "abc"
    with pytest.raises(NotSignedIn) as caught:
        await me.renew("abc", Rotation())
    assert caught.value.reason is NotSignedInReason.ENVIRONMENT
    with pytest.raises(NotSignedIn):
        await Anonymous().renew("abc", Rotation())

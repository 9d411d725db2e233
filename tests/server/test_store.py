"""The store does the same in memory and in Redis."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from plg_server import store as store_module
from plg_server.store import MemoryStore, Store, StoreUnavailable, open_store
from support.services import RedisServer, running_redis


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.services)])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """Both kinds, empty."""
    url = None
    if request.param == "redis":
        server: RedisServer = request.getfixturevalue("redis_server")
        server.empty()
        url = server.url
    opened = open_store(url)
    assert opened.kind == request.param
    yield opened
    await opened.close()


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis that the test may stop."""
    with running_redis() as server:
        yield server


async def test_a_value_is_there_until_it_ends(store: Store) -> None:
    await store.set("name", "värde", 0.2)
    assert await store.get("name") == "värde"
    await asyncio.sleep(0.3)
    assert await store.get("name") is None
    assert await store.get("never set") is None


async def test_a_later_value_replaces_the_earlier_and_its_end(store: Store) -> None:
    await store.set("name", "1", 0.1)
    await store.set("name", "2", 60)
    await asyncio.sleep(0.2)
    assert await store.get("name") == "2"


async def test_of_many_that_add_the_same_key_one_succeeds_until_it_ends(store: Store) -> None:
    assert sorted(await asyncio.gather(*(store.add("lock", str(n), 0.2) for n in range(10)))) == [False] * 9 + [True]
    await asyncio.sleep(0.3)
    assert await store.add("lock", "again", 60)


async def test_counting_is_exact_and_does_not_move_the_end(store: Store) -> None:
    assert sorted(await asyncio.gather(*(store.incr("hits", 0.4) for _ in range(10)))) == list(range(1, 11))
    await asyncio.sleep(0.25)
    await store.incr("hits", 0.4)
    await asyncio.sleep(0.25)
    assert await store.incr("hits", 60) == 1


async def test_what_is_deleted_is_gone_and_deleting_nothing_is_fine(store: Store) -> None:
    await store.set("name", "1", 60)
    await store.delete("name")
    await store.delete("name")
    assert await store.get("name") is None
    await store.ping()


@pytest.mark.services
async def test_when_redis_is_gone_every_call_says_so_and_it_works_again_after(own_redis: RedisServer) -> None:
    store = open_store(own_redis.url)
    await store.set("name", "1", 60)
    own_redis.stop()
    calls = [
        lambda: store.get("x"),
        lambda: store.set("x", "1", 1),
        lambda: store.add("x", "1", 1),
        lambda: store.incr("x", 1),
        lambda: store.delete("x"),
        store.ping,
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable):
            await call()
    own_redis.start()
    await store.set("name", "2", 60)
    assert await store.get("name") == "2"
    await store.close()


@pytest.mark.services
async def test_a_redis_that_hangs_counts_as_gone(own_redis: RedisServer) -> None:
    store = open_store(own_redis.url)
    await store.ping()
    own_redis.freeze()
    with pytest.raises(StoreUnavailable):
        await asyncio.wait_for(store.get("name"), timeout=10)
    own_redis.thaw()
    await store.ping()
    await store.close()


async def test_memory_has_a_bound_and_what_ends_first_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "MEMORY_ENTRIES_LIMIT", 3)
    store = MemoryStore()
    for name, ttl_s in [("long", 90.0), ("short", 10.0), ("middle", 50.0), ("new", 60.0)]:
        await store.set(name, name, ttl_s)
    assert [await store.get(name) for name in ("long", "short", "middle", "new")] == ["long", None, "middle", "new"]

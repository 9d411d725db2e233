"""Replicas with different signing keys do not run beside each other."""

from pathlib import Path

import pytest

from plg_server.config import ConfigError
from plg_server.services.signing_key import OtherSigningKey, SigningKey
from plg_server.store import MemoryStore, StoreUnavailable
from support.api_driver import StartServer
from support.services import PostgresServer, RedisServer

ONE, OTHER = b"one key of all replicas" * 2, b"another key" * 3


async def test_replicas_with_one_key_start_and_one_with_another_does_not() -> None:
    store = MemoryStore()
    await SigningKey(store, ONE).begin()
    await SigningKey(store, ONE).begin()
    with pytest.raises(ConfigError, match="token_secret is not the one of another server"):
        await SigningKey(store, OTHER).begin()


async def test_when_all_have_ended_another_key_may_be_used() -> None:
    store = MemoryStore()
    first = SigningKey(store, ONE)
    await first.begin()
    await SigningKey(store, OTHER).end()  # one that was refused takes nothing away
    with pytest.raises(OtherSigningKey):
        await SigningKey(store, OTHER).tick()
    await first.end()
    await SigningKey(store, OTHER).begin()


async def test_a_store_that_is_away_stops_no_start_and_the_fault_is_found_later() -> None:
    class Away(MemoryStore):
        is_away = True

        async def add(self, key: str, value: str, ttl_s: float) -> bool:
            if self.is_away:
                raise StoreUnavailable("away")
            return await super().add(key, value, ttl_s)

    store = Away()
    late = SigningKey(store, OTHER)
    await late.begin()
    store.is_away = False
    await SigningKey(store, ONE).begin()
    with pytest.raises(OtherSigningKey):
        await late.tick()


async def test_what_is_told_gives_the_key_not_away() -> None:
    store = MemoryStore()
    await SigningKey(store, ONE).begin()
    told = await store.get("signing_key")
    assert told is not None
    assert len(told) == 16
    assert told not in ONE.hex()


@pytest.mark.services
async def test_a_server_over_the_same_redis_with_another_key_does_not_start(
    start_server: StartServer, postgres_server: PostgresServer, redis_server: RedisServer, tmp_path: Path
) -> None:
    redis_server.empty()
    shared = {"database_url": postgres_server.new_database(), "store_url": redis_server.url}
    await start_server(**shared)
    await start_server(**shared)
    with pytest.raises(ConfigError):
        await start_server(**shared, data_dir=str(tmp_path / "another machine"))

"""The policy on disk."""

import stat
from pathlib import Path

import msgspec
import pytest

from plg.contract.relay_control import ProfileAcl, TicketKey
from plg_relay.policy import Policy
from plg_relay.profile_cache import CACHE_FILE, PolicyStore

KEYS = [TicketKey(key_id=1, key="QUJD")]


async def test_a_new_relay_starts_with_the_keys_of_its_identity(tmp_path: Path) -> None:
    assert PolicyStore(tmp_path, KEYS).policy == Policy(ticket_keys=KEYS)


async def test_a_policy_is_told_to_listeners_and_outlives_the_process(tmp_path: Path) -> None:
    store = PolicyStore(tmp_path, KEYS)
    heard: list[Policy] = []
    store.on_change(heard.append)
    profile = ProfileAcl(profile_id=1, revision=2, slug="game", rules=[])
    policy = Policy(ticket_keys=KEYS, profiles_etag="e", profiles=[profile], revoked_cids=["aa"])
    await store.replace(policy)
    await store.replace(policy)
    assert heard == [policy]
    assert PolicyStore(tmp_path, []).policy == policy
    assert stat.S_IMODE((tmp_path / CACHE_FILE).stat().st_mode) == 0o600


async def test_the_clock_offset_is_not_kept(tmp_path: Path) -> None:
    store = PolicyStore(tmp_path, KEYS)
    await store.replace(msgspec.structs.replace(store.policy, clock_offset_ms=60_000))
    assert store.policy.clock_offset_ms == 60_000
    assert PolicyStore(tmp_path, []).policy.clock_offset_ms == 0


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"ticket_keys": 1}'])
async def test_a_damaged_file_is_set_aside_and_the_relay_starts(
    tmp_path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / CACHE_FILE).write_bytes(damage)
    assert PolicyStore(tmp_path, KEYS).policy == Policy(ticket_keys=KEYS)
    assert "not usable" in caplog.text
    assert not (tmp_path / CACHE_FILE).exists()


async def test_a_disk_that_refuses_the_file_does_not_stop_the_policy(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = PolicyStore(tmp_path, KEYS)
    (tmp_path / CACHE_FILE).mkdir()
    await store.replace(Policy(ticket_keys=KEYS, disabled=True))
    assert store.policy.disabled
    assert "cannot write" in caplog.text

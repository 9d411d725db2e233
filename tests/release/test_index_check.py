"""The attacks of The Update Framework's list, on the index; those on files are in test_download.py and test_archive.py."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from plg.release.errors import NotTrusted, Untrusted
from plg.release.index_check import CheckedIndex, check_index, choose, utc_seconds
from plg.release.index_format import Release
from plg.release.seen_indexes import SeenIndex
from plg.release.trusted_keys import read_keys
from support.release_shop import NEW, Shop, stamp


def check(shop: Shop, content: bytes, *, seen: SeenIndex | None = None, channel: str = "stable") -> CheckedIndex:
    return check_index(content, read_keys([shop.public_key]), channel=channel, seen=seen, now_s=time.time())


def refusal(shop: Shop, content: bytes, **given: Any) -> Untrusted:
    with pytest.raises(NotTrusted) as refused:
        check(shop, content, **given)
    return refused.value.kind


def test_an_index_signed_by_a_trusted_key_is_believed(shop: Shop) -> None:
    assert check(shop, shop.publish()).index.sequence == 5


def test_tampered_every_single_byte_of_the_payload_counts(shop: Shop) -> None:
    envelope = json.loads(shop.publish())
    payload = bytearray(base64.b64decode(envelope["payload"]))
    for place in range(0, len(payload), 37):
        spoiled = bytes(payload[:place]) + bytes([payload[place] ^ 1]) + bytes(payload[place + 1 :])
        content = json.dumps({**envelope, "payload": base64.b64encode(spoiled).decode()}).encode()
        assert refusal(shop, content) is Untrusted.BAD_SIGNATURE


def test_another_key_and_no_key_are_refused(shop: Shop) -> None:
    assert refusal(shop, shop.publish(key=Ed25519PrivateKey.generate())) is Untrusted.BAD_SIGNATURE
    envelope = json.loads(shop.publish())
    for signatures in ([{"key": shop.public_key, "signature": ""}], [{"key": shop.public_key, "signature": "AAAA"}]):
        assert refusal(shop, json.dumps({**envelope, "signatures": signatures}).encode()) is Untrusted.BAD_SIGNATURE
    assert refusal(shop, json.dumps({**envelope, "signatures": []}).encode()) is Untrusted.NOT_AN_INDEX


@pytest.mark.parametrize("content", [b"", b"{}", b"<html>", b"[" * 100_000, b"\xff\xfe", json.dumps({"schema": "plg.release_envelope/1", "payload": "!", "signatures": [{"key": "", "signature": ""}]}).encode()])  # fmt: skip
def test_what_is_no_index_is_said_to_be_none(shop: Shop, content: bytes) -> None:
    assert refusal(shop, content) is Untrusted.NOT_AN_INDEX


def test_signed_but_no_index_is_refused_too(shop: Shop) -> None:
    shop.publish_raw(b'{"schema": "plg.release_index/1"}')
    assert refusal(shop, shop.pages["/index.json"]) is Untrusted.NOT_AN_INDEX
    shop.publish_raw(msgspec.json.encode({**msgspec.to_builtins(shop.index()), "expires_at": "2026-13-45T99:99:99Z"}))
    assert refusal(shop, shop.pages["/index.json"]) is Untrusted.NOT_AN_INDEX


def test_freeze_an_expired_index_is_not_believed(shop: Shop) -> None:
    past = stamp(datetime.now(UTC) - timedelta(seconds=2))
    assert refusal(shop, shop.publish(shop.index(expires_at=past))) is Untrusted.EXPIRED


def test_an_index_from_the_future_is_not_believed_a_clock_that_is_a_little_slow_is_forgiven(shop: Shop) -> None:
    later = datetime.now(UTC) + timedelta(days=2)
    index = shop.index(published_at=stamp(later), expires_at=stamp(later + timedelta(days=1)))
    assert refusal(shop, shop.publish(index)) is Untrusted.FROM_THE_FUTURE
    soon = datetime.now(UTC) + timedelta(hours=3)
    assert check(shop, shop.publish(shop.index(published_at=stamp(soon)))).index.sequence == 5


def test_rollback_an_older_index_is_refused_and_the_same_one_is_not(shop: Shop) -> None:
    first = check(shop, shop.publish())
    seen = SeenIndex(sequence=5, sha256=first.sha256)
    assert check(shop, shop.publish(shop.index(sequence=6)), seen=seen).index.sequence == 6
    assert refusal(shop, shop.publish(shop.index(sequence=4)), seen=seen) is Untrusted.OLDER_INDEX


def test_two_indexes_with_one_number_are_refused(shop: Shop) -> None:
    content = shop.publish()
    seen = SeenIndex(sequence=5, sha256=check(shop, content).sha256)
    assert check(shop, content, seen=seen).sha256 == seen.sha256
    assert refusal(shop, shop.publish(shop.index(releases=[])), seen=seen) is Untrusted.TWO_INDEXES


def test_another_channels_index_is_refused(shop: Shop) -> None:
    assert refusal(shop, shop.publish(), channel="trial") is Untrusted.OTHER_CHANNEL


def choice(
    shop: Shop, current: str, *releases: Release, platform: str = "linux-x86_64", form: str = "single"
) -> tuple[str | None, str | None]:
    found = choose(shop.index(releases=list(releases)), current=current, platform=platform, form=form)
    return (None if found.offer is None else found.offer.release.version), found.newest


def test_the_newest_version_that_fits_is_offered_wherever_it_stands(shop: Shop) -> None:
    file = shop.file(platform="linux-x86_64")
    releases = [
        Release(version=version, minimum_version="0.1.0", files=[file]) for version in ("0.2.0", "0.10.0", "0.9.0")
    ]
    assert choice(shop, "0.1.0", *releases) == ("0.10.0", "0.10.0")
    assert choice(shop, "0.10.0", *releases) == (None, "0.10.0")


def test_rollback_an_older_version_is_never_offered(shop: Shop) -> None:
    older = Release(version="0.0.9", minimum_version="0.0.1", files=[shop.file(platform="linux-x86_64")])
    assert choice(shop, "0.1.0", older) == (None, "0.0.9")


def test_mix_a_file_of_another_platform_or_form_is_never_offered(shop: Shop) -> None:
    release = Release(
        version=NEW,
        minimum_version="0.0.1",
        files=[shop.file(platform="windows-amd64"), shop.file("folder", platform="linux-x86_64")],
    )
    assert choice(shop, "0.1.0", release) == (None, None)
    assert choice(shop, "0.1.0", release, form="folder") == (NEW, NEW)
    assert choice(shop, "0.1.0", release, platform="windows-amd64") == (NEW, NEW)


def test_a_version_that_cannot_be_stepped_to_is_passed_over(shop: Shop) -> None:
    file = shop.file(platform="linux-x86_64")
    far = Release(version="3.0.0", minimum_version="2.0.0", files=[file])
    near = Release(version="2.0.0", minimum_version="0.1.0", files=[file])
    assert choice(shop, "0.1.0", far, near) == ("2.0.0", "3.0.0")
    assert choice(shop, "0.1.0", far) == (None, "3.0.0")


def test_times_are_utc() -> None:
    assert utc_seconds("1970-01-02T00:00:00Z") == 86_400
    with pytest.raises(ValueError, match="time data"):
        utc_seconds("1970-01-02T00:00:00+03:00")

"""What an index may look like."""

import json
import random
from typing import Any

import msgspec
import pytest

from plg.release.index_format import MAX_FILE_BYTES, decode_envelope, decode_index
from support.release_shop import Shop


def changed(shop: Shop, **fields: Any) -> bytes:
    return json.dumps({**msgspec.to_builtins(shop.index()), **fields}).encode()


def test_a_newer_index_with_more_fields_is_read(shop: Shop) -> None:
    assert decode_index(changed(shop, later="x")).sequence == 5


@pytest.mark.parametrize(
    "fields",
    [{"schema": "plg.release_index/2"}, {"sequence": 0}, {"sequence": "5"}, {"sequence": True}, {"expires_at": "tomorrow"}, {"channel": "../x"}, {"releases": None}],
    ids=str,
)  # fmt: skip
def test_a_field_that_is_wrong_refuses_all(shop: Shop, fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not a release index"):
        decode_index(changed(shop, **fields))


@pytest.mark.parametrize(
    "fields",
    [{"name": "../plg"}, {"name": "a/b"}, {"name": ".hidden"}, {"name": "https://x/y"}, {"size": 0}, {"size": MAX_FILE_BYTES + 1}, {"sha256": "A" * 64}, {"sha256": "a" * 63}, {"platform": "linux"}],
    ids=str,
)  # fmt: skip
def test_a_file_can_be_called_only_by_a_plain_name_with_exact_bytes(shop: Shop, fields: dict[str, Any]) -> None:
    file = {**msgspec.to_builtins(shop.file()), **fields}
    releases = [{"version": "9.9.9", "minimum_version": "0.1.0", "files": [file]}]
    with pytest.raises(ValueError, match="not a release index"):
        decode_index(changed(shop, releases=releases))


def test_random_and_damaged_bytes_are_refused_and_nothing_else_happens(shop: Shop) -> None:
    seed = random.Random(20261122)
    whole = shop.publish()
    for _ in range(2000):
        content = bytearray(whole if seed.random() < 0.7 else seed.randbytes(200))
        for _flip in range(seed.randint(1, 4)):
            content[seed.randrange(len(content))] = seed.randrange(256)
        for decode in (decode_envelope, decode_index):
            try:
                decode(bytes(content[: seed.randint(0, len(content))]))
            except ValueError as error:
                assert str(error)  # noqa: PT017 - the refusal is one of two allowed ends

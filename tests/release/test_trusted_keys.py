"""Whose signature is believed."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from make_index import public_text

from plg.release.errors import BadKey
from plg.release.trusted_keys import MAX_KEYS, is_signed, published_keys, read_keys


def test_this_version_trusts_nobody_until_the_project_publishes_a_key(tmp_path: Path) -> None:
    assert published_keys() == ()
    own = public_text(Ed25519PrivateKey.generate())
    (tmp_path / "keys.toml").write_text(f'keys = ["{own}"]\n')
    assert published_keys(tmp_path / "keys.toml") == (own,)


def test_each_key_counts_once_and_two_can_be_in_use_while_one_follows_the_other() -> None:
    old, new, foreign = (Ed25519PrivateKey.generate() for _ in range(3))
    keys = read_keys([public_text(old), f" {public_text(new)}\n", public_text(old), ""])
    assert len(keys) == 2
    for signer, believed in ((old, True), (new, True), (foreign, False)):
        assert is_signed(b"bytes", [base64.b64encode(signer.sign(b"bytes")).decode()], keys) is believed
    both = [base64.b64encode(key.sign(b"bytes")).decode() for key in (foreign, new)]
    assert is_signed(b"bytes", both, keys)


@pytest.mark.parametrize(
    "signature", ["", "!", "AAAA", base64.b64encode(bytes(64)).decode(), base64.b64encode(bytes(65)).decode()]
)
def test_a_damaged_signature_is_none(signature: str) -> None:
    assert not is_signed(b"bytes", [signature], read_keys([public_text(Ed25519PrivateKey.generate())]))


@pytest.mark.parametrize("text", ["x", "AAAA", base64.b64encode(bytes(33)).decode(), "ключ"])
def test_what_is_no_key_is_named(text: str) -> None:
    with pytest.raises(BadKey) as refused:
        read_keys([text])
    assert refused.value.text == text[:80]


def test_a_flood_of_keys_is_refused() -> None:
    with pytest.raises(BadKey):
        read_keys(public_text(Ed25519PrivateKey.generate()) for _ in range(MAX_KEYS + 1))

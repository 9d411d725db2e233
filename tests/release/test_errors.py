"""Failures carry what their words need."""

from plg.cli.update_failures import _UNTRUSTED
from plg.release.errors import BadKey, CannotWrite, NotTrusted, Untrusted


def test_each_reason_has_its_own_name_and_its_own_words() -> None:
    assert len({kind.value for kind in Untrusted}) == len(Untrusted)
    assert set(_UNTRUSTED) == set(Untrusted)
    assert str(NotTrusted(Untrusted.EXPIRED, "then")) == "expired: then"
    assert str(NotTrusted(Untrusted.BAD_SIGNATURE)) == "bad_signature"


def test_a_long_text_from_outside_is_cut() -> None:
    assert len(BadKey("x" * 5000).text) == 80


def test_a_full_disk_is_told_apart_from_a_missing_right() -> None:
    assert (CannotWrite("p", "w", is_full=True).is_full, CannotWrite("p", "w").is_forbidden) == (True, False)

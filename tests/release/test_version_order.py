"""Which version is newer."""

import pytest

from plg.release.version_order import version_key


def test_versions_are_ordered_as_numbers_and_trials_come_before_their_release() -> None:
    in_order = ["0.1.0a1", "0.1.0b1", "0.1.0rc1", "0.1.0rc2", "0.1.0", "0.1.1", "0.2", "0.10.0", "1.0.0rc1", "1.0"]
    assert sorted(set(in_order), key=version_key) == in_order
    assert version_key("1.0") == version_key("1.0.0")


@pytest.mark.parametrize(
    "text", ["", "1", "1.2.3.4", "v1.2", "1.2-3", "1.2.3rc", " 1.2", "1.2\n", "1.٣", "1.2.9999999", "1.2.3+x"]
)
def test_anything_else_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="not a version"):
        version_key(text)

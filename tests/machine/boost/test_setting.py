"""Putting one value back."""

import pytest

from plg.machine.boost.setting import Outcome, PlainSetting, SettingGone, SettingRefused, Value


class Held(PlainSetting):
    """A value in memory; `stubborn` does not take another."""

    def __init__(self, value: Value, *, gone: bool = False, stubborn: bool = False) -> None:
        self.value, self.gone, self.stubborn = value, gone, stubborn

    def read(self) -> Value:
        if self.gone:
            raise SettingGone
        return self.value

    def write(self, value: Value) -> None:
        if not self.stubborn:
            self.value = value


def test_what_is_ours_goes_back_to_what_it_was() -> None:
    held = Held("ours")
    assert held.restore("before", "ours") is Outcome.RESTORED
    assert held.value == "before"
    assert held.holds("before")


def test_what_somebody_else_has_set_since_is_left() -> None:
    held = Held("theirs")
    assert held.restore("before", "ours") is Outcome.LEFT
    assert held.value == "theirs"


def test_what_is_back_already_and_what_has_ended_are_told_apart() -> None:
    assert Held("before").restore("before", "ours") is Outcome.AS_BEFORE
    assert Held("ours", gone=True).restore("before", "ours") is Outcome.GONE


def test_a_value_that_does_not_go_back_is_a_refusal() -> None:
    with pytest.raises(SettingRefused):
        Held("ours", stubborn=True).restore("before", "ours")
